"""Webhooks: where an ISP wants its changes sent, and what was sent (item 314). `posting` does the sending."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock
from tenants.addresses import AddressRefused, camera_policy, check_literal
from tenants.errors import Conflict, Invalid, LimitReached
from tenants.models import Domain, User, Webhook, WebhookDelivery
from tenants.scoping import current_domain_id
from tenants.secrets import new_secret
from tenants.services import changes
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "url", "kinds", "is_active"})
MOST = 20  # webhooks of one ISP
PORTS = {"http": 80, "https": 443}
TEST = "test"
LIFETIME = timedelta(hours=24)  # how long a message is tried
BY_HAND = timedelta(minutes=5)  # the same for one that somebody sends again himself
State = WebhookDelivery.State


@transaction.atomic
def add_webhook(
    *, acting_user: User | None, url: str, title: str = "", kinds: list[str] | None = None, is_active: bool = True
) -> tuple[Webhook, str]:
    """Tell an address of all changes from now on; `kinds` are types of objects, none is all.

    The secret its messages are signed with is returned once and never again.
    """
    if Webhook.objects.count() >= MOST:
        raise LimitReached(_("There may be %(n)s webhooks.") % {"n": MOST})
    changes.seal()
    row = Webhook(domain_id=current_domain_id(), position=changes.head())
    secret = new_secret("whsec_")
    row.secret = secret
    _set(row, {"url": url, "title": title, "kinds": kinds or [], "is_active": is_active})
    audit.created(row, acting_user=acting_user)
    return row, secret


@transaction.atomic
def change_webhook(webhook: Webhook, *, acting_user: User | None, **values: Any) -> Webhook:
    """Change a webhook. Switched off, it gives up what waits. Switched on again, it begins with what is changed from
    now on; the feed has the rest."""
    row: Webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    before, was_active = audit.snapshot(row), row.is_active
    if values.get("is_active") and not was_active:
        changes.seal()
        row.position = changes.head()
        row.stopped_at, row.stopped_because, row.parked = None, "", 0
    if not values.get("is_active", True):
        row.deliveries.filter(state=State.WAITING).update(state=State.PARKED)
    if values.get("is_active", was_active) and (not was_active or values.get("url", row.url) != row.url):
        row.failures, row.next_attempt_at = 0, None
    _set(row, values)
    audit.changed(row, {**audit.snapshot(row), **_ours(before)}, acting_user=acting_user)
    return row


def _ours(before: dict[str, Any]) -> dict[str, Any]:
    """What people change; the state of sending is no change of the webhook."""
    return {name: value for name, value in before.items() if name in FIELDS}


@transaction.atomic
def renew_secret(webhook: Webhook, *, acting_user: User | None) -> str:
    """A new secret, returned once; messages are signed with it from now on."""
    row: Webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    before = audit.snapshot(row)
    secret = new_secret("whsec_")
    row.secret = secret
    row.save(update_fields=["secret_sealed"])
    audit.changed(row, before, acting_user=acting_user)
    return secret


@transaction.atomic
def delete_webhook(webhook: Webhook, *, acting_user: User | None) -> None:
    """Forget an address, with the log of what was sent to it."""
    audit.deleted(webhook, acting_user=acting_user)
    WebhookDelivery.objects.filter(webhook=webhook).delete()
    webhook.delete()
    _tell_worker()


def _set(row: Webhook, values: dict[str, Any]) -> None:
    assign(row, values, FIELDS)
    _check_url(row.url)
    row.kinds = sorted({kind[:50] for kind in row.kinds})
    check(row)
    row.save()
    _tell_worker()


def _tell_worker() -> None:
    """The worker looks into this ISP while it has a webhook that is switched on."""
    domain_id = current_domain_id()
    Domain.objects.filter(pk=domain_id).update(has_webhooks=Webhook.objects.filter(is_active=True).exists())


def _check_url(url: str) -> None:
    """http or https, no login inside, and no address that this installation may not dial (T17)."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in PORTS or not parts.hostname or not port:
        raise Invalid(_("Write an address like https://crm.example/perch."), field="url")
    if parts.username or parts.password:
        raise Invalid(_("No login in the address, please: messages are signed."), field="url")
    try:
        check_literal(parts.hostname, port, camera_policy())
    except AddressRefused as error:
        raise Invalid(_("This address is outside the networks that may be reached."), field="url") from error


@transaction.atomic
def send_test(webhook: Webhook, *, acting_user: User | None) -> WebhookDelivery:
    """Send a message that speaks of nothing, also to an address that is switched off."""
    now = clock.now()
    number = uuid.uuid4()
    body = {"id": str(number), "type": TEST, "created_at": int(now.timestamp()), "webhook": webhook.pk,
            "sent_by": acting_user.login if acting_user else ""}  # fmt: skip
    row: WebhookDelivery = WebhookDelivery.objects.create(
        domain_id=current_domain_id(),
        webhook=webhook,
        number=number,
        kind=TEST,
        object_key=f"{TEST}:{number}",
        body=json.dumps(body),
        created_at=now,
        expires_at=now + BY_HAND,
        next_attempt_at=now,
    )
    _wake(webhook)
    return row


@transaction.atomic
def send_again(delivery: WebhookDelivery) -> WebhookDelivery:
    """Try a message once more, under its old number: whoever has it already will know it."""
    row: WebhookDelivery = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
    if row.state == State.WAITING and row.next_attempt_at <= clock.now():
        raise Conflict(_("It is about to be sent."))
    now = clock.now()
    row.state, row.next_attempt_at = State.WAITING, now
    row.expires_at = max(row.expires_at, now + BY_HAND)
    row.save(update_fields=["state", "next_attempt_at", "expires_at"])
    _wake(row.webhook)
    return row


@transaction.atomic
def send_parked_again(webhook: Webhook) -> int:
    """Try everything that was given up once more, in its old order; returns how many messages."""
    now = clock.now()
    parked = WebhookDelivery.objects.filter(webhook=webhook, state=State.PARKED).exclude(kind=TEST)
    count = parked.update(state=State.WAITING, next_attempt_at=now, expires_at=now + LIFETIME)
    _wake(webhook)
    return int(count)


def _wake(webhook: Webhook) -> None:
    """Somebody wants it sent now: the pause after failures is over, and the worker looks here."""
    Webhook.objects.filter(pk=webhook.pk).update(next_attempt_at=None)
    Domain.objects.filter(pk=current_domain_id()).update(has_webhooks=True)
