"""Webhooks (item 314): where changes are sent, what was sent and what came back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.audit_log import KINDS
from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_keys import WebhookForm
from tenants.access import as_id
from tenants.errors import Conflict, Missing
from tenants.models import Webhook, WebhookDelivery
from tenants.services import webhooks

METHODS = ["GET", "HEAD", "POST"]
PER_PAGE = 50
State = WebhookDelivery.State
WAITING, PARKED = Q(deliveries__state=State.WAITING), Q(deliveries__state=State.PARKED)


def _webhook(webhook_id: str) -> Webhook:
    found: Webhook | None = Webhook.objects.filter(pk=as_id(webhook_id)).first()
    if found is None:
        raise Missing(_("There is no such webhook."))
    return found


def _counted() -> QuerySet[Any]:
    """Webhooks with how many of their messages wait, and how many were given up."""
    counts = {"waits": Count("deliveries", filter=WAITING), "given_up": Count("deliveries", filter=PARKED)}
    rows: QuerySet[Any] = Webhook.objects.annotate(**counts).order_by("pk")
    return rows


@admins_only
@require_safe
def webhooks_page(request: Request) -> HttpResponse:
    """The ISP's webhooks."""
    return render(request, "webhooks/list.html", {"webhooks": _counted(), "kinds": KINDS})


@never_cache
@admins_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new webhook; its secret is shown this once."""
    form = WebhookForm(request.POST or None)
    made = submit(request, form, lambda _values: webhooks.add_webhook(acting_user=request.user, **form.values()))
    if made is None:
        return render(request, "webhooks/form.html", {"form": form}, status=422 if form.errors else 200)
    return _page(request, made[0], secret=made[1])


@admins_only
@require_safe
def webhook_page(request: Request, webhook_id: str) -> HttpResponse:
    """One webhook and the log of what was sent to it; every state of the view is in the address."""
    return _page(request, _webhook(webhook_id))


def _page(request: Request, webhook: Webhook, **more: Any) -> HttpResponse:
    state = request.GET.get("state", "")
    rows = WebhookDelivery.objects.filter(webhook=webhook).order_by("-pk")
    if state in State.values:
        rows = rows.filter(state=state)
    if request.GET.get("before"):
        rows = rows.filter(pk__lt=as_id(request.GET["before"]))
    found = list(rows[: PER_PAGE + 1])
    context = {
        "webhook": _counted().get(pk=webhook.pk),
        "kinds": [KINDS.get(kind, kind) for kind in webhook.kinds],
        "deliveries": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "state": state,
        "states": State.choices,
        **more,
    }
    return render(request, "webhooks/webhook.html", context)


@admins_only
@require_http_methods(METHODS)
def change(request: Request, webhook_id: str) -> HttpResponse:
    """Address, objects, and the switch."""
    webhook = _webhook(webhook_id)
    form = WebhookForm(request.POST or None, webhook=webhook)
    done = submit(
        request, form, lambda _values: webhooks.change_webhook(webhook, acting_user=request.user, **form.values())
    )
    if done is None:
        context = {"form": form, "webhook": webhook}
        return render(request, "webhooks/form.html", context, status=422 if form.errors else 200)
    messages.success(request, _("The webhook is saved."))
    return redirect("webhook", webhook_id=webhook.pk)


@admins_only
@require_http_methods(METHODS)
def delete(request: Request, webhook_id: str) -> HttpResponse:
    """Forget a webhook, after asking."""
    webhook = _webhook(webhook_id)
    if request.method != "POST":
        return render(request, "webhooks/delete.html", {"webhook": webhook})
    webhooks.delete_webhook(webhook, acting_user=request.user)
    messages.success(request, _("The webhook is deleted."))
    return redirect("webhooks")


@never_cache
@admins_only
@require_http_methods(METHODS)
def renew_secret(request: Request, webhook_id: str) -> HttpResponse:
    """A new secret, after asking; shown this once."""
    webhook = _webhook(webhook_id)
    if request.method != "POST":
        return render(request, "webhooks/secret.html", {"webhook": webhook})
    return _page(request, webhook, secret=webhooks.renew_secret(webhook, acting_user=request.user))


@admins_only
@require_POST
def send_test(request: Request, webhook_id: str) -> HttpResponse:
    """Send a message that speaks of nothing; what came back stands in the log in a moment."""
    webhook = _webhook(webhook_id)
    webhooks.send_test(webhook, acting_user=request.user)
    messages.success(request, _("The test is on its way. Look at the log in a few seconds."))
    return redirect("webhook", webhook_id=webhook.pk)


@admins_only
@require_POST
def send_again(request: Request, webhook_id: str, delivery_id: str) -> HttpResponse:
    """Send one message again."""
    webhook = _webhook(webhook_id)
    delivery = WebhookDelivery.objects.filter(webhook=webhook, pk=as_id(delivery_id)).first()
    if delivery is None:
        raise Missing(_("There is no such message."))
    try:
        webhooks.send_again(delivery)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The message is on its way again."))
    return redirect("webhook", webhook_id=webhook.pk)


@admins_only
@require_POST
def send_parked_again(request: Request, webhook_id: str) -> HttpResponse:
    """Send everything that was given up again."""
    webhook = _webhook(webhook_id)
    count = webhooks.send_parked_again(webhook)
    said = ngettext("%(n)s message is on its way again.", "%(n)s messages are on their way again.", count)
    messages.success(request, said % {"n": count})
    return redirect("webhook", webhook_id=webhook.pk)
