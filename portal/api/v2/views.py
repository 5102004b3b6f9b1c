"""What all views of the v2 dialect share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
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
from portal.api.schema import V2Schema, excluded
from portal.api.v2.credentials import Asked, Credentials
from tenants.access import as_id
from tenants.errors import Invalid, Missing
from tenants.scoping import current_domain_id

__all__ = ["Asked"]

DONE = {"success": True}


class V2View(Idempotent, APIView):
    """A view of the v2 dialect: signed-in callers only, lenient input, JSON out, each write once a key."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (Credentials,)
    permission_classes: Sequence[type[BasePermission]] = (SignedIn,)
    parser_classes = (LenientParser,)
    renderer_classes = (OrjsonRenderer,)
    content_negotiation_class = AlwaysJson
    schema = V2Schema()
    noun = "other"

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Some callers send bodies in chunks, without a length; DRF would take those for empty."""
        if request.META.get("HTTP_TRANSFER_ENCODING"):
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """No address or query holds a zero byte; PostgreSQL would refuse it later, as a mistake of ours."""
        texts = [*map(str, kwargs.values()), *request.query_params.keys(), *request.query_params.dict().values()]
        if any("\x00" in text for text in texts):
            raise Http404
        super().initial(request, *args, **kwargs)


class NotFoundView(V2View):
    """Any other address under the dialect's base: the same JSON error as for a missing object."""

    permission_classes = (Anybody,)  # there is nothing to protect

    @excluded
    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404

    post = put = delete = patch = get


class Fields(serializers.Serializer[Any]):
    """The fields a caller may send, and nothing else: what is not listed here is never looked at (T3)."""

    @classmethod
    def read(cls, request: Request, *, partial: bool = False) -> dict[str, Any]:
        """The validated fields of the request's body; with `partial` only those that were sent."""
        return cls.checked(request.data, partial=partial)

    @classmethod
    def checked(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """The same for a part of a body."""
        if not isinstance(data, dict):
            raise Invalid(_("The body must be a JSON object."))
        fields = cls(data=data, partial=partial)
        fields.is_valid(raise_exception=True)
        return dict(fields.validated_data)


class Text(serializers.CharField):
    """A text that may be empty; null says empty too."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"allow_blank": True, "allow_null": True, "required": False, **more})

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, "") if data is None else super().validate_empty_values(data)


class Truth(serializers.BooleanField):
    """A switch; numbers count too: any but zero is true (decision f), and null is false."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"allow_null": True, "required": False, **more})

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, False) if data is None else super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return bool(data)
        return bool(super().to_internal_value(data))


class Number(serializers.IntegerField):
    """A whole number that fits a column, also as text; negative ones are refused."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"required": False, "min_value": 0, "max_value": 2_147_483_647, **more})


class Days(serializers.FloatField):
    """A number of days, also as text."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"required": False, "min_value": 0, "max_value": 3650, **more})

    def to_internal_value(self, data: Any) -> float:
        number = float(super().to_internal_value(data))
        if number != number:  # "nan" passes every comparison
            self.fail("invalid")
        return number


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]+$"}]})
class Identifier(serializers.Field[Any, Any, Any, Any]):
    """The number of a row, also as text ("1"), as the reference's own examples send it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, **more})

    def to_internal_value(self, data: Any) -> int | None:
        """The number; an empty text is none. What cannot be a row's number is a row that is missing, zero included."""
        if data == "":
            return None
        number = as_id(data)
        if number == 0:
            raise Missing("There is no such object.")
        return number

    def to_representation(self, value: Any) -> Any:
        return value


def wanted(request: Request, name: str) -> str:
    """A query parameter; absent and empty are the same."""
    return str(request.query_params.get(name) or "")


def wanted_id(request: Request, name: str) -> int | None:
    """A row's number in the query, or None."""
    text = wanted(request, name)
    return as_id(text) if text else None


def of_this_isp(domain_id: str) -> None:
    """Some callers name the ISP in the path too (`/domains/1/...`): it can only be the one they are talking to."""
    if domain_id and as_id(domain_id) != current_domain_id():
        raise Missing(_("There is no such domain."))
