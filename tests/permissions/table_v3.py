"""Who may do what by the v3 dialects. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system

Modules beside add their rows to `ROWS` here.
"""

from __future__ import annotations

from tests.permissions.rows import V3, V3_ADMIN, Row

ORG = "organizations/{org}"
MINE = "organizations/{mine.org}"
FOLDER = ORG + "/folders/{folder}"
STREAM = "streams/{camera}"
ACTION = {"title": "x", "method": "GET", "url": "http://93.184.216.34/x"}
NEW = {"title": "x", "inputs": [{"url": "fake://fake"}]}
LINE = {"title": "x", "inputs_0_url": "fake://fake"}


def row(method: str, path: str, cells: str, body: object = None, *, plain: bool = False, south: str = "") -> Row:
    """A row of the client dialect."""
    return Row(method, path, cells, body, plain=plain, south=south, base=V3)


def admin(method: str, path: str, body: object = None, *, success: int = 200, plain: bool = False) -> Row:
    """A row of the admin dialect: it is for administrators and system keys, whatever it is about."""
    cells = f"401 403 403 403 403 403 403 403 403 {success} {success}"
    return Row(method, path, cells, body, plain=plain, base=V3_ADMIN)


# fmt: off
CLIENT = [
    #                                an  st  ne  vi  me  re  in  ow  ac  ad  sy
    row("GET", "profile",           "401 200 200 200 200 200 200 200 200 200 403", plain=True),
    row("PUT", "profile",           "401 200 200 200 200 403 200 200 200 200 403", {"fullname": "x"}, plain=True),
    row("POST", "profile/apikey",   "401 201 201 201 201 403 201 201 201 201 403", plain=True),
    row("GET", "profile/sessions",  "401 200 200 200 200 200 200 200 200 200 200", plain=True),

    # A member knows the organization's title, and the folders he was granted; the camera's note is what he must not see.
    row("GET", "streams?select=comment", "401 E E 200 E 200 200 200 E 200 200"),
    row("GET", "streams?organization_id={org}&select=comment", "401 E E 200 E 200 200 200 E 200 200", south="E"),
    row("GET", "streams?folder_id={folder}&select=comment", "401 E E 200 E 200 200 200 E 200 200", south="E"),
    row("GET", "streams",           "401 E   200 200 E   200 200 200 E   200 200"),
    row("POST", "streams",          "401 404 403 403 403 403 201 201 403 201 201", {**NEW, "organization_id": "{org}"}),
    row("POST", "streams",          "401 404 403 403 403 403 201 201 403 201 201", {**NEW, "folder_id": "{folder}"}),
    row("POST", "streams",          "401 404 403 403 403 403 201 201 403 201 201",
        {**NEW, "organization_id": "{mine.org}", "preset_id": "{attached}"}),
    row("GET", STREAM,              "401 404 404 200 404 200 200 200 404 200 200"),
    row("PUT", STREAM,              "401 404 404 403 404 403 200 200 404 200 200", {"comment": "x"}),
    row("PUT", STREAM,              "401 404 404 200 404 200 403 200 404 200 403", {"is_favourite": True}),
    row("PUT", "streams/{mine.camera}", "401 404 404 403 404 403 200 200 404 200 200", {"folder_id": "{beside}"}),
    row("PUT", "streams/{mine.camera}", "401 404 404 403 404 403 200 200 404 200 200", {"preset_id": "{attached}"}),
    row("PUT", "streams/{mine.elsewhere}", "401 404 404 404 404 404 404 404 404 200 200", {"organization_id": "{org}"}),
    row("GET", STREAM + "/dvr/reasons", "401 404 404 200 404 200 403 200 404 200 200", plain=True),
    row("GET", STREAM + "/dvr/protected?select=source", "401 404 404 200 404 200 403 200 404 200 200", plain=True),
    row("POST", STREAM + "/dvr/protected", "401 404 404 403 404 403 201 201 404 201 201",
        {"opened_at": "{kept_from}", "closed_at": "{kept_to}"}, plain=True),
    row("DELETE", STREAM + "/dvr/protected/{moment}", "401 404 404 403 404 403 204 204 404 204 204"),
    row("GET", STREAM + "/actions", "401 404 404 200 404 200 200 200 404 200 200"),
    row("POST", STREAM + "/actions", "401 404 404 403 404 403 201 201 404 201 201", ACTION),
    row("GET", STREAM + "/actions/{action}", "401 404 404 200 404 200 200 200 404 200 200"),
    row("PUT", STREAM + "/actions/{action}", "401 404 404 403 404 403 200 200 404 200 200", {"title": "x"}),
    row("PUT", "streams/{mine.camera}/actions/{action}", "401 404 404 403 404 403 200 200 404 200 200", {"title": "x"}),
    row("DELETE", STREAM + "/actions/{action}", "401 404 404 403 404 403 204 204 404 204 204"),
    row("POST", STREAM + "/actions/{action}/run", "401 404 404 200 404 403 403 200 404 200 200", plain=True),
    row("PUT", STREAM,              "401 404 404 403 404 403 200 200 404 403 403", {"is_private": True}),
    row("DELETE", STREAM,           "401 404 404 403 404 403 204 204 404 204 204"),
    row("POST", "streams/multiedit", "401 404 404 403 404 403 204 204 404 204 204",
        {"streams": [{"name": "{camera}", "comment": "x"}]}),
    row("POST", "streams/multiedit", "401 404 404 403 404 403 204 204 404 204 204",
        {"streams": [{"name": "{mine.camera}", "preset_id": "{attached}"}]}),
    row("POST", "streams/import",   "401 E   403 403 403 403 200 200 403 200 200",
        [{**LINE, "organization_id": "{org}"}], plain=True, south="E"),

    row("GET", "presets",           "401 E   200 200 200 200 200 200 200 200 200"),
    row("GET", "presets?organization_id={org}", "401 404 200 200 200 200 200 200 200 200 200"),
    row("GET", "presets/{attached}", "401 404 200 200 200 200 200 200 200 200 200"),
    row("GET", ORG + "/presets",    "401 404 200 200 200 200 200 200 200 200 200"),
    row("PUT", ORG + "/presets",    "401 404 403 403 403 403 403 403 403 200 200", {"preset_id": "{free}"}),
    row("PUT", MINE + "/presets",   "401 404 403 403 403 403 403 403 403 200 200", {"preset_id": "{free}"}),
    row("DELETE", ORG + "/presets/{attached}", "401 404 403 403 403 403 403 403 403 204 204"),

    # Everybody sees himself, with the titles of his own organizations.
    row("GET", "users?select=fullname", "401 E E E E     200 E   200 E   200 200"),
    row("GET", "users?organization_id={org}&select=fullname", "401 E E E E 200 E 200 E 200 200", south="E"),
    row("POST", "users",            "401 403 403 403 403 403 403 403 403 201 201", {"name": "x"}),
    row("POST", "users",            "401 404 403 403 403 403 403 201 403 201 201", {"name": "x", "organization_id": "{org}"}),
    row("GET", "users/{target}",    "401 404 404 404 404 200 404 200 404 200 200"),
    row("PUT", "users/{target}",    "401 404 404 404 404 403 404 403 404 200 200", {"fullname": "x"}),
    row("DELETE", "users/{target}", "401 404 404 404 404 403 404 403 404 204 204"),
    row("POST", "users/{target}/apikey", "401 404 404 404 404 403 404 403 404 201 201"),
    row("GET", "users/{target}/organization", "401 404 404 404 404 200 404 200 404 200 200"),
    row("GET", "users/{target}/organization/{org}/folders", "401 404 404 404 404 200 404 200 404 200 200"),

    row("GET", "organizations",     "401 E   200 200 200 200 200 200 200 200 200"),
    row("POST", "organizations",    "401 403 403 403 403 403 403 403 403 201 201", {"title": "x"}),
    row("POST", "organizations",    "401 403 403 403 403 403 403 403 403 201 201", {"title": "x", "owner": {"id": "{target}"}}),
    row("GET", ORG,                 "401 404 200 200 200 200 200 200 200 200 200"),
    row("PUT", ORG,                 "401 404 403 403 403 403 403 403 403 200 200", {"title": "x"}),
    row("PUT", MINE,                "401 404 403 403 403 403 403 403 403 200 200", {"owner_id": "{target}"}),
    row("DELETE", ORG + "?force=true", "401 404 403 403 403 403 403 403 403 204 204"),

    row("GET", ORG + "/users",      "401 404 403 403 403 200 403 200 403 200 200"),
    row("GET", ORG + "/users/{target}", "401 404 403 403 403 200 403 200 403 200 200"),
    row("PUT", ORG + "/users/{target}", "401 404 403 403 403 403 403 200 403 200 200", {"can_view_stats": True}),
    row("PUT", ORG + "/users/{target}", "401 404 403 403 403 403 403 200 403 200 200", {"can_view_streams": True}),
    row("PUT", ORG + "/users/{outsider}", "401 404 403 403 403 403 403 404 403 200 200", {"can_view_stats": True}),
    row("DELETE", ORG + "/users/{target}", "401 404 403 403 403 403 403 204 403 204 204"),

    row("GET", ORG + "/folders",    "401 404 200 200 E   200 200 200 E   200 200"),
    row("POST", ORG + "/folders",   "401 404 403 403 403 403 201 201 403 201 201", {"title": "x"}),
    row("POST", MINE + "/folders",  "401 404 403 403 403 403 201 201 403 201 201", {"title": "x", "parent_id": "{folder}"}),
    row("GET", FOLDER,              "401 404 404 200 404 200 200 200 404 200 200"),
    row("PUT", FOLDER,              "401 404 403 403 403 403 200 200 403 200 200", {"title": "x"}),
    row("PUT", FOLDER,              "401 404 403 403 403 403 200 200 403 200 200", {"hierarchy": {"shift": 1}}),
    row("PUT", MINE + "/folders/{mine.folder}", "401 404 403 403 403 403 200 200 403 200 200", {"parent_id": "{beside}"}),
    row("DELETE", ORG + "/folders/{empty}", "401 404 403 403 403 403 204 204 403 204 204"),
    row("GET", FOLDER + "/users",   "401 404 403 403 403 200 403 200 403 200 200", plain=True),
    row("GET", FOLDER + "/users/{viewer}", "401 404 403 403 403 200 403 200 403 200 200", plain=True),
    row("PUT", FOLDER + "/users/{target}", "401 404 403 403 403 403 403 200 403 200 200", {"can_use_ptz": True}),
    row("PUT", MINE + "/folders/{mine.folder}/users/{target}", "401 404 403 403 403 403 403 200 403 200 200",
        {"can_use_ptz": True}),
    row("DELETE", FOLDER + "/users/{viewer}", "401 404 403 403 403 403 403 204 403 204 204"),
]
ADMIN = [
    admin("GET", "streams"),
    admin("POST", "streams", {**NEW, "organization_id": "{org}"}, success=201),
    admin("GET", STREAM),
    admin("PUT", STREAM, {"comment": "x"}),
    admin("DELETE", STREAM, success=204),
    admin("POST", "streams/multiedit", {"streams": [{"name": "{camera}", "comment": "x"}]}, success=204),
    admin("POST", "streams/zones", {"streams": [{"name": "{camera}", "zone": None, "mode": "required"}]}, success=204),
    admin("GET", STREAM + "/layouts", plain=True),
    admin("GET", "zones", plain=True),
    admin("GET", "zones/ring", plain=True),
    admin("GET", "streamers", plain=True),
    admin("GET", "streamers/streamer-1", plain=True),
    admin("GET", "presets"),
    admin("POST", "presets", {"title": "x"}, success=201),
    admin("GET", "presets/{attached}"),
    admin("PUT", "presets/{attached}", {"title": "x"}),
    admin("PUT", "presets/{free}", {"deleted_at": 1715105180000}),
    admin("GET", "users"),
    admin("POST", "users", {"name": "x", "organization_id": "{org}"}, success=201),
    admin("GET", "users/{target}"),
    admin("PUT", "users/{target}", {"fullname": "x"}),
    admin("DELETE", "users/{target}", success=204),
    admin("POST", "users/{target}/apikey", success=201),
    admin("GET", "organizations"),
    admin("POST", "organizations", {"title": "x", "owner": {"id": "{target}"}}, success=201),
    admin("GET", ORG),
    admin("PUT", ORG, {"title": "x"}),
    admin("DELETE", ORG + "?force=true", success=204),
    admin("GET", ORG + "/presets"),
    admin("PUT", ORG + "/presets", {"preset_id": "{free}"}),
    admin("DELETE", ORG + "/presets/{attached}", success=204),
]
# fmt: on
ROWS = [*CLIENT, *ADMIN]
