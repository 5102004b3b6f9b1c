"""The descriptions of the API's dialects (/api/v2/schema and so on) and the page to browse them (/api/docs).

All are for anybody: they hold no data, and an integrator reads them before he has a key."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from portal.api.schema import COMPONENTS
from portal.api.v1 import docs as v1
from portal.api.v3 import docs as v3

BASE = "vsaas/api/v2/"


class CredentialsScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `portal.api.v2.credentials` stands in the description."""

    target_class = "portal.api.v2.credentials.Credentials"
    name = ["key", "session", "bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return [
            {
                "type": "apiKey",
                "in": "header",
                "name": "x-vsaas-api-key",
                "description": "The ISP's system key, alone or with `x-vsaas-user: login` to act as that user; "
                "or a user's own key.",
            },
            {
                "type": "apiKey",
                "in": "header",
                "name": "x-vsaas-session",
                "description": "The `session` that `auth/login` answered.",
            },
            {"type": "http", "scheme": "bearer", "description": "A session or a key."},
        ]


def document() -> dict[str, Any]:
    """The OpenAPI document of the v2 dialect. Aliases (`/domains/{id}/...`) are left out: they are the same again."""
    from portal.api.v2.urls import urlpatterns

    own = [pattern for pattern in urlpatterns if not str(pattern.pattern).startswith(("domains/", "<path:rest>"))]
    generator = SchemaGenerator(patterns=[path(BASE, include((own, "v2")))])  # type: ignore[no-untyped-call]
    described: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    described["components"]["schemas"] |= COMPONENTS
    described["components"]["schemas"] = dict(sorted(described["components"]["schemas"].items()))
    return described


# The dialects by the names they have in addresses: what the chooser says, and what makes the document.
DIALECTS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "v3": ("v3 client", lambda: v3.document("client")),
    "v3-admin": ("v3 admin", lambda: v3.document("admin")),
    "v2": ("v2", document),
    "v1": ("v1", v1.document),
}


@lru_cache(maxsize=len(DIALECTS))
def text(dialect: str = "v2") -> bytes:
    """A dialect's document as YAML; made once a process, because it costs a third of a second."""
    made = DIALECTS[dialect][1]()
    rendered: bytes = OpenApiYamlRenderer().render(made, renderer_context={})  # type: ignore[no-untyped-call]
    return rendered


@require_safe
@cache_control(max_age=3600)
def schema(request: HttpRequest, dialect: str = "v2") -> HttpResponse:
    """The document."""
    if dialect not in DIALECTS:
        raise Http404
    return HttpResponse(text(dialect), content_type="application/vnd.oai.openapi; charset=utf-8")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page to browse a dialect and try it; `?dialect=` chooses, the native one first."""
    wanted = request.GET.get("dialect", "")
    chosen = wanted if wanted in DIALECTS else "v3"
    titles = {name: title for name, (title, _document) in DIALECTS.items()}
    return render(request, "api/docs.html", {"dialects": titles, "chosen": chosen})
