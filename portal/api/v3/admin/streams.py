"""Streams, for the ISP's administrators: as in the client dialect."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.api.v3.client import streams as client
from portal.api.v3.views import AdminView


class StreamsView(AdminView, client.StreamsView):
    """`/streams`."""


class StreamView(AdminView, client.StreamView):
    """`/streams/{name}`."""


class MultieditView(AdminView, client.MultieditView):
    """`/streams/multiedit`."""


urlpatterns: list[URLPattern] = [
    path("streams", StreamsView.as_view()),
    path("streams/multiedit", MultieditView.as_view()),
]
# The last of all, as in the client dialect.
named: list[URLPattern] = [path("streams/<path:name>", StreamView.as_view())]
