"""Sending webhooks' messages: from the change feed, in order an object, at least once, signed (item 314, F25).

    feed ──collect──▶ deliveries (waiting) ──due──▶ attempt ──settle──▶ delivered | waiting, later | given up

A round takes every webhook that has something due and is in no other round's hands, and serves them side by side on one
event loop: a receiver that hangs holds up nobody but itself. A failed message is tried again for a day, with growing
pauses; what stands behind it of the same object waits for it, everything else goes on. While a receiver fails, one
message at a time is tried. Five messages in a row that could not be delivered in a day switch the webhook off.

A crash between sending and writing it down sends a message again, under the same id: that is what the id is for.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from tenants import audit, clock, outbound
from tenants.addresses import AddressRefused, camera_policy
from tenants.errors import PerchError
from tenants.models import AuditEntry, Change, Domain, Webhook, WebhookDelivery
from tenants.scoping import current_domain_id, domain_scope
from tenants.services import changes
from tenants.services.webhooks import LIFETIME, TEST

logger = logging.getLogger(__name__)
ResultT = TypeVar("ResultT")
Render = Callable[[Change], Mapping[str, Any]]
State = WebhookDelivery.State

DEADLINE = 5.0  # seconds for one message, from the name's resolution to the answer's last byte
LARGEST = 64 * 1024  # bytes of an answer
KEPT = 500  # characters of it
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600, 1200, 1800, 3600))
DOWN = 3  # failures in a row that mean that the receiver was away, rather than disliked one message
MOST_PARKED = 5
BUDGET = 8.0  # seconds a webhook is served in one round
LEASE = timedelta(seconds=60)
AT_ONCE = 20
DATABASE_THREADS = 2


@dataclass(frozen=True)
class Letter:
    """One message, ready to go."""

    delivery_id: int
    url: str
    secret: str
    number: str
    kind: str
    body: str


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt."""

    duration_ms: int
    status: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took the message: 2xx, and nothing else (redirects are not followed)."""
        return self.status is not None and 200 <= self.status < 300


def run_round(render: Render) -> int:
    """Send what is due everywhere; returns how many messages were taken. `render` tells a change in our API's words."""
    domains = list(Domain.objects.filter(is_active=True, has_webhooks=True).values_list("pk", flat=True))
    return asyncio.run(_round(domains, render)) if domains else 0


async def _round(domains: Iterable[int], render: Render) -> int:
    with ThreadPoolExecutor(DATABASE_THREADS, "posting") as threads:
        office = Office(threads)
        serving = []
        for domain_id in domains:
            for webhook_id in await office.ask(domain_id, prepare, render):
                serving.append(asyncio.create_task(office.serve(domain_id, webhook_id)))
        return sum(await asyncio.gather(*serving))


@dataclass(frozen=True)
class Office:
    """The event loop's side of a round; the database is asked in a few threads of its own."""

    threads: ThreadPoolExecutor

    async def ask(self, domain_id: int, act: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """Do something in an ISP's scope, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, _in_scope, domain_id, act, *arguments)

    async def serve(self, domain_id: int, webhook_id: int) -> int:
        """Send what one webhook has due, then give it back; returns how many messages were taken."""
        try:
            taken = await self._send(domain_id, webhook_id)
            await self.ask(domain_id, release, webhook_id)
        except Exception:  # of this webhook only; its lease ends by itself
            logger.exception("a webhook could not be served", extra={"webhook": webhook_id})
            return 0
        return taken

    async def _send(self, domain_id: int, webhook_id: int) -> int:
        """One message after the other, until one fails or the time is over."""
        ends, taken = clock.monotonic() + BUDGET, 0
        while letters := await self.ask(domain_id, due, webhook_id):
            for letter in letters:
                outcome = await attempt(letter)
                await self.ask(domain_id, settle, letter.delivery_id, outcome)
                taken += outcome.is_taken
                if not outcome.is_taken or clock.monotonic() >= ends:
                    return taken
        return taken


def _in_scope(domain_id: int, act: Callable[..., ResultT], *arguments: Any) -> ResultT:
    try:
        with domain_scope(domain_id):
            return act(*arguments)
    finally:
        connection.close()


def prepare(render: Render) -> list[int]:
    """In an ISP's scope: enter new changes, give up what is too old, and lease the webhooks that have something due."""
    changes.seal()
    now = clock.now()
    free = Q(busy_until=None) | Q(busy_until__lt=now)
    webhooks = list(Webhook.objects.select_for_update(skip_locked=True).filter(free))
    for webhook in webhooks:
        if webhook.is_active:
            _collect(webhook, render, now)
            _give_up_old(webhook, now)
    leased = [webhook.pk for webhook in webhooks if _is_due(webhook, now)]
    Webhook.objects.filter(pk__in=leased).update(busy_until=now + LEASE)
    if not Webhook.objects.filter(Q(is_active=True) | Q(deliveries__state=State.WAITING)).exists():
        Domain.objects.filter(pk=current_domain_id()).update(has_webhooks=False)
    return leased


def _collect(webhook: Webhook, render: Render, now: datetime) -> None:
    """Make deliveries of what was changed since the webhook last looked."""
    page = changes.after(webhook.position)
    wanted = set(webhook.kinds)
    rows = [row for row in page.changes if not wanted or row.entry.object_type in wanted]
    WebhookDelivery.objects.bulk_create(_delivery(webhook, row, render, now) for row in rows)
    if page.cursor != webhook.position:
        webhook.position = page.cursor
        webhook.save(update_fields=["position"])


def _delivery(webhook: Webhook, change: Change, render: Render, now: datetime) -> WebhookDelivery:
    entry: AuditEntry = change.entry
    row = WebhookDelivery(
        domain_id=webhook.domain_id,
        webhook=webhook,
        position=change.position,
        kind=f"{entry.object_type}.{entry.action}",
        object_key=f"{entry.object_type}:{entry.object_id}",
        created_at=now,
        expires_at=now + LIFETIME,
        next_attempt_at=now,
    )
    told = {"id": str(row.number), "type": row.kind, "position": change.position, "object": render(change)}
    row.body = json.dumps(told)
    return row


def _waiting(webhook: Webhook) -> Any:
    return WebhookDelivery.objects.filter(webhook=webhook, state=State.WAITING)


def _give_up_old(webhook: Webhook, now: datetime) -> None:
    given_up = _waiting(webhook).filter(expires_at__lt=now).exclude(kind=TEST).update(state=State.PARKED)
    if given_up:
        _count_parked(webhook, given_up)


def _is_due(webhook: Webhook, now: datetime) -> bool:
    if webhook.next_attempt_at is not None and webhook.next_attempt_at > now:
        return False
    return bool(_heads(webhook, now).exists())


def _heads(webhook: Webhook, now: datetime) -> Any:
    """What may be tried now: of each object only its oldest message. What failed before comes last, so that a message
    the receiver will never take does not stand in front of all others."""
    older = WebhookDelivery.objects.filter(
        webhook=webhook, state=State.WAITING, object_key=OuterRef("object_key"), pk__lt=OuterRef("pk")
    )
    return _waiting(webhook).filter(~Exists(older), next_attempt_at__lte=now).order_by("attempts", "pk")


def due(webhook_id: int) -> list[Letter]:
    """The next messages of a leased webhook; one only while its receiver fails. The lease begins anew."""
    now = clock.now()
    webhook: Webhook | None = Webhook.objects.filter(pk=webhook_id).first()
    if webhook is None:
        return []
    Webhook.objects.filter(pk=webhook_id).update(busy_until=now + LEASE)
    rows = _heads(webhook, now)[: 1 if webhook.failures else AT_ONCE]
    secret = webhook.secret
    return [Letter(row.pk, webhook.url, secret, str(row.number), row.kind, row.body) for row in rows]


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What a receiver computes to know that a message is ours, and when it was sent."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def attempt(letter: Letter) -> Outcome:
    """Send one message."""
    body, timestamp = letter.body.encode(), str(int(clock.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Perch-Webhooks/1",
        "X-Perch-Event": letter.kind,
        "X-Perch-Delivery": letter.number,
        "X-Perch-Timestamp": timestamp,
        "X-Perch-Signature": f"sha256={signature(letter.secret, timestamp, body)}",
    }
    began = clock.monotonic()
    try:
        answer = await outbound.fetch_async(
            letter.url, policy=camera_policy(), method="POST", headers=headers, body=body, deadline=DEADLINE,
            largest=LARGEST,
        )  # fmt: skip
    except AddressRefused:
        return Outcome(_ms(began), error="the address is outside the networks that may be reached")
    except PerchError as error:
        return Outcome(_ms(began), error=error.message[:200])
    text = answer.body[: KEPT * 4].decode("utf-8", "replace").replace("\x00", "\ufffd")[:KEPT]
    return Outcome(_ms(began), answer.status, text, "" if 200 <= answer.status < 300 else f"status {answer.status}")


def _ms(began: float) -> int:
    return int((clock.monotonic() - began) * 1000)


def settle(delivery_id: int, outcome: Outcome) -> None:
    """Write down what became of an attempt, and what follows from it for the webhook."""
    row: WebhookDelivery | None = (
        WebhookDelivery.objects.select_related("webhook").select_for_update().filter(pk=delivery_id).first()
    )
    if row is None:  # the webhook was deleted meanwhile
        return
    now = clock.now()
    row.attempts, row.tried_at, row.status = row.attempts + 1, now, outcome.status
    row.duration_ms, row.answer, row.error = outcome.duration_ms, outcome.answer, outcome.error
    if outcome.is_taken:
        row.state, row.sent_at = State.SENT, now
    else:
        row.next_attempt_at = now + PAUSES[min(row.attempts, len(PAUSES)) - 1]
        if row.kind == TEST or row.next_attempt_at > row.expires_at:
            row.state = State.PARKED
    row.save()
    _note(row.webhook, row, now)


def _note(webhook: Webhook, row: WebhookDelivery, now: datetime) -> None:
    if row.state == State.SENT:
        if webhook.failures >= DOWN:  # it is back: what waits need not wait out its own pause
            _waiting(webhook).filter(next_attempt_at__gt=now).update(next_attempt_at=now)
        if webhook.failures or webhook.parked:
            webhook.failures, webhook.parked, webhook.next_attempt_at = 0, 0, None
            webhook.save(update_fields=["failures", "parked", "next_attempt_at"])
    elif row.kind != TEST:
        webhook.failures += 1
        webhook.next_attempt_at = now + PAUSES[min(webhook.failures, len(PAUSES)) - 1]
        webhook.save(update_fields=["failures", "next_attempt_at"])
        if row.state == State.PARKED:
            _count_parked(webhook, 1, row.error)


def _count_parked(webhook: Webhook, count: int, why: str = "") -> None:
    """Note what was given up; too much in a row switches the webhook off, and the page says why."""
    webhook.parked += count
    if webhook.parked >= MOST_PARKED and webhook.is_active:
        last = WebhookDelivery.objects.filter(webhook=webhook).exclude(error="").order_by("-tried_at").first()
        webhook.is_active, webhook.stopped_at = False, clock.now()
        webhook.stopped_because = why or (last.error if last else "")
        _waiting(webhook).update(state=State.PARKED)
        audit.record(AuditEntry.Action.CHANGE, webhook, acting_user=None, changed={"is_active": [True, False]})
    webhook.save(update_fields=["parked", "is_active", "stopped_at", "stopped_because"])


def release(webhook_id: int) -> None:
    """Give a webhook back before its lease ends."""
    Webhook.objects.filter(pk=webhook_id).update(busy_until=None)
