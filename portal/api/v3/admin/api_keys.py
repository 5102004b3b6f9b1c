"""The ISP's system keys with their limits (items 172, 314)."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.api.v3.client import api_keys as client
from portal.api.v3.views import AdminView, Asked


class KeysView(AdminView, client.KeysView):
    """`/api-keys`."""

    noun = "api_keys"

    def holder(self, request: Asked, *, writes: bool) -> None:
        """The ISP's."""


class KeyView(AdminView, client.KeyView):
    """`/api-keys/{id}`."""

    noun = "api_keys"

    def holder(self, request: Asked, *, writes: bool) -> None:
        """The ISP's."""


urlpatterns: list[URLPattern] = [
    path("api-keys", KeysView.as_view()),
    path("api-keys/<str:key_id>", KeyView.as_view()),
]
