"""The ISP's own settings: brand, rules, API keys (items 172, 173)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_people import KeyForm, SettingsForm
from tenants.access import as_id
from tenants.errors import Missing
from tenants.models import ApiKey
from tenants.services import domains, keys

FIELDS = ("title", "brand_color", "accent_color", "footer", "locale", "timezone", "max_sessions", "legal_name",
          "legal_address", "vat_id")  # fmt: skip


@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: Request) -> HttpResponse:
    """Name, colours, logo, language, time zone, and what stands on invoices."""
    domain = request.domain
    initial = {name: getattr(domain, name) for name in FIELDS}
    form = SettingsForm(request.POST or None, request.FILES or None, initial=initial)
    done = submit(request, form, lambda values: domains.change_settings(domain, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("settings")
    context = {"form": form, **keys_context()}
    return render(request, "settings/settings.html", context, status=422 if form.errors else 200)


def keys_context() -> dict[str, Any]:
    """The ISP's system keys and the form of a new one."""
    return {"keys": ApiKey.objects.filter(user=None), "key_form": KeyForm()}


@admins_only
@never_cache
@require_POST
def add_key(request: Request) -> HttpResponse:
    """A new system key, shown this once."""
    form = KeyForm(request.POST)
    made = submit(request, form, lambda values: keys.add_key(acting_user=request.user, title=values["title"]))
    initial = {name: getattr(request.domain, name) for name in FIELDS}
    context = {"form": SettingsForm(initial=initial), **keys_context()}
    if made is None:
        return render(request, "settings/settings.html", {**context, "key_form": form}, status=422)
    return render(request, "settings/settings.html", {**context, "new_key": made[1]})


@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def delete_key(request: Request, key_id: str) -> HttpResponse:
    """End a system key, after asking."""
    key = ApiKey.objects.filter(user=None, pk=as_id(key_id)).first()
    if key is None:
        raise Missing(_("There is no such key."))
    if request.method != "POST":
        return render(request, "settings/key_delete.html", {"key": key})
    keys.delete_key(key, acting_user=request.user)
    messages.success(request, _("The key is ended."))
    return redirect("settings")
