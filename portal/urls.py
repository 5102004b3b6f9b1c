"""Where everything is. The next page family: a module in portal/pages, its rows here, a row in the permission table."""

from django.urls import URLPattern, URLResolver, include, path

from portal.api import docs
from portal.pages import brand

handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.urls")),
    path("brand.css", brand.stylesheet, name="brand-css"),
    path("brand/logo", brand.logo, name="brand-logo"),
    path("brand/icon.svg", brand.mark, name="brand-icon"),
    path("api/docs", docs.page, name="api-docs"),
    path("api/v2/schema", docs.schema, name="api-schema"),
    path("vsaas/api/v2/", include("portal.api.v2.urls")),
]
