"""The second wall, what the machines' role may reach, and the version row that makes polling cheap.

A streamer's `version` grows at the commit of any change of what it has to run. The triggers are deferred, so that its
row is locked for the shortest time, and work once a transaction, so that an import of thousands bumps it once.
They run as the owner, because the runtime role may belong to another ISP than the other cameras of the streamer.
"""

from django.db import migrations

from tenants.security import OpenToFleet, SecureTables

VERSION = """
CREATE FUNCTION perch_bump_streamers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF current_setting('app.bumped', true) = pg_current_xact_id()::text THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('app.bumped', pg_current_xact_id()::text, true);
    UPDATE devices_streamer SET version = version + 1;
    PERFORM pg_notify('perch_streamers', '');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER devices_camera_version AFTER INSERT OR UPDATE OR DELETE ON devices_camera
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_bump_streamers();
CREATE CONSTRAINT TRIGGER devices_preset_version AFTER UPDATE ON devices_preset
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_bump_streamers();
CREATE CONSTRAINT TRIGGER tenants_domainhost_version AFTER INSERT OR UPDATE OR DELETE ON tenants_domainhost
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_bump_streamers();
CREATE CONSTRAINT TRIGGER tenants_domain_version AFTER UPDATE ON tenants_domain
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION perch_bump_streamers();
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_first"), ("tenants", "0002_wall")]

    operations = [
        SecureTables("Preset", "OrganizationPreset", "PresetSpan", "Camera", "CameraStatus", "CameraAttribute"),
        migrations.RunSQL(VERSION, "DROP FUNCTION perch_bump_streamers CASCADE"),
        OpenToFleet(
            {
                "devices_camera": "SELECT",
                "devices_preset": "SELECT",
                "devices_camerastatus": "SELECT, INSERT, UPDATE",
            }
        ),
        migrations.RunSQL(
            """DO $do$
            DECLARE fleet text := regexp_replace(current_user, '_owner$', '_fleet');
            BEGIN
                EXECUTE format('GRANT SELECT ON devices_streamer TO %I', fleet);
                EXECUTE format('GRANT UPDATE (last_seen_at) ON devices_streamer TO %I', fleet);
                EXECUTE format('GRANT USAGE ON SEQUENCE devices_camerastatus_id_seq TO %I', fleet);
            END $do$""",
            migrations.RunSQL.noop,
        ),
    ]
