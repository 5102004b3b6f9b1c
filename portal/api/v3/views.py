"""What all views of the v3 dialects share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.idempotency import Idempotent
from portal.api.parsers import LenientParser
from portal.api.permissions import Anybody, SignedIn
from portal.api.renderers import AlwaysJson, OrjsonRenderer
from portal.api.v2.views import Identifier, Number, Text, Truth
from portal.api.v3 import errors, selecting
from portal.api.v3.credentials import Asked, Credentials
from portal.api.v3.schema import V3Schema, excluded
from tenants.access import require_admin, require_settings_editor
from tenants.errors import Invalid
from tenants.models import Domain

__all__ = ["Asked", "Identifier", "Number", "Text", "Truth"]

DAY = 24 * 3600
GIGABYTE = 1_000_000_000
RESET = "$reset"


class V3View(Idempotent, APIView):
    """A view of the v3 dialects: signed-in callers only, JSON in and out, each write once a key.

    `names` are a service's names of fields as they are on the wire, for the pointers of refusals.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = (Credentials,)
    permission_classes: Sequence[type[BasePermission]] = (SignedIn,)
    parser_classes = (LenientParser,)
    renderer_classes = (OrjsonRenderer,)
    content_negotiation_class = AlwaysJson
    schema = V3Schema()
    noun = "other"
    names: ClassVar[Mapping[str, str]] = {}

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return errors.handle

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Some callers send bodies in chunks, without a length; DRF would take those for empty."""
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """No address or query holds a zero byte; PostgreSQL would refuse it later, as a mistake of ours."""
        queried = [text for _name, texts in request.query_params.lists() for text in texts]
        texts = [*map(str, kwargs.values()), *request.query_params.keys(), *queried]
        if any("\x00" in text for text in texts):
            raise Http404
        super().initial(request, *args, **kwargs)


class Administrator(SignedIn):
    """The admin dialect is for the ISP's administrators and its system keys."""

    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        require_admin(request.user)
        return True


class SettingsEditor(SignedIn):
    """Besides them, whoever has the flag of item 75."""

    def has_permission(self, request: Any, view: Any) -> bool:
        super().has_permission(request, view)
        require_settings_editor(request.user, change=request.method not in {"GET", "HEAD", "OPTIONS"})
        return True


class AdminView(V3View):
    """A view of the admin dialect."""

    permission_classes: Sequence[type[BasePermission]] = (Administrator,)


class SettingsEditorView(V3View):
    """A view of the admin dialect for whoever may see, and change, the ISP's settings (item 75)."""

    permission_classes: Sequence[type[BasePermission]] = (SettingsEditor,)


class NotFoundView(V3View):
    """Any other address under a dialect's base: the same JSON refusal as for a missing object."""

    permission_classes = (Anybody,)  # there is nothing to protect
    authentication_classes = ()

    @excluded
    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404

    post = put = delete = patch = get


class Fields(serializers.Serializer[Any]):
    """The fields a caller may send, and nothing else: what is not listed here is never looked at (T3).

    `read` with `partial` gives only what was sent; with `"$reset": true` in the body, all that was not sent takes its
    default (`DEFAULTS`), so that the whole object is replaced.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def read(cls, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """The validated fields of the request's body."""
        return cls.checked(request.data, partial=partial)

    @classmethod
    def checked(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """The same for a part of a body."""
        if not isinstance(data, dict):
            raise Invalid(_("The body must be a JSON object."))
        fields = cls(data=data, partial=partial)
        fields.is_valid(raise_exception=True)
        reset = cls.DEFAULTS if data.get(RESET) is True else {}
        return {**reset, **fields.validated_data}


class Part(Fields):
    """A part of a body that is sent whole or not at all, also where the rest may be sent in part."""

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        absent = [name for name, field in self.fields.items() if field.required and name not in values]
        if absent:
            raise serializers.ValidationError({name: [_("This field is required.")] for name in absent})
        return values


def one(request: Request, shaped: Any, *, key: str = "id", status: int = 200) -> Response:
    """One object, or the selected parts of it."""
    tree = selecting.wanted(request.query_params.get("select", ""), always=key)
    return Response(selecting.pruned(shaped, tree), status=status)


def domain_of(request: Request) -> Domain:
    """The ISP that is asked, as the middleware found it."""
    found: Domain = vars(request._request)["domain"]
    return found


def gone() -> Response:
    """What a deletion answers: 204 without a body."""
    return Response(status=204)


def utc_ms(moment: datetime | None) -> int | None:
    """An instant in milliseconds since the epoch, as all v3 dialects tell time."""
    return int(moment.astimezone(UTC).timestamp() * 1000) if moment else None


def wanted_truth(request: Request, name: str) -> bool | None:
    """A switch in the query; None if it is absent."""
    text = request.query_params.get(name, "").lower()
    if text not in {"", "true", "1", "false", "0"}:
        raise errors.InvalidParameter(_("This must be true or false."), field=name)
    return text in {"true", "1"} if text else None
