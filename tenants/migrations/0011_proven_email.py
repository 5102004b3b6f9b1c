"""Addresses that people say of themselves are told from those that are known to be theirs. What is there was said by
the ISP, or by people who could have: it stays as good as it was."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0010_people")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="is_email_proven",
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
