from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("devices", "0004_grants")]

    operations = []
