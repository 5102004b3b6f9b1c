"""Who is watching now: rows that the hook writes while a player plays (item 325)."""

import django.db.models.deletion
import tenants.scoping
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0015_actions"),
        ("tenants", "0014_streamer_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name="ViewingSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("streamer", models.CharField(blank=True, max_length=253, verbose_name="streamer")),
                ("key", models.CharField(max_length=64)),
                ("user_id", models.BigIntegerField(default=0)),
                ("user_login", models.CharField(blank=True, max_length=254)),
                ("holder", models.PositiveSmallIntegerField()),
                ("holder_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("live", "live"), ("archive", "archive"), ("export", "download")],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("protocol", models.CharField(max_length=16, verbose_name="protocol")),
                ("bytes", models.BigIntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=254)),
                ("banned_until", models.DateTimeField(null=True)),
                (
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="viewing_sessions",
                        to="devices.camera",
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
                "ordering": ["-began_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["domain", "user_id"], name="devices_viewingsession_user"),
                    models.Index(
                        condition=models.Q(("banned_until__isnull", False)),
                        fields=["domain", "camera"],
                        name="devices_viewingsession_banned",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"), models.F("camera"), models.F("key"), name="devices_viewingsession_once"
                    )
                ],
            },
        ),
        SecureTables("ViewingSession", referenced=False),
        OpenToFleet({"devices_viewingsession": "SELECT, INSERT, UPDATE"}),
        migrations.RunSQL(
            """DO $do$ BEGIN EXECUTE format('GRANT USAGE ON SEQUENCE devices_viewingsession_id_seq TO %I',
               regexp_replace(current_user, '_owner$', '_fleet')); END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
