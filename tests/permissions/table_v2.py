"""Who may do what by the v2 dialect. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system
"""

from __future__ import annotations

from tests.permissions.rows import Row

FORCE = (("force", "1"),)
NEW_CAMERA = {"title": "x", "stream_url": "fake://fake"}
ORG = "organizations/{org}"
MINE = "organizations/{mine.org}"
FOLDER = ORG + "/folders/{folder}"
CAMERA = "cameras/{camera}"

# fmt: off
ROWS = [
    #                                an  st  ne  vi  me  re  in  ow  ac  ad  sy
    Row("GET", "cameras",           "403 E   E   200 E   200 200 200 E   200 200"),
    Row("GET", "cameras?organization_id={org}", "403 E E 200 E 200 200 200 E 200 200", south="E"),
    Row("GET", "cameras?folder_id={folder}",    "403 E E 200 E 200 200 200 E 200 200", south="E"),
    Row("POST", "cameras",          "403 404 403 403 403 403 200 200 403 200 200", {**NEW_CAMERA, "organization_id": "{org}"}),
    Row("POST", "cameras",          "403 404 403 403 403 403 200 200 403 200 200", {**NEW_CAMERA, "folder_id": "{folder}"}),
    Row("POST", "cameras",          "403 404 403 403 403 403 200 200 403 200 200",
        {**NEW_CAMERA, "organization_id": "{mine.org}", "preset_id": "{attached}"}),
    Row("GET", CAMERA,              "403 404 404 200 404 200 200 200 404 200 200"),
    Row("PUT", CAMERA,              "403 404 404 403 404 403 200 200 404 200 200", {"comment": "x"}),
    Row("PUT", "cameras/{mine.camera}", "403 404 404 403 404 403 200 200 404 200 200", {"folder_id": "{beside}"}),
    Row("PUT", "cameras/{mine.camera}", "403 404 404 403 404 403 200 200 404 200 200", {"preset_id": "{attached}"}),
    Row("PUT", "cameras/{mine.elsewhere}", "403 404 404 404 404 404 404 404 404 200 200", {"organization_id": "{org}"}),
    Row("DELETE", CAMERA,           "403 404 404 403 404 403 200 200 404 200 200"),
    Row("POST", CAMERA + "/user_attributes", "403 404 404 200 404 200 403 200 404 200 403", {"favorite": True}, plain=True),

    Row("GET", "presets",           "403 403 403 403 403 403 403 403 200 200 200"),
    Row("POST", "presets",          "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("POST", "presets",          "403 403 403 403 403 403 403 403 403 200 200", {"title": "x", "organization_id": "{org}"}),
    Row("GET", "presets/{attached}", "403 403 403 403 403 403 403 403 200 200 200"),
    Row("PUT", "presets/{attached}", "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("DELETE", "presets/{free}", "403 403 403 403 403 403 403 403 403 200 200"),
    Row("GET", ORG + "/presets",    "403 404 200 200 200 200 200 200 200 200 200"),
    Row("POST", ORG + "/presets",   "403 404 403 403 403 403 403 403 403 200 200", {"preset_id": "{free}"}),
    Row("POST", MINE + "/presets",  "403 404 403 403 403 403 403 403 403 200 200", {"preset_id": "{free}"}),
    Row("GET", ORG + "/presets/{attached}", "403 404 200 200 200 200 200 200 200 200 200"),
    Row("DELETE", ORG + "/presets/{attached}", "403 404 403 403 403 403 403 403 403 200 200"),

    Row("GET", "users",             "403 E   E   E   E   200 E   200 E   200 200"),
    Row("POST", "users",            "403 403 403 403 403 403 403 403 403 200 200", {"login": "x"}),
    Row("POST", "users",            "403 404 403 403 403 403 403 200 403 200 200", {"login": "x", "organization_id": "{org}"}),
    Row("GET", "users/{target}",    "403 404 404 404 404 200 404 200 404 200 200"),
    Row("GET", "users/{target}?fields=folders_permissions", "403 404 404 404 404 200 404 200 404 200 200"),
    Row("PUT", "users/{target}",    "403 404 404 404 404 403 404 403 404 200 200", {"name": "x"}),
    Row("DELETE", "users/{target}", "403 404 404 404 404 403 404 403 404 200 200"),

    Row("GET", "users/{viewer}/cameras", "403 404 404 200 404 200 404 200 404 200 200"),
    Row("POST", "users/{target}/merge", "403 404 404 404 404 403 404 403 404 200 200", {"user_id": "{member}"}),
    Row("POST", "users/{mine.target}/merge", "403 404 404 404 404 403 404 403 404 200 200", {"user_id": "{outsider}"}),
    Row("POST", "users/import",     "403 403 403 403 403 403 403 403 403 200 200", [{"login": "x"}], plain=True),
    Row("POST", "cameras/import",   "403 E   403 403 403 403 200 200 403 200 200",
        [{**NEW_CAMERA, "organization_id": "{org}"}], plain=True, south="E"),
    Row("POST", "cameras/import",   "403 E   403 403 403 403 E   E   403 200 200",
        [{**NEW_CAMERA, "organization_id": "{mine.org}", "preset_id": "{free}"}], plain=True, south="E"),

    Row("GET", "profile",           "403 200 200 200 200 200 200 200 200 200 403", plain=True),
    Row("PUT", "profile",           "403 200 200 200 200 403 200 200 200 200 403", {"name": "x"}, plain=True),
    Row("GET", "settings",          "403 403 403 403 403 403 403 403 403 200 200", plain=True),
    Row("PUT", "settings",          "403 403 403 403 403 403 403 403 403 200 200", {"brand_footer": "x"}, plain=True),

    Row("GET", "organizations",     "403 E   200 200 200 200 200 200 200 200 200"),
    Row("POST", "organizations",    "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("POST", "organizations",    "403 403 403 403 403 403 403 403 403 200 200", {"title": "x", "owner_id": "{target}"}),
    Row("GET", ORG,                 "403 404 200 200 200 200 200 200 200 200 200"),
    Row("PUT", ORG,                 "403 404 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("PUT", MINE,                "403 404 403 403 403 403 403 403 403 200 200", {"owner_id": "{target}"}),
    Row("DELETE", ORG,              "403 404 403 403 403 403 403 403 403 200 200", headers=FORCE),

    Row("GET", ORG + "/users",      "403 404 403 403 403 200 403 200 403 200 200"),
    Row("POST", ORG + "/users",     "403 404 403 403 403 403 403 404 403 200 200", {"user_id": "{outsider}"}),
    Row("POST", MINE + "/users",    "403 404 403 403 403 403 403 404 403 200 200", {"user_id": "{outsider}"}),
    Row("POST", MINE + "/users",    "403 404 403 403 403 403 403 404 403 200 200",
        {"user_id": "{mine.outsider}", "folders_permissions": [{"folder_id": "{folder}", "can_view_dvr": True}]}),
    Row("GET", ORG + "/users/{target}", "403 404 403 403 403 200 403 200 403 200 200"),
    Row("PUT", ORG + "/users/{target}", "403 404 403 403 403 403 403 200 403 200 200", {"can_view_organization_stats": True}),
    Row("PUT", MINE + "/users/{mine.target}", "403 404 403 403 403 403 403 200 403 200 200", {"folders_permissions": ["{folder}"]}),
    Row("DELETE", ORG + "/users/{target}", "403 404 403 403 403 403 403 200 403 200 200"),

    Row("GET", ORG + "/folders",    "403 404 200 200 E   200 200 200 E   200 200"),
    Row("POST", ORG + "/folders",   "403 404 403 403 403 403 200 200 403 200 200", {"title": "x"}),
    Row("POST", MINE + "/folders",  "403 404 403 403 403 403 200 200 403 200 200", {"title": "x", "parent_id": "{folder}"}),
    Row("GET", FOLDER,              "403 404 404 200 404 200 200 200 404 200 200"),
    Row("PUT", FOLDER,              "403 404 403 403 403 403 200 200 403 200 200", {"title": "x"}),
    Row("PUT", MINE + "/folders/{mine.folder}", "403 404 403 403 403 403 200 200 403 200 200", {"move_inside": "{beside}"}),
    Row("PUT", MINE + "/folders/{mine.folder}", "403 404 403 403 403 403 200 200 403 200 200", {"parent_id": "{beside}"}),
    Row("DELETE", ORG + "/folders/{empty}", "403 404 403 403 403 403 200 200 403 200 200"),
    Row("GET", ORG + "/folders/{planned}/map", "403 404 404 404 404 200 200 200 404 200 200", plain=True),
    Row("GET", FOLDER + "/users",   "403 404 403 403 403 200 403 200 403 200 200", plain=True),
    Row("POST", FOLDER + "/users",  "403 404 403 403 403 403 403 200 403 200 200", {"user_id": "{target}"}, plain=True),
    Row("POST", MINE + "/folders/{mine.folder}/users", "403 404 403 403 403 403 403 200 403 200 200",
        {"user_id": "{target}"}, plain=True),
    Row("PUT", FOLDER + "/users/{target}", "403 404 403 403 403 403 403 200 403 200 200", {"can_use_ptz": True}, plain=True),
    Row("DELETE", FOLDER + "/users/{viewer}", "403 404 403 403 403 403 403 200 403 200 200", plain=True),

    # The same views under a path that names the ISP, too.
    Row("GET", "domains/{isp}/presets",  "403 403 403 403 403 403 403 403 200 200 200"),
    Row("POST", "domains/{isp}/presets", "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("GET", "domains/{isp}/presets/{attached}", "403 403 403 403 403 403 403 403 200 200 200"),
    Row("PUT", "domains/{isp}/presets/{attached}", "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("DELETE", "domains/{isp}/presets/{free}",  "403 403 403 403 403 403 403 403 403 200 200"),
    Row("GET", "domains/{isp}/organizations",  "403 E 200 200 200 200 200 200 200 200 200"),
    Row("POST", "domains/{isp}/organizations", "403 403 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("GET", "domains/{isp}/" + ORG,    "403 404 200 200 200 200 200 200 200 200 200"),
    Row("PUT", "domains/{isp}/" + ORG,    "403 404 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    Row("DELETE", "domains/{isp}/" + ORG, "403 404 403 403 403 403 403 403 403 200 200", headers=FORCE),
]
# fmt: on
