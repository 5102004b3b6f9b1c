"""The level above all ISPs, an ISP's own pictures and words, and messages between its people.

The installation's own tables stand behind a policy of theirs: they show rows only in a transaction that has opened the
installation's scope, which requests at an ISP's address never do. A logo moves out of the row that every request reads.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import tenants.scoping
from tenants.security import SecureTables

DOMAIN = {
    "editable": False,
    "on_delete": django.db.models.deletion.CASCADE,
    "related_name": "+",
    "to": "tenants.domain",
}
OPTIONS = {"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects"}
INSTALLATION = (
    "tenants_superadministrator",
    "tenants_supersession",
    "tenants_supersignin",
    "tenants_installationentry",
    "tenants_ispfigures",
)


def hidden(table: str) -> str:
    """The statements that hide a table from whoever has not opened the installation's scope."""
    scoped = "(select current_setting('app.installation', true)) = 'on'"
    return f"""
        ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
        ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;
        CREATE POLICY "{table}_installation" ON "{table}" USING ({scoped}) WITH CHECK ({scoped});
    """


APPEND_ONLY = """
CREATE TRIGGER tenants_installationentry_append_only BEFORE UPDATE OR DELETE ON tenants_installationentry
    FOR EACH ROW EXECUTE FUNCTION perch_append_only();
"""
MOVE_LOGOS = """
DO $do$ DECLARE isp record; BEGIN
    FOR isp IN SELECT id, logo, logo_type FROM tenants_domain WHERE length(logo) > 0 LOOP
        PERFORM set_config('app.domain_id', isp.id::text, true);
        INSERT INTO tenants_brandpicture (domain_id, kind, size, image, image_type)
            VALUES (isp.id, 'logo', 0, isp.logo, isp.logo_type);
        UPDATE tenants_domain SET brand_pictures = jsonb_build_object('logo', left(md5(isp.logo), 12))
            WHERE id = isp.id;
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
    -- what is promised for the end of the transaction must not stand in the way of the columns' removal
    SET CONSTRAINTS ALL IMMEDIATE;
END $do$
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_changes")]

    operations = [
        migrations.CreateModel(
            name="BrandPicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("logo", "Logo"), ("login_logo", "Logo of the sign-in page"), ("favicon", "Icon")],
                        max_length=16,
                    ),
                ),
                ("size", models.PositiveSmallIntegerField(default=0)),
                ("image", models.BinaryField()),
                ("image_type", models.CharField(max_length=32)),
            ],
            options={
                **OPTIONS,
            },
        ),
        migrations.CreateModel(
            name="InstallationEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("opened", "opened the ISP"),
                            ("changed", "changed the ISP"),
                            ("suspended", "suspended the ISP"),
                            ("resumed", "resumed the ISP"),
                            ("invited", "invited an administrator to"),
                            ("support", "asked for support access to"),
                            ("support_ended", "ended support access to"),
                            ("administrator", "changed a super administrator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("administrator_login", models.CharField(blank=True, max_length=254)),
                ("isp_id", models.BigIntegerField(null=True)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("changed", models.JSONField(default=dict)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="IspFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organizations", models.PositiveIntegerField(default=0)),
                ("users", models.PositiveIntegerField(default=0)),
                ("admins_waiting", models.PositiveIntegerField(default=0)),
                ("cameras", models.PositiveIntegerField(default=0)),
                ("cameras_failing", models.PositiveIntegerField(default=0)),
                ("streamers", models.PositiveIntegerField(default=0)),
                ("sessions", models.PositiveIntegerField(default=0)),
                ("mails_failing", models.PositiveIntegerField(default=0)),
                ("webhooks_failing", models.PositiveIntegerField(default=0)),
                ("last_night", models.DateField(null=True)),
                ("nights_due", models.PositiveIntegerField(default=0)),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("body", models.TextField(blank=True, max_length=10000, verbose_name="text")),
                (
                    "type",
                    models.CharField(
                        choices=[("info", "Information"), ("warning", "Warning"), ("danger", "Danger")],
                        default="info",
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("is_push", models.BooleanField(default=False, verbose_name="show at once")),
                ("is_dashboard", models.BooleanField(default=False, verbose_name="show above every page")),
                ("sender_login", models.CharField(blank=True, max_length=254)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["-id"],
                **OPTIONS,
            },
        ),
        migrations.CreateModel(
            name="MessageReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("was_read", models.BooleanField(default=True)),
                ("is_removed", models.BooleanField(default=False)),
                ("read_at", models.DateTimeField()),
            ],
            options={
                **OPTIONS,
            },
        ),
        migrations.CreateModel(
            name="SuperAdministrator",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("login", models.CharField(max_length=254, verbose_name="login")),
                ("is_active", models.BooleanField(default=True, verbose_name="enabled")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["login"],
            },
        ),
        migrations.CreateModel(
            name="SuperSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("data", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ip", models.GenericIPAddressField(blank=True, null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="SuperSignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("login_digest", models.CharField(max_length=64)),
                ("network", models.CharField(max_length=64)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                (
                    "result",
                    models.CharField(
                        choices=[("entered", "signed in"), ("wrong", "wrong login or password")], max_length=16
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SupportAccess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("administrator_login", models.CharField(max_length=254)),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("digest", models.CharField(max_length=64)),
                ("started_at", models.DateTimeField()),
                ("entered_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=254)),
            ],
            options={
                "ordering": ["-id"],
                **OPTIONS,
            },
        ),
        migrations.CreateModel(
            name="Wording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=10)),
                ("original", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("forms", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
            ],
            options={
                "ordering": ["id"],
                **OPTIONS,
            },
        ),
        migrations.AddField(
            model_name="domain",
            name="brand_pictures",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="domain",
            name="company_address",
            field=models.CharField(blank=True, max_length=200, verbose_name="address"),
        ),
        migrations.AddField(
            model_name="domain",
            name="company_hours",
            field=models.CharField(blank=True, max_length=100, verbose_name="hours"),
        ),
        migrations.AddField(
            model_name="domain",
            name="company_phone",
            field=models.CharField(blank=True, max_length=60, verbose_name="telephone"),
        ),
        migrations.AddField(
            model_name="domain",
            name="page_title",
            field=models.CharField(blank=True, max_length=100, verbose_name="page title"),
        ),
        migrations.AddField(
            model_name="domain",
            name="wording_version",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="is_support",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name="brandpicture",
            name="domain",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain"
            ),
        ),
        migrations.AddIndex(
            model_name="installationentry",
            index=models.Index(fields=["isp_id", "-id"], name="tenants_installationentry_isp"),
        ),
        migrations.AddField(
            model_name="ispfigures",
            name="isp",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="figures", to="tenants.domain"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="domain",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain"
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="organization",
            field=tenants.scoping.ScopedForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenants.organization",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="sender",
            field=tenants.scoping.ScopedForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="user",
            field=tenants.scoping.ScopedForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="messagereading",
            name="domain",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain"
            ),
        ),
        migrations.AddField(
            model_name="messagereading",
            name="message",
            field=tenants.scoping.ScopedForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="readings", to="tenants.message"
            ),
        ),
        migrations.AddField(
            model_name="messagereading",
            name="user",
            field=tenants.scoping.ScopedForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="superadministrator",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("login"), name="tenants_superadministrator_login"
            ),
        ),
        migrations.AddField(
            model_name="supersession",
            name="administrator",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sessions",
                to="tenants.superadministrator",
            ),
        ),
        migrations.AddIndex(
            model_name="supersignin",
            index=models.Index(fields=["network", "-created_at"], name="tenants_supersignin_network"),
        ),
        migrations.AddIndex(
            model_name="supersignin",
            index=models.Index(fields=["login_digest", "-created_at"], name="tenants_supersignin_login"),
        ),
        migrations.AddField(
            model_name="supportaccess",
            name="domain",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain"
            ),
        ),
        migrations.AddField(
            model_name="supportaccess",
            name="user",
            field=tenants.scoping.ScopedForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="wording",
            name="domain",
            field=models.ForeignKey(
                editable=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tenants.domain"
            ),
        ),
        migrations.AddConstraint(
            model_name="brandpicture",
            constraint=models.UniqueConstraint(
                models.F("domain"), models.F("kind"), models.F("size"), name="tenants_brandpicture_once"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["domain", "user", "-id"], name="tenants_message_user"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["domain", "organization", "-id"], name="tenants_message_org"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["domain", "sender", "-id"], name="tenants_message_sender"),
        ),
        migrations.AddConstraint(
            model_name="messagereading",
            constraint=models.UniqueConstraint(
                models.F("domain"), models.F("user"), models.F("message"), name="tenants_messagereading_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="supportaccess",
            constraint=models.UniqueConstraint(
                models.F("domain"), models.F("digest"), name="tenants_supportaccess_digest"
            ),
        ),
        migrations.AddConstraint(
            model_name="wording",
            constraint=models.UniqueConstraint(
                models.F("domain"), models.F("language"), models.F("digest"), name="tenants_wording_once"
            ),
        ),
        SecureTables("Message", "MessageReading", "SupportAccess", "Wording", "BrandPicture"),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
        migrations.RunSQL("".join(map(hidden, INSTALLATION)), migrations.RunSQL.noop),
        migrations.RunSQL(MOVE_LOGOS, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="domain", name="logo"),
        migrations.RemoveField(model_name="domain", name="logo_type"),
    ]
