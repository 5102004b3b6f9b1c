from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_fleet_reads_keys")]

    operations = []
