"""Camera actions: calls of an API that a camera's editors set up."""

import devices.models.cameras
import django.db.models.deletion
import tenants.encryption
import tenants.scoping
from django.db import migrations, models

from tenants.security import SecureTables


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0014_detection_zones'),
        ('tenants', '0014_streamer_entries'),
    ]

    operations = [
        migrations.CreateModel(
            name='CameraAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=100, verbose_name='title')),
                ('method', models.CharField(choices=[('GET', 'GET'), ('POST', 'POST')], default='POST', max_length=4, verbose_name='method')),
                ('secret_id', models.CharField(default=devices.models.cameras.new_secret_id, editable=False, max_length=32)),
                ('url_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('headers_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('body_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('is_confirmed', models.BooleanField(default=False, verbose_name='asks before it runs')),
                ('last_run_at', models.DateTimeField(blank=True, null=True)),
                ('last_status', models.PositiveIntegerField(blank=True, null=True)),
                ('camera', tenants.scoping.ScopedForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='actions', to='devices.camera')),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'ordering': ['title', 'id'],
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'indexes': [models.Index(fields=['domain', 'camera'], name='devices_cameraaction_camera')],
            },
        ),
        SecureTables("CameraAction", referenced=False),
    ]
