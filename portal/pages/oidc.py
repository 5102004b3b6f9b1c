"""Signing in by an identity provider of the ISP: there and back again."""

from __future__ import annotations

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.doors import Door
from portal.pages.forms import LoginForm
from portal.pages.session import login_page, own_path, welcome
from tenants import clock, oidc
from tenants.access import as_id
from tenants.errors import Missing, PerchError, Unauthenticated
from tenants.models import IdentityProvider
from tenants.services import identity_providers, sign_in

ERRAND = "errand"
AWAY_SECONDS = 600


def back_address(request: Any) -> str:
    """Our own address that providers send people back to; it stands in their settings."""
    return f"{settings.PERCH_SCHEME}://{request.get_host()}{reverse('oidc-back')}"


@never_cache
@require_safe
def leave(request: Any, provider_id: str) -> HttpResponse:
    """Send somebody to the provider. A session of nobody keeps what the answer must match."""
    provider = IdentityProvider.objects.filter(is_active=True, pk=as_id(provider_id)).first()
    if provider is None:
        raise Missing(_("There is no such identity provider."))
    errand = oidc.Errand.new()
    try:
        address = oidc.address(provider, errand, back=back_address(request))
    except PerchError as error:
        return _failed(request, error)
    request.session[ERRAND] = {
        "provider": provider.pk,
        "state": errand.state,
        "nonce": errand.nonce,
        "verifier": errand.verifier,
        "until": clock.timestamp() + AWAY_SECONDS,
        "target": own_path(request.GET.get("next", "")),
    }
    return HttpResponseRedirect(address)


@never_cache
@require_safe
def come_back(request: Any) -> HttpResponse:
    """Somebody is back, with a code for whoever sent him."""
    kept = request.session.pop(ERRAND, None)
    try:
        if not kept or kept["until"] < clock.timestamp():
            raise Unauthenticated(_("That took too long. Try again."))
        if not hmac.compare_digest(request.GET.get("state", "").encode(), kept["state"].encode()):
            raise oidc.NotBelieved(_("The provider's answer was meant for somebody else."))
        provider = IdentityProvider.objects.filter(is_active=True, pk=kept["provider"]).first()
        if provider is None or request.GET.get("error") or not request.GET.get("code"):
            raise Unauthenticated(_("The provider did not let you sign in."))
        errand = oidc.Errand(kept["state"], kept["nonce"], kept["verifier"])
        code = request.GET["code"].replace("\x00", "")
        claims = oidc.redeem(provider, errand, code=code, back=back_address(request))
        user = identity_providers.identify(provider, claims)
        return welcome(request, user, door=Door.OIDC, target=kept["target"])
    except PerchError as error:
        sign_in.note("", Door.OIDC, sign_in.Result.REFUSED)
        return _failed(request, error)


def _failed(request: Any, error: PerchError) -> HttpResponse:
    """The sign-in page again, with what went wrong in words."""
    form = LoginForm({"login": "", "password": ""})
    form.errors.clear()
    form.add_error(None, error.message)
    return login_page(request, form, status=422)
