"""New cameras in broken ones' places: their trial, which the machines' role reads and ends, and the swap."""

import devices.models.cameras
import django.db.models.deletion
import tenants.encryption
import tenants.scoping
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


VERSION = """
CREATE CONSTRAINT TRIGGER devices_camerareplacement_version
    AFTER INSERT OR UPDATE OR DELETE ON devices_camerareplacement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_bump_streamers();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0012_streamer_disks"),
        ("tenants", "0014_streamer_entries"),
    ]

    operations = [
        migrations.CreateModel(
            name="CameraReplacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checking", "being tried"),
                            ("answered", "answers"),
                            ("failed", "does not answer"),
                            ("done", "replaced"),
                            ("undone", "taken back"),
                        ],
                        default="checking",
                        max_length=10,
                    ),
                ),
                (
                    "secret_id",
                    models.CharField(default=devices.models.cameras.new_secret_id, editable=False, max_length=32),
                ),
                ("stream_url_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                ("substream_url_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                ("old_stream_url_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                ("old_substream_url_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                ("fresh", models.JSONField(blank=True, default=dict)),
                ("old", models.JSONField(blank=True, default=dict)),
                ("error_code", models.CharField(blank=True, max_length=32)),
                ("media_info", models.JSONField(blank=True, default=dict)),
                ("begun_by", models.CharField(blank=True, max_length=254)),
                ("begun_at", models.DateTimeField()),
                ("done_by", models.CharField(blank=True, max_length=254)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("undone_by", models.CharField(blank=True, max_length=254)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "camera",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="replacements", to="devices.camera"
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
                    "streamer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="devices.streamer",
                    ),
                ),
            ],
            options={
                "ordering": ["-begun_at", "-id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["domain", "camera", "begun_at"], name="devices_replacement_camera"),
                    models.Index(
                        condition=models.Q(("state", "checking")),
                        fields=["streamer"],
                        name="devices_replacement_checking",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("camera"),
                        condition=models.Q(("state__in", ["done", "undone"]), _negated=True),
                        name="devices_replacement_one_open",
                    )
                ],
            },
        ),
        SecureTables("CameraReplacement", referenced=False),
        migrations.RunSQL(VERSION, migrations.RunSQL.noop),
        OpenToFleet(
            {
                "devices_camerareplacement": "SELECT (id, domain_id, camera_id, streamer_id, state, secret_id, "
                "stream_url_sealed, begun_at), UPDATE (state, error_code, media_info)",
            }
        ),
    ]
