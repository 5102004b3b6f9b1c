"""The ISP's colours and logo, served as files so that pages need no inline styles."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


def _rgb(colour: str) -> str:
    return ", ".join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5))


@require_safe
def stylesheet(request: Any) -> HttpResponse:
    """The ISP's colours as custom properties; all other tints are derived from them by the style sheet."""
    domain = request.domain
    text = (
        ":root, [data-bs-theme] {\n"
        f"  --tblr-primary: {domain.brand_color};\n"
        f"  --tblr-primary-rgb: {_rgb(domain.brand_color)};\n"
        f"  --perch-accent: {domain.accent_color};\n"
        "}\n"
    )
    headers = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers=headers)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The ISP's logo; 404 while it has none (the page then shows its name)."""
    domain = request.domain  # type: ignore[attr-defined]  # set by DomainMiddleware
    if not domain.logo:
        raise Http404
    headers = {"Cache-Control": "public, max-age=300", "Content-Security-Policy": "sandbox"}
    return HttpResponse(bytes(domain.logo), content_type=domain.logo_type, headers=headers)
