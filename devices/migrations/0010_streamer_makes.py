"""Streamers of other makes, reached over their own API; and where cameras ran otherwise than wanted."""

import devices.models.streamers
import django.db.models.deletion
import tenants.encryption
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0009_zones"),
        ("tenants", "0014_streamer_entries"),
    ]

    operations = [
        migrations.AddField(
            model_name="streamer",
            name="api_login",
            field=models.CharField(blank=True, max_length=100, verbose_name="login"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="api_secret_sealed",
            field=tenants.encryption.EncryptedTextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="streamer",
            name="api_url",
            field=models.CharField(blank=True, max_length=200, verbose_name="address of its API"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="applied_version",
            field=models.BigIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="streamer",
            name="drift",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="streamer",
            name="looked_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="streamer",
            name="perch_url",
            field=models.CharField(blank=True, max_length=200, verbose_name="where it finds Perch"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="playback_url",
            field=models.URLField(blank=True, verbose_name="address of the archive"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="secret_id",
            field=models.CharField(default=devices.models.streamers.new_secret_id, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="streamer",
            name="storage",
            field=models.CharField(blank=True, max_length=200, verbose_name="storage"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="trouble",
            field=models.CharField(blank=True, default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="streamer",
            name="viewed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="streamer",
            name="kind",
            field=models.CharField(
                choices=[("embedded", "embedded"), ("flussonic", "Flussonic"), ("mediamtx", "MediaMTX")],
                default="embedded",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="CameraDrift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("camera_name", models.CharField(max_length=64)),
                ("streamer_hostname", models.CharField(max_length=253)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("missing", "did not run"),
                            ("extra", "ran without being wanted"),
                            ("different", "ran with other settings"),
                            ("refused", "was refused by the streamer"),
                        ],
                        max_length=10,
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("found_at", models.DateTimeField()),
                ("repaired_at", models.DateTimeField(null=True)),
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
                "ordering": ["-found_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [models.Index(fields=["domain", "-found_at", "-id"], name="devices_cameradrift_found")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("streamer_hostname"),
                        models.F("camera_name"),
                        models.F("kind"),
                        condition=models.Q(("repaired_at", None)),
                        name="devices_cameradrift_one_open",
                    )
                ],
            },
        ),
        # A row each: rows that were there already got one default for all.
        migrations.RunSQL(
            "UPDATE devices_streamer SET secret_id = replace(gen_random_uuid()::text, '-', '')", migrations.RunSQL.noop
        ),
        SecureTables("CameraDrift", referenced=False),
        OpenToFleet({"devices_cameradrift": "SELECT, INSERT, UPDATE"}),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT UPDATE (looked_at, viewed_at, applied_version, trouble, drift)'
                    ' ON devices_streamer TO %I', fleet);
                EXECUTE format('GRANT USAGE ON SEQUENCE devices_cameradrift_id_seq TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
