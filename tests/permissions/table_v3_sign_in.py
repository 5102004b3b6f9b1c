"""Who may do by the v3 dialects what the pages of signing in, words, support, figures and invitations do. The columns
are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from base64 import b64encode

from tests.permissions.table_v3 import FOLDER, ORG, admin, row
from tests.permissions.world import PIXEL

PROVIDER = {"title": "x", "issuer": "https://other.example.org", "client_id": "x"}

# fmt: off
ROWS = [
    #                                    an  st  ne  vi  me  re  in  ow  ac  ad  sy
    row("GET", "profile/sign_ins",      "401 200 200 200 200 200 200 200 200 200 200", plain=True),
    row("GET", "profile/second_factors", "401 200 200 200 200 200 200 200 200 200 403", plain=True),
    row("POST", "profile/second_factors/generator", "401 201 201 201 201 403 201 201 201 201 403", plain=True),
    row("GET", ORG + "/statistics",     "401 404 403 403 403 200 403 200 403 200 200"),
    row("GET", ORG + "/invitations",    "401 404 403 403 403 403 403 200 403 200 200", plain=True),
    row("DELETE", ORG + "/invitations/{invitation}", "401 404 403 403 403 403 403 204 403 204 204"),
    row("GET", ORG + "/folders/{planned}/floor_plan", "401 404 404 404 404 200 200 200 404 200 200", plain=True),
    row("PUT", FOLDER,                  "401 404 403 403 403 403 200 200 403 200 200", {"floor_plan": {"topleft": "1 2"}}),
    row("PUT", FOLDER,                  "401 404 403 403 403 403 403 403 403 200 200", {"is_public": True}),

    admin("GET", "sign_in_rules", plain=True),
    admin("PUT", "sign_in_rules", {"min_password_length": 12}),
    admin("GET", "access_log", plain=True),
    admin("GET", "users/{viewer}/sessions", plain=True),
    admin("DELETE", "users/{viewer}/sessions", success=204),
    admin("DELETE", "users/{viewer}/sessions/{session}", success=204),
    admin("GET", "users/{target}/second_factors", plain=True),
    admin("POST", "users/{target}/merge", {"user_id": "{outsider}"}),
    admin("POST", "users/{target}/autologin_token", success=201, plain=True),
    admin("POST", "users/import", [{"login": "x", "name": "y"}], plain=True),
    admin("GET", "identity_providers"),
    admin("POST", "identity_providers", PROVIDER, success=201),
    admin("GET", "identity_providers/{provider}"),
    admin("PUT", "identity_providers/{provider}", {"title": "x"}),
    admin("DELETE", "identity_providers/{provider}", success=204),
    admin("GET", "storage"),
    admin("GET", "drifts"),
    admin("GET", "support_accesses"),
    admin("DELETE", "support_accesses/{stay}", success=204),
    admin("PUT", "brand_pictures/logo", {"file": b64encode(PIXEL).decode()}, plain=True),
    admin("GET", "mails", plain=True),
    admin("GET", "mail/texts", plain=True),
    admin("GET", "wordings", plain=True),
    admin("POST", "wordings", {"locale": "de"}, success=201, plain=True),
    admin("DELETE", "wordings/fr", success=204),
    admin("GET", "wordings/en?q=Sign%20in", plain=True),
    admin("PUT", "wordings/en", {"wordings": [{"original": "Sign in", "own": ["Come in"]}]}),
]
