"""What somebody with support access does not change at an ISP: whatever could let him in again later."""

from __future__ import annotations

# Pages of one's own account, of keys, of who may sign in and how, and of mail; and every API, whose writes the pages
# of this portal do not need.
KEPT_OUT = (
    "/profile",
    "/users/new",
    "/settings/keys",
    "/settings/sign-in",
    "/settings/external",
    "/settings/mail",
    "/settings/demo",
    "/settings/webhooks",
    "/vsaas/",
    "/watcher",
    "/api/",
)
INVITES = "/invite"


def is_kept_out(path: str) -> bool:
    """Whether support changes nothing at this address."""
    return path.startswith(KEPT_OUT) or path.rstrip("/").endswith(INVITES)
