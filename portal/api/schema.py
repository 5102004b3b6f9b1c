"""OpenAPI: published at /api/v2/schema, browsed at /api/docs.

Answers are TypedDicts (`shape`), bodies are `Fields`; the document is made of both, so it cannot say anything else than
what mypy and the views hold.
"""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, NotRequired, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_doc, resolve_type_hint
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from portal.api.idempotency import parameters_of

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

ERROR: dict[str, Any] = {
    "type": "object",
    "description": "Any refusal. `error` is for programs, `message` for people, `request_id` for us.",
    "required": ["success", "error", "message", "field", "fields", "request_id"],
    "properties": {
        "success": {"type": "boolean", "enum": [False]},
        "error": {
            "type": "string",
            "enum": [
                "ApikeyExpired", "BadRequest", "Conflict", "Forbidden", "IdempotencyKeyReused", "InternalError",
                "LimitReached", "MethodNotAllowed", "NotFound", "SecondFactorNeeded", "TooManyAttempts", "Unavailable",
                "ValidationError", "WrongApikey",
            ],
        },
        "message": {"type": "string"},
        "field": {"type": "string", "nullable": True},
        "fields": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "request_id": {"type": "string"},
    },
}  # fmt: skip
DONE: dict[str, Any] = {
    "type": "object",
    "required": ["success"],
    "properties": {"success": {"type": "boolean", "enum": [True]}},
}
PICTURE = {"type": "string", "format": "binary"}
PAGING = {"limit": "at most this many, up to 2000", "offset": "skip this many"}
# The shapes that answers refer to, by name; `portal.api.docs` puts them into the document.
COMPONENTS: dict[str, dict[str, Any]] = {"Error": ERROR, "Done": DONE}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


REFUSALS = {
    400: "The input cannot be accepted",
    403: "Nobody known is asking, or he may not do this",
    404: "There is no such object, or it is not yours",
}


class V2Schema(AutoSchema):
    """Names operations by verb and noun, and groups them by noun."""

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "noun", "other")]

    def map_parsers(self) -> list[str]:
        return ["application/json", "application/x-www-form-urlencoded"]

    def get_override_parameters(self) -> list[Any]:
        return parameters_of(self.method)


def answers(
    shape: Any, *, fields: Any = None, query: dict[str, str] | None = None, says: str = "", name: str = ""
) -> Any:
    """Describe a view's method: the answer's shape (a TypedDict, a list of one, or bytes for a picture)
    and the body's fields."""
    if shape is bytes:
        success: dict[Any, Any] = {(200, "image/png"): PICTURE, (200, "image/jpeg"): PICTURE}
    else:
        success = {200: _reference("Done") if shape is DONE else schema_of(shape)}
    refusals = {status: OpenApiResponse(_reference("Error"), text) for status, text in REFUSALS.items()}
    described = {**(query or {}), **(PAGING if get_origin(shape) is list else {})}
    parameters = [OpenApiParameter(key, str, "query", description=text) for key, text in described.items()]
    return extend_schema(
        request=fields,
        responses={**success, **refusals},
        parameters=parameters,
        summary=says or None,
        operation_id=name,
    )


def excluded(view: ViewT) -> ViewT:
    """Leave a method out of the document."""
    decorated: ViewT = extend_schema(exclude=True)(view)
    return decorated


def schema_of(shape: Any, components: dict[str, dict[str, Any]] = COMPONENTS) -> dict[str, Any]:
    """The JSON schema of a TypedDict (by reference), of a list of it, or of a plain type.

    Each dialect has its own `components`: the same name means another shape there.
    """
    if is_typeddict(shape):
        name = shape.__name__.removesuffix("Shape")
        if name not in components:
            components[name] = _object(shape, components)
        return _reference(name)
    if shape is type(None):
        return {"nullable": True, "enum": [None]}
    if get_origin(shape) is list:
        return {"type": "array", "items": schema_of(get_args(shape)[0], components)}
    if get_origin(shape) is UnionType:
        (only,) = [kind for kind in get_args(shape) if kind is not type(None)]
        schema = schema_of(only, components)
        return {"allOf": [schema], "nullable": True} if "$ref" in schema else {**schema, "nullable": True}
    resolved: dict[str, Any] = resolve_type_hint(shape)  # type: ignore[no-untyped-call]
    return resolved


def _object(shape: Any, components: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All keys of an answer are always there, except those that say otherwise."""
    hints = get_type_hints(shape)
    optional = {
        key for key, hint in get_type_hints(shape, include_extras=True).items() if get_origin(hint) is NotRequired
    }
    return {
        "type": "object",
        "description": get_doc(shape),
        "properties": {key: schema_of(hint, components) for key, hint in hints.items()},
        "required": sorted(set(hints) - optional),
    }
