"""Who may open and send what of the ISP's looks, words, support access and messages. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system

The message that is asked about was written by the owner to everybody of his organization. A stranger owns another
organization, so he may write, to his own people.
"""

from __future__ import annotations

from tenants.secrets import digest
from tests.permissions.table_pages import get, post
from tests.permissions.table_v3 import admin, row

OPENED = "302 403 403 403 403 403 403 403 403 200 302"
SENT = "401 403 403 403 403 403 403 403 403 302 401"
BRAND = {"brand_color": "#112233", "accent_color": "#445566"}
WORDS = "/settings/languages/en?q=Sign%20in"
SIGN_IN = f"t{digest('Sign in')[:16]}-0"
MESSAGE = "/messages/{message}"

# fmt: off
ROWS = [
    get("/settings/branding",           OPENED, plain=True),
    post("/settings/branding",          SENT, BRAND),
    get("/settings/branding/colours?main=%23112233&accent=%23445566", OPENED, plain=True),
    get("/settings/languages/",         "302 403 403 403 403 403 403 403 403 302 302", plain=True),
    get(WORDS,                          OPENED, plain=True),
    post(WORDS,                         SENT, {SIGN_IN: "Come in"}),
    get("/settings/languages/en/export", OPENED, plain=True),
    post("/settings/languages/add",     SENT, {"language": "de"}),
    get("/settings/languages/fr/remove", OPENED, plain=True),
    post("/settings/languages/fr/remove", SENT),
    get("/settings/support",            OPENED),
    post("/settings/support/{stay}/end", SENT),

    #                                    an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/messages/",                   "302 E   200 200 200 200 200 200 E   E   302"),
    get("/messages/news",               "302 200 200 200 200 200 200 200 200 200 302", plain=True),
    get("/messages/new",                "302 E   403 403 403 403 403 200 403 200 302"),
    post("/messages/new",               "401 422 403 403 403 403 403 302 403 302 401",
         {"to": "organization-{org}", "title": "x", "type": "info"}, south="E"),
    get(MESSAGE,                        "302 404 200 200 200 200 200 200 404 404 302"),
    post(MESSAGE + "/read",             "401 404 302 302 302 302 302 302 404 404 401"),
    get(MESSAGE + "/delete",            "302 404 200 200 200 200 200 200 404 404 302"),
    post(MESSAGE + "/delete",           "401 404 302 302 302 302 302 302 404 404 401"),

    row("GET", "messages",              "401 E   200 200 200 200 200 200 E   E   200"),
    row("POST", "messages",             "401 404 403 403 403 403 403 201 403 201 201",
        {"title": "x", "organization_id": "{org}"}),
    row("POST", "messages",             "401 404 404 404 404 403 404 201 404 201 201",
        {"title": "x", "user_id": "{target}"}),
    row("GET", "messages/{message}",    "401 404 200 200 200 200 200 200 404 404 200"),
    row("PUT", "messages/{message}",    "401 404 403 403 403 403 403 200 404 404 200", {"title": "x"}),
    row("PUT", "messages/{message}",    "401 404 200 200 200 200 200 200 404 404 403", {"was_read": True}),
    row("DELETE", "messages/{message}", "401 404 204 204 204 204 204 204 404 404 204"),

    admin("GET", "domain_config", plain=True),
    admin("PUT", "domain_config", {"locale": "ru"}),
    admin("GET", "system_config", plain=True),
]
