"""People are deleted softly, folders get floor plans, and answers are kept for whoever asks again by the same key.

A login is unique among those who are there: who was deleted keeps his, for the audit log, and stands in nobody's way.

Lists of any length are read along an index, and searched by words that triggers keep (`tenants.words`); logins and
e-mails have a column of their lower form (`tenants.caseless`).
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import tenants.caseless
import tenants.encryption
import tenants.scoping
import tenants.secrets
from tenants import word_triggers
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


KEYS = """
ALTER TABLE tenants_user ADD COLUMN login_key varchar GENERATED ALWAYS AS (lower(login)) STORED;
ALTER TABLE tenants_user ADD COLUMN email_key varchar GENERATED ALWAYS AS (lower(email)) STORED;
CREATE INDEX tenants_user_login_key ON tenants_user (domain_id, login_key);
CREATE INDEX tenants_user_email_key ON tenants_user (domain_id, email_key) WHERE email_key <> '';
"""
NO_KEYS = "ALTER TABLE tenants_user DROP COLUMN login_key; ALTER TABLE tenants_user DROP COLUMN email_key"


def word(model: str, owner: str, to: str) -> migrations.CreateModel:
    """The words that rows of a table are found by."""
    key = tenants.scoping.ScopedForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="words", to=to)
    pk = models.CompositePrimaryKey(
        "domain", "word", owner, blank=True, editable=False, primary_key=True, serialize=False
    )
    text = models.CharField(db_collation="C", max_length=64)
    fields = [("word", text), ("pk", pk), ("domain", models.ForeignKey(**DOMAIN)), (owner, key)]
    return migrations.CreateModel(name=model, fields=fields, options=OPTIONS)


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
        migrations.AlterField(
            model_name="user",
            name="login",
            field=tenants.caseless.CaselessCharField(max_length=254, verbose_name="login"),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=tenants.caseless.CaselessEmailField(blank=True, max_length=254, verbose_name="e-mail"),
        ),
        migrations.RunSQL(KEYS, NO_KEYS),
        migrations.AddIndex(
            model_name="user", index=models.Index(fields=["domain", "login", "id"], name="tenants_user_list")
        ),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(fields=["domain", "title", "id"], name="tenants_organization_list"),
        ),
        word("UserWord", "user", "tenants.user"),
        word("OrganizationWord", "organization", "tenants.organization"),
        SecureTables("UserWord", "OrganizationWord", referenced=False),
        migrations.RunSQL(word_triggers.WORDS, "DROP FUNCTION perch_words"),
        migrations.RunSQL(word_triggers.TAILS, "DROP FUNCTION perch_tails"),
        migrations.RunSQL(
            word_triggers.keep("tenants_user", "tenants_userword", "user_id", texts="login, email, name, external_id"),
            word_triggers.drop("tenants_userword"),
        ),
        migrations.RunSQL(
            word_triggers.keep(
                "tenants_organization", "tenants_organizationword", "organization_id", texts="title, external_id"
            ),
            word_triggers.drop("tenants_organizationword"),
        ),
    ]
