"""The ISP's own rule for passwords, as Django's validators say it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.models import Domain, User
from tenants.scoping import scoped_domain_id

SHORTEST = 8


class LengthValidator:
    """At least as long as the ISP in scope says; at most what a form takes."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError for a shorter one."""
        least = shortest()
        if len(password) < least:
            text = ngettext(
                "This password is too short. It has at least %(count)s character.",
                "This password is too short. It has at least %(count)s characters.",
                least,
            )
            raise ValidationError(text % {"count": least}, code="password_too_short")

    def get_help_text(self) -> str:
        """What a form says before anything is typed."""
        least = shortest()
        text = ngettext("At least %(count)s character.", "At least %(count)s characters.", least)
        return text % {"count": least}


def shortest() -> int:
    """How long a password is at least at the ISP in scope."""
    found = Domain.objects.filter(pk=scoped_domain_id() or 0).values_list("min_password_length", flat=True).first()
    return found or SHORTEST


def help_text() -> str:
    """The rule in words, for forms."""
    return str(_("%(length)s Not one that everybody uses.") % {"length": LengthValidator().get_help_text()})
