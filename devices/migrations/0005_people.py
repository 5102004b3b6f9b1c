"""Cameras are searched by words that triggers keep, at any number of them (`tenants.words`)."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.scoping
from tenants import word_triggers
from tenants.security import SecureTables


class Migration(migrations.Migration):
    dependencies = [("devices", "0004_grants"), ("tenants", "0010_people")]

    operations = [
        migrations.CreateModel(
            name="CameraWord",
            fields=[
                ("word", models.CharField(db_collation="C", max_length=64)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "domain", "word", "camera", blank=True, editable=False, primary_key=True, serialize=False
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
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="words", to="devices.camera"
                    ),
                ),
            ],
            options={"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects"},
        ),
        SecureTables("CameraWord", referenced=False),
        migrations.RunSQL(
            word_triggers.keep(
                "devices_camera",
                "devices_cameraword",
                "camera_id",
                texts="title, name, postal_address, external_id",
                tails="agent_serial",
            ),
            word_triggers.drop("devices_cameraword"),
        ),
    ]
