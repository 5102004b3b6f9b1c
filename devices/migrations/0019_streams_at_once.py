"""How many cameras one person watches at the same time, where the preset says so."""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0018_status_room")]

    operations = [
        migrations.AddField(
            model_name="preset",
            name="max_streams",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
                verbose_name="cameras watched at once",
            ),
        ),
    ]
