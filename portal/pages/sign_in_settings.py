"""The ISP's rules of signing in, and its identity providers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_sign_in import ProviderForm, SignInRulesForm
from portal.pages.oidc import back_address
from tenants.access import as_id
from tenants.errors import Missing
from tenants.models import IdentityProvider
from tenants.services import identity_providers
from tenants.services.sign_in_rules import FIELDS, change_rules

METHODS = ["GET", "HEAD", "POST"]
PROVIDER_FIELDS = ("title", "issuer", "client_id", "adds_people", "is_active")


@admins_only
@require_http_methods(METHODS)
def rules(request: Request) -> HttpResponse:
    """Passwords, sessions, second factors, and who else may say who somebody is."""
    domain = request.domain
    form = SignInRulesForm(request.POST or None, initial={name: getattr(domain, name) for name in FIELDS})
    done = submit(request, form, lambda values: change_rules(domain, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("sign-in-settings")
    context = {"form": form, "providers": IdentityProvider.objects.all()}
    return render(request, "settings/sign_in.html", context, status=422 if form.errors else 200)


def _provider(provider_id: str) -> IdentityProvider:
    row: IdentityProvider | None = IdentityProvider.objects.filter(pk=as_id(provider_id)).first()
    if row is None:
        raise Missing(_("There is no such identity provider."))
    return row


@sensitive_post_parameters("client_secret")
@admins_only
@require_http_methods(METHODS)
def provider_add(request: Request) -> HttpResponse:
    """Trust another identity provider."""
    form = ProviderForm(request.POST or None, initial={"is_active": True})
    done = submit(request, form, lambda values: identity_providers.add_provider(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is on the sign-in page now.") % {"title": done.title})
        return redirect("sign-in-settings")
    return _provider_page(request, form, None)


@sensitive_post_parameters("client_secret")
@admins_only
@require_http_methods(METHODS)
def provider_change(request: Request, provider_id: str) -> HttpResponse:
    """An identity provider's settings."""
    row = _provider(provider_id)
    initial = {name: getattr(row, name) for name in PROVIDER_FIELDS}
    form = ProviderForm(request.POST or None, initial=initial, has_secret=bool(row.client_secret_sealed))
    done = submit(
        request, form, lambda values: identity_providers.change_provider(row, acting_user=request.user, **values)
    )
    if done is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("sign-in-settings")
    return _provider_page(request, form, row)


def _provider_page(request: Request, form: ProviderForm, row: IdentityProvider | None) -> HttpResponse:
    context = {"form": form, "provider": row, "back": back_address(request)}
    return render(request, "settings/provider.html", context, status=422 if form.errors else 200)


@admins_only
@require_http_methods(METHODS)
def provider_delete(request: Request, provider_id: str) -> HttpResponse:
    """Trust a provider no more, after asking."""
    row = _provider(provider_id)
    if request.method != "POST":
        return render(request, "settings/provider_delete.html", {"provider": row})
    identity_providers.delete_provider(row, acting_user=request.user)
    messages.success(request, _("The identity provider is removed."))
    return redirect("sign-in-settings")
