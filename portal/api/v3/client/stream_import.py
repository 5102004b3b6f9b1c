"""Cameras taken in from a CSV file (item 205), by the rules of the v2 dialect's import."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.services.camera_import import import_cameras
from portal.api.v2.imports import ListBody
from portal.api.v3.schema import answers
from portal.api.v3.views import Asked, V3View
from tenants import access, tables
from tenants.errors import Forbidden

BODIES = {"text/csv": {"type": "string", "description": "a line of column names, then a line each"}}
SENT = (
    "name,title,comment,static,disabled,inputs_0_url,inputs_1_url,dvr_expiration,dvr_episodes_expiration,"
    "dvr_storage_limit,dvr_redundancy_factor,vision_alg,vision_areas,organization_id,coordinates_latitude,"
    "coordinates_longitude,is_test,onvif_ptz\n"
    "cam-e7fee73458,Primary camera title,,true,false,rtsp://127.0.0.1/stream/main,rtsp://127.0.0.1/stream/sub,86400,"
    "259200,32212254720,3,faces,x1 y1,1,55.71182944518981,37.7775426954031,false,false\n"
)


class ImportedShape(TypedDict):
    """What a list did. `errors` is there if there are any: why a line was not taken, by its number."""

    created: int
    updated: int
    errors: NotRequired[dict[str, str]]


class StreamsImportView(ListBody, V3View):
    """`/streams/import`."""

    noun = "streams"

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Without the look at the body that chunked requests need elsewhere: this one is read in pieces."""
        return APIView.initialize_request(self, request, *args, **kwargs)

    @answers(
        ImportedShape, fields=BODIES, says="Take in cameras from a CSV file", name="streams_import",
        example={"created": 2, "updated": 0}, sent=SENT,
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        user = request.user
        if not user.is_system and not access.organizations_where(user, "edit_cameras").exists():
            raise Forbidden(_("You may not add cameras."))
        outcome = import_cameras(tables.read(self.list_body(request)[0]), acting_user=user)
        shape: ImportedShape = {"created": outcome.created, "updated": outcome.updated}
        if outcome.errors:
            shape["errors"] = outcome.errors
        return Response(shape)


urlpatterns: list[URLPattern] = [path("streams/import", StreamsImportView.as_view())]
