"""The ISP's colours and pictures, served as files so that pages need no inline styles.

Addresses of pictures carry a digest of what they show (`?v=`), so that browsers may keep them for long.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from tenants import colours
from tenants.errors import Missing
from tenants.services import brand

CACHED = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
KEPT = {**CACHED, "Cache-Control": "public, max-age=31536000, immutable"}
ALONE = {"Content-Security-Policy": "sandbox; default-src 'none'"}
INKS = ("--perch-ink-light", "--perch-ink-dark")


@require_safe
def stylesheet(request: Any) -> HttpResponse:
    """The ISP's colours as custom properties; all other tints are derived from them by the style sheet."""
    domain = request.domain
    values = colours.derived(domain.brand_color, domain.accent_color)
    light, dark = (values.pop(name) for name in INKS)
    rules = "".join(f"  {name}: {value};\n" for name, value in values.items())
    text = (
        f":root, [data-bs-theme] {{\n{rules}}}\n"
        f':root, [data-bs-theme="light"] {{ --brand-ink: {light}; }}\n'
        f'[data-bs-theme="dark"] {{ --brand-ink: {dark}; }}\n'
    )
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers=CACHED)


@require_safe
def picture(request: HttpRequest, kind: str, size: int = 0) -> HttpResponse:
    """One of the ISP's pictures; 404 while it has none (pages then show its name)."""
    try:
        row = brand.picture(kind, size)
    except Missing as error:
        raise Http404 from error
    headers = {**(KEPT if "v" in request.GET else CACHED), **ALONE}
    return HttpResponse(bytes(row.image), content_type=row.image_type, headers=headers)


@require_safe
def mark(request: Any) -> HttpResponse:
    """The ISP's initial on its colour: the tab's icon, and the brand where there is no logo."""
    domain = request.domain
    letter = escape((domain.title.strip() or "P")[0].upper())
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="17" fill="{domain.brand_color}"/>'
        '<text x="32" y="44.5" text-anchor="middle" font-family="Inter,Helvetica,Arial,sans-serif" font-size="35"'
        f' font-weight="700" fill="{colours.words_on(domain.brand_color)}">{letter}</text></svg>'
    )
    return HttpResponse(text, content_type="image/svg+xml", headers={**CACHED, **ALONE})
