"""The v3 dialects: `client` for whoever signs in, `admin` for the ISP's administrators.

The next noun: a module in client/ or admin/ with its `urlpatterns`, its name in one of the two tables here, its rows in
tests/permissions/table_v3.py, its lists in tests/test_queries.py, and `make openapi`.
"""

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path

from portal.api.v3.admin import streams as admin_streams
from portal.api.v3.client import streams as client_streams
from portal.api.v3.login import AdminLoginView, LoginView
from portal.api.v3.views import NotFoundView

Patterns = list[URLPattern | URLResolver]

CLIENT = (
    "api_keys",
    "folder_users",
    "folders",
    "invitations",
    "members",
    "messages",
    "organizations",
    "permissions",
    "playback_grants",
    "presets",
    "profile",
    "second_factors",
    "sessions",
    "settings",
    "sign_ins",
    "statistics",
    "stream_actions",
    "stream_import",
    "stream_protected",
    "stream_reasons",
    "streams",
    "users",
    "viewing_sessions",
)
ADMIN = (
    "api_keys",
    "brand_pictures",
    "changes",
    "config",
    "drifts",
    "events",
    "identity_providers",
    "mail",
    "mails",
    "monitoring",
    "organizations",
    "presets",
    "sign_in",
    "storage",
    "streams",
    "support",
    "users",
    "viewing_sessions",
    "webhooks",
    "wordings",
    "zones",
)


def _collected(package: str, nouns: tuple[str, ...]) -> Patterns:
    return [pattern for noun in nouns for pattern in import_module(f"portal.api.v3.{package}.{noun}").urlpatterns]


client: Patterns = [
    path("login", LoginView.as_view()),
    *_collected("client", CLIENT),
    *client_streams.named,
    path("<path:rest>", NotFoundView.as_view()),
]
admin: Patterns = [
    path("login", AdminLoginView.as_view()),
    *_collected("admin", ADMIN),
    *admin_streams.named,
    path("<path:rest>", NotFoundView.as_view()),
]
urlpatterns: Patterns = [
    path("watcher/client-api/v3/", include((client, "v3-client"))),
    path("watcher/admin-api/v3/", include((admin, "v3-admin"))),
]
