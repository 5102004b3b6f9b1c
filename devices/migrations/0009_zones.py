"""Zones, labels and limits by which cameras are placed on streamers."""

import devices.models.zones
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from tenants.security import OpenToFleet


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0008_streamer_spans"),
    ]

    operations = [
        migrations.CreateModel(
            name="Zone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9][a-z0-9_-]*\\Z",
                                "A name is made of small Latin letters, digits, hyphens and underscores.",
                            )
                        ],
                        verbose_name="name",
                    ),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                ("returns", models.BooleanField(default=False, verbose_name="cameras return by themselves")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="camera",
            name="home",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="devices.streamer",
            ),
        ),
        migrations.AddField(
            model_name="camera",
            name="zone_mode",
            field=models.CharField(
                choices=[("required", "required"), ("preferred", "preferred")],
                default="preferred",
                max_length=10,
                verbose_name="zone is",
            ),
        ),
        migrations.AddField(
            model_name="preset",
            name="labels",
            field=models.JSONField(
                blank=True, default=dict, validators=[devices.models.zones.check_labels], verbose_name="labels"
            ),
        ),
        migrations.AddField(
            model_name="preset",
            name="zone_mode",
            field=models.CharField(
                choices=[("required", "required"), ("preferred", "preferred")],
                default="preferred",
                max_length=10,
                verbose_name="zone is",
            ),
        ),
        migrations.AddField(
            model_name="streamer",
            name="channel_limit",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="cameras at most"),
        ),
        migrations.AddField(
            model_name="streamer",
            name="labels",
            field=models.JSONField(
                blank=True, default=dict, validators=[devices.models.zones.check_labels], verbose_name="labels"
            ),
        ),
        migrations.AddField(
            model_name="streamer",
            name="losses",
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="streamer",
            name="lost_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="streamer",
            name="role",
            field=models.CharField(
                choices=[("streamer", "streamer"), ("inference", "inference"), ("identification", "identification")],
                default="streamer",
                max_length=20,
                verbose_name="role",
            ),
        ),
        migrations.AddField(
            model_name="streamer",
            name="steady_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="streamer",
            name="total_bandwidth",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="incoming at most, kbit/s"),
        ),
        migrations.AddField(
            model_name="camera",
            name="zone",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="devices.zone",
                verbose_name="zone",
            ),
        ),
        migrations.AddField(
            model_name="preset",
            name="zone",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="devices.zone",
                verbose_name="zone",
            ),
        ),
        migrations.AddField(
            model_name="streamer",
            name="zones",
            field=models.ManyToManyField(blank=True, related_name="streamers", to="devices.zone", verbose_name="zones"),
        ),
        # A trigger of cameras looks after their words at every update; a move of a camera changes none.
        OpenToFleet({"devices_cameraword": "SELECT, INSERT, DELETE"}),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT SELECT ON devices_zone, devices_streamer_zones TO %I', fleet);
                EXECUTE format('GRANT UPDATE (streamer_id, home_id) ON devices_camera TO %I', fleet);
                EXECUTE format('GRANT UPDATE (steady_since, lost_at, losses) ON devices_streamer TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
