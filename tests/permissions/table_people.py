"""Who may open and send what by the pages of people: choosing, moving, rights across organizations, roles.

The columns are `world.ACTORS`:
anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from tests.permissions.table_pages import ORG, get, post

# fmt: off
ROWS = [
    #                                     an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/users/?organization={org}",    "302 E   200 200 200 200 200 200 200 200 302", south="E"),
    get(ORG + "/mosaics",                "302 404 200 200 200 200 200 200 200 200 302"),
    get("/users/import",                 "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    get("/users/{target}/merge",         "302 403 403 403 403 403 403 403 403 200 302"),
    post("/users/{target}/merge",        "401 403 403 403 403 403 403 403 403 302 401", {"user": "{outsider}"}),
    get(ORG + "/users/add",              "302 404 403 403 403 403 403 200 403 200 302"),
    post(ORG + "/users/add",             "401 404 403 403 403 403 403 404 403 302 401", {"user": "{outsider}"}),
    get(ORG + "/owner",                  "302 404 403 403 403 403 403 403 403 200 302"),
    post(ORG + "/owner",                 "401 404 403 403 403 403 403 403 403 302 401", {"user": "{target}"}),
    get(ORG + "/statistics",             "302 404 403 403 403 200 403 200 403 200 302"),
    get(ORG + "/tree/{folder}",          "302 404 403 403 403 403 200 200 403 200 302"),
    get(ORG + "/tree/move?folder={folder}", "302 404 403 403 403 403 200 200 403 200 302"),
    get(ORG + "/tree/move?camera={camera}", "302 404 403 403 403 403 200 200 403 200 302"),
    post(ORG + "/tree/move",             "401 404 403 403 403 403 302 302 403 302 401",
         {"folder": "{empty}", "target": "{folder}", "place": "inside"}),
    post(ORG + "/tree/move",             "401 404 403 403 403 403 302 302 403 302 401",
         {"camera": "{camera}", "target": "{top}"}),
    post("/organizations/{mine.org}/tree/move", "401 404 403 403 403 403 302 302 403 302 401",
         {"folder": "{empty}", "target": "{mine.folder}"}),
    post("/organizations/{mine.org}/tree/move", "401 404 403 403 403 403 302 302 403 302 401",
         {"camera": "{camera}", "target": "{mine.top}"}),
    get("/users/{target}/organizations", "302 404 404 404 404 200 404 200 404 200 302"),
    post("/users/{target}/organizations", "401 404 404 404 404 403 404 302 404 302 401",
         {"organization": "{org}", "organization-{org}-can_view_stats": "on"}),
    get("/users/{target}/cameras",       "302 404 404 404 404 200 404 200 404 200 302"),
    post("/users/{target}/cameras",      "401 404 404 404 404 403 404 302 404 302 401",
         {"organization": "{org}", "folder-{folder}": "on"}),
    get("/roles/",                       "302 403 403 403 403 403 403 403 403 200 302"),
    post("/roles/{target}/switch",       "401 403 403 403 403 403 403 403 403 302 401",
         {"enabled": "0", "back": "/roles/"}),
]
