"""One-time codes for those who run the installation."""

import uuid

from django.db import migrations, models

import tenants.encryption


class Migration(migrations.Migration):
    dependencies = [("tenants", "0011_proven_email")]

    operations = [
        migrations.AddField(
            model_name="superadministrator",
            name="secret_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False),
        ),
        migrations.AddField(
            model_name="superadministrator",
            name="secret_sealed",
            field=tenants.encryption.EncryptedTextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="superadministrator",
            name="factor_confirmed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="superadministrator",
            name="last_step",
            field=models.BigIntegerField(default=0, editable=False),
        ),
    ]
