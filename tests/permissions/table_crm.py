"""Who may do what with API keys, webhooks, the change feed and the audit log. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from tests.permissions.rows import Row
from tests.permissions.table_pages import get, post
from tests.permissions.table_v3 import admin, row

OPENED = "302 403 403 403 403 403 403 403 403 200 302"  # a page for administrators
SENT = "401 403 403 403 403 403 403 403 403 302 401"
SHOWN = "401 403 403 403 403 403 403 403 403 200 401"  # a form whose answer shows a secret once
KEY = {"title": "x", "everything": "on"}
HOOK = {"title": "x", "url": "https://crm.example/x", "is_active": "on", "everything": "on"}
PAGE, API = "/settings/webhooks/{webhook}", "webhooks/{webhook}"

# fmt: off
PAGES = [
    get("/settings/keys",                OPENED, plain=True),
    get("/settings/keys/new",            OPENED, plain=True),
    post("/settings/keys/new",           SHOWN, KEY),
    get("/settings/keys/{key}",          OPENED, plain=True),
    post("/settings/keys/{key}",         SENT, KEY),
    get("/settings/keys/{key}/delete",   OPENED, plain=True),
    post("/settings/keys/{key}/delete",  SENT),
    #                                        an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/profile/keys",                    "302 200 200 200 200 200 200 200 200 200 302", plain=True),
    get("/profile/keys/new",                "302 200 200 200 200 403 200 200 200 200 302", plain=True),
    post("/profile/keys/new",               "401 200 200 200 200 403 200 200 200 200 401", KEY),
    get("/profile/keys/{own_key}",          "302 404 404 404 404 403 404 200 404 404 302", plain=True),
    post("/profile/keys/{own_key}",         "401 404 404 404 404 403 404 302 404 404 401", KEY),
    get("/profile/keys/{own_key}/delete",   "302 404 404 404 404 403 404 200 404 404 302", plain=True),
    post("/profile/keys/{own_key}/delete",  "401 404 404 404 404 403 404 302 404 404 401"),

    get("/settings/webhooks",            OPENED),
    get("/settings/webhooks/new",        OPENED, plain=True),
    post("/settings/webhooks/new",       SHOWN, HOOK),
    get(PAGE,                            OPENED),
    get(PAGE + "/edit",                  OPENED),
    post(PAGE + "/edit",                 SENT, HOOK),
    get(PAGE + "/delete",                OPENED),
    post(PAGE + "/delete",               SENT),
    get(PAGE + "/secret",                OPENED, plain=True),
    post(PAGE + "/secret",               SHOWN),
    post(PAGE + "/test",                 SENT),
    post(PAGE + "/again",                SENT),
    post(PAGE + "/deliveries/{delivery}/again", SENT),

    get("/audit/?kind=Organization",       OPENED),
    get("/audit/export?kind=Organization", OPENED),
]
DIALECTS = [
    Row("GET", "changes", "403 403 403 403 403 403 403 403 403 200 200"),

    row("GET", "profile/api-keys",              "401 200 200 200 200 200 200 200 200 200 403", plain=True),
    row("POST", "profile/api-keys",             "401 201 201 201 201 403 201 201 201 201 403", {"title": "x"}),
    row("GET", "profile/api-keys/{own_key}",    "401 404 404 404 404 404 404 200 404 404 403", plain=True),
    row("PUT", "profile/api-keys/{own_key}",    "401 404 404 404 404 403 404 200 404 404 403", {"title": "x"}),
    row("DELETE", "profile/api-keys/{own_key}", "401 404 404 404 404 403 404 204 404 404 403"),

    admin("GET", "api-keys", plain=True),
    admin("POST", "api-keys", {"title": "x"}, success=201),
    admin("GET", "api-keys/{key}", plain=True),
    admin("PUT", "api-keys/{key}", {"title": "x"}),
    admin("DELETE", "api-keys/{spare_key}", success=204),
    admin("GET", "webhooks"),
    admin("POST", "webhooks", {"url": "https://crm.example/x"}, success=201),
    admin("GET", API),
    admin("PUT", API, {"title": "x"}),
    admin("DELETE", API, success=204),
    admin("POST", API + "/secret"),
    admin("POST", API + "/test", success=201),
    admin("GET", API + "/deliveries", plain=True),
    admin("POST", API + "/deliveries/{delivery}/again"),
    admin("GET", "changes"),
    admin("GET", "events?object_type=Organization"),
    admin("GET", "events/{event}"),
]
# fmt: on
ROWS = [*PAGES, *DIALECTS]
