"""The installation's key pairs for signing tokens (JWT)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_mail")]

    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(max_length=32, unique=True)),
                ("public_pem", models.TextField()),
                ("private_sealed", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
