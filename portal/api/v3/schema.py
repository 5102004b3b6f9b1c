"""How v3 views stand in OpenAPI: answers are TypedDicts, bodies are `Fields`, lists are `Collection`s.

The document cannot say anything else than what mypy, the views and the tables of fields hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from portal.api.idempotency import parameters_of
from portal.api.schema import PICTURE, excluded, schema_of

if TYPE_CHECKING:
    from portal.api.v3.collections import Collection

__all__ = ["COMPONENTS", "EMPTY", "V3Schema", "answers", "excluded", "lists"]

TEXT = {"type": "string"}
ERROR: dict[str, Any] = {
    "type": "object",
    "description": "Any refusal: one entry a fault. `code` is for programs, `title` for people.",
    "required": ["errors", "error"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "status", "code", "title"],
                "properties": {
                    "id": {**TEXT, "description": "the request's id, for our log"},
                    "status": {**TEXT, "example": "400"},
                    "code": {**TEXT, "example": "validation_error"},
                    "title": TEXT,
                    "source": {
                        "type": "object",
                        "properties": {
                            "pointer": {**TEXT, "example": "/inputs/0/url"},
                            "parameter": {**TEXT, "example": "limit"},
                        },
                    },
                },
            },
        },
        "error": {**TEXT, "description": "the first title, for older clients"},
    },
}
# The shapes that answers refer to, by name, of both v3 dialects; `portal.api.docs` puts them into the documents.
COMPONENTS: dict[str, dict[str, Any]] = {"Error": ERROR}
EMPTY = None  # a 204
REFUSALS = {
    400: "The input cannot be accepted",
    401: "Nobody known is asking: sign in, or refresh the token",
    403: "The caller may not do this",
    404: "There is no such object, or it is not yours",
    409: "The state of things does not allow it now",
}


class V3Schema(AutoSchema):
    """Names operations by verb and noun, and groups them by noun."""

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "noun", "other")]

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def get_override_parameters(self) -> Any:
        return parameters_of(self.method)


def answers(
    shape: Any,
    *,
    fields: Any = None,
    status: int = 200,
    query: dict[str, str] | None = None,
    says: str = "",
    name: str = "",
    example: Any = None,
    sent: Any = None,
) -> Any:
    """Describe a view's method: the answer's shape (EMPTY for a 204), the body's fields, and an example of each."""
    code = 204 if shape is EMPTY else status
    success = _success(shape, code)
    parameters = [OpenApiParameter(key, str, "query", description=text) for key, text in (query or {}).items()]
    return extend_schema(
        request=fields,
        responses={**success, **_refusals()},
        parameters=parameters,
        summary=says or None,
        operation_id=name,
        examples=_examples(example, sent, code),
    )


def _success(shape: Any, code: int) -> dict[Any, Any]:
    if shape is EMPTY:
        return {code: OpenApiResponse(description="Done")}
    if shape is bytes:
        return {(code, "image/png"): PICTURE, (code, "image/jpeg"): PICTURE}
    return {code: schema_of(shape, COMPONENTS)}


def lists(shape: Any, collection: Collection, *, says: str, name: str, example: Any = None) -> Any:
    """Describe a list: its envelope, and every parameter that sorts or filters it."""
    from portal.api.v3.collections import RESERVED

    described = {**RESERVED, **dict(collection.more)}
    parameters = [OpenApiParameter(key, str, "query", description=text) for key, text in described.items()]
    for column in collection.columns:
        if column.filters:
            says_it = f"only where this is so ({column.kind.word}); also with _gt, _gte, _lt, _lte"
            parameters.append(OpenApiParameter(column.path, str, "query", description=says_it))
    envelope = {
        "type": "object",
        "required": ["estimated_count", "next", "prev", "timing", collection.items],
        "properties": {
            "estimated_count": {"type": "integer", "nullable": True},
            "next": {**TEXT, "nullable": True, "description": "null on the last page"},
            "prev": {**TEXT, "nullable": True, "description": "null on the first page"},
            "timing": {"type": "object", "additionalProperties": {"type": "number"}},
            collection.items: {"type": "array", "items": schema_of(shape, COMPONENTS)},
        },
    }
    return extend_schema(
        responses={200: envelope, **_refusals()},
        parameters=parameters,
        summary=says,
        operation_id=name,
        examples=_examples(example, None, 200),
    )


def _refusals() -> dict[int, OpenApiResponse]:
    reference = {"$ref": "#/components/schemas/Error"}
    return {status: OpenApiResponse(reference, text) for status, text in REFUSALS.items()}


def _examples(answered: Any, sent: Any, status: int) -> list[OpenApiExample]:
    found = []
    if answered is not None:
        found.append(OpenApiExample("Answer", value=answered, response_only=True, status_codes=[str(status)]))
    if sent is not None:
        found.append(OpenApiExample("Request", value=sent, request_only=True))
    return found
