"""Let the machines' role see that an API key still lives: playback tokens made with a key die with it.

Whose key it is and its number, never the digest.
"""

from django.db import migrations

from tenants.security import OpenToFleet


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_wall")]

    operations = [OpenToFleet({"tenants_apikey": "SELECT (id, domain_id, user_id)"})]
