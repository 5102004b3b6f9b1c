"""Grants know what else they give (download, talk) and when they hold: until a day, and in which hours of the week.

The machines' role may read logins: who watched is written down with a name that outlives the account.
"""

import django.core.validators
from django.db import migrations, models

from tenants.security import OpenToFleet


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_fleet_reads_keys")]

    operations = [
        migrations.AddField(
            model_name="folderpermission",
            name="can_export",
            field=models.BooleanField(default=True, verbose_name="download"),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="can_talk",
            field=models.BooleanField(default=False, verbose_name="talk"),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="days",
            field=models.PositiveSmallIntegerField(
                default=127,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(127)],
                verbose_name="weekdays",
            ),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="minute_from",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, validators=[django.core.validators.MaxValueValidator(1439)], verbose_name="from"
            ),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="minute_until",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, validators=[django.core.validators.MaxValueValidator(1439)], verbose_name="until"
            ),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="valid_from",
            field=models.DateTimeField(blank=True, null=True, verbose_name="from"),
        ),
        migrations.AddField(
            model_name="folderpermission",
            name="valid_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="until"),
        ),
        migrations.AddConstraint(
            model_name="folderpermission",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_from__lt", models.F("valid_until")),
                    _connector="OR",
                ),
                name="tenants_folderpermission_validity",
            ),
        ),
        migrations.AddConstraint(
            model_name="folderpermission",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("minute_from", None), ("minute_until", None)),
                    models.Q(
                        ("minute_from__isnull", False),
                        ("minute_until__isnull", False),
                        models.Q(("minute_from", models.F("minute_until")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tenants_folderpermission_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="folderpermission",
            constraint=models.CheckConstraint(
                condition=models.Q(("days__gte", 1), ("days__lte", 127)), name="tenants_folderpermission_days"
            ),
        ),
        OpenToFleet({"tenants_user": "SELECT (login)"}),
    ]
