"""Long lists taken in at once: users and cameras, as CSV or JSON (items 186, 198, 205)."""

from __future__ import annotations

import hashlib
from tempfile import SpooledTemporaryFile
from typing import IO, Any, TypedDict

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.services.camera_import import import_cameras
from portal.api.schema import answers
from portal.api.v2.views import Asked, V2View
from tenants import access, tables
from tenants.errors import Forbidden, Invalid
from tenants.models import User
from tenants.services.imports import Outcome
from tenants.services.people_import import import_users

LARGEST = 64 * 1024 * 1024  # bytes: 100,000 cameras with all columns are 30 MB
IN_MEMORY = 1024 * 1024
PIECE = 65_536
BODIES = {
    "text/csv": {"type": "string", "description": "a line of column names, then a line each; commas or semicolons"},
    "application/json": {"type": "array", "items": {"type": "object", "additionalProperties": True}},
}


class ImportShape(TypedDict):
    """What a list did. `errors`: the reason why a line was not taken, by its number; the others were."""

    created: int
    updated: int
    deleted: int
    errors: dict[str, str]


def import_shape(outcome: Outcome) -> ImportShape:
    """An outcome as the dialect shows it."""
    return {
        "created": outcome.created,
        "updated": outcome.updated,
        "deleted": outcome.deleted,
        "errors": outcome.errors,
    }


def spooled(request: Any, *, largest: int = LARGEST) -> tuple[IO[bytes], str]:
    """A request's body in a file (in memory while it is small), and its SHA-256. Read in pieces, whatever its size."""
    found, file = hashlib.sha256(), SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    size = 0
    while piece := request.read(PIECE):
        size += len(piece)
        if size > largest:
            raise Invalid(_("The list is too long: at most %(n)s MB.") % {"n": largest // 1024 // 1024})
        found.update(piece)
        file.write(piece)
    file.seek(0)
    return file, found.hexdigest()


class ListBody(APIView):
    """For views that take a long list: its body is spooled once and never in memory as a whole."""

    _spooled: tuple[IO[bytes], str] | None = None

    def list_body(self, request: Request) -> tuple[IO[bytes], str]:
        """The body's file and digest."""
        if self._spooled is None:
            self._spooled = spooled(request._request)
        return self._spooled

    def body_digest(self, request: Request) -> str:
        """See `portal.api.idempotency`."""
        return self.list_body(request)[1]


class ImportView(ListBody, V2View):
    """A view that takes in a list."""

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Without the look at the body that chunked requests need elsewhere."""
        return APIView.initialize_request(self, request, *args, **kwargs)


class UsersImportView(ImportView):
    """`/users/import`."""

    noun = "users"

    @answers(
        ImportShape,
        fields=BODIES,
        query={"type": "csv; what is sent is recognised without it"},
        says="Take in users from another system",
        name="users_import",
    )
    def post(self, request: Asked) -> Response:
        access.require_admin(request.user)
        lines = tables.read(self.list_body(request)[0], needs=("login",))
        return Response(import_shape(import_users(lines, acting_user=request.user)))


def _require_camera_editor(user: User) -> None:
    """Let those pass who edit cameras anywhere; each line asks again for its own place."""
    if not user.is_system and not access.organizations_where(user, "edit_cameras").exists():
        raise Forbidden(_("You may not add cameras."))


class CamerasImportView(ImportView):
    """`/cameras/import`."""

    noun = "cameras"

    @answers(ImportShape, fields=BODIES, says="Take in cameras from another system", name="cameras_import")
    def post(self, request: Asked) -> Response:
        _require_camera_editor(request.user)
        lines = tables.read(self.list_body(request)[0])
        return Response(import_shape(import_cameras(lines, acting_user=request.user)))
