"""Whatever door somebody comes by, he may there what the plain rules say: pages, v2, v3, streams, pictures, files,
sockets. The portal runs for real; rights, trees, windows and people are made up anew for each example."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from devices.access import NONE, CameraRights
from devices.models import Camera, CameraPermission
from tenants import clock
from tenants.models import Domain, Folder, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import folders
from tests.cast import Cast
from tests.devices.naive import Terms, flags, grants, naive, terms, trees, zones
from tests.hooks.asking import Streamer, streamer
from tests.live.browsers import Browser
from tests.server import Server, play_token, sign_in

__all__ = ["streamer"]

DAY = 24 * 3600
EXAMPLES = 12


@dataclass
class Example:
    """One made-up world: who asks, what the rules say of each camera, and how to knock at each door."""

    server: Server
    streamer: Streamer
    bob: User
    is_active: bool
    session_key: str
    cameras: dict[str, Camera]
    expected: dict[str, CameraRights]

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Bob's browser."""
        with self.server.client() as client:
            client.cookies.set(django_settings.SESSION_COOKIE_NAME, self.session_key)
            yield client

    def statuses(self, address: str) -> dict[str, int]:
        """What a page of each camera answers."""
        with self.browser() as client:
            return {name: client.get(address.format(name=name)).status_code for name in self.cameras}

    def asked(self, **query: str) -> dict[str, httpx.Response]:
        """What a streamer is told of Bob at each camera."""
        return {
            name: self.streamer.may_play(camera, play_token(self.bob, camera, self.session_key), **query)
            for name, camera in self.cameras.items()
        }

    def json(self, path: str) -> tuple[int, Any]:
        """An answer of v2 to an application that Bob signed in to."""
        with self.server.client() as client:
            answer = client.get(path, headers={"x-vsaas-session": self.session_key})
            return answer.status_code, answer.json()


def page_door(world: Example) -> None:
    """Pages: the list names what he may know of, the player opens what he may watch, the form what he may edit."""
    refused = 404 if world.is_active else 302
    watch = {name: 200 if held.view else 403 if held.edit else refused for name, held in world.expected.items()}
    edit = {name: 200 if held.edit else 403 if held.view else refused for name, held in world.expected.items()}
    assert world.statuses("/cameras/watch/{name}") == watch
    assert world.statuses("/cameras/edit/{name}") == edit
    with world.browser() as client:
        text = client.get("/cameras/").text
    listed = {name for name in world.cameras if f'data-camera="{name}"' in text}
    assert listed == {name for name, held in world.expected.items() if held != NONE}


def picture_door(world: Example) -> None:
    """Pictures: of what he may watch, and of no more."""
    answers = {name: answer.status_code for name, answer in world.asked(proto="jpeg").items()}
    assert answers == {name: 200 if held.view else 403 for name, held in world.expected.items()}


def stream_door(world: Example) -> None:
    """Streams: live, and the archive as far back as he may look."""
    for name, answer in world.asked(dvr="true").items():
        held, camera = world.expected[name], world.cameras[name]
        assert answer.status_code == (200 if held.view else 403)
        if held.view:
            reach = held.dvr_depth_limit
            begins = clock.timestamp() - reach * DAY if reach is not None else 0
            opened = max(begins, camera.created_at.timestamp())
            told = answer.json()["allowed_dvr_ranges"]
            assert len(told) == int(held.dvr), name
            assert all(abs(part["opened_at"] - opened) < 60 for part in told), name


def file_door(world: Example) -> None:
    """Files of the archive: only with the right to them."""
    answers = {name: answer.status_code for name, answer in world.asked(proto="mp4", dvr="true").items()}
    assert answers == {name: 200 if held.export else 403 for name, held in world.expected.items()}


def v2_door(world: Example) -> None:
    """v2: the list, with what he may do with each."""
    status, body = world.json("/vsaas/api/v2/cameras")
    if not world.is_active:
        assert status in (401, 403)
        return
    assert status == 200
    shown = {camera["name"]: camera["permissions"] for camera in body if camera["name"] in world.cameras}
    assert shown == {
        name: {
            "view": held.view, "edit": held.edit, "ptz": held.ptz, "dvr": held.dvr, "actions": held.actions,
            "dvr_depth_limit": held.dvr_depth_limit,
        }
        for name, held in world.expected.items() if held != NONE
    }  # fmt: skip
    tokens = {camera["name"] for camera in body if camera["playback_config"]["token"]}
    assert tokens & set(world.cameras) == {name for name, held in world.expected.items() if held.view}


def v3_door(world: Example) -> None:
    """v3: what he sees by the list of streams, by each of them, and by the resolver that explains it."""
    base = "/watcher/client-api/v3"
    with world.browser() as client:
        explained = client.get(f"{base}/users/{world.bob.pk}/access")
        listed = client.get(f"{base}/streams?select=permissions")
        single = {name: client.get(f"{base}/streams/{name}") for name in world.cameras}
    if not world.is_active:
        assert {answer.status_code for answer in (explained, listed, *single.values())} <= {401, 403}
        return
    expected = {name: _on_the_wire(held) for name, held in world.expected.items() if held != NONE}
    assert rights_in(explained, "rights") == expected
    assert rights_in(listed, "permissions") == expected
    for name, answer in single.items():
        assert answer.status_code == (200 if name in expected else 404), name
        if name in expected:
            assert answer.json()["permissions"] == expected[name]


def rights_in(answer: httpx.Response, key: str) -> dict[str, Any]:
    """What is told of each stream."""
    assert answer.status_code == 200, answer.text
    return {row["name"]: row[key] for row in answer.json()["streams"]}


def _on_the_wire(held: CameraRights) -> dict[str, Any]:
    return {
        "can_view": held.view, "can_edit": held.edit, "can_view_dvr": held.dvr, "can_export": held.export,
        "dvr_depth_limit": (held.dvr_depth_limit or 0) * DAY, "can_use_ptz": held.ptz, "can_talk": held.talk,
        "can_use_actions": held.actions,
    }  # fmt: skip


def socket_door(world: Example) -> None:
    """Sockets: statuses of what he may know of."""
    try:
        connection = world.server.socket(world.session_key)
    except InvalidStatus:
        assert not world.is_active
        return
    with connection:
        assert world.is_active
        shown = set(Browser(connection, world.session_key).shown)
    assert shown & set(world.cameras) == {name for name, held in world.expected.items() if held != NONE}


DOORS = (page_door, picture_door, stream_door, file_door, v2_door, v3_door, socket_door)


@pytest.fixture
def tree(live_cast: Cast) -> list[Folder]:
    """Six folders of the Harbour organization, to be hung into each other."""
    with domain_scope(live_cast.north):
        root = folders.root(live_cast.harbour)
        made = [
            folders.add_folder(live_cast.harbour, acting_user=None, title=f"F{number}", parent=root)
            for number in range(5)
        ]
        Camera.objects.filter(name="office").update(folder=made[-1])
        return [root, *made]


# A failure is not made smaller: each example asks a running portal forty times, and the first one says enough.
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    parents=trees,
    granted=grants,
    alone=st.one_of(st.none(), terms),
    flags=flags,
    installs=st.booleans(),
    owned=st.sampled_from(["alice", "alice", "bob", None]),
    zone=zones,
)
def test_every_door_keeps_to_the_plain_rules(
    server: Server,
    streamer: Streamer,
    live_cast: Cast,
    tree: list[Folder],
    parents: tuple[int | None, ...],
    granted: list[tuple[int, Terms]],
    alone: Terms | None,
    flags: dict[str, bool],
    installs: bool,
    owned: str | None,
    zone: str,
) -> None:
    cast, at = live_cast, clock.now()
    with domain_scope(cast.north):
        Domain.objects.filter(pk=cast.north.pk).update(timezone=zone)
        for folder, parent in zip(tree[1:], parents[1:], strict=True):
            assert parent is not None
            Folder.objects.filter(pk=folder.pk).update(parent=tree[parent])
        owner = {"alice": cast.alice, "bob": cast.bob, None: None}[owned]
        Organization.objects.filter(pk=cast.harbour.pk).update(owner=owner)
        FolderPermission.objects.filter(user=cast.bob).delete()
        CameraPermission.objects.all().delete()
        Membership.objects.filter(user=cast.bob).update(can_edit_cameras=installs)
        for number, given_terms in granted:
            columns = given_terms.columns(at, ZoneInfo(zone))
            FolderPermission.objects.create(folder=tree[number], user=cast.bob, **columns)
        bob = User.objects.get(pk=cast.bob.pk)
        for name, value in flags.items():
            setattr(bob, name, value)
        if not flags["can_edit_organizations"]:
            bob.can_view_organizations = False
        bob.save()
        if alone is not None:
            membership = Membership.objects.get(user=bob, organization=cast.harbour)
            CameraPermission.objects.create(
                camera=cast.gate, membership=membership, **alone.columns(at, ZoneInfo(zone))
            )
        cameras = {camera.name: camera for camera in Camera.objects.all()}
        expected = {name: naive(bob, camera, at) for name, camera in cameras.items()}
    world = Example(server, streamer, bob, bob.is_active, sign_in(bob), cameras, expected)
    for door in DOORS:
        door(world)
