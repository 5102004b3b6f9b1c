"""Who may open and send what by the pages. The columns are `world.ACTORS`:

anonymous stranger neighbour viewer member reader installer owner accountant admin system

A page sends strangers to sign in (302), a form sent by nobody is refused (401); the system key opens no page.
"""

from __future__ import annotations

from tests.permissions.rows import Row

ORG = "/organizations/{org}"
CAMERA = {"title": "x", "stream_url": "fake://fake", "preset": "{preset}", "enabled": "on"}
ACTION = {"title": "x", "method": "GET", "url": "http://93.184.216.34/x"}
LIMITS = {"camera_limit": "9", "user_limit": "9", "dvr_limit": "9"}
SETTINGS = {
    "title": "x", "brand_color": "#112233", "accent_color": "#445566", "locale": "en", "timezone": "Europe/Berlin",
    "max_sessions": "3",
}  # fmt: skip
SIGN_IN = {"min_password_length": "9", "max_sessions": "3", "session_hours": "9", "session_idle_hours": "9"}
PROVIDER = {"title": "x", "issuer": "https://accounts.example.com", "client_id": "x"}
PASSWORDS = {"current": "correct horse battery", "password": "another long phrase"}


def get(path: str, cells: str, *, plain: bool = False, south: str = "") -> Row:
    """A page that is opened."""
    return Row("GET", path, cells, plain=plain, south=south, form=True)


def post(path: str, cells: str, body: object = None, *, plain: bool = False, south: str = "") -> Row:
    """A form that is sent."""
    return Row("POST", path, cells, body, plain=plain, south=south, form=True)


# fmt: off
ROWS = [
    #                                     an  st  ne  vi  me  re  in  ow  ac  ad  sy
    get("/profile/",                     "302 200 200 200 200 200 200 200 200 200 302", plain=True),
    post("/profile/",                    "401 302 302 302 302 403 302 302 302 302 401", {"name": "x"}),
    post("/profile/password",            "401 302 302 302 302 403 302 302 302 302 401", PASSWORDS),

    get("/profile/security/",            "302 200 200 200 200 200 200 200 200 200 302", plain=True),
    get("/profile/security/prove",       "302 200 200 200 200 200 200 200 200 200 302", plain=True),
    get("/profile/security/codes",       "302 200 200 200 200 403 200 200 200 200 302", plain=True),
    get("/profile/security/codes.svg",   "302 200 200 200 200 403 200 200 200 200 302", plain=True),
    get("/profile/security/codes/remove", "302 200 200 200 200 403 200 200 200 200 302", plain=True),

    get("/users/{target}/sign-in",       "302 403 403 403 403 403 403 403 403 200 302"),
    post("/users/{target}/sign-in",      "401 403 403 403 403 403 403 403 403 302 401", {"authorized_ip": "10.0.0.0/8"}),
    post("/users/{viewer}/sign-in/sessions/end", "401 403 403 403 403 403 403 403 403 302 401"),
    get("/users/{target}/sign-in/factors/remove", "302 403 403 403 403 403 403 403 403 200 302"),
    post("/users/{viewer}/sign-in/factors/remove", "401 403 403 403 403 403 403 403 403 302 401"),
    get("/access-log/",                  "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    get("/access-log/export",            "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    get("/settings/sign-in",             "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/sign-in",            "401 403 403 403 403 403 403 403 403 302 401", SIGN_IN),
    get("/settings/sign-in/providers/new", "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/sign-in/providers/new", "401 403 403 403 403 403 403 403 403 302 401", PROVIDER),

    get("/cameras/",                     "302 E   200 200 E   200 200 200 E   200 302"),
    get("/cameras/?organization={org}",  "302 E   200 200 E   200 200 200 E   200 302", south="E"),
    get("/cameras/?folder={folder}",     "302 E   E   200 E   200 200 200 E   200 302", south="E"),
    get("/cameras/tokens?name={camera}", "302 E   E   200 E   200 E   200 E   200 302", plain=True, south="E"),
    get("/cameras/new",                  "302 E   403 403 403 403 200 200 403 200 302"),
    get("/cameras/new?organization={org}", "302 403 403 403 403 403 200 200 403 200 302"),
    post("/cameras/new",                 "401 403 403 403 403 403 302 302 403 302 401",
         {**CAMERA, "organization": "{org}", "folder": "{folder}"}),
    post("/cameras/new",                 "401 403 403 403 403 403 302 302 403 302 401",
         {**CAMERA, "organization": "{mine.org}", "folder": "{folder}"}, south="E"),
    get("/cameras/watch/{camera}",       "302 404 404 200 404 200 403 200 404 200 302"),
    get("/cameras/edit/{camera}",        "302 404 404 403 404 403 200 200 404 200 302"),
    post("/cameras/edit/{camera}",       "401 404 404 403 404 403 302 302 404 302 401",
         {**CAMERA, "organization": "{org}", "folder": "{folder}"}),
    post("/cameras/edit/{mine.camera}",  "401 404 404 403 404 403 302 302 404 302 401",
         {**CAMERA, "organization": "{mine.org}", "folder": "{beside}"}, south="E"),
    get("/cameras/delete/{camera}",      "302 404 404 403 404 403 200 200 404 200 302"),
    post("/cameras/delete/{camera}",     "401 404 404 403 404 403 302 302 404 302 401"),
    post("/cameras/switch/{camera}",     "401 404 404 403 404 403 302 302 404 302 401",
         {"enabled": "0", "back": "/cameras/"}),
    get("/cameras/bulk?camera={camera}", "302 404 404 403 404 403 200 200 404 200 302"),
    get("/cameras/bulk?all=1&organization={org}", "302 404 404 404 404 404 200 200 404 200 302"),
    post("/cameras/bulk",                "401 404 404 403 404 403 200 200 404 200 401",
         {"names": "{camera}", "step": "apply", "enabled": "0"}),
    post("/cameras/bulk",                "401 404 404 403 404 403 200 200 404 200 401",
         {"names": "{mine.camera}", "step": "apply", "folder": "{beside}"}, south="E"),
    post("/cameras/bulk",                "401 404 404 403 404 403 200 200 404 200 401",
         {"names": "{mine.camera}", "step": "apply", "preset": "{attached}", "organization": "{org}"}, south="E"),
    get("/cameras/replace/{camera}",     "302 404 404 403 404 403 200 200 404 200 302"),
    post("/cameras/replace/{camera}",    "401 404 404 403 404 403 302 302 404 302 401",
         {"step": "check", "stream_url": "rtsp://93.184.216.34/x"}),
    post("/cameras/replace/{camera}",    "401 404 404 403 404 403 302 302 404 302 401",
         {"step": "undo", "replacement": "{replacement}"}),
    post("/cameras/replace/{mine.camera}", "401 404 404 403 404 403 302 302 404 302 401",
         {"step": "undo", "replacement": "{replacement}"}, south="E"),
    get("/cameras/zones/{camera}",       "302 404 404 403 404 403 200 200 404 200 302"),
    post("/cameras/zones/{camera}",      "401 404 404 403 404 403 302 302 404 302 401",
         {"vision_areas": "0 0, 1 0, 1 1, 0 1"}),
    get("/cameras/actions/{camera}",     "302 404 404 403 404 403 200 200 404 200 302"),
    get("/cameras/actions/{camera}?action={action}", "302 404 404 403 404 403 200 200 404 200 302"),
    post("/cameras/actions/{camera}",    "401 404 404 403 404 403 302 302 404 302 401", ACTION),
    post("/cameras/actions/{camera}",    "401 404 404 403 404 403 302 302 404 302 401",
         {**ACTION, "action": "{action}"}),
    post("/cameras/actions/{mine.camera}", "401 404 404 403 404 403 302 302 404 302 401",
         {"action": "{action}", "remove": "1"}, south="E"),
    get("/cameras/act/{camera}",         "302 404 404 200 404 200 403 200 404 200 302"),
    post("/cameras/act/{camera}",        "401 404 404 302 404 403 403 302 404 302 401", {"action": "{action}"}),
    post("/cameras/act/{mine.camera}",   "401 404 404 302 404 403 403 302 404 302 401", {"action": "{action}"},
         south="E"),
    get("/cameras/replacing/{camera}",   "302 404 404 403 404 403 200 200 404 200 302", plain=True),
    get("/cameras/reasons/{camera}?from=1&to=2", "302 404 404 200 404 200 403 200 404 200 302", plain=True),
    post("/cameras/keep/{camera}",       "401 404 404 403 404 403 200 200 404 200 401",
         {"from": "{kept_since}", "to": "{kept_until}"}, plain=True),
    post("/cameras/release/{camera}",    "401 404 404 403 404 403 302 302 404 302 401",
         {"moment": "{moment}", "back": "/cameras/"}),
    post("/cameras/privacy/{camera}",    "401 404 404 403 404 403 302 302 404 403 401",
         {"is_private": "1", "back": "/cameras/"}),
    post("/cameras/mark/{camera}",       "401 404 404 302 404 302 302 302 404 302 401",
         {"favorite": "1", "back": "/cameras/"}),

    get("/storage/",                     "302 403 403 403 403 403 403 403 403 200 302"),
    get("/storage/drift",                "302 403 403 403 403 403 403 403 403 200 302"),
    get("/organizations/",               "302 E   200 200 200 200 200 200 200 200 302"),
    get("/organizations/new",            "302 403 403 403 403 403 403 403 403 200 302"),
    post("/organizations/new",           "401 403 403 403 403 403 403 403 403 302 401", {"title": "x", **LIMITS}),
    post("/organizations/new",           "401 403 403 403 403 403 403 403 403 302 401",
         {"title": "x", "owner": "{target}", **LIMITS}, south="E"),
    get(ORG + "/",                       "302 404 200 200 200 200 200 200 200 200 302"),
    get(ORG + "/general",                "302 404 403 403 403 403 403 403 403 200 302"),
    post(ORG + "/general",               "401 404 403 403 403 403 403 403 403 302 401", {"title": "x", **LIMITS}),
    get(ORG + "/delete",                 "302 404 403 403 403 403 403 403 403 200 302"),
    post(ORG + "/delete",                "401 404 403 403 403 403 403 403 403 302 401", {"force": "1"}),

    get(ORG + "/users/",                 "302 404 403 403 403 403 403 200 403 200 302"),
    get(ORG + "/users/new",              "302 404 403 403 403 403 403 200 403 200 302"),
    post(ORG + "/users/new",             "401 404 403 403 403 403 403 302 403 302 401",
         {"login": "x", "password": "another long phrase"}),
    get(ORG + "/users/{viewer}",         "302 404 403 403 403 403 403 200 403 200 302"),
    post(ORG + "/users/{viewer}",        "401 404 403 403 403 403 403 302 403 302 401", {"can_edit_users": "on"}),
    post("/organizations/{mine.org}/users/{viewer}", "401 404 403 403 403 403 403 302 403 302 401",
         {"can_edit_users": "on"}),
    get(ORG + "/users/{viewer}/remove",  "302 404 403 403 403 403 403 200 403 200 302"),
    post(ORG + "/users/{viewer}/remove", "401 404 403 403 403 403 403 302 403 302 401"),

    get(ORG + "/folders/",               "302 404 403 403 403 403 200 200 403 200 302"),
    get(ORG + "/folders/new",            "302 404 403 403 403 403 200 200 403 200 302"),
    post(ORG + "/folders/new",           "401 404 403 403 403 403 302 302 403 302 401", {"title": "x", "parent": "{top}"}),
    get(ORG + "/folders/{empty}",        "302 404 403 403 403 403 200 200 403 200 302"),
    post(ORG + "/folders/{empty}",       "401 404 403 403 403 403 302 302 403 302 401", {"title": "x"}),
    post("/organizations/{mine.org}/folders/{mine.empty}", "401 404 403 403 403 403 302 302 403 302 401",
         {"title": "x", "parent": "{folder}"}, south="E"),
    get(ORG + "/folders/{empty}/delete", "302 404 403 403 403 403 200 200 403 200 302"),
    post(ORG + "/folders/{empty}/delete", "401 404 403 403 403 403 302 302 403 302 401"),

    get(ORG + "/plans",                  "302 404 403 403 403 403 403 200 200 200 302"),
    post(ORG + "/plans",                 "401 404 403 403 403 403 403 403 302 302 401", {"discount": "10"}),

    get("/users/",                       "302 E   200 200 200 200 200 200 200 200 302"),
    get("/users/new",                    "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/users/new",                   "401 403 403 403 403 403 403 403 403 302 401",
         {"login": "x", "password": "another long phrase"}),
    get("/users/{target}",               "302 403 403 403 403 403 403 403 403 200 302"),
    post("/users/{target}",              "401 403 403 403 403 403 403 403 403 302 401", {"login": "x"}),
    get("/users/{target}/delete",        "302 403 403 403 403 403 403 403 403 200 302"),
    post("/users/{target}/delete",       "401 403 403 403 403 403 403 403 403 302 401"),

    get("/presets/",                     "302 403 403 403 403 403 403 403 403 200 302"),
    get("/presets/new",                  "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/presets/new",                 "401 403 403 403 403 403 403 403 403 302 401", {"title": "x", "dvr_depth": "1"}),
    get("/presets/{attached}",           "302 403 403 403 403 403 403 403 403 200 302"),
    post("/presets/{attached}",          "401 403 403 403 403 403 403 403 403 302 401", {"title": "x", "dvr_depth": "1"}),
    get("/presets/{free}/delete",        "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/presets/{free}/delete",       "401 403 403 403 403 403 403 403 403 302 401"),

    post("/presets/{free}/organizations", "401 403 403 403 403 403 403 403 403 302 401", {"organization": "{org}"}),
    post("/presets/{mine.free}/organizations", "401 403 403 403 403 403 403 403 403 302 401",
         {"organization": "{org}"}, south="E"),
    post("/presets/{attached}/organizations/{org}/detach", "401 403 403 403 403 403 403 403 403 302 401"),

    get("/plans/",                       "302 403 403 403 403 403 403 403 200 200 302"),
    get("/plans/new",                    "302 403 403 403 403 403 403 403 200 200 302", plain=True),
    post("/plans/new",                   "401 403 403 403 403 403 403 403 302 302 401",
         {"title": "x", "amount": "1", "dvr_depth": "1"}),
    get("/plans/{plan}",                 "302 403 403 403 403 403 403 403 200 200 302"),
    get("/plans/{plan}/edit",            "302 403 403 403 403 403 403 403 200 200 302"),
    post("/plans/{plan}/edit",           "401 403 403 403 403 403 403 403 302 302 401", {"title": "x", "dvr_depth": "1"}),
    post("/plans/{plan}/prices",         "401 403 403 403 403 403 403 403 302 302 401",
         {"amount": "2", "from_day": "2040-01-01"}),
    get("/plans/{plan}/prices/{price}/remove", "302 403 403 403 403 403 403 403 200 200 302", plain=True),
    post("/plans/{plan}/prices/{price}/remove", "401 403 403 403 403 403 403 403 302 302 401"),
    post("/plans/{mine.plan}/prices/{price}/remove", "401 403 403 403 403 403 403 403 302 302 401"),

    get("/settings/",                    "302 403 403 403 403 403 403 403 403 200 302", plain=True),
    post("/settings/",                   "401 403 403 403 403 403 403 403 403 302 401", SETTINGS),
]
