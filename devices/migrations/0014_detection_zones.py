"""What is recognised in a camera's picture, and in which zones; cameras begin with what their preset says."""

from django.db import migrations, models


# The tables' owner sees one ISP at a time, like everybody.
AS_PRESET = """
DO $do$
DECLARE isp bigint;
BEGIN
    FOR isp IN SELECT id FROM tenants_domain LOOP
        PERFORM set_config('app.domain_id', isp::text, true);
        UPDATE devices_camera c SET vision_alg = p.vision_alg FROM devices_preset p
        WHERE p.domain_id = c.domain_id AND p.id = c.preset_id AND p.vision_alg <> '';
    END LOOP;
    PERFORM set_config('app.domain_id', '', true);
END $do$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0013_replacements'),
    ]

    operations = [
        migrations.AddField(
            model_name='camera',
            name='vision_alg',
            field=models.CharField(blank=True, max_length=20, verbose_name='analytics type'),
        ),
        migrations.AddField(
            model_name='camera',
            name='vision_areas',
            field=models.TextField(blank=True, verbose_name='detection zones'),
        ),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(AS_PRESET, migrations.RunSQL.noop),
    ]
