"""Signing in: what is tried is logged and held back, second factors and identity providers have their tables.

The log and the brake are written beside the request's transaction (`tenants.aside`), hence their reference to the ISP
carries no constraint; row-level security holds for them as for all others.
"""

import uuid

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.encryption
import tenants.scoping
from tenants.security import SecureTables

ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def scoped(**more):
    return {"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects", **more}


def isp(**more):
    return (
        "domain",
        models.ForeignKey(
            editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain", **more
        ),
    )


def of_user(related_name):
    return (
        "user",
        tenants.scoping.ScopedForeignKey(
            on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to=settings.AUTH_USER_MODEL
        ),
    )


def hours(default, text):
    validators = [django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2160)]
    return models.PositiveIntegerField(default=default, validators=validators, verbose_name=text)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_grants")]

    operations = [
        migrations.AddField(
            model_name="domain",
            name="min_password_length",
            field=models.PositiveSmallIntegerField(
                default=8,
                validators=[django.core.validators.MinValueValidator(8), django.core.validators.MaxValueValidator(64)],
                verbose_name="shortest password",
            ),
        ),
        migrations.AddField(
            model_name="domain",
            name="requires_admin_factor",
            field=models.BooleanField(default=False, verbose_name="administrators need a second factor"),
        ),
        migrations.AddField(
            model_name="domain",
            name="session_hours",
            field=hours(336, "a sign-in lasts, hours"),
        ),
        migrations.AddField(
            model_name="domain",
            name="session_idle_hours",
            field=hours(72, "signed out when idle for, hours"),
        ),
        migrations.CreateModel(
            name="SignInEntry",
            fields=[
                ("id", ID.clone()),
                ("user_id", models.BigIntegerField(null=True)),
                ("login", models.CharField(blank=True, max_length=254)),
                (
                    "door",
                    models.CharField(
                        choices=[
                            ("page", "portal"),
                            ("passkey", "passkey"),
                            ("oidc", "identity provider"),
                            ("autologin", "auto-login link"),
                            ("invitation", "invitation"),
                            ("reset", "password recovery"),
                            ("demo", "demo"),
                            ("v1", "API v1"),
                            ("v2", "API v2"),
                            ("v3", "API v3"),
                            ("check", "password check"),
                            ("proof", "confirmation"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("entered", "signed in"),
                            ("password", "wrong password"),
                            ("unknown", "unknown login"),
                            ("blocked", "account is disabled"),
                            ("address", "not from this address"),
                            ("throttled", "too many attempts"),
                            ("needs_factor", "second factor asked for"),
                            ("factor", "wrong second factor"),
                            ("refused", "refused"),
                        ],
                        max_length=16,
                    ),
                ),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                isp(db_constraint=False),
            ],
            options=scoped(
                ordering=["-id"],
                indexes=[
                    models.Index(fields=["domain", "-id"], name="tenants_signin_recent"),
                    models.Index(fields=["domain", "user_id", "-id"], name="tenants_signin_user"),
                ],
            ),
        ),
        migrations.CreateModel(
            name="SignInBrake",
            fields=[
                ("id", ID.clone()),
                ("digest", models.CharField(max_length=64)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("pending", models.PositiveIntegerField(default=0)),
                ("level", models.PositiveIntegerField(default=0)),
                ("window_at", models.DateTimeField()),
                ("blocked_until", models.DateTimeField(null=True)),
                ("is_noted", models.BooleanField(default=False)),
                ("trusted_until", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField()),
                isp(db_constraint=False),
            ],
            options=scoped(
                constraints=[models.UniqueConstraint("domain", "digest", name="tenants_signinbrake_digest")]
            ),
        ),
        migrations.CreateModel(
            name="OneTimeGenerator",
            fields=[
                ("id", ID.clone()),
                ("secret_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("secret_sealed", tenants.encryption.EncryptedTextField()),
                (
                    "last_step",
                    models.BigIntegerField(default=0, help_text="the newest half minute whose code was used"),
                ),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                isp(),
                of_user("generators"),
            ],
            options=scoped(constraints=[models.UniqueConstraint("domain", "user", name="tenants_generator_once")]),
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", ID.clone()),
                ("digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                isp(),
                of_user("recovery_codes"),
            ],
            options=scoped(
                constraints=[models.UniqueConstraint("domain", "user", "digest", name="tenants_recoverycode_digest")]
            ),
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                ("id", ID.clone()),
                ("title", models.CharField(max_length=100, verbose_name="name")),
                ("credential", models.CharField(max_length=1400)),
                ("public_key", models.BinaryField()),
                ("sign_count", models.BigIntegerField(default=0)),
                ("host", models.CharField(max_length=253)),
                ("is_synced", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                isp(),
                of_user("passkeys"),
            ],
            options=scoped(
                ordering=["id"],
                constraints=[models.UniqueConstraint("domain", "credential", name="tenants_passkey_credential")],
                indexes=[models.Index(fields=["domain", "user"], name="tenants_passkey_user")],
            ),
        ),
        migrations.CreateModel(
            name="IdentityProvider",
            fields=[
                ("id", ID.clone()),
                ("title", models.CharField(max_length=60, verbose_name="title")),
                ("issuer", models.CharField(max_length=300, verbose_name="issuer")),
                ("client_id", models.CharField(max_length=300, verbose_name="client id")),
                ("secret_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("client_secret_sealed", tenants.encryption.EncryptedTextField(blank=True, default="")),
                ("adds_people", models.BooleanField(default=False, verbose_name="adds unknown people")),
                ("is_active", models.BooleanField(default=True, verbose_name="enabled")),
                ("created_at", models.DateTimeField()),
                isp(),
            ],
            options=scoped(
                ordering=["title", "id"],
                constraints=[
                    models.UniqueConstraint("domain", "issuer", "client_id", name="tenants_identityprovider_once")
                ],
            ),
        ),
        migrations.CreateModel(
            name="ExternalIdentity",
            fields=[
                ("id", ID.clone()),
                ("subject", models.CharField(max_length=255)),
                ("created_at", models.DateTimeField()),
                isp(),
                (
                    "provider",
                    tenants.scoping.ScopedForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="tenants.identityprovider",
                    ),
                ),
                of_user("identities"),
            ],
            options=scoped(
                constraints=[
                    models.UniqueConstraint("domain", "provider", "subject", name="tenants_externalidentity_once")
                ],
                indexes=[models.Index(fields=["domain", "user"], name="tenants_externalidentity_user")],
            ),
        ),
        SecureTables(
            "SignInEntry",
            "SignInBrake",
            "OneTimeGenerator",
            "RecoveryCode",
            "Passkey",
            "IdentityProvider",
            "ExternalIdentity",
        ),
    ]
