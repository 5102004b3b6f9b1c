"""ISPs: the list with what each one is and how it fares, opening one, its addresses, suspending it, entering it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.services import figures
from devices.services import opening
from portal.installation.common import Request, administrators_only
from portal.installation.forms import AdminForm, HostsForm, IspForm, SupportForm
from portal.pages.common import one_page, submit
from tenants import access
from tenants.models import Domain
from tenants.services import installation_log, isps, support

METHODS = ["GET", "HEAD", "POST"]
PAGE = 50


@administrators_only
@require_safe
def isps_page(request: Request) -> HttpResponse:
    """All ISPs."""
    query = request.GET.get("q", "")[:200].strip()
    page = one_page(request, isps.isps(query), PAGE)
    return render(request, "installation/isps.html", {"page": page, "query": query})


@administrators_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """Open an ISP and invite its administrator."""
    form = IspForm(request.POST or None)
    made = submit(request, form, lambda values: opening.open_isp(administrator=request.administrator, **values))
    if made is None:
        return render(request, "installation/isp_add.html", {"form": form}, status=422 if form.errors else 200)
    domain, secret = made
    figures.count(domain)
    return _invited(request, domain, form.cleaned_data["admin_email"], secret)


def _invited(request: Request, domain: Domain, email: str, secret: str) -> HttpResponse:
    """Where no mail can leave, the link is shown, this once; else only its reader has it."""
    if settings.PERCH_SMTP["host"]:
        text = _("An invitation is on its way to %(email)s.") % {"email": email}
        messages.success(request, text)
        return redirect("isp", isp_id=domain.pk)
    link = address_of(domain, f"/vsaas/activate/{secret}")
    return render(request, "installation/invited.html", {"isp": domain, "email": email, "link": link})


def address_of(domain: Domain, path: str) -> str:
    """An address at the ISP, as a browser reaches it."""
    port = "" if settings.PERCH_SCHEME == "https" else f":{settings.PORT}"
    return f"{settings.PERCH_SCHEME}://{domain.base_host}{port}{path}"


@administrators_only
@require_safe
def isp_page(request: Request, isp_id: str) -> HttpResponse:
    """One ISP."""
    return _page(request, isps.isp(access.as_id(isp_id)))


def _page(request: Request, domain: Domain, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "isp": domain,
        "figures": getattr(domain, "figures", None),
        "hosts": isps.hosts_of(domain),
        "hosts_form": HostsForm(initial={"hosts": "\n".join(isps.hosts_of(domain))}),
        "support_form": SupportForm(),
        "admin_form": AdminForm(),
        "entries": installation_log.entries(domain, limit=20),
        **more,
    }
    return render(request, "installation/isp.html", context, status=status)


@administrators_only
@require_POST
def change_hosts(request: Request, isp_id: str) -> HttpResponse:
    """Save the host names."""
    domain = isps.isp(access.as_id(isp_id))
    form = HostsForm(request.POST)
    done = submit(request, form, lambda values: _set_hosts(request, domain, values["hosts"]))
    if done is None:
        return _page(request, domain, hosts_form=form, status=422)
    messages.success(request, _("The host names are saved."))
    return redirect("isp", isp_id=domain.pk)


def _set_hosts(request: Request, domain: Domain, hosts: list[str]) -> bool:
    isps.set_hosts(domain, hosts, administrator=request.administrator)
    return True


@administrators_only
@require_http_methods(METHODS)
def switch(request: Request, isp_id: str) -> HttpResponse:
    """Suspend an ISP, after asking, or let it go on."""
    domain = isps.isp(access.as_id(isp_id))
    if request.method != "POST":
        return render(request, "installation/switch.html", {"isp": domain})
    isps.set_active(domain, request.POST.get("active") == "1", administrator=request.administrator)
    messages.success(request, _("The ISP goes on.") if domain.is_active else _("The ISP is suspended."))
    return redirect("isp", isp_id=domain.pk)


@administrators_only
@require_POST
def invite(request: Request, isp_id: str) -> HttpResponse:
    """Invite the first administrator again, until one has come in."""
    domain = isps.isp(access.as_id(isp_id))
    form = AdminForm(request.POST)
    done = submit(
        request, form, lambda values: opening.invite_again(domain, administrator=request.administrator, **values)
    )
    if done is None:
        return _page(request, domain, admin_form=form, status=422)
    return _invited(request, domain, form.cleaned_data["admin_email"], done)


@administrators_only
@require_POST
def enter(request: Request, isp_id: str) -> HttpResponse:
    """Ask for support access: the next page holds the link that enters the ISP, once."""
    domain = isps.isp(access.as_id(isp_id))
    form = SupportForm(request.POST)
    begun = submit(
        request,
        form,
        lambda values: support.start(
            domain,
            administrator=request.administrator,
            reason=values["reason"],
            lasts=timedelta(minutes=values["minutes"]),
        ),
    )
    if begun is None:
        return _page(request, domain, support_form=form, status=422)
    stay, secret = begun
    link = address_of(domain, reverse("support-enter", args=[secret], urlconf=settings.ROOT_URLCONF))
    return render(request, "installation/enter.html", {"isp": domain, "stay": stay, "link": link})


@administrators_only
@require_safe
def log_page(request: Request) -> HttpResponse:
    """What super administrators did, newest first."""
    before = request.GET.get("before", "")
    entries = installation_log.entries(before=access.as_id(before) if before else None, limit=PAGE + 1)
    older = entries[PAGE - 1].pk if len(entries) > PAGE else None
    return render(request, "installation/log.html", {"entries": entries[:PAGE], "older": older})
