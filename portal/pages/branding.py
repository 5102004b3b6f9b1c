"""How the ISP looks (item 173): colours, pictures, what stands at the foot; shown as it is chosen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.common import Request, settings_editors, submit
from portal.pages.forms_settings import BrandForm
from tenants import colours
from tenants.errors import Invalid
from tenants.images import LARGEST
from tenants.models import BrandPicture
from tenants.models.domains import COLOUR
from tenants.services import brand, domains

FIELDS = (
    "page_title", "brand_color", "accent_color", "footer", "company_address", "company_phone", "company_hours",
)  # fmt: skip


@settings_editors
@require_http_methods(["GET", "HEAD", "POST"])
def branding_page(request: Request) -> HttpResponse:
    """The form and what it makes of the pages."""
    domain = request.domain
    initial = {name: getattr(domain, name) for name in FIELDS}
    form = BrandForm(request.POST or None, request.FILES or None, initial=initial)
    done = submit(request, form, lambda values: _save(request, values))
    if done is not None:
        messages.success(request, _("The brand is saved."))
        return redirect("branding")
    context = {"form": form, "pictures": domain.brand_pictures}
    return render(request, "settings/branding.html", context, status=422 if form.errors else 200)


def _save(request: Request, values: dict[str, Any]) -> bool:
    for kind in BrandPicture.Kind.values:
        upload, remove = values.pop(kind), values.pop(f"remove_{kind}")
        if isinstance(upload, UploadedFile):
            brand.set_picture(request.domain, kind, upload.read(LARGEST + 1), acting_user=request.user)
        elif remove:
            brand.remove_picture(request.domain, kind, acting_user=request.user)
    domains.change_settings(request.domain, acting_user=request.user, **values)
    return True


@settings_editors
@require_safe
def derived_colours(request: Request) -> HttpResponse:
    """What follows from two colours, for the preview."""
    chosen = [request.GET.get(name, "") for name in ("main", "accent")]
    try:
        for colour in chosen:
            COLOUR(colour)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from error
    return JsonResponse(colours.derived(*chosen))
