"""What all views of the v1 dialect share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.idempotency import Idempotent
from portal.api.parsers import LenientParser
from portal.api.renderers import AlwaysJson, OrjsonRenderer
from portal.api.schema import excluded
from portal.api.v1 import errors
from portal.api.v1.credentials import AdministratorsOnly, Asked, Credentials
from portal.api.v1.schema import V1Schema
from tenants.errors import Invalid

__all__ = ["Asked"]


class V1View(Idempotent, APIView):
    """A view of the v1 dialect: administrators only, JSON in and out, each write once a key."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (Credentials,)
    permission_classes: Sequence[type[BasePermission]] = (AdministratorsOnly,)
    parser_classes = (LenientParser,)
    renderer_classes = (OrjsonRenderer,)
    content_negotiation_class = AlwaysJson
    schema = V1Schema()
    noun = "other"

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.handle

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """No address holds a zero byte; PostgreSQL would refuse it later, as a mistake of ours."""
        texts = [*map(str, kwargs.values()), *request.query_params.keys(), *request.query_params.dict().values()]
        if any("\x00" in text for text in texts):
            raise Http404
        super().initial(request, *args, **kwargs)


class NotFoundView(V1View):
    """Any other address under the dialect's base."""

    authentication_classes = ()  # there is nothing to protect
    permission_classes = ()

    @excluded
    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404

    post = put = delete = patch = get


def unwrapped(request: Request, name: str) -> dict[str, Any]:
    """The object inside a wrapped body: {"organization": {...}}."""
    inner = request.data.get(name) if isinstance(request.data, dict) else None
    if not isinstance(inner, dict):
        raise Invalid(_("The body must be an object with the key `%(name)s`.") % {"name": name}, field=name)
    return inner
