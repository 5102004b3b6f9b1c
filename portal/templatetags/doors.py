"""What the sign-in page offers besides a password."""

from __future__ import annotations

from typing import Any

from django import template

from tenants.services import demo

register = template.Library()


@register.inclusion_tag("session/other_doors.html", takes_context=True)
def other_doors(context: dict[str, Any]) -> dict[str, Any]:
    """A way to a new password, and to public cameras where strangers may look at them (item 158)."""
    return {"demo_is_on": demo.is_on(), "csrf_token": context.get("csrf_token")}
