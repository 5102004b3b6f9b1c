"""The ISP's colours and logo, served as files so that pages need no inline styles."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.http import require_safe

CACHED = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _readable_on(colour: str) -> str:
    """White as long as it stands out enough on a colour (3:1, the contrast formula of WCAG 2), else near-black."""
    linear = [part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _channels(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) >= 3 else "#101828"


@require_safe
def stylesheet(request: Any) -> HttpResponse:
    """The ISP's colours as custom properties; all other tints are derived from them by the style sheet."""
    domain = request.domain
    text = (
        ":root, [data-bs-theme] {\n"
        f"  --tblr-primary: {domain.brand_color};\n"
        f"  --tblr-primary-rgb: {', '.join(map(str, _channels(domain.brand_color)))};\n"
        f"  --perch-on-brand: {_readable_on(domain.brand_color)};\n"
        f"  --perch-accent: {domain.accent_color};\n"
        "}\n"
    )
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers=CACHED)


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The ISP's logo; 404 while it has none (the page then shows its name)."""
    domain = request.domain  # type: ignore[attr-defined]  # set by DomainMiddleware
    if not domain.logo:
        raise Http404
    headers = {**CACHED, "Content-Security-Policy": "sandbox"}
    return HttpResponse(bytes(domain.logo), content_type=domain.logo_type, headers=headers)


@require_safe
def mark(request: Any) -> HttpResponse:
    """The ISP's initial on its colour: the tab's icon, and the brand where there is no logo."""
    domain = request.domain
    letter = escape((domain.title.strip() or "P")[0].upper())
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="17" fill="{domain.brand_color}"/>'
        '<text x="32" y="44.5" text-anchor="middle" font-family="Inter,Helvetica,Arial,sans-serif" font-size="35"'
        f' font-weight="700" fill="{_readable_on(domain.brand_color)}">{letter}</text></svg>'
    )
    return HttpResponse(text, content_type="image/svg+xml", headers={**CACHED, "Content-Security-Policy": "sandbox"})
