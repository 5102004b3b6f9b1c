"""Rights on single cameras, and who watched what.

The machines' role answers streamers with the rights, and writes down what their questions say of viewers.
"""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import tenants.scoping
from tenants.security import OpenToFleet, SecureTables


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_streamer_keys"), ("tenants", "0004_grants")]

    operations = [
        migrations.CreateModel(
            name="CameraPermission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("can_view_dvr", models.BooleanField(default=False, verbose_name="archive")),
                (
                    "dvr_depth_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(3650)],
                        verbose_name="archive depth, days",
                    ),
                ),
                ("can_export", models.BooleanField(default=True, verbose_name="download")),
                ("can_use_ptz", models.BooleanField(default=False, verbose_name="PTZ")),
                ("can_talk", models.BooleanField(default=False, verbose_name="talk")),
                ("can_use_actions", models.BooleanField(default=False, verbose_name="actions")),
                ("valid_from", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                ("valid_until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "days",
                    models.PositiveSmallIntegerField(
                        default=127,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(127),
                        ],
                        verbose_name="weekdays",
                    ),
                ),
                (
                    "minute_from",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(1439)],
                        verbose_name="from",
                    ),
                ),
                (
                    "minute_until",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(1439)],
                        verbose_name="until",
                    ),
                ),
                (
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="permissions", to="devices.camera"
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.domain",
                    ),
                ),
                (
                    "membership",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="camera_permissions",
                        to="tenants.membership",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("membership"),
                        models.F("camera"),
                        name="devices_camerapermission_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from", None),
                            ("valid_until", None),
                            ("valid_from__lt", models.F("valid_until")),
                            _connector="OR",
                        ),
                        name="devices_camerapermission_validity",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("minute_from", None), ("minute_until", None)),
                            models.Q(
                                ("minute_from__isnull", False),
                                ("minute_until__isnull", False),
                                models.Q(("minute_from", models.F("minute_until")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="devices_camerapermission_window",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 1), ("days__lte", 127)), name="devices_camerapermission_days"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Viewing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField(default=0)),
                ("user_login", models.CharField(blank=True, max_length=254)),
                (
                    "kind",
                    models.CharField(
                        choices=[("live", "live"), ("archive", "archive"), ("export", "download")], max_length=10
                    ),
                ),
                ("holder", models.PositiveSmallIntegerField()),
                ("holder_id", models.BigIntegerField()),
                ("detail", models.CharField(blank=True, max_length=40)),
                ("day", models.DateField()),
                ("began_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="viewings", to="devices.camera"
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.domain",
                    ),
                ),
            ],
            options={
                "ordering": ["-last_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["domain", "camera", "-last_at", "-id"], name="devices_viewing_camera"),
                    models.Index(fields=["domain", "last_at"], name="devices_viewing_last"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("camera"),
                        models.F("user_id"),
                        models.F("kind"),
                        models.F("holder"),
                        models.F("holder_id"),
                        models.F("detail"),
                        models.F("day"),
                        name="devices_viewing_once",
                    )
                ],
            },
        ),
        SecureTables("CameraPermission", "Viewing"),
        OpenToFleet({"devices_camerapermission": "SELECT", "devices_viewing": "SELECT, INSERT, UPDATE"}),
        migrations.RunSQL(
            """DO $do$ BEGIN EXECUTE format('GRANT USAGE ON SEQUENCE devices_viewing_id_seq TO %I',
               regexp_replace(current_user, '_owner$', '_fleet')); END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
