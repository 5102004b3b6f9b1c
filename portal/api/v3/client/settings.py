"""How the ISP looks, for applications that dress in it before anybody has signed in (item 227)."""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import URLPattern, path, reverse
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.v3.schema import answers
from portal.api.v3.views import V3View, one
from tenants import colours
from tenants.models import Domain
from tenants.services import languages
from tenants.services.brand import ICON_SIZES

FONT = "Inter, system-ui, sans-serif"


class BrandShape(TypedDict):
    """Names and pictures; addresses are paths at the same host, null where there is none."""

    title: str
    page_title: str
    logo: str | None
    login_logo: str | None


class ColoursShape(TypedDict):
    """The two that were chosen, and those that follow: words on the main one, and ink on light and on dark pages."""

    main: str
    accent: str
    on_main: str
    ink_light: str
    ink_dark: str


class CompanyShape(TypedDict):
    """What stands at the foot of the sign-in page."""

    footer: str
    address: str
    phone: str
    hours: str


class LocaleShape(TypedDict):
    """A language."""

    code: str
    title: str


class LocalesShape(TypedDict):
    """The language for those whose device speaks none of ours, and all there are."""

    default: str
    available: list[LocaleShape]


class FontsShape(TypedDict):
    """The family of all words."""

    base: str


class UiSettingsShape(TypedDict):
    """All of it. `favicons` are paths by their side in pixels. `map` is null: there is no map."""

    brand: BrandShape
    colors: ColoursShape
    fonts: FontsShape
    favicons: dict[str, str]
    company: CompanyShape
    locales: LocalesShape
    map: None


def picture_path(domain: Domain, kind: str, name: str, **arguments: Any) -> str | None:
    """The path of one of the ISP's pictures, or None."""
    mark = domain.brand_pictures.get(kind)
    return f"{reverse(name, kwargs=arguments or None)}?v={mark}" if mark else None


def ui_shape(domain: Domain) -> UiSettingsShape:
    """What everybody may know of an ISP's looks."""
    derived = colours.derived(domain.brand_color, domain.accent_color)
    icons = {
        str(size): found
        for size in ICON_SIZES
        if (found := picture_path(domain, "favicon", "brand-favicon", size=size))
    }
    return {
        "brand": {
            "title": domain.title,
            "page_title": domain.page_title or domain.title,
            "logo": picture_path(domain, "logo", "brand-logo"),
            "login_logo": picture_path(domain, "login_logo", "brand-login-logo"),
        },
        "colors": {
            "main": domain.brand_color,
            "accent": domain.accent_color,
            "on_main": derived["--perch-on-brand"],
            "ink_light": derived["--perch-ink-light"],
            "ink_dark": derived["--perch-ink-dark"],
        },
        "fonts": {"base": FONT},
        "favicons": icons,
        "company": {
            "footer": domain.footer,
            "address": domain.company_address,
            "phone": domain.company_phone,
            "hours": domain.company_hours,
        },
        "locales": {
            "default": domain.locale,
            "available": [{"code": code, "title": str(name)} for code, name in languages.choices()],
        },
        "map": None,
    }


class UiSettingsView(V3View):
    """`/ui_settings`."""

    noun = "settings"
    authentication_classes = ()
    permission_classes = (Anybody,)  # it dresses the page that signs people in

    @answers(UiSettingsShape, says="How the ISP looks; for anybody", name="ui_settings")
    def get(self, request: Any) -> Response:
        return one(request, ui_shape(request._request.domain), key="brand")


urlpatterns: list[URLPattern] = [path("ui_settings", UiSettingsView.as_view())]
