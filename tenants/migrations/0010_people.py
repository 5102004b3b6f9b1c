"""People are deleted softly, folders get floor plans, and answers are kept for whoever asks again by the same key.

A login is unique among those who are there: who was deleted keeps his, for the audit log, and stands in nobody's way.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import tenants.encryption
import tenants.scoping
import tenants.secrets
from tenants.security import SecureTables

CORNER = django.core.validators.RegexValidator(
    "\\A-?[0-9]{1,2}(\\.[0-9]{1,20})? -?[0-9]{1,3}(\\.[0-9]{1,20})?\\Z",
    "Write latitude and longitude with a space between them and points for the decimals: 53.54 9.98.",
)
DOMAIN = {
    "editable": False,
    "on_delete": django.db.models.deletion.CASCADE,
    "related_name": "+",
    "to": "tenants.domain",
}
OPTIONS = {"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects"}


def corner(name: str) -> migrations.AddField:
    """A corner of the floor plan on the map."""
    field = models.CharField(blank=True, default="", max_length=64, validators=[CORNER])
    return migrations.AddField(model_name="folder", name=name, field=field, preserve_default=False)


def deleted_at(model: str) -> migrations.AddField:
    """When a row was deleted softly."""
    field = models.DateTimeField(blank=True, editable=False, null=True)
    return migrations.AddField(model_name=model, name="deleted_at", field=field)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_installation")]

    operations = [
        deleted_at("organization"),
        deleted_at("user"),
        migrations.RemoveConstraint(model_name="user", name="tenants_user_login"),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                models.F("domain"),
                django.db.models.functions.text.Lower("login"),
                condition=models.Q(("deleted_at", None)),
                name="tenants_user_login",
            ),
        ),
        corner("map_topleft"),
        corner("map_topright"),
        corner("map_bottomleft"),
        migrations.CreateModel(
            name="FloorPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("image", models.BinaryField()),
                ("image_type", models.CharField(max_length=32)),
                ("digest", models.CharField(max_length=64)),
                (
                    "folder",
                    tenants.scoping.ScopedOneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="floor_plan", to="tenants.folder"
                    ),
                ),
                ("domain", models.ForeignKey(**DOMAIN)),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("fingerprint", models.CharField(max_length=64)),
                ("secret_id", models.CharField(default=tenants.secrets.new_secret_id, editable=False, max_length=32)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("headers", models.JSONField(default=dict)),
                ("answer_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("domain", models.ForeignKey(**DOMAIN)),
            ],
            options={
                **OPTIONS,
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"), models.F("digest"), name="tenants_idempotentanswer_digest"
                    )
                ],
                "indexes": [models.Index(fields=["domain", "created_at"], name="tenants_idempotentanswer_age")],
            },
        ),
        SecureTables("FloorPlan", "IdempotentAnswer"),
    ]
