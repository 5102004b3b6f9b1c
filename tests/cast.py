"""The cast of the tests, made through the same services that pages and API use. conftest.py introduces them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client

from devices.models import Camera, Preset, Streamer
from devices.services import cameras, presets, streamers
from tenants.models import Domain, Folder, Organization, User
from tenants.scoping import domain_scope
from tenants.services import domains, folders, keys, memberships, organizations, users

PASSWORD = "correct horse battery"
NORTH, SOUTH = "north.localhost", "south.localhost"


@dataclass
class Cast:
    """Everybody and everything a story may need. Rows are fetched anew inside a scope where a story changes them."""

    north: Domain
    south: Domain
    nora: User
    ada: User
    alice: User
    bob: User
    ian: User
    charlie: User
    mallory: User
    sam: User
    olga: User
    harbour: Organization
    mill: Organization
    orchard: Organization
    yard: Folder
    gate: Camera
    office: Camera
    wheel: Camera
    tree: Camera
    basic: Preset
    north_key: str
    south_key: str
    streamer: Streamer
    streamer_key: str

    def client(self, user: User | None = None, host: str = NORTH) -> Client:
        """A browser at an ISP's address, signed in as somebody or nobody."""
        client = Client(HTTP_HOST=host)
        if user is not None:
            response = client.post("/login", {"login": user.login, "password": PASSWORD})
            assert response.status_code == 302, "the cast can sign in"
        return client

    def api(self, key: str, host: str = NORTH) -> Client:
        """A CRM with a key."""
        return Client(HTTP_HOST=host, headers={"x-vsaas-api-key": key})


def build() -> Cast:
    """Make the cast."""
    north = domains.add_domain(title="North Net", slug="north", hosts=[NORTH], timezone="Europe/Berlin")
    south = domains.add_domain(title="South Net", slug="south", hosts=[SOUTH], timezone="America/New_York")
    streamer, streamer_key = streamers.add_streamer(hostname="streamer-1", port=8001)
    with domain_scope(south):
        southern = _south(streamer)
    with domain_scope(north):
        northern = _north(streamer)
    return Cast(north=north, south=south, streamer=streamer, streamer_key=streamer_key, **northern, **southern)


def _person(login: str, **flags: Any) -> User:
    return users.add_user(
        acting_user=None, login=f"{login}@example.org", password=PASSWORD, email=f"{login}@example.org", **flags
    )


def _north(streamer: Streamer) -> dict[str, Any]:
    nora, ada = _person("nora", is_admin=True), _person("ada", is_accountant=True)
    alice, bob, ian, charlie, mallory = (_person(name) for name in ("alice", "bob", "ian", "charlie", "mallory"))
    basic = presets.add_preset(acting_user=None, title="Week", dvr_depth=7, is_everywhere=True)
    harbour = organizations.add_organization(acting_user=None, title="Harbour", owner=alice)
    mill = organizations.add_organization(acting_user=None, title="Mill", owner=mallory)
    yard = folders.add_folder(harbour, acting_user=None, title="Yard", parent=folders.root(harbour))
    memberships.add_member(harbour, acting_user=None, user=bob)
    memberships.add_member(harbour, acting_user=None, user=ian, can_edit_cameras=True)
    memberships.grant_folder(yard, acting_user=None, user=bob, can_view_dvr=True, dvr_depth_limit=7)
    gate = _camera(harbour, "gate", preset=basic, folder=yard)
    office = _camera(harbour, "office", preset=basic)
    wheel = _camera(mill, "wheel", preset=basic)
    _key, north_key = keys.add_key(acting_user=None, title="CRM")
    return {
        "nora": nora, "ada": ada, "alice": alice, "bob": bob, "ian": ian, "charlie": charlie, "mallory": mallory,
        "basic": basic, "harbour": harbour, "mill": mill, "yard": yard, "gate": gate, "office": office,
        "wheel": wheel, "north_key": north_key,
    }  # fmt: skip


def _south(streamer: Streamer) -> dict[str, Any]:
    sam, olga = _person("sam", is_admin=True), _person("olga")
    preset = presets.add_preset(acting_user=None, title="Month", dvr_depth=30, is_everywhere=True)
    orchard = organizations.add_organization(acting_user=None, title="Orchard", owner=olga)
    tree = _camera(orchard, "tree", preset=preset)
    _key, south_key = keys.add_key(acting_user=None, title="CRM")
    return {"sam": sam, "olga": olga, "orchard": orchard, "tree": tree, "south_key": south_key}


def _camera(organization: Organization, name: str, **more: Any) -> Camera:
    return cameras.add_camera(
        organization, acting_user=None, title=name.title(), name=name, stream_url="fake://clock", **more
    )
