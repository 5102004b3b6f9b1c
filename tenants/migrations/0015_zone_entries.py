"""What super administrators do with zones is in their log."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0014_streamer_entries"),
    ]

    operations = [
        migrations.AlterField(
            model_name="installationentry",
            name="action",
            field=models.CharField(
                choices=[
                    ("opened", "opened the ISP"),
                    ("changed", "changed the ISP"),
                    ("suspended", "suspended the ISP"),
                    ("resumed", "resumed the ISP"),
                    ("invited", "invited an administrator to"),
                    ("support", "asked for support access to"),
                    ("support_ended", "ended support access to"),
                    ("administrator", "changed a super administrator"),
                    ("streamer_added", "added the streamer"),
                    ("streamer_changed", "changed the streamer"),
                    ("streamer_key", "renewed the key of the streamer"),
                    ("streamer_removed", "removed the streamer"),
                    ("zone_added", "added the zone"),
                    ("zone_changed", "changed the zone"),
                    ("zone_removed", "removed the zone"),
                ],
                max_length=20,
            ),
        ),
    ]
