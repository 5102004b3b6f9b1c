"""The ISP's own authority decides on passwords; when it is silent our copy does, unless it was told to be no good."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tenants import clock
from tenants.errors import Invalid
from tenants.models import AuditEntry, OuterDoor, User
from tenants.scoping import domain_scope
from tenants.services import outer_doors, users
from tests.api.calls import nobody
from tests.authority import SECRET, Backend, Radius, http_backend, radius_server
from tests.beside import forget
from tests.cast import PASSWORD, Cast
from tests.promises import keep_promises

LOGIN, THEIRS = "alice@example.org", "known to the ISP"


@pytest.fixture(autouse=True)
def unbraked(request: pytest.FixtureRequest) -> None:
    """Whatever other tests guessed is forgotten."""
    if "cast" in request.fixturenames:
        forget(request.getfixturevalue("cast").north)


@pytest.fixture
def backend(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """North's HTTP backend, which knows Alice by another password than Perch does."""
    with http_backend(**{LOGIN: THEIRS}) as running:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
        change(cast, kind=OuterDoor.Kind.HTTP, url=running.url)
        yield running


@pytest.fixture
def radius(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Radius]:
    """North's RADIUS server, which knows Alice by another password than Perch does."""
    with radius_server(**{LOGIN: THEIRS}) as running:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
        change(cast, kind=OuterDoor.Kind.RADIUS, radius_host=f"radius://127.0.0.1:{running.port}/{SECRET}")
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests whose authority says nothing: there is no need to wait two seconds for that."""
    monkeypatch.setattr(outer_doors, "DEADLINE", 0.5)


def change(cast: Cast, **values: Any) -> OuterDoor:
    with domain_scope(cast.north):
        return outer_doors.change_door(acting_user=cast.nora, **values)


def enters(cast: Cast, password: str, login: str = LOGIN) -> bool:
    """Whether somebody gets in; each attempt comes from a network of its own, so that no brake is pulled."""
    global _network
    _network = (_network + 1) % 250
    address = {"REMOTE_ADDR": f"203.0.{_network + 1}.9"}
    answer = cast.client().post("/login", {"login": login, "password": password}, **address)  # type: ignore[arg-type]
    assert answer.status_code in (302, 422), answer.content
    return answer.status_code == 302


_network = 0


def test_the_backend_is_asked_as_the_manual_says(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS)
    method, path, who = backend.asked[0]
    assert (method, who) == ("GET", {"login": LOGIN, "password": THEIRS})
    assert path.startswith("/auth?login=")


def test_a_query_of_the_backends_own_stays(cast: Cast, backend: Backend) -> None:
    change(cast, url=f"{backend.url}?isp=7")
    assert enters(cast, THEIRS)
    assert backend.asked[0][2] == {"isp": "7", "login": LOGIN, "password": THEIRS}


def test_by_setting_the_backend_gets_json_and_no_password_in_an_address(cast: Cast, backend: Backend) -> None:
    change(cast, method=OuterDoor.Method.POST)
    assert enters(cast, THEIRS)
    assert backend.asked == [("POST", "/auth", {"login": LOGIN, "password": THEIRS})]


@pytest.mark.parametrize(
    "odd", ["a&login=nora@example.org", "100%", "a b+c#d?e", "\u043f\u0430\u0440\u043e\u043b\u044c", '"}{']
)
@pytest.mark.parametrize("method", list(OuterDoor.Method))
def test_every_password_arrives_as_it_was_typed(cast: Cast, backend: Backend, odd: str, method: str) -> None:
    change(cast, method=method)
    backend.people[LOGIN] = odd
    assert enters(cast, odd)
    assert backend.asked[0][2] == {"login": LOGIN, "password": odd}


def test_our_own_password_is_nothing_while_the_backend_answers(cast: Cast, backend: Backend) -> None:
    assert not enters(cast, PASSWORD)


@pytest.mark.parametrize("status", ["403", "404", "400", "401", "500", "302", "204"])
def test_only_200_is_a_yes(cast: Cast, backend: Backend, status: str) -> None:
    backend.fault = status
    assert not enters(cast, THEIRS)
    assert not enters(cast, PASSWORD)


@pytest.mark.parametrize("fault", ["hang", "drip", "cut", "502", "503", "504"])
def test_a_backend_that_says_nothing_costs_its_deadline_and_our_database_decides(
    cast: Cast, backend: Backend, fault: str, impatient: None
) -> None:
    backend.fault = fault
    begun = time.monotonic()
    assert enters(cast, PASSWORD), "the backend never spoke of Alice: our own database knows her"
    assert time.monotonic() - begun < 4, "and not for as long as the backend likes"
    assert not enters(cast, THEIRS)


def test_nobody_waits_longer_than_two_seconds_for_the_backend() -> None:
    assert outer_doors.DEADLINE == 2.0


def test_a_yes_refreshes_our_copy_which_then_serves_an_outage(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS)
    backend.fault = "cut"
    assert enters(cast, THEIRS)
    assert not enters(cast, PASSWORD), "it was overwritten (item 178)"
    with domain_scope(cast.north):
        stored = User.objects.get(login=LOGIN).password
    assert THEIRS not in stored


def test_a_locally_changed_password_is_overwritten_at_the_next_yes(cast: Cast, backend: Backend) -> None:
    with domain_scope(cast.north):
        users.change_user(User.objects.get(login=LOGIN), acting_user=cast.nora, password="a local idea of mine")
    assert not enters(cast, "a local idea of mine")
    assert enters(cast, THEIRS)
    backend.fault = "cut"
    assert enters(cast, THEIRS)


@pytest.mark.parametrize("gone", ["unknown", "other password"])
def test_whom_the_backend_turned_away_does_not_get_in_by_an_outage(cast: Cast, backend: Backend, gone: str) -> None:
    assert enters(cast, THEIRS)
    if gone == "unknown":
        del backend.people[LOGIN]
    else:
        backend.people[LOGIN] = "changed meanwhile"
    assert not enters(cast, THEIRS)
    backend.fault = "cut"
    assert not enters(cast, THEIRS)


def test_that_somebody_was_turned_away_holds_at_every_door(cast: Cast, backend: Backend) -> None:
    """A refused API call undoes its own transaction; what was learned of the person stays."""
    assert enters(cast, THEIRS)
    del backend.people[LOGIN]
    nobody().post("auth/login", {"login": LOGIN, "password": THEIRS}).refused(403, "Forbidden")
    backend.fault = "cut"
    assert not enters(cast, THEIRS)


def test_a_strangers_guess_does_not_lock_anybody_out_of_an_outage(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS)
    assert not enters(cast, "a strangers guess")
    backend.fault = "cut"
    assert enters(cast, THEIRS)


def test_an_old_copy_is_not_believed(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS)
    backend.fault = "cut"
    with clock.shifted(timedelta(days=6, hours=23)):
        assert enters(cast, THEIRS)
    with clock.shifted(timedelta(days=7, seconds=1)):
        assert not enters(cast, THEIRS)
    change(cast, cache_days=10)
    with clock.shifted(timedelta(days=7, seconds=1)):
        assert enters(cast, THEIRS)


def test_an_administrator_opens_the_door_again_by_hand(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS)
    del backend.people[LOGIN]
    assert not enters(cast, THEIRS)
    backend.fault = "cut"
    with domain_scope(cast.north):
        users.change_user(User.objects.get(login=LOGIN), acting_user=cast.nora, password="given by Nora herself")
    assert enters(cast, "given by Nora herself")


def test_nobody_is_made_by_a_yes_and_the_blocked_stay_out(cast: Cast, backend: Backend) -> None:
    backend.people["eve@example.org"] = "evil phrase"
    assert not enters(cast, "evil phrase", login="eve@example.org")
    with domain_scope(cast.north):
        assert not User.objects.filter(login="eve@example.org").exists()
        users.change_user(User.objects.get(login=LOGIN), acting_user=cast.nora, is_active=False)
    assert not enters(cast, THEIRS)


def test_a_spelling_of_the_login_is_asked_about_as_perch_writes_it(cast: Cast, backend: Backend) -> None:
    assert enters(cast, THEIRS, login="ALICE@example.ORG")
    assert backend.asked[0][2]["login"] == LOGIN


def test_other_isps_ask_nobody(cast: Cast, backend: Backend) -> None:
    answer = cast.client(host="south.localhost").post("/login", {"login": cast.olga.login, "password": PASSWORD})
    assert answer.status_code == 302
    assert backend.asked == []


def test_radius_lets_in_and_its_yes_serves_an_outage(cast: Cast, radius: Radius) -> None:
    assert enters(cast, THEIRS)
    assert radius.asked[0]["NAS-Identifier"] == ["perch"]
    assert not enters(cast, PASSWORD)
    radius.fault = "silent"
    assert enters(cast, THEIRS)
    assert not enters(cast, PASSWORD)


def test_requests_are_random_and_a_lost_one_is_sent_again_unchanged(
    cast: Cast, radius: Radius, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.radius.AGAIN", 0.1)
    radius.fault = "silent"
    enters(cast, THEIRS)
    enters(cast, THEIRS)
    sent = [(asked.id, asked.authenticator) for asked in radius.asked]
    assert len(sent) == 4
    assert len(set(sent)) == 2


FORGERIES = [
    "no authenticator", "wrong authenticator", "wrong secret", "another id", "another request", "altered", "cut off",
    "proxy state", "garbage",
]  # fmt: skip


@pytest.mark.parametrize("fault", FORGERIES)
def test_an_answer_that_is_not_proved_is_not_heard(cast: Cast, radius: Radius, fault: str, impatient: None) -> None:
    radius.fault = fault
    assert not enters(cast, "whatever it says yes to")
    assert radius.asked


def test_unsigned_answers_are_heard_only_where_that_was_switched_on(
    cast: Cast, radius: Radius, impatient: None
) -> None:
    change(cast, require_authenticator=False)
    radius.fault = "no authenticator"
    assert enters(cast, "whatever it says yes to")
    for fault in ("wrong authenticator", "wrong secret", "altered"):
        radius.fault = fault
        assert not enters(cast, "and this as well")


def test_an_answer_from_another_address_is_not_heard(cast: Cast, radius: Radius, impatient: None) -> None:
    """Another socket knows the secret and the request, and is not the server."""
    import socket as sockets

    from tests.authority import signed

    original = radius.answers

    def from_elsewhere(raw: bytes) -> list[bytes]:
        original(raw)
        return []

    radius.answers = from_elsewhere  # type: ignore[method-assign]
    seen: list[tuple[str, int]] = []
    connect = sockets.socket.connect

    def spy(self: Any, address: Any) -> None:
        connect(self, address)
        if self.type == sockets.SOCK_DGRAM:
            seen.append(self.getsockname())

    with pytest.MonkeyPatch.context() as patch, sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as stranger:
        patch.setattr("tenants.radius.socket.socket.connect", spy)
        send = sockets.socket.send

        def and_answer(self: Any, data: bytes, *more: Any) -> int:
            sent = send(self, data, *more)
            if self.type == sockets.SOCK_DGRAM and data[:1] == b"\x01":
                stranger.sendto(signed(2, data), self.getsockname())
            return sent

        patch.setattr("tenants.radius.socket.socket.send", and_answer)
        assert not enters(cast, "accepted by a stranger")
    assert seen


@pytest.mark.parametrize("password", ["x" * 129, "known to the ISP\x00", "\u00e9" * 65])
def test_what_radius_cannot_carry_is_not_sent(cast: Cast, radius: Radius, password: str) -> None:
    from tenants import radius as wire

    assert not wire.sendable(LOGIN, password)
    assert not enters(cast, password)
    assert radius.asked == []


@pytest.mark.parametrize("locks", [False, True])
def test_a_rejection_locks_only_where_that_was_switched_on(
    live_cast: Cast, monkeypatch: pytest.MonkeyPatch, locks: bool
) -> None:
    with radius_server() as running:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
        address = f"radius://127.0.0.1:{running.port}/{SECRET}"
        change(live_cast, kind=OuterDoor.Kind.RADIUS, radius_host=address, lock_on_reject=locks)
        nobody().post("auth/login", {"login": LOGIN, "password": "wrong"}).refused(403, "Forbidden")
    keep_promises(live_cast.north)
    with domain_scope(live_cast.north):
        assert User.objects.get(login=LOGIN).is_active is not locks


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "http", "url": "ftp://billing.example/auth"}, "url"),
        ({"kind": "http", "url": "http://user:pass@billing.example/auth"}, "url"),
        ({"kind": "http", "url": "http://169.254.169.254/latest"}, "url"),
        ({"kind": "http", "url": "http://127.0.0.1:1/auth"}, "url"),
        ({"kind": "http", "url": "http://[::1/auth"}, "url"),
        ({"kind": "http", "url": ""}, "url"),
        ({"kind": "radius", "radius_host": "ldap.example", "radius_secret": "short"}, "radius_secret"),
        ({"kind": "radius", "radius_host": "radius://ldap.example:1812/short"}, "radius_secret"),
        ({"kind": "radius", "radius_host": "radius://ldap.example:99999999/x"}, "radius_host"),
        ({"kind": "radius", "radius_host": "", "radius_secret": SECRET}, "radius_host"),
        ({"kind": "radius", "radius_host": "127.0.0.1", "radius_secret": SECRET}, "radius_host"),
        ({"kind": "ldap"}, "kind"),
        ({"cache_days": 400}, "cache_days"),
    ],
)
def test_settings_that_cannot_work_or_must_not_are_refused(cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(cast, **values)
    assert refused.value.field == field


def test_the_secret_is_sealed_and_moves_to_no_other_server(cast: Cast) -> None:
    row = change(cast, kind="radius", radius_host=f"radius://ldap.example:1645/{SECRET}")
    assert (row.radius_host, row.radius_port, row.radius_secret) == ("ldap.example", 1645, SECRET)
    assert SECRET not in row.radius_secret_sealed
    assert change(cast, cache_days=3).radius_secret == SECRET
    with pytest.raises(Invalid):
        change(cast, radius_host="ldap.evil.test")
    with domain_scope(cast.north):
        told = str(list(AuditEntry.objects.filter(object_type="OuterDoor").values_list("changed", flat=True)))
    assert SECRET not in told
    assert "***" in told
