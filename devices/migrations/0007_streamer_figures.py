"""What each streamer carries, counted by the machines' role for the installation's pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0006_facts"),
    ]

    operations = [
        migrations.AddField(
            model_name="streamer",
            name="counted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="streamer",
            name="figures",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT UPDATE (figures, counted_at) ON devices_streamer TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
