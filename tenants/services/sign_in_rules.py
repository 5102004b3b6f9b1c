"""The ISP's rules of signing in: how long passwords are, how long sessions last, who needs a second factor."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenants.errors import Conflict
from tenants.models import Domain, User
from tenants.services import domains, second_factors, sessions

FIELDS = ("min_password_length", "max_sessions", "session_hours", "session_idle_hours", "requires_admin_factor")


@transaction.atomic
def change_rules(domain: Domain, *, acting_user: User, **values: Any) -> Domain:
    """Save what is given of `FIELDS`; when second factors become a must, administrators without one are signed out and
    begin with that. Conflict for one of them who asks for it himself."""
    begins = bool(values.get("requires_admin_factor")) and not domain.requires_admin_factor
    if begins and not acting_user.is_system and not second_factors.has_factor(acting_user):
        text = _("Set up a second factor of your own first: you would be signed out now.")
        raise Conflict(text, field="requires_admin_factor")
    domain = domains.change_settings(domain, acting_user=acting_user, **values)
    for admin in User.objects.filter(is_admin=True) if begins else ():
        if not second_factors.has_factor(admin):
            sessions.end_others(admin, acting_user=acting_user)
    return domain
