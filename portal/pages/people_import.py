"""Many people at once, by a table from another system (item 185): the page beside the API's import."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, admins_only
from tenants import tables
from tenants.errors import Invalid
from tenants.services.imports import Outcome
from tenants.services.people_import import import_users

METHODS = ["GET", "HEAD", "POST"]
LARGEST = 32 * 1024 * 1024


@admins_only
@require_http_methods(METHODS)
def import_page(request: Request) -> HttpResponse:
    """Take a table in; what was wrong with a line stands beside its number, and all others are kept."""
    outcome = None
    if request.method == "POST":
        try:
            outcome = _taken_in(request)
        except Invalid as error:
            messages.error(request, error.message)
    failed = request.method == "POST" and outcome is None
    return render(request, "users/import.html", {"outcome": outcome}, status=422 if failed else 200)


def _taken_in(request: Request) -> Outcome:
    upload = request.FILES.get("file")
    if upload is None:
        raise Invalid(_("Choose a file first."), field="file")
    if upload.size is None or upload.size > LARGEST:
        raise Invalid(_("The file is too large: at most 32 MB. Send larger ones by the API."), field="file")
    return import_users(tables.read(upload, needs=("login",)), acting_user=request.user)
