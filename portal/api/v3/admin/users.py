"""Users, for the ISP's administrators: as in the client dialect."""

from __future__ import annotations

from django.urls import URLPattern, path

from portal.api.v3.client import users as client
from portal.api.v3.views import AdminView


class UsersView(AdminView, client.UsersView):
    """`/users`."""


class UserView(AdminView, client.UserView):
    """`/users/{id}`."""


class UserKeyView(AdminView, client.UserKeyView):
    """`/users/{id}/apikey`."""


urlpatterns: list[URLPattern] = [
    path("users", UsersView.as_view()),
    path("users/<str:user_id>", UserView.as_view()),
    path("users/<str:user_id>/apikey", UserKeyView.as_view()),
]
