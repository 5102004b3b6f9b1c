"""The OpenAPI document of the v1 dialect."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from portal.api.v1.schema import COMPONENTS

BASE = "api/v1/"
HEADERS = {
    "X-USER": "An administrator's login or e-mail address.",
    "X-PASSWORD": "His password.",
    "X-DOMAIN-ID": "The ISP's number; it must be the one that the host name belongs to.",
}


class CredentialsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `portal.api.v1.credentials` stands in the description: three headers, all of them."""

    target_class = "portal.api.v1.credentials.Credentials"
    name = ["user", "password", "domain"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [{"type": "apiKey", "in": "header", "name": name, "description": text} for name, text in HEADERS.items()]

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        return {name: [] for name in self.name}


def document() -> dict[str, Any]:
    """The document, made of the views and their shapes."""
    from portal.api.v1.urls import urlpatterns

    own = [pattern for pattern in urlpatterns if not str(pattern.pattern).startswith("<path:rest>")]
    generator = SchemaGenerator(patterns=[path(BASE, include((own, "v1")))])  # type: ignore[no-untyped-call]
    described: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    described["info"] |= {
        "title": "Perch API v1",
        "version": "1",
        "description": "The billing dialect of VSAAS.IO. docs/api-v1.md tells how to sign in and what differs.",
    }
    described["components"]["schemas"] |= COMPONENTS
    described["components"]["schemas"] = dict(sorted(described["components"]["schemas"].items()))
    return described
