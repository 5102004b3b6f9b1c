"""Organizations, for the ISP's administrators: as in the client dialect."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.api.v3.client import organizations as client
from portal.api.v3.client import presets
from portal.api.v3.views import AdminView


class OrganizationsView(AdminView, client.OrganizationsView):
    """`/organizations`."""


class OrganizationView(AdminView, client.OrganizationView):
    """`/organizations/{id}`."""


class OrganizationPresetsView(AdminView, presets.OrganizationPresetsView):
    """`/organizations/{id}/presets`."""


class OrganizationPresetView(AdminView, presets.OrganizationPresetView):
    """`/organizations/{id}/presets/{preset_id}`."""


urlpatterns: list[URLPattern] = [
    path("organizations", OrganizationsView.as_view()),
    path("organizations/<str:organization_id>", OrganizationView.as_view()),
    path("organizations/<str:organization_id>/presets", OrganizationPresetsView.as_view()),
    path("organizations/<str:organization_id>/presets/<str:preset_id>", OrganizationPresetView.as_view()),
]
