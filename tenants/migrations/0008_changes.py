"""Limits of API keys; every audit row in a feed and in a hash chain; addresses that hear of changes.

An audit row enters the feed by a deferred trigger, hence while its transaction commits: row numbers of the feed grow in
the order of commits, which those of the audit log do not (a slow transaction takes its numbers early). Whoever saw one
commit before he made his own stands behind it. What is in the log already enters in its own order.

The machines' role sees what a key may and until when: playback tokens made with a key die with it.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.encryption
import tenants.scoping
import tenants.secrets
from tenants.security import OpenToFleet, SecureTables

ENTER_FEED = """
CREATE FUNCTION perch_enter_feed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('app.domain_id', true);
BEGIN
    -- At commit another ISP may be in scope, or none: scopes nest within a transaction.
    PERFORM set_config('app.domain_id', NEW.domain_id::text, true);
    INSERT INTO tenants_change (domain_id, entry_id, digest) VALUES (NEW.domain_id, NEW.id, '');
    PERFORM set_config('app.domain_id', coalesce(before, ''), true);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tenants_auditentry_enters_feed AFTER INSERT ON tenants_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_enter_feed();

CREATE FUNCTION perch_keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position IS NOT NULL
        AND (NEW.id, NEW.domain_id, NEW.entry_id) = (OLD.id, OLD.domain_id, OLD.entry_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER tenants_change_kept BEFORE UPDATE OR DELETE ON tenants_change
    FOR EACH ROW EXECUTE FUNCTION perch_keep_change();
"""

LEAVE_FEED = """
DROP TRIGGER tenants_auditentry_enters_feed ON tenants_auditentry;
DROP FUNCTION perch_enter_feed;
DROP TRIGGER tenants_change_kept ON tenants_change;
DROP FUNCTION perch_keep_change;
"""

ENTER_ALL = """
DO $do$
DECLARE
    isp bigint;
BEGIN
    FOR isp IN SELECT id FROM tenants_domain LOOP
        PERFORM set_config('app.domain_id', isp::text, true);
        INSERT INTO tenants_change (domain_id, entry_id, digest)
            SELECT domain_id, id, '' FROM tenants_auditentry ORDER BY id;
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
END $do$;
-- What is checked at commit is checked now: a table with checks still due cannot be altered.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_keys")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="valid until"),
        ),
        migrations.AddField(
            model_name="apikey",
            name="last_used_ip",
            field=models.GenericIPAddressField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="rights",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read"),
                        ("cameras", "Cameras and presets"),
                        ("video", "Video"),
                        ("people", "Users and their rights"),
                        ("organizations", "Organizations and folders"),
                        ("money", "Plans, usage and invoices"),
                        ("settings", "Settings"),
                        ("changes", "Changes and audit log"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="duration_ms",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="external_id",
            field=models.CharField(blank=True, default="", max_length=128),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="method",
            field=models.CharField(blank=True, default="", max_length=8),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="path",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="query",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="auditentry",
            name="via",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="domain",
            name="has_webhooks",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret_id", models.CharField(default=tenants.secrets.new_secret_id, editable=False, max_length=32)),
                ("title", models.CharField(blank=True, max_length=100, verbose_name="title")),
                ("url", models.CharField(max_length=500, verbose_name="address")),
                ("secret_sealed", tenants.encryption.EncryptedTextField(blank=True)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="objects",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="enabled")),
                ("position", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("parked", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("busy_until", models.DateTimeField(blank=True, null=True)),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("stopped_because", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.domain",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.UUIDField(default=uuid.uuid4)),
                ("position", models.BigIntegerField(null=True)),
                ("kind", models.CharField(max_length=80)),
                ("object_key", models.CharField(max_length=200)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "delivered"), ("parked", "given up")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("next_attempt_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("tried_at", models.DateTimeField(null=True)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("duration_ms", models.PositiveIntegerField(null=True)),
                ("answer", models.CharField(blank=True, max_length=500)),
                ("error", models.CharField(blank=True, max_length=200)),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.domain",
                    ),
                ),
                (
                    "webhook",
                    tenants.scoping.ScopedForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="tenants.webhook",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                (
                    "domain",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.domain",
                    ),
                ),
                (
                    "entry",
                    tenants.scoping.ScopedForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="tenants.auditentry",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("position", None)), fields=["domain", "id"], name="tenants_change_unsealed"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("domain"), models.F("position"), name="tenants_change_position"
                    ),
                    models.UniqueConstraint(models.F("domain"), models.F("entry"), name="tenants_change_entry"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(
                condition=models.Q(("is_active", True)), fields=["domain", "id"], name="tenants_webhook_active"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["domain", "webhook", "id"],
                name="tenants_delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["domain", "webhook", "object_key", "id"],
                name="tenants_delivery_object",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["domain", "webhook", "-id"], name="tenants_delivery_recent"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["domain", "created_at"], name="tenants_delivery_age"),
        ),
        SecureTables("Webhook", "WebhookDelivery", "Change"),
        migrations.RunSQL(ENTER_FEED, LEAVE_FEED),
        migrations.RunSQL(ENTER_ALL, migrations.RunSQL.noop),
        OpenToFleet({"tenants_apikey": "SELECT (id, domain_id, user_id, rights, expires_at)"}),
    ]
