"""The pictures of the brand (item 173): beside the colours and words of `domain_config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.views import Asked, Fields, SettingsEditorView, domain_of, gone
from tenants.errors import Missing
from tenants.models import BrandPicture
from tenants.services import brand, floor_plans


class PictureShape(TypedDict):
    """A picture that is shown from now on; `mark` is another one for another picture."""

    kind: str
    mark: str


class PictureFields(Fields):
    """A PNG, JPEG, WebP or GIF in base64, at most 2 MB. It is drawn anew: places and programs inside are not kept."""

    file = serializers.CharField()


def _kind(text: str) -> str:
    if text not in BrandPicture.Kind.values:
        raise Missing(_("There is no such picture."))
    return text


class BrandPictureView(SettingsEditorView):
    """`/brand_pictures/{kind}`: logo, login_logo or favicon."""

    noun = "settings"
    names: ClassVar[Mapping[str, str]] = dict.fromkeys(BrandPicture.Kind.values, "file")

    @answers(PictureShape, fields=PictureFields, says="Show a picture of the brand", name="brand_pictures_save")
    def put(self, request: Asked, kind: str) -> Response:
        domain = domain_of(request)
        content = floor_plans.decoded(PictureFields.read(request)["file"], "file")
        brand.set_picture(domain, _kind(kind), content, acting_user=request.user)
        return Response({"kind": kind, "mark": domain.brand_pictures[kind]})

    @answers(EMPTY, says="Show ours again", name="brand_pictures_delete")
    def delete(self, request: Asked, kind: str) -> Response:
        domain = domain_of(request)
        brand.remove_picture(domain, _kind(kind), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [path("brand_pictures/<str:kind>", BrandPictureView.as_view())]
