"""Camera actions (item 107): `/streams/{name}/actions`. Not in the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices import access as camera_access
from devices.models import Camera, CameraAction
from devices.services import actions
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, Fields, Text, Truth, V3View, gone, one, utc_ms
from tenants.errors import Forbidden


class ActionShape(TypedDict):
    """An action. `url` (stars for passwords) and the names of its headers are for the camera's editors; `last_status`
    is the HTTP status of the last run, 0 for no answer."""

    id: int
    title: str
    method: str
    url: str | None
    headers: str | None
    has_body: bool
    is_confirmed: bool
    last_run_at: int | None
    last_status: int | None


class RunShape(TypedDict):
    """What came of a run."""

    status: int
    done: bool


class ActionFields(Fields):
    """What may be set; an address or headers sent back as they were shown are unchanged."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"method": "POST", "headers": "", "body": "", "is_confirmed": False}

    title = serializers.CharField(max_length=100)
    method = serializers.ChoiceField(choices=CameraAction.Method.choices, required=False)
    url = serializers.CharField(max_length=2000)
    headers = Text(max_length=4000, help_text="lines of Name: value")
    body = Text(max_length=8000, help_text="sent by POST only; never shown")
    is_confirmed = Truth(help_text="people are asked before it runs")


class RunFields(Fields):
    """Nothing has to be sent."""


ACTIONS = Collection(
    "actions",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("method", "method"),
        Column("last_run_at", "last_run_at", Kind.MOMENT, nullable=True),
        Column("last_status", "last_status", Kind.WHOLE, nullable=True),
    ),
)
EXAMPLE: ActionShape = {
    "id": 3, "title": "Open the gate", "method": "POST", "url": "http://10.0.0.7/open", "headers": "X-Key: ***",
    "has_body": True, "is_confirmed": True, "last_run_at": 1727183600000, "last_status": 200,
}  # fmt: skip
SENT = {
    "title": "Open the gate", "method": "POST", "url": "http://10.0.0.7/open", "headers": "X-Key: abc",
    "body": "{}", "is_confirmed": True,
}  # fmt: skip


def action_shape(row: CameraAction, *, edit: bool) -> ActionShape:
    """One action."""
    return {
        "id": row.pk,
        "title": row.title,
        "method": row.method,
        "url": actions.masked(row, "url") if edit else None,
        "headers": actions.masked(row, "headers") if edit else None,
        "has_body": bool(row.body_sealed),
        "is_confirmed": row.is_confirmed,
        "last_run_at": utc_ms(row.last_run_at),
        "last_status": row.last_status,
    }


def _seen(request: Asked, name: str) -> tuple[Camera, bool]:
    """The camera, for whoever edits it or may run its actions, and whether he edits it."""
    camera = camera_access.camera_for(request.user, name, "know")
    held = camera_access.rights(request.user, camera)
    if not (held.edit or held.actions):
        raise Forbidden(_("You may not do this with the camera."))
    return camera, held.edit


class ActionsView(V3View):
    """`/streams/{name}/actions`."""

    noun = "actions"

    @lists(ActionShape, ACTIONS, says="What the camera can be asked to do", name="stream_actions_list")
    def get(self, request: Asked, name: str) -> Response:
        camera, edit = _seen(request, name)
        return ACTIONS.answer(
            request, camera.actions.all(), lambda found: [action_shape(row, edit=edit) for row in found]
        )

    @answers(
        ActionShape, fields=ActionFields, status=201, says="Set up an action", name="stream_actions_add",
        example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def post(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        row = actions.add_action(camera, acting_user=request.user, **ActionFields.read(request))
        return one(request, action_shape(row, edit=True), status=201)


class ActionView(V3View):
    """`/streams/{name}/actions/{id}`."""

    noun = "actions"

    @answers(ActionShape, says="One action", name="stream_actions_one", example=EXAMPLE)
    def get(self, request: Asked, name: str, action_id: str) -> Response:
        camera, edit = _seen(request, name)
        return one(request, action_shape(actions.action_of(camera, action_id), edit=edit))

    @answers(ActionShape, fields=ActionFields, says="Change an action", name="stream_actions_save", example=EXAMPLE)
    def put(self, request: Asked, name: str, action_id: str) -> Response:
        row = actions.action_of(camera_access.camera_for(request.user, name, "edit"), action_id)
        fields = ActionFields.read(request, partial=True)
        return one(request, action_shape(actions.change_action(row, acting_user=request.user, **fields), edit=True))

    @answers(EMPTY, says="Take an action away", name="stream_actions_delete")
    def delete(self, request: Asked, name: str, action_id: str) -> Response:
        row = actions.action_of(camera_access.camera_for(request.user, name, "edit"), action_id)
        actions.remove_action(row, acting_user=request.user)
        return gone()


class ActionRunView(V3View):
    """`/streams/{name}/actions/{id}/run`."""

    noun = "actions"

    @answers(
        RunShape, fields=RunFields, says="Run an action; 429: more than five a second", name="stream_actions_run",
        example={"status": 200, "done": True},
    )  # fmt: skip
    def post(self, request: Asked, name: str, action_id: str) -> Response:
        row = actions.action_of(camera_access.camera_for(request.user, name, "actions"), action_id)
        row = actions.run_action(row, acting_user=request.user)
        return Response({"status": row.last_status, "done": actions.is_done(row)})


urlpatterns: list[URLPattern] = [
    path("streams/<path:name>/actions", ActionsView.as_view()),
    path("streams/<path:name>/actions/<action_id>", ActionView.as_view()),
    path("streams/<path:name>/actions/<action_id>/run", ActionRunView.as_view()),
]
