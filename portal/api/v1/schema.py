"""How v1 views stand in OpenAPI: answers are TypedDicts, bodies are `Fields`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from portal.api.idempotency import parameters_of
from portal.api.schema import schema_of

TEXT = {"type": "string"}
ERROR: dict[str, Any] = {
    "type": "object",
    "description": "Any refusal: one entry a fault. `code` is for programs, `title` for people, `request_id` for us.",
    "required": ["errors", "error", "request_id"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status", "code", "title"],
                "properties": {
                    "status": {**TEXT, "example": "422"},
                    "code": {**TEXT, "example": "validation_error"},
                    "title": TEXT,
                    "source": {
                        "type": "object",
                        "properties": {"pointer": {**TEXT, "example": "/organization/title"}},
                    },
                },
            },
        },
        "error": {**TEXT, "description": "the first title"},
        "request_id": TEXT,
    },
}
COMPONENTS: dict[str, dict[str, Any]] = {"Error": ERROR}
REFUSALS = {
    400: "The body is no JSON",
    401: "The headers are missing or wrong",
    403: "The caller is no administrator",
    404: "There is no such object, or it is not yours",
    422: "The input, or the state of things, does not allow it",
}
PAGING = {"limit": "at most this many, up to 10000", "offset": "skip this many"}


class V1Schema(AutoSchema):
    """Groups operations by noun."""

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "noun", "other")]

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def get_override_parameters(self) -> list[Any]:
        return parameters_of(self.method)


def answers(shape: Any, *, fields: Any = None, says: str, name: str, paged: bool = False) -> Any:
    """Describe a view's method: the answer's shape (None for a 204) and the body's fields."""
    success = schema_of(shape, COMPONENTS) if shape is not None else OpenApiResponse(description="Done")
    reference = {"$ref": "#/components/schemas/Error"}
    refusals = {status: OpenApiResponse(reference, text) for status, text in REFUSALS.items()}
    queries = PAGING.items() if paged else ()
    return extend_schema(
        request=fields,
        responses={200 if shape is not None else 204: success, **refusals},
        parameters=[OpenApiParameter(key, str, "query", description=text) for key, text in queries],
        summary=says,
        operation_id=name,
    )
