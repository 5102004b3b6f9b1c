"""RADIUS against a real FreeRADIUS, which demands signed requests and signs its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tenants import radius
from tenants.addresses import AddressPolicy
from tenants.models import OuterDoor
from tenants.outbound import Unreachable
from tenants.scoping import domain_scope
from tenants.services import outer_doors
from tests.authority import SECRET
from tests.cast import PASSWORD, Cast
from tests.freeradius import Ports, freeradius

LOGIN, THEIRS = "alice@example.org", "known to the ISP"
LOOPBACK = AddressPolicy.parse("127.0.0.1/32")


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    with freeradius(
        tmp_path_factory.mktemp("radius"), secret=SECRET, **{LOGIN: THEIRS, "long@example.org": "x" * 128}
    ) as running:
        yield running


def ask(port: int, password: str, login: str = LOGIN, secret: str = SECRET) -> radius.Answer:
    return radius.ask(radius.Server("127.0.0.1", port, secret, LOOPBACK), login=login, password=password, deadline=5)


def test_it_accepts_and_rejects(ports: Ports) -> None:
    assert ask(ports.signing, THEIRS) is radius.Answer.ACCEPT
    assert ask(ports.signing, "wrong") is radius.Answer.REJECT
    assert ask(ports.signing, THEIRS, login="nobody@example.org") is radius.Answer.REJECT


def test_the_longest_password_radius_carries_arrives_whole(ports: Ports) -> None:
    assert ask(ports.signing, "x" * 128, login="long@example.org") is radius.Answer.ACCEPT
    assert ask(ports.signing, "x" * 127, login="long@example.org") is radius.Answer.REJECT


def test_whoever_has_another_secret_gets_no_answer_he_believes(ports: Ports) -> None:
    server = radius.Server("127.0.0.1", ports.signing, "another secret of some length", LOOPBACK)
    with pytest.raises(Unreachable):
        radius.ask(server, login=LOGIN, password=THEIRS, deadline=1.5)


def test_answers_it_does_not_sign_are_heard_only_where_that_was_switched_on(ports: Ports) -> None:
    strict = radius.Server("127.0.0.1", ports.bare, SECRET, LOOPBACK)
    with pytest.raises(Unreachable):
        radius.ask(strict, login=LOGIN, password=THEIRS, deadline=1.5)
    lenient = replace(strict, require_authenticator=False)
    assert radius.ask(lenient, login=LOGIN, password=THEIRS, deadline=5) is radius.Answer.ACCEPT
    assert radius.ask(lenient, login=LOGIN, password="wrong", deadline=5) is radius.Answer.REJECT


def test_subscribers_sign_in_by_it(ports: Ports, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{ports.signing}")
    with domain_scope(cast.north):
        outer_doors.change_door(
            acting_user=cast.nora,
            kind=OuterDoor.Kind.RADIUS,
            radius_host=f"radius://127.0.0.1:{ports.signing}/{SECRET}",
        )
    client = cast.client()
    assert client.post("/login", {"login": LOGIN, "password": PASSWORD}).status_code == 422
    assert client.post("/login", {"login": LOGIN, "password": THEIRS}).status_code == 302
