"""The disks of each streamer, as it reports them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0011_protection"),
    ]

    operations = [
        migrations.AddField(
            model_name="streamer",
            name="disks",
            field=models.JSONField(blank=True, default=list, editable=False),
        ),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT UPDATE (disks) ON devices_streamer TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
