"""Why there is footage or none: privacy mode, what cameras were told to do, and when they gave no video."""

import django.db.models.deletion
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


# Cameras that are there already do what they do since their present stretch began. The tables' owner sees one ISP at a
# time, like everybody.
SINCE_NOW = """
DO $do$
DECLARE isp bigint;
BEGIN
    FOR isp IN SELECT id FROM tenants_domain LOOP
        PERFORM set_config('app.domain_id', isp::text, true);
        INSERT INTO devices_modespan (
            domain_id, camera_id, camera_name, organization_id, mode, dvr_depth, dvr_space, user_login, began_at)
        SELECT c.domain_id, c.id, c.name, c.organization_id,
               CASE WHEN NOT c.enabled THEN 'disabled' WHEN c.dvr_depth = 0 THEN 'live_only'
                    WHEN NOT c.static THEN 'on_demand' ELSE 'recording' END,
               c.dvr_depth, c.dvr_space, '',
               coalesce((SELECT lower(s.during) FROM devices_presetspan s
                         WHERE s.domain_id = c.domain_id AND s.camera_id = c.id AND upper_inf(s.during)), now())
        FROM devices_camera c WHERE c.domain_id = isp;
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
END $do$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0005_people"),
        ("tenants", "0013_locales_and_analytics"),
    ]

    operations = [
        migrations.AddField(
            model_name="camera",
            name="is_private",
            field=models.BooleanField(default=False, verbose_name="privacy mode"),
        ),
        migrations.CreateModel(
            name="ModeSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("camera_id", models.BigIntegerField()),
                ("camera_name", models.CharField(max_length=64)),
                ("organization_id", models.BigIntegerField()),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("recording", "recording"),
                            ("live_only", "live only"),
                            ("on_demand", "on demand"),
                            ("privacy", "privacy mode"),
                            ("disabled", "switched off"),
                            ("deleted", "deleted"),
                        ],
                        max_length=12,
                    ),
                ),
                ("dvr_depth", models.FloatField()),
                ("dvr_space", models.PositiveIntegerField(null=True)),
                ("user_login", models.CharField(blank=True, max_length=254)),
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
                    models.Index(fields=["domain", "camera_id", "began_at"], name="devices_modespan_camera"),
                    models.Index(fields=["domain", "camera_name"], name="devices_modespan_name"),
                    models.Index(fields=["domain", "organization_id", "mode"], name="devices_modespan_organization"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"),
                        models.F("camera_id"),
                        condition=models.Q(("ended_at", None)),
                        name="devices_modespan_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OutageSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("camera_id", models.BigIntegerField()),
                ("code", models.CharField(max_length=32)),
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
                    models.Index(fields=["domain", "camera_id", "began_at"], name="devices_outagespan_camera"),
                    models.Index(
                        condition=models.Q(("ended_at", None)), fields=["camera_id"], name="devices_outagespan_open"
                    ),
                    models.Index(fields=["domain", "ended_at"], name="devices_outagespan_ended"),
                ],
            },
        ),
        SecureTables("ModeSpan", "OutageSpan", referenced=False),
        OpenToFleet({"devices_outagespan": "SELECT, INSERT, UPDATE"}),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT USAGE ON SEQUENCE devices_outagespan_id_seq TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(SINCE_NOW, migrations.RunSQL.noop),
    ]
