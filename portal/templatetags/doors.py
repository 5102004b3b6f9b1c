"""What the sign-in page offers besides a password."""

from __future__ import annotations

from typing import Any

from django import template

from tenants.models import Folder
from tenants.services import demo

register = template.Library()


@register.inclusion_tag("session/other_doors.html", takes_context=True)
def other_doors(context: dict[str, Any]) -> dict[str, Any]:
    """A way to a new password, and to public cameras where strangers may look at them (item 158)."""
    return {"demo_is_on": demo.is_on(), "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("organizations/folder_public.html", takes_context=True)
def folder_public(context: dict[str, Any], folder: Folder) -> dict[str, Any]:
    """Whether strangers may look at a folder's cameras; administrators switch it."""
    person = context.get("person")
    shown = person is not None and person.is_admin
    is_public = shown and demo.is_public(folder)
    return {"folder": folder, "shown": shown, "is_public": is_public, "csrf_token": context.get("csrf_token")}
