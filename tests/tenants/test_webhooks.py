"""Webhooks against a real receiver on loopback that answers, fails, hangs, redirects and lies (item 314, F25)."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from portal.api.feed import change_shape
from tenants import addresses, audit, clock
from tenants.errors import Invalid
from tenants.models import AuditEntry, Domain, Organization, Webhook, WebhookDelivery
from tenants.scoping import domain_scope
from tenants.services import domains, posting, webhooks
from tests.database import superuser_url
from tests.eventually import eventually

State = WebhookDelivery.State
Reply = tuple[int, dict[str, str], bytes]
GOOD: Reply = (200, {}, b"thank you")


@dataclass
class Message:
    """One request the receiver got."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """An ISP's own machine. `reply` decides; `got` is the journal."""

    server: ThreadingHTTPServer
    got: list[Message] = field(default_factory=list)
    reply: Callable[[Message], Reply] = lambda _message: GOOD

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"


def _handler(receiver: list[Receiver]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = Message({name.lower(): value for name, value in self.headers.items()}, body, self.path)
            receiver[0].got.append(message)
            status, headers, answer = receiver[0].reply(message)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_arguments: Any) -> None:
            """Quietly."""

    return Handler


@pytest.fixture
def receivers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Receiver]]:
    """Makes receivers, where loopback is open."""
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "127.0.0.1/32")
    made: list[Receiver] = []

    def make() -> Receiver:
        slot: list[Receiver] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(slot))
        server.daemon_threads = True
        slot.append(Receiver(server))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        made.extend(slot)
        return slot[0]

    yield make
    for each in made:
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    return receivers()


@pytest.fixture
def north(transactional_db: None) -> Domain:
    return domains.add_domain(title="North", slug="north", hosts=["north.localhost"])


def _hook(domain: Domain, receiver: Receiver | str, **more: Any) -> tuple[Webhook, str]:
    url = receiver if isinstance(receiver, str) else receiver.url
    with domain_scope(domain):
        return webhooks.add_webhook(acting_user=None, url=url, kinds=["Organization"], **more)


def _change(domain: Domain, *names: str) -> None:
    """One committed change an object."""
    for name in names:
        with domain_scope(domain):
            row = Organization.objects.get(is_default=True)
            audit.record(AuditEntry.Action.CHANGE, row, acting_user=None, changed={"title": ["a", "b"]}, object_id=name)


def _round() -> int:
    return posting.run_round(change_shape)


def _keys(receiver: Receiver) -> list[str]:
    """Which objects were spoken of, in order."""
    return [message.said["object"]["id"] for message in receiver.got]


def _deliveries(domain: Domain, **wanted: Any) -> list[WebhookDelivery]:
    with domain_scope(domain):
        return list(WebhookDelivery.objects.filter(**wanted).order_by("pk"))


def _now(hook: Webhook) -> Webhook:
    with domain_scope(hook.domain_id):
        found: Webhook = Webhook.objects.get(pk=hook.pk)
    return found


def test_a_change_arrives_signed_and_says_what_the_feed_says(north: Domain, receiver: Receiver) -> None:
    _hook_row, secret = _hook(north, receiver)
    _change(north, "o1")
    assert _round() == 1
    (message,) = receiver.got
    signed = hmac.new(
        secret.encode(), message.headers["x-perch-timestamp"].encode() + b"." + message.body, hashlib.sha256
    )
    assert message.headers["x-perch-signature"] == f"sha256={signed.hexdigest()}"
    assert abs(int(message.headers["x-perch-timestamp"]) - clock.timestamp()) < 60
    assert message.headers["x-perch-event"] == "Organization.change"
    assert message.headers["x-perch-delivery"] == message.said["id"]
    assert message.headers["content-type"] == "application/json"
    told = message.said["object"]
    assert (told["object_type"], told["id"], told["changed"]) == ("Organization", "o1", {"title": ["a", "b"]})
    (row,) = _deliveries(north)
    assert (row.state, row.status, row.attempts, row.answer) == (State.SENT, 200, 1, "thank you")
    assert row.duration_ms is not None
    assert _round() == 0, "once is enough"


def test_only_the_chosen_kinds_from_now_on(north: Domain, receiver: Receiver) -> None:
    _change(north, "before")
    _hook(north, receiver)
    with domain_scope(north):
        audit.record(AuditEntry.Action.CHANGE, north, acting_user=None, changed={})
    _change(north, "after")
    _round()
    assert _keys(receiver) == ["after"]


def test_an_object_waits_for_its_own_and_for_nothing_else(north: Domain, receiver: Receiver) -> None:
    """The first of A fails: the second of A waits behind it, B and C go on."""
    hook, _secret = _hook(north, receiver)
    receiver.reply = lambda message: (500, {}, b"no") if message.said["object"]["id"] == "A" else GOOD
    _change(north, "A", "B", "A", "C")
    _round()
    assert _keys(receiver) == ["A"], "after a failure one message at a time is tried, a little later"
    for seconds in (11, 12, 13):
        with clock.shifted(timedelta(seconds=seconds)):
            _round()
    assert [key for key in _keys(receiver) if key != "A"] == ["B", "C"]
    numbers = {message.said["id"] for message in receiver.got if message.said["object"]["id"] == "A"}
    assert len(numbers) == 1, "the second of A never overtook the first"
    receiver.reply = lambda _message: GOOD
    with clock.shifted(timedelta(hours=2)):
        _round()
        _round()
    tried = [message.said["position"] for message in receiver.got if message.said["object"]["id"] == "A"]
    assert tried == sorted(tried)
    assert {row.state for row in _deliveries(north)} == {State.SENT}
    assert _now(hook).failures == 0


def test_a_receiver_that_hangs_holds_up_nobody(
    north: Domain, receivers: Callable[[], Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "DEADLINE", 8.0)
    south = domains.add_domain(title="South", slug="south", hosts=["south.localhost"])
    slow, quick, let_go = receivers(), receivers(), threading.Event()
    slow.reply = lambda _message: (let_go.wait(30), GOOD)[1]
    _hook(north, slow)
    _hook(south, quick)
    _change(north, "n1", "n2")
    _change(south, "s1")
    first = threading.Thread(target=_round_alone)
    first.start()
    try:
        eventually(lambda: len(slow.got) == 1 and len(quick.got) == 1)
        _change(south, "s2")
        assert _round() == 1, "the next round serves the other ISP while the first one still waits"
        assert _keys(quick) == ["s1", "s2"]
        assert len(slow.got) == 1, "what one round holds no other one touches"
    finally:
        let_go.set()
        first.join()


def _round_alone() -> None:
    try:
        _round()
    finally:
        connection.close()


def test_rounds_at_the_same_time_send_nothing_twice(north: Domain, receiver: Receiver) -> None:
    _hook(north, receiver)
    _change(north, *(f"o{number}" for number in range(12)))
    rounds = [threading.Thread(target=_round_alone) for _number in range(4)]
    for each in rounds:
        each.start()
    for each in rounds:
        each.join()
    assert sorted(_keys(receiver)) == sorted(f"o{number}" for number in range(12))


def test_a_redirect_is_a_failure_and_is_not_followed(north: Domain, receivers: Callable[[], Receiver]) -> None:
    lure, target = receivers(), receivers()
    lure.reply = lambda _message: (307, {"Location": target.url}, b"")
    _hook(north, lure)
    _change(north, "o1")
    assert _round() == 0
    assert target.got == []
    (row,) = _deliveries(north)
    assert (row.state, row.status, row.error) == (State.WAITING, 307, "status 307")


@pytest.mark.parametrize("reply", [(200, {}, b"x" * 100_000), (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")])
def test_an_answer_that_is_no_answer_is_a_failure(north: Domain, receiver: Receiver, reply: Reply) -> None:
    receiver.reply = lambda _message: reply
    _hook(north, receiver)
    _change(north, "o1")
    assert _round() == 0
    (row,) = _deliveries(north)
    assert row.state == State.WAITING
    assert row.error


def test_a_day_of_failures_gives_up_and_switches_off_with_a_reason(
    north: Domain, receivers: Callable[[], Receiver]
) -> None:
    dead, alive = receivers(), receivers()
    south = domains.add_domain(title="South", slug="south", hosts=["south.localhost"])
    dead.reply = lambda _message: (503, {}, b"closed")
    hook, _secret = _hook(north, dead)
    _hook(south, alive)
    _change(north, *(f"o{number}" for number in range(posting.MOST_PARKED)))
    for hour in range(25):
        with clock.shifted(timedelta(hours=hour)):
            _round()
    assert 10 < len(dead.got) <= 26, "the pauses grow, and while it fails one message at a time is tried"
    stopped = _now(hook)
    assert not stopped.is_active
    assert stopped.stopped_because == "status 503"
    assert {row.state for row in _deliveries(north)} == {State.PARKED}
    with domain_scope(north):
        entry = AuditEntry.objects.filter(object_type="Webhook", action="change").get()
        assert entry.changed == {"is_active": [True, False]}
    _change(south, "s1")
    with clock.shifted(timedelta(hours=25)):
        _round()
    assert _keys(alive) == ["s1"]


def test_what_was_given_up_can_be_sent_again_in_its_order(north: Domain, receiver: Receiver) -> None:
    hook, _secret = _hook(north, receiver)
    receiver.reply = lambda _message: (500, {}, b"")
    _change(north, "A", "A", "B")
    _round()
    with domain_scope(north):
        webhooks.change_webhook(hook, acting_user=None, is_active=False)
    assert {row.state for row in _deliveries(north)} == {State.PARKED}
    receiver.reply = lambda _message: GOOD
    receiver.got.clear()
    _change(north, "unheard")
    with domain_scope(north):
        webhooks.change_webhook(hook, acting_user=None, is_active=True)
        assert webhooks.send_parked_again(hook) == 3
    _change(north, "C")
    while _round():
        pass
    assert sorted(_keys(receiver)) == ["A", "A", "B", "C"]
    positions = [message.said["position"] for message in receiver.got if message.said["object"]["id"] == "A"]
    assert positions == sorted(positions)


def test_a_message_sent_again_keeps_its_id(north: Domain, receiver: Receiver) -> None:
    _hook(north, receiver)
    _change(north, "o1")
    _round()
    with domain_scope(north):
        webhooks.send_again(WebhookDelivery.objects.get())
    _round()
    first, second = receiver.got
    assert first.headers["x-perch-delivery"] == second.headers["x-perch-delivery"]
    assert first.body == second.body


def test_a_crash_before_it_is_written_down_sends_again_under_the_same_id(
    north: Domain, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hook(north, receiver)
    _change(north, "o1")

    def crash(*_arguments: Any) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as dying:
        dying.setattr(posting, "settle", crash)
        assert _round() == 0
    assert _round() == 0, "the lease of the dead round is respected"
    with clock.shifted(posting.LEASE + timedelta(seconds=1)):
        assert _round() == 1
    assert len({message.headers["x-perch-delivery"] for message in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_a_test_goes_also_to_one_that_is_off_and_counts_for_nothing(north: Domain, receiver: Receiver) -> None:
    hook, _secret = _hook(north, receiver, is_active=False)
    _round()
    with domain_scope(north):
        assert not Domain.objects.get(pk=north.pk).has_webhooks
        webhooks.send_test(hook, acting_user=None)
    assert _round() == 1
    assert receiver.got[0].said["type"] == "test"
    receiver.reply = lambda _message: (500, {}, b"")
    with domain_scope(north):
        webhooks.send_test(hook, acting_user=None)
    _round()
    assert _now(hook).failures == 0
    assert _deliveries(north)[-1].state == State.PARKED


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/latest", "http://10.0.0.1/",
        "http://0x7f000001/", "http://2130706433/", "http://127.1/", "ftp://93.184.216.34/", "file:///etc/passwd",
        "http://user:secret@93.184.216.34/", "http://", "nonsense", "http://93.184.216.34:99999/",
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_dialled_is_refused_in_the_form(db: None, url: str) -> None:
    isp = domains.add_domain(title="North", slug="north", hosts=["north.localhost"])
    with domain_scope(isp), pytest.raises(Invalid) as refused:
        webhooks.add_webhook(acting_user=None, url=url)
    assert refused.value.field == "url"


def test_a_name_that_comes_to_mean_loopback_is_not_dialled(
    north: Domain, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.server.server_address[1]
    _hook(north, f"http://rebound.example:{port}/hook")
    _change(north, "o1")
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "")
    monkeypatch.setattr(addresses, "_system_resolver", lambda _host, _port: ["127.0.0.1"])
    assert _round() == 0
    assert receiver.got == []
    (row,) = _deliveries(north)
    assert "outside the networks" in row.error


def test_the_secret_lies_nowhere_readable(north: Domain, receiver: Receiver) -> None:
    _hook_row, secret = _hook(north, receiver)
    _change(north, "o1")
    _round()
    with psycopg.connect(superuser_url()) as admin:
        tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (text,) in admin.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))):
                assert secret not in text, table
    assert secret not in str([message.headers for message in receiver.got])
