"""Room in the pages of what streamers report, which is written anew every ten seconds: a row that stays in its page
leaves all indexes as they are (HOT), and is cleaned up by the next one that passes."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("devices", "0017_playback_grants")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE devices_camerastatus SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)",
            "ALTER TABLE devices_camerastatus RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        ),
    ]
