"""Who may see and change rights on single cameras, where rights come from, and who watched. Columns: `world.ACTORS`.

The reader sees an organization's people and changes nothing; the viewer holds a right of his own on the camera.
"""

from __future__ import annotations

from tests.permissions.rows import V3, Row
from tests.permissions.table_pages import get, post
from tests.permissions.table_v3 import admin

TERMS = {"days": ["0", "1"], "can_view_dvr": "on"}
MEMBER = "/organizations/{org}/users/{viewer}/folders/{folder}"
OF_STREAM = "streams/{camera}/permissions/users"
OF_USER = "users/{viewer}/permissions/streams"


def row(method: str, path: str, cells: str, body: object = None, *, plain: bool = False) -> Row:
    """A row of the v3 client dialect."""
    return Row(method, path, cells, body, plain=plain, base=V3)


# fmt: off
ROWS = [
    #                                        an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/cameras/access/{camera}",         "302 404 404 403 404 200 403 200 404 200 302"),
    get("/cameras/viewings/{camera}",       "302 404 404 403 404 403 403 200 404 200 302"),
    get("/cameras/grant/{camera}",          "302 404 404 403 404 403 403 200 404 200 302"),
    post("/cameras/grant/{camera}?user={viewer}", "401 404 404 403 404 403 403 302 404 302 401", TERMS),
    post("/cameras/grant/{mine.camera}?user={viewer}", "401 404 404 403 404 403 403 302 404 302 401", TERMS),
    get("/cameras/revoke/{camera}?user={viewer}", "302 404 404 403 404 403 403 200 404 200 302"),
    post("/cameras/revoke/{camera}",        "401 404 404 403 404 403 403 302 404 302 401", {"user": "{viewer}"}),
    get("/users/{target}/access",           "302 404 404 404 404 200 404 200 404 200 302"),
    get("/users/{viewer}/access",           "302 404 404 200 404 200 404 200 404 200 302"),
    get(MEMBER,                             "302 404 403 403 403 403 403 200 403 200 302"),
    post(MEMBER,                            "401 404 403 403 403 403 403 302 403 302 401", TERMS),

    # Who watches is for himself, for whoever edits the camera and for its owner; ending it is not for himself.
    get("/watching/?camera={camera}",       "302 E   E   200 E   200 200 200 E   200 302", south="E"),
    get("/watching/{viewing}/end",          "302 404 404 403 404 404 200 200 404 200 302"),
    post("/watching/{viewing}/end",         "401 404 404 403 404 404 302 302 404 302 401"),
    row("GET", "viewing-sessions",          "401 E   E   200 E   E   200 200 E   200 200"),
    row("GET", "viewing-sessions/{viewing}", "401 404 404 200 404 404 200 200 404 200 200"),
    row("DELETE", "viewing-sessions/{viewing}", "401 404 404 403 404 404 204 204 404 204 204"),
    admin("GET", "viewing-sessions"),
    admin("GET", "viewing-sessions/{viewing}"),
    admin("DELETE", "viewing-sessions/{viewing}", success=204),

    get("/cameras/third-parties/{camera}",  "302 404 404 403 404 403 403 200 404 200 302"),
    post("/cameras/third-parties/{camera}", "401 404 404 403 404 403 403 403 404 302 401", {"title": "x"}),
    get("/cameras/third-party/{third_party}/revoke/{camera}", "302 404 404 403 404 403 403 200 404 200 302"),
    post("/cameras/third-party/{third_party}/revoke/{camera}", "401 404 404 403 404 403 403 302 404 302 401"),
    row("GET", "streams/{camera}/playback-grants", "401 404 404 403 404 403 403 200 404 200 200"),
    row("POST", "streams/{camera}/playback-grants", "401 404 404 403 404 403 403 403 404 201 201", {"title": "x"}),
    row("GET", "streams/{camera}/playback-grants/{third_party}", "401 404 404 403 404 403 403 200 404 200 200"),
    row("DELETE", "streams/{camera}/playback-grants/{third_party}", "401 404 404 403 404 403 403 204 404 204 204"),

    row("GET", OF_STREAM,                   "401 404 404 403 404 200 403 200 404 200 200", plain=True),
    row("GET", OF_STREAM + "/{viewer}",     "401 404 404 403 404 200 403 200 404 200 200", plain=True),
    row("PUT", OF_STREAM + "/{target}",     "401 404 404 403 404 403 403 200 404 200 200", {"can_use_ptz": True}),
    row("PUT", "streams/{mine.camera}/permissions/users/{target}", "401 404 404 403 404 403 403 200 404 200 200",
        {"can_use_ptz": True}),
    row("DELETE", OF_STREAM + "/{viewer}",  "401 404 404 403 404 403 403 204 404 204 204"),
    row("GET", "streams/{camera}/access",   "401 404 404 403 404 200 403 200 404 200 200", plain=True),
    row("GET", "streams/{camera}/viewings", "401 404 404 403 404 403 403 200 404 200 200", plain=True),
    row("GET", OF_USER,                     "401 404 404 200 404 200 404 200 404 200 200"),
    row("GET", OF_USER + "/{camera}",       "401 404 404 403 404 200 403 200 404 200 200"),
    row("PUT", OF_USER + "/{camera}",       "401 404 404 403 404 403 403 200 404 200 200", {"can_talk": True}),
    row("PUT", OF_USER + "/{mine.camera}",  "401 404 404 403 404 403 403 200 404 200 200", {"can_talk": True}),
    row("DELETE", OF_USER + "/{camera}",    "401 404 404 403 404 403 403 204 404 204 204"),
    row("GET", "users/{viewer}/access",     "401 404 404 200 404 200 404 200 404 200 200"),
]
