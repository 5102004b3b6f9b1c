"""The first gate of the API: somebody must be asking. What he may do is the resolvers' business (`*_for`)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission

from portal.api import key_rights
from tenants.errors import Unauthenticated
from tenants.services import demo


class SignedIn(BasePermission):
    """The default of every API view: nobody is let in unless the view says so."""

    def has_permission(self, request: Any, view: Any) -> bool:
        if request.user is None:
            raise Unauthenticated(_("Sign in, or send a key."))
        key_rights.require_for(request, view)
        if getattr(view, "noun", "") in demo.PRIVATE_NOUNS:
            demo.refuse_private(request.user)
        return True


class Anybody(BasePermission):
    """For the few doors that must be open before sign-in; each view says why."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return True
