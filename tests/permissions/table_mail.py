"""Who may invite, send links, and set up mail and external sign-in. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from tests.permissions.rows import V3, Row
from tests.permissions.table_pages import ORG, get, post
from tests.permissions.table_v3 import admin

RELAY = {"host": "mail.example", "port": "587", "security": "starttls", "sender": "noreply@mail.example"}
OUTER = {"kind": "none", "method": "get", "radius_port": "1812", "cache_days": "9"}
RIGHTS = {"permissions": {"can_view_stats": True}}

# fmt: off
ROWS = [
    #                                     an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get(ORG + "/invite",                 "302 404 403 403 403 403 403 200 403 200 302"),
    post(ORG + "/invite",                "401 404 403 403 403 403 403 302 403 302 401", {"email": "dora@example.org"}),
    post("/users/{target}/password-mail", "401 403 403 403 403 403 403 403 403 302 401"),
    get("/settings/mail",                "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/mail",               "401 403 403 403 403 403 403 403 403 302 401", RELAY),
    get("/settings/mail/texts/test",     "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/mail/texts/test",    "401 403 403 403 403 403 403 403 403 302 401", {"text": "x"}),
    get("/settings/mail/texts/test/preview", "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    get("/settings/external",            "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/external",           "401 403 403 403 403 403 403 403 403 302 401", OUTER),
    post(ORG + "/folders/{folder}/public", "401 403 403 403 403 403 403 403 403 302 401", {"on": "1"}),
    post("/settings/demo",               "401 403 403 403 403 403 403 403 403 302 401", {"on": "1"}),

    Row("POST", "auth/generate-autologin-token", "403 403 403 403 403 403 403 403 403 200 200",
        {"login": "viewer@example.org"}),
    Row("POST", "organizations/{org}/invite", "401 404 403 403 403 403 403 200 403 200 200", RIGHTS, base=V3),
    admin("GET", "mail", plain=True),
    admin("PUT", "mail", {"host": "mail.example", "sender": "noreply@mail.example"}),
    admin("GET", "mail/texts/test", plain=True),
    admin("PUT", "mail/texts/test", {"text": "x"}),
    admin("GET", "external_auth", plain=True),
    admin("PUT", "external_auth", {"cache_days": 9}),
    admin("GET", "demo_access", plain=True),
    admin("PUT", "demo_access", {"is_on": True}),
    Row("POST", "users/{target}/password_mail", "401 403 403 403 403 403 403 403 403 204 204", base=V3),
]
