"""Recordings that outlive the archive's days: what is protected, and how much of the archive that is."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.scoping
from tenants.security import OpenToFleet, SecureTables


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0010_streamer_makes"),
        ("tenants", "0014_streamer_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="camerastatus",
            name="dvr_kept_bytes",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="ProtectedSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("motion", "motion"), ("event", "event"), ("manual", "kept by hand")], max_length=8
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=254)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="protected", to="devices.camera"
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
                "ordering": ["began_at", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["domain", "camera", "ended_at"], name="devices_protectedspan_camera"),
                    models.Index(fields=["camera", "ended_at"], name="devices_protectedspan_fleet"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gt", models.F("began_at"))),
                        name="devices_protectedspan_not_empty",
                    )
                ],
            },
        ),
        SecureTables("ProtectedSpan", referenced=False),
        OpenToFleet({"devices_protectedspan": "SELECT"}),
    ]
