"""The second wall around every tenant-owned table, and an audit log that only grows.

Row-level security is forced, so that not even the tables' owner sees rows without naming an ISP. The audit trigger
refuses UPDATE and DELETE whoever asks: a log one can edit proves nothing.
"""

from django.db import migrations

from tenants.security import OpenToFleet, SecureTables

APPEND_ONLY = """
CREATE FUNCTION perch_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER tenants_auditentry_append_only BEFORE UPDATE OR DELETE ON tenants_auditentry
    FOR EACH ROW EXECUTE FUNCTION perch_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_first")]

    operations = [
        SecureTables(
            "User",
            "Organization",
            "Membership",
            "Folder",
            "FolderPermission",
            "UserSession",
            "ApiKey",
            "Token",
            "AuditEntry",
            "OutboxMessage",
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION perch_append_only CASCADE"),
        OpenToFleet(
            {
                "tenants_user": "SELECT (id, domain_id, is_active, is_admin, is_readonly, max_sessions)",
                "tenants_organization": "SELECT (id, domain_id, owner_id)",
                "tenants_membership": "SELECT",
                "tenants_folder": "SELECT (id, domain_id, parent_id)",
                "tenants_folderpermission": "SELECT",
                "tenants_usersession": "SELECT (id, domain_id, user_id, expires_at)",
            }
        ),
        migrations.RunSQL(
            """DO $do$ BEGIN EXECUTE format('GRANT SELECT ON tenants_domain, tenants_domainhost TO %I',
               regexp_replace(current_user, '_owner$', '_fleet')); END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
