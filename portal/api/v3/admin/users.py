"""Users, for the ISP's administrators: as in the client dialect."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.services import people
from portal.api.v2.imports import ListBody
from portal.api.v3.client import users as client
from portal.api.v3.client.stream_import import BODIES
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, Asked, Fields, Identifier, Number, one
from tenants import access, tables
from tenants.services import autologin
from tenants.services.people_import import import_users


class MergeFields(Fields):
    """The other account of the same person: its rights pass on, it is deleted."""

    user_id = Identifier(required=True)


class AutologinFields(Fields):
    """Until when the token is good, and how long the session lasts that it opens."""

    valid_till = Number(allow_null=True, max_value=2**53, help_text="utc_ms; a minute from now if absent")
    lifetime = Number(allow_null=True, help_text="seconds; as any other session if absent or 0")


class AutologinShape(TypedDict):
    """A token for `POST /vsaas/autologin`, good once."""

    autologin_token: str


class ImportedPeopleShape(TypedDict):
    """What a list did. `errors` is there if there are any: why a line was not taken, by its number."""

    created: int
    updated: int
    deleted: int
    errors: NotRequired[dict[str, str]]


class UsersView(AdminView, client.UsersView):
    """`/users`."""


class UserView(AdminView, client.UserView):
    """`/users/{id}`."""


class UserKeyView(AdminView, client.UserKeyView):
    """`/users/{id}/apikey`."""


class UserMergeView(AdminView):
    """`/users/{id}/merge`."""

    noun = "users"

    @answers(client.UserShape, fields=MergeFields, says="Unite two accounts of one person", name="users_merge")
    def post(self, request: Asked, user_id: str) -> Response:
        asking = request.user
        kept = access.user_for(asking, user_id)
        other = access.user_for(asking, MergeFields.read(request)["user_id"])
        row = people.merge_users(kept, other, acting_user=asking)
        return one(request, client.user_shapes(asking, [row])[0])


class UserAutologinView(AdminView):
    """`/users/{id}/autologin_token`."""

    noun = "letting_in"

    @answers(AutologinShape, fields=AutologinFields, status=201, says="A token that signs somebody in",
             name="users_autologin")  # fmt: skip
    def post(self, request: Asked, user_id: str) -> Response:
        person, fields = access.user_for(request.user, user_id), AutologinFields.read(request)
        until = fields.get("valid_till")
        text = autologin.issue(
            person,
            acting_user=request.user,
            valid_till=until // 1000 if until else None,
            lifetime=fields.get("lifetime"),
        )
        return Response({"autologin_token": text}, status=201)


class UsersImportView(ListBody, AdminView):
    """`/users/import`."""

    noun = "users"

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Without the look at the body that chunked requests need elsewhere: this one is read in pieces."""
        return APIView.initialize_request(self, request, *args, **kwargs)

    @answers(ImportedPeopleShape, fields=BODIES, says="Take in users from a CSV file", name="users_import")
    def post(self, request: Asked) -> Response:
        lines = tables.read(self.list_body(request)[0], needs=("login",))
        outcome = import_users(lines, acting_user=request.user)
        shape: ImportedPeopleShape = {
            "created": outcome.created,
            "updated": outcome.updated,
            "deleted": outcome.deleted,
        }
        if outcome.errors:
            shape["errors"] = outcome.errors
        return Response(shape)


urlpatterns: list[URLPattern] = [
    path("users/import", UsersImportView.as_view()),
    path("users/<str:user_id>/merge", UserMergeView.as_view()),
    path("users/<str:user_id>/autologin_token", UserAutologinView.as_view()),
    path("users", UsersView.as_view()),
    path("users/<str:user_id>", UserView.as_view()),
    path("users/<str:user_id>/apikey", UserKeyView.as_view()),
]
