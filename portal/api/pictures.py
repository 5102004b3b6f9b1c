"""Pictures that people sent, as APIs give them back."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from tenants import access
from tenants.errors import Missing
from tenants.models import FloorPlan, User


def floor_plan(asking: User, organization_id: str, folder_id: str) -> HttpResponse:
    """The picture of a folder, for whoever may see the folder; else Missing. It was redrawn when it came; all the same
    it may run nothing (T24)."""
    organization = access.organization_for(asking, organization_id)
    seen = access.visible_folders(asking, organization).filter(pk=access.as_id(folder_id))
    plan = FloorPlan.objects.filter(folder__in=seen).first()
    if plan is None:
        raise Missing(_("The folder has no floor plan."))
    answer = HttpResponse(bytes(plan.image), content_type=plan.image_type)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, max-age=3600"
    return answer
