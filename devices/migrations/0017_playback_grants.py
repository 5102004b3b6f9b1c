"""Access to one camera for third parties, and where streamers serve RTSP (item 155)."""

import django.core.validators
import django.db.models.deletion
import tenants.scoping
from django.db import migrations, models

from tenants.security import OpenToFleet, SecureTables


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0016_viewing_sessions'),
        ('tenants', '0014_streamer_entries'),
    ]

    operations = [
        migrations.AddField(
            model_name='streamer',
            name='rtsp_port',
            field=models.PositiveIntegerField(blank=True, default=8554, verbose_name='RTSP port'),
        ),
        migrations.CreateModel(
            name='PlaybackGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('rtsp', 'RTSP')], default='rtsp', max_length=10)),
                ('title', models.CharField(max_length=100, verbose_name='who gets it')),
                ('can_view_dvr', models.BooleanField(default=False, verbose_name='archive')),
                ('dvr_depth_limit', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='days of the archive')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('created_by', models.CharField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('camera', tenants.scoping.ScopedForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='playback_grants', to='devices.camera')),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'ordering': ['title', 'id'],
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        SecureTables("PlaybackGrant", referenced=False),
        OpenToFleet({"devices_playbackgrant": "SELECT"}),
    ]
