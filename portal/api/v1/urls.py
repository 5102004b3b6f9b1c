"""The billing dialect of VSAAS.IO (manual 4.8.6; items 207-211)."""

from django.urls import URLPattern, URLResolver, path

from portal.api.v1 import organizations, tariff_plans
from portal.api.v1.views import NotFoundView

urlpatterns: list[URLPattern | URLResolver] = [
    path("tariff_plans", tariff_plans.TariffPlansView.as_view()),
    path("organizations", organizations.OrganizationsView.as_view()),
    path("organizations/<str:organization_id>", organizations.OrganizationView.as_view()),
    path("<path:rest>", NotFoundView.as_view()),
]
