"""The ISP's own settings: its name, language and day, and what stands on its invoices (item 172). Brand, words, signing
in, mail and keys have pages of their own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, settings_editors, submit
from portal.pages.forms_settings import GeneralForm
from tenants.services import domains

FIELDS = ("title", "locale", "timezone", "legal_name", "legal_address", "vat_id", "analytics_key")


@settings_editors
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: Request) -> HttpResponse:
    """Name, language, time zone, and what stands on invoices."""
    domain = request.domain
    form = GeneralForm(request.POST or None, initial={name: getattr(domain, name) for name in FIELDS})
    done = submit(request, form, lambda values: domains.change_settings(domain, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("settings")
    return render(request, "settings/settings.html", {"form": form}, status=422 if form.errors else 200)
