"""Where everything is. The next page family: a module in portal/pages, its rows here, a row in the permission table."""

from django.urls import URLPattern, URLResolver, include, path

from portal.api import docs
from portal.pages import brand

handler404 = "portal.pages.errors.not_found"
handler500 = "portal.pages.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.urls")),
    path("brand.css", brand.stylesheet, name="brand-css"),
    path("brand/logo", brand.picture, {"kind": "logo"}, name="brand-logo"),
    path("brand/login-logo", brand.picture, {"kind": "login_logo"}, name="brand-login-logo"),
    path("brand/icon-<int:size>.png", brand.picture, {"kind": "favicon"}, name="brand-favicon"),
    path("brand/icon.svg", brand.mark, name="brand-icon"),
    path("api/docs", docs.page, name="api-docs"),
    path("api/<str:dialect>/schema", docs.schema, name="api-schema"),
    path("api/v1/", include("portal.api.v1.urls")),
    path("vsaas/api/v2/", include("portal.api.v2.urls")),
    path("", include("portal.api.v3.urls")),
]
