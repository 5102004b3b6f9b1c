"""The wall around video: every kind of address of a running streamer, asked by everybody, with every kind of wrong
token, and after everything that takes a right away. Whoever is refused sees nothing, and beside each refusal stands
somebody whom the same address answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from pytest_django.plugin import DjangoDbBlocker

from devices import playback
from devices.models import Camera, PlaybackGrant
from devices.services import cameras, playback_grants, streamers
from tenants import clock
from tenants.models import ApiKey, User
from tenants.scoping import domain_scope
from tenants.services import keys, memberships, users
from tests.cast import build
from tests.database import Rows
from tests.devices.streamer.conftest import launch
from tests.devices.streamer.perch import FakePerch
from tests.hooks.media_doors import ARCHIVE, FACTS, FILE, LIVE, LONG_AGO, YES, Door, House
from tests.server import Server, free_port, play_token, session_id, sign_in

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
EVERYTHING = frozenset({LIVE, ARCHIVE, FILE, FACTS})
NO_FILE = frozenset({LIVE, ARCHIVE, FACTS})
browsers: dict[int, str] = {}


@pytest.fixture(scope="module")
def house(
    web_process: Server, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A portal and a streamer that records the cast's cameras; one of them has a sub-stream."""
    with django_db_blocker.unblock():
        cast = build()
        with domain_scope(cast.north):
            cameras.change_camera(_camera(cast.gate), acting_user=None, substream_url="fake://fake")
            shed = cameras.add_camera(
                cast.harbour, acting_user=None, title="Shed", name="shed", stream_url="fake://clock", preset=cast.basic
            )
        door = type("Door", (FakePerch,), {"url": web_process.url})
        key = streamers.renew_key(cast.streamer)
        streamer = launch(
            door(), tmp_path_factory.mktemp("media"), hostname=cast.streamer.hostname, key=key,
            perch_url=web_process.url, rtsp_port=free_port(), chunk=1.0,
        )  # fmt: skip
        try:
            yield House(cast, web_process, streamer, shed)
        finally:
            streamer.kill()
            browsers.clear()
            Rows.clear()


def _camera(camera: Camera) -> Camera:
    with domain_scope(camera.domain_id):
        found: Camera = Camera.objects.select_related("preset", "folder", "organization").get(pk=camera.pk)
    return found


def add_key(house: House, user: User | None = None) -> tuple[ApiKey, str]:
    with domain_scope(house.cast.north):
        return keys.add_key(acting_user=None, user=user, title="Own")


def add_grant(house: House, *, dvr: bool = True) -> PlaybackGrant:
    """A third party at the gate."""
    gate = _camera(house.cast.gate)
    with domain_scope(house.cast.north):
        return playback_grants.add_grant(gate, acting_user=None, title="Police", can_view_dvr=dvr)


def token(user: User, camera: Camera, **more: Any) -> str:
    """A fresh token by the one sign-in of this user here: too many of them would end the oldest."""
    if user.pk not in browsers:
        browsers[user.pk] = sign_in(user)
    return play_token(user, camera, browsers[user.pk], **more)


def person(house: House, name: str, **rights: Any) -> User:
    """A member of the Harbour who may watch its yard; without rights a member who may watch nothing."""
    with domain_scope(house.cast.north):
        user = users.add_user(acting_user=None, login=f"{name}@example.org", password="correct horse battery")
        memberships.add_member(house.cast.harbour, acting_user=None, user=user)
        if rights:
            memberships.grant_folder(house.cast.yard, acting_user=None, user=user, **rights)
    return user


def leaks(house: House, doors: list[Door], text: str, opens: frozenset[str] = frozenset()) -> list[str]:
    """What a token gets that it should not, and what it does not get though it should."""
    wrong = []
    for door in doors:
        status, code = house.knock(door, text)
        wanted = YES if door.kind in opens else 403
        if status != wanted:
            wrong.append(f"{door.name}: {status} {code}")
    return wrong


def control(house: House, doors: list[Door]) -> None:
    """The same addresses answer whoever may see them, so that a refusal was one."""
    camera = _camera(house.cast.gate)
    assert leaks(house, doors, token(house.cast.nora, camera), EVERYTHING) == []


def gate_doors(house: House) -> list[Door]:
    return house.doors(house.cast.gate, token(house.cast.nora, house.cast.gate))


def system_token(domain: Any, camera: Camera) -> str:
    with domain_scope(domain):
        row, _text = keys.add_key(acting_user=None, title="CRM")
    return playback.Issuer(0, key_id=row.pk).token(camera)


def test_everybody_opens_what_his_rights_say_and_no_other_door(house: House) -> None:
    cast, gate, own = house.cast, house.cast.gate, token
    key, _text = add_key(house, cast.alice)
    no_file = person(house, "nofile", can_view_dvr=True, can_export=False)
    actors: list[tuple[str, str, frozenset[str]]] = [
        ("viewer with archive", own(cast.bob, gate), EVERYTHING),
        ("viewer with archive, token for live", own(cast.bob, gate, archive=False), frozenset({LIVE})),
        ("viewer without archive", own(person(house, "liveonly", can_view_dvr=False), gate), frozenset({LIVE})),
        ("viewer without download", own(no_file, gate), NO_FILE),
        ("owner", own(cast.alice, gate), EVERYTHING),
        ("owner's key", playback.Issuer(cast.alice.pk, key_id=key.pk).token(gate), EVERYTHING),
        ("administrator", own(cast.nora, gate), EVERYTHING),
        ("system key", system_token(cast.north, gate), EVERYTHING),
        ("member who edits cameras", own(cast.ian, gate), frozenset()),
        ("member with nothing", own(person(house, "nothing"), gate), frozenset()),
        ("accountant", own(cast.ada, gate), frozenset()),
        ("owner of another organization", own(cast.mallory, gate), frozenset()),
        ("nobody's member", own(cast.charlie, gate), frozenset()),
        ("other ISP's administrator", own(cast.sam, gate), frozenset()),
        ("other ISP's system key", system_token(cast.south, gate), frozenset()),
        ("no token", "", frozenset()),
    ]
    found = {}
    for name, text, opens in actors:
        doors = gate_doors(house)
        if wrong := leaks(house, doors, text, opens):
            found[name] = wrong
        if opens != EVERYTHING:
            control(house, doors)
    assert found == {}


def test_a_depth_of_the_archive_ends_at_every_door(house: House) -> None:
    cast = house.cast
    with domain_scope(cast.north):
        Camera.objects.filter(pk=cast.gate.pk).update(created_at=clock.now() - timedelta(days=30))
    at, gate = int(clock.timestamp()) - LONG_AGO, cast.gate.media
    doors = [
        Door("playlist", f"{gate}/archive-{at}-60.m3u8", ARCHIVE),
        Door("mp4", f"{gate}/archive-{at}-60.mp4", FILE),
        Door("mp4 prepared", f"{gate}/archive-{at}-60.mp4?prepare=true", FILE),
        Door("preview", f"{gate}/{at}-preview.jpg", ARCHIVE),
        Door("rtsp", f"rtsp:{gate}?from={at}&duration=60", ARCHIVE),
    ]
    bob, alice = token(cast.bob, cast.gate), token(cast.alice, cast.gate)
    assert {door.name: house.knock(door, bob) for door in doors if not door.is_rtsp} == dict.fromkeys(
        ("playlist", "mp4", "mp4 prepared", "preview"), (403, "outside_archive")
    )
    assert house.knocks(doors, bob) == dict.fromkeys((door.name for door in doors), 403)
    # Whose archive reaches as far is let in, and told that nothing is there.
    assert house.knocks(doors, alice) == dict.fromkeys((door.name for door in doors), 404)


def test_a_third_party_comes_in_by_rtsp_alone(house: House) -> None:
    cast = house.cast
    for dvr in (False, True):
        grant = add_grant(house, dvr=dvr)
        text, doors = playback.grant_token(grant, cast.gate), gate_doors(house)
        by_rtsp = [door for door in doors if door.is_rtsp]
        assert leaks(house, by_rtsp, text, frozenset({LIVE, ARCHIVE} if dvr else {LIVE})) == []
        assert leaks(house, [door for door in doors if not door.is_rtsp], text) == []
        control(house, doors)


def test_an_altered_token_opens_nothing(house: House) -> None:
    cast, doors = house.cast, gate_doors(house)
    good = token(cast.alice, cast.gate)
    spread = [*range(0, len(good), 6), len(good) - 1]
    for place in spread:
        other = ALPHABET[(ALPHABET.find(good[place]) + 1) % len(ALPHABET)]
        assert leaks(house, gate_doors(house), good[:place] + other + good[place + 1 :]) == [], place
    for wrong in (good[:-1], good + "A", good.swapcase(), f"g.{good}", "good", "%00", "a" * 3000):
        assert leaks(house, doors, wrong) == [], wrong
    control(house, gate_doors(house))


def test_a_token_opens_its_own_camera_only(house: House) -> None:
    cast = house.cast
    owners = {"gate": cast.nora, "office": cast.nora, "wheel": cast.nora, "tree": cast.sam}
    for name, user in owners.items():
        camera = getattr(cast, name)
        doors = house.doors(camera, token(user, camera))
        for other, whose in owners.items():
            text = token(whose, getattr(cast, other))
            opens = EVERYTHING if other == name else frozenset()
            assert leaks(house, doors, text, opens) == [], f"the token of {other} at {name}"


def test_pieces_of_another_camera_are_not_had_under_a_name_of_ones_own(house: House) -> None:
    """Numbers of segments and of beginnings are the streamer's: one's own name before them opens nobody else's."""
    cast = house.cast
    foreign = [
        replace(door, address=door.address.replace(cast.tree.media, cast.gate.media))
        for door in house.doors(cast.tree, token(cast.sam, cast.tree))
        if door.name in ("live segment", "archive segment")
    ]
    assert len(foreign) == 2
    assert set(house.knocks(foreign, token(cast.nora, cast.gate)).values()) == {404}


def test_a_token_of_another_purpose_opens_nothing(house: House) -> None:
    cast, doors = house.cast, gate_doors(house)
    browser = sign_in(cast.nora)
    number = session_id(cast.nora, browser)
    key, text = add_key(house)
    grant = add_grant(house)
    sealed_alike = playback.Issuer(cast.nora.pk, session_id=number, purpose=playback.GRANT).token(cast.gate)
    wrong = {
        "a session": browser,
        "an API key": text,
        "a streamer's key": cast.streamer_key,
        "a player's payload sealed as a grant's": sealed_alike,
        "the same with a grant's mark": f"g.{playback.grant_token(grant, cast.gate)}",
        "a grant without its mark": playback.grant_token(grant, cast.gate).removeprefix("g."),
        "a key that is not this user's": playback.Issuer(cast.alice.pk, session_id=number).token(cast.gate),
        "a session's number as a key's": playback.Issuer(cast.nora.pk, key_id=key.pk + 10_000).token(cast.gate),
    }
    assert {name: found for name, text in wrong.items() if (found := leaks(house, doors, text))} == {}
    control(house, gate_doors(house))


def test_a_playback_token_opens_no_door_of_the_portal(house: House) -> None:
    cast, browser = house.cast, sign_in(house.cast.nora)
    texts = [play_token(cast.nora, cast.gate, browser)]
    grant = add_grant(house)
    texts.append(playback.grant_token(grant, cast.gate))
    doors: dict[str, Callable[[str], dict[str, Any]]] = {
        "/vsaas/api/v2/cameras": lambda text: {"headers": {"x-vsaas-session": text}},
        "/vsaas/api/v2/cameras?key": lambda text: {"headers": {"x-vsaas-api-key": text}},
        "/watcher/client-api/v3/streams": lambda text: {"headers": {"Authorization": f"Bearer {text}"}},
        "/cameras/": lambda text: {"headers": {"Cookie": f"{settings.SESSION_COOKIE_NAME}={text}"}},
        f"/central/api/v3/streamers/{cast.streamer.hostname}/streams": lambda text: {
            "headers": {"Authorization": f"Bearer {text}"}
        },
    }
    with house.portal.client() as client:
        for text in texts:
            for path, shown in doors.items():
                answer = client.get(path, **shown(text))
                assert answer.status_code in (302, 401, 403), path
        assert client.get("/vsaas/api/v2/cameras", headers={"x-vsaas-session": browser}).status_code == 200
