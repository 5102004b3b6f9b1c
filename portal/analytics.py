"""Google Analytics, for an ISP that has a key for it (item 172): how much its subscribers use the portal.

Google's script reads whatever stands on a page. It is loaded for people who are signed in only, and on the pages of
`COUNTED` only: nowhere where secrets are shown or typed. What it is told is the page's pattern
(`cameras/watch/<camera:name>`), never an address with its numbers and names; nothing is kept in the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http.response import HttpResponseBase

from tenants.models import User

SCRIPTS = "https://www.googletagmanager.com"
TOLD = ["https://www.googletagmanager.com", "https://*.google-analytics.com", "https://*.analytics.google.com"]
COUNTED = frozenset(
    {
        "cameras",
        "watch",
        "organizations",
        "organization",
        "messages",
        "costs",
        "usage",
        "invoices",
        "invoice",
        "storage",
    }
)


def key_for(request: Any) -> str:
    """The key by which a page is counted; empty where none is."""
    domain, user, match = (getattr(request, name, None) for name in ("domain", "user", "resolver_match"))
    if domain is None or not domain.pk or not isinstance(user, User) or match is None or match.url_name not in COUNTED:
        return ""
    return str(domain.analytics_key)


class AnalyticsMiddleware:
    """Lets the pages that are counted load Google's script, and no other page."""

    def __init__(self, get_response: Callable[[Any], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        response: Any = self.get_response(request)
        if key_for(request):
            added = {"script-src": [SCRIPTS], "connect-src": TOLD, "img-src": TOLD}
            before = getattr(response, "_csp_update", {})
            response._csp_update = {name: [*before.get(name, []), *added.get(name, [])] for name in {**before, **added}}
        return response  # type: ignore[no-any-return]  # any kind of response
