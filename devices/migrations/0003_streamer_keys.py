"""A streamer is recognised by its key alone where a call does not name it, so no two may share one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_wall")]

    operations = [
        migrations.AlterField(
            model_name="streamer",
            name="key_digest",
            field=models.CharField(max_length=64, unique=True),
        )
    ]
