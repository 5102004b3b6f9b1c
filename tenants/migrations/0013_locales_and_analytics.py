"""Languages that an ISP adds to ours, and its key for Google Analytics."""

import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0012_super_factor")]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="more_locales",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10), blank=True, default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="domain",
            name="analytics_key",
            field=models.CharField(
                blank=True,
                default="",
                max_length=20,
                validators=[
                    django.core.validators.RegexValidator("\\AG-[A-Z0-9]{4,16}\\Z", "A key looks like G-ABC123DEF4.")
                ],
                verbose_name="Google Analytics key",
            ),
            preserve_default=False,
        ),
    ]
