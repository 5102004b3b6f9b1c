"""The OpenAPI documents of the v3 dialects."""

from __future__ import annotations

import re
from typing import Any

from django.urls import include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from portal.api.v3.schema import COMPONENTS

BASES = {"client": "watcher/client-api/v3/", "admin": "watcher/admin-api/v3/"}
DESCRIPTION = (
    "The Watcher {dialect} dialect, v3: Perch's own API. Get an access token at `login` and send it as a bearer; on "
    "401 renew it there with the refresh token. docs/api-v3.md tells the rest."
)
_REFERENCE = re.compile(r"#/components/schemas/([^'\"]+)")


class CredentialsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `portal.api.v3.credentials` stands in the description."""

    target_class = "portal.api.v3.credentials.Credentials"
    name = ["access_token", "key", "token"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The access token of `login`, or an API key (a system key may name a user by "
                "`x-vsaas-user`).",
            },
            {"type": "apiKey", "in": "header", "name": "x-vsaas-api-key", "description": "An API key."},
            {"type": "apiKey", "in": "query", "name": "token", "description": "The access token, on GET only."},
        ]


def document(dialect: str) -> dict[str, Any]:
    """The document of one dialect, made of its views, shapes and lists."""
    from portal.api.v3 import urls

    patterns = urls.client if dialect == "client" else urls.admin
    own = [pattern for pattern in patterns if not str(pattern.pattern).startswith("<path:rest>")]
    generator = SchemaGenerator(patterns=[path(BASES[dialect], include((own, dialect)))])  # type: ignore[no-untyped-call]
    described: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    described["info"] |= {
        "title": f"Perch {dialect} API v3",
        "version": "3",
        "description": DESCRIPTION.format(dialect=dialect),
    }
    schemas = described["components"]["schemas"] | COMPONENTS
    described["components"]["schemas"] = _used(described["paths"], schemas)
    return described


def _used(paths: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The shapes that the paths speak of, and those that these speak of: both dialects draw from one store."""
    known: set[str] = set()
    wanted = set(_REFERENCE.findall(str(paths)))
    while wanted - known:
        fresh = wanted - known
        known |= fresh
        for name in fresh:
            wanted |= set(_REFERENCE.findall(str(schemas[name])))
    return {name: schemas[name] for name in sorted(known)}
