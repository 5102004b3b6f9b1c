"""What a limited API key opens: the one place that every API view passes (`portal.api.permissions.SignedIn`).

A key without rights of its own is limited by its holder's rights only. Otherwise a request needs, besides what its
holder needs:

| request                    | right of the key                                      |
|----------------------------|-------------------------------------------------------|
| reading                    | `read`, or the area's own right                       |
| reading a private area     | the area's own right: video, money, changes, settings |
| writing                    | the area's own right                                  |

The area of a view is its `noun`. A noun that is not listed here opens to unlimited keys only.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from tenants.errors import Forbidden
from tenants.models import ApiKey

Right = ApiKey.Right
READING = frozenset({"GET", "HEAD", "OPTIONS"})
PRIVATE = frozenset({Right.VIDEO, Right.MONEY, Right.CHANGES, Right.SETTINGS})
# The next noun of the API: its area here, or limited keys do not open it.
AREAS: dict[str, Right] = {
    "cameras": Right.CAMERAS,
    "streams": Right.CAMERAS,
    "presets": Right.CAMERAS,
    "actions": Right.CAMERAS,
    "users": Right.PEOPLE,
    "invitations": Right.PEOPLE,
    "permissions": Right.PEOPLE,
    "sessions": Right.PEOPLE,
    "messages": Right.PEOPLE,
    "organizations": Right.ORGANIZATIONS,
    "folders": Right.ORGANIZATIONS,
    "tariff_plans": Right.MONEY,
    "money": Right.MONEY,
    "settings": Right.SETTINGS,
    "api_keys": Right.SETTINGS,
    "webhooks": Right.CHANGES,
    "changes": Right.CHANGES,
    "events": Right.CHANGES,
}
# Who is asking, and his own account: reading is for every key, writing for none that is limited.
OWN = frozenset({"auth", "login", "profile"})


def require(key: ApiKey, noun: str, method: str) -> None:
    """Raise Forbidden unless the key's own limits allow a request to a view of this noun."""
    if key.rights and not _allows(set(key.rights), noun, method):
        raise Forbidden(_("This API key may not do this."))


def _allows(held: set[str], noun: str, method: str) -> bool:
    reading = method in READING
    if noun in OWN:
        return reading
    area = AREAS.get(noun)
    if area is None:
        return False
    return area in held or (reading and area not in PRIVATE and Right.READ in held)


def require_for(request: Any, view: Any) -> None:
    """The same for a request that came by a key; whoever came otherwise is not limited here."""
    key = getattr(request.auth, "key", None)
    if key is not None:
        require(key, getattr(view, "noun", ""), request.method)


def may_watch(key: ApiKey) -> bool:
    """Whether a key gives playback tokens."""
    return not key.rights or Right.VIDEO in key.rights
