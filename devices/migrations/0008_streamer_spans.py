"""Which streamer had which camera, from-until."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


# Cameras that are there already have been where they are since they were made: no camera was ever moved before. The
# table's owner sees one ISP at a time, like everybody.
SINCE_MADE = """
DO $do$
DECLARE isp bigint;
BEGIN
    FOR isp IN SELECT id FROM tenants_domain LOOP
        PERFORM set_config('app.domain_id', isp::text, true);
        INSERT INTO devices_streamerspan (domain_id, camera_id, camera_name, streamer_id, hostname, began_at)
        SELECT c.domain_id, c.id, c.name, t.id, t.hostname, c.created_at
        FROM devices_camera c JOIN devices_streamer t ON t.id = c.streamer_id WHERE c.domain_id = isp;
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
END $do$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0007_streamer_figures"),
        ("tenants", "0013_locales_and_analytics"),
    ]

    operations = [
        migrations.CreateModel(
            name="StreamerSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("camera_id", models.BigIntegerField()),
                ("camera_name", models.CharField(max_length=64)),
                ("streamer_id", models.BigIntegerField()),
                ("hostname", models.CharField(max_length=253)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
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
                    models.Index(fields=["domain", "camera_id", "began_at"], name="devices_streamerspan_camera"),
                    models.Index(fields=["domain", "camera_name"], name="devices_streamerspan_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("camera_id"),
                        condition=models.Q(("ended_at", None)),
                        name="devices_streamerspan_one_open",
                    )
                ],
            },
        ),
        SecureTables("StreamerSpan", referenced=False),
        OpenToFleet({"devices_streamerspan": "SELECT, INSERT, UPDATE"}),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT USAGE ON SEQUENCE devices_streamerspan_id_seq TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(SINCE_MADE, migrations.RunSQL.noop),
    ]
