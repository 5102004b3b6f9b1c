"""How many queries each list takes: as many for thirty rows as for three, and as many as tests/queries.json says.

A change shows in a review as a change of that file: `make queries` writes it anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Plan
from billing.services import night, plans
from devices.models import CameraDrift, CameraStatus, Viewing, ViewingSession
from devices.services import actions, cameras, grants, playback_grants, presets, protection, streamers, zones
from tenants import clock
from tenants.models import SuperAdministrator, User
from tenants.scoping import domain_scope
from tenants.services import (
    folders,
    identity_providers,
    invitations,
    keys,
    mail,
    memberships,
    messages,
    organizations,
    support,
    users,
    webhooks,
)
from tenants.services import sign_in as doors
from tests.cast import NORTH, PASSWORD, Cast, build
from tests.server import sign_in

COUNTS = Path(__file__).parent / "queries.json"
V2 = "/vsaas/api/v2/"
V3 = "/watcher/client-api/v3/"
V3_ADMIN = "/watcher/admin-api/v3/"


def _camera(cast: Cast, number: int) -> None:
    made = cameras.add_camera(
        cast.harbour,
        acting_user=None,
        title=f"C{number}",
        stream_url="fake://fake",
        preset=cast.basic,
        folder=cast.yard,
    )
    CameraStatus.objects.create(domain_id=made.domain_id, camera=made, alive=True, reported_at=clock.now())
    cameras.mark_camera(made, cast.nora, favorite=True)


def _zone(cast: Cast, number: int) -> None:
    streamers.add_streamer(hostname=f"s{number}", port=8001, zones=[zones.add_zone(name=f"z{number}", title="Z")])


def _organization(cast: Cast, number: int) -> None:
    organizations.add_organization(acting_user=None, title=f"O{number}", owner=cast.alice)


def _user(cast: Cast, number: int) -> None:
    person = users.add_user(acting_user=None, login=f"u{number}", organization=cast.harbour)
    memberships.grant_folder(cast.yard, acting_user=None, user=person, can_view_dvr=True)
    keys.add_key(acting_user=None, user=person)


def _folder(cast: Cast, number: int) -> None:
    folders.add_folder(cast.harbour, acting_user=None, title=f"F{number}", parent=folders.root(cast.harbour))


def _preset(cast: Cast, number: int) -> None:
    presets.add_preset(acting_user=None, title=f"P{number}", organization=cast.harbour)


def _plan(cast: Cast, number: int) -> None:
    plan = plans.add_plan(acting_user=None, title=f"Plan {number}", amount=100)
    plans.add_price(plan, acting_user=None, amount=200, from_day=date(2050, 1, 1))


def _key(cast: Cast, number: int) -> None:
    keys.add_key(acting_user=None, title=f"K{number}")


def _accountant(cast: Cast, number: int) -> None:
    person = users.add_user(acting_user=None, login=f"a{number}", is_accountant=True)
    _own(cast, number, person)


def _own(cast: Cast, number: int, person: User) -> None:
    made = organizations.add_organization(acting_user=None, title=f"O{number}", owner=person)
    memberships.add_member(made, acting_user=None, user=cast.bob, is_accountant=True)
    memberships.grant_folder(folders.root(made), acting_user=None, user=cast.bob)


def _place(cast: Cast, number: int) -> None:
    _own(cast, number, cast.alice)


def _grant(cast: Cast, number: int) -> None:
    person = users.add_user(acting_user=None, login=f"g{number}", organization=cast.harbour)
    grants.grant_camera(cast.gate, acting_user=None, user=person)


def _drift(cast: Cast, number: int) -> None:
    CameraDrift.objects.create(
        domain_id=cast.north.pk, camera_name=f"c{number}", streamer_hostname="s", kind="missing", found_at=clock.now()
    )


def _grant_to_bob(cast: Cast, number: int) -> None:
    camera = cameras.add_camera(cast.harbour, acting_user=None, title=f"B{number}", stream_url="fake://fake")
    grants.grant_camera(camera, acting_user=None, user=cast.bob)


def _viewing(cast: Cast, number: int) -> None:
    now = clock.now()
    Viewing.objects.create(
        camera=cast.gate, kind="live", holder=1, holder_id=number, day=now.date(), began_at=now, last_at=now
    )


def _event(cast: Cast, number: int) -> None:
    protection.protect_event(cast.gate, clock.now() - timedelta(minutes=number))


def _watching(cast: Cast, number: int) -> None:
    now = clock.now()
    ViewingSession.objects.create(
        camera=cast.gate, key=str(number), user_id=cast.bob.pk, holder=1, holder_id=number, kind="live",
        protocol="hls", began_at=now, last_at=now,
    )  # fmt: skip


def _third_party(cast: Cast, number: int) -> None:
    playback_grants.add_grant(cast.gate, acting_user=None, title=f"T{number}")


def _session(cast: Cast, number: int) -> None:
    User.objects.filter(pk=cast.nora.pk).update(max_sessions=100)  # or the oldest would go
    sign_in(cast.nora)


def _visit(cast: Cast, number: int) -> None:
    sign_in(cast.bob)
    doors.note(cast.bob.login, doors.Door.PAGE, doors.Result.PASSWORD, cast.bob)


def _provider(cast: Cast, number: int) -> None:
    issuer = f"https://id{number}.example.com"
    identity_providers.add_provider(acting_user=None, title=f"Id {number}", issuer=issuer, client_id="x")


def _invitation(cast: Cast, number: int) -> None:
    invitations.invite(cast.harbour, acting_user=cast.alice, email=f"i{number}@example.org", watches=True, flags={})


def _mail(cast: Cast, number: int) -> None:
    mail.send("test", to=f"m{number}@example.org", locale="en")


def _webhook(cast: Cast, number: int) -> None:
    if number < webhooks.MOST:
        hook, _secret = webhooks.add_webhook(acting_user=None, url=f"http://93.184.216.34/{number}")
        webhooks.send_test(hook, acting_user=None)


def _action(cast: Cast, number: int) -> None:
    if number < actions.MOST:
        actions.add_action(cast.gate, acting_user=cast.alice, title=f"A{number}", url="http://93.184.216.34/x")


def _message(cast: Cast, number: int) -> None:
    messages.send(acting_user=cast.nora, user=cast.nora, title=f"M{number}", is_dashboard=True)
    messages.send(acting_user=cast.nora, organization=cast.harbour, title=f"N{number}")


def _stay(cast: Cast, number: int) -> None:
    support.start(
        cast.north, administrator=SuperAdministrator(login=f"greta{number}"), reason=f"because of ticket {number}"
    )


Make = Callable[[Cast, int], None]
# Every list, and what makes it longer. `{org}` and `{folder}` are Harbour's.
LISTS: dict[str, Make] = {
    "/api/v1/organizations": _organization,
    "/api/v1/tariff_plans": _plan,
    f"{V2}cameras": _camera,
    f"{V2}cameras?organization_id={{org}}": _camera,
    f"{V2}cameras?favorite=1": _camera,
    f"{V2}organizations": _organization,
    f"{V2}users": _user,
    f"{V2}users/{{bob}}/cameras": _camera,
    f"{V2}presets": _preset,
    f"{V2}organizations/{{org}}/presets": _preset,
    f"{V2}organizations/{{org}}/users": _user,
    f"{V2}organizations/{{org}}/folders": _folder,
    f"{V2}organizations/{{org}}/folders/{{folder}}/users": _user,
    f"{V3}streams": _camera,
    f"{V3}streams?sort=-stats.bitrate&stats.alive=true&q=c": _camera,
    f"{V3}users": _user,
    f"{V3}organizations": _organization,
    f"{V3}organizations?sort=-stats.streams": _organization,
    f"{V3}presets": _preset,
    f"{V3}organizations/{{org}}/presets": _preset,
    f"{V3}organizations/{{org}}/users": _user,
    f"{V3}organizations/{{org}}/folders": _folder,
    f"{V3}organizations/{{org}}/folders/{{folder}}/users": _user,
    f"{V3}users/{{bob}}/organization": _place,
    f"{V3}users/{{bob}}/organization/{{org}}/folders": _folder,
    f"{V3}profile/sessions": _session,
    f"{V3}streams/gate/permissions/users": _grant,
    f"{V3}streams/gate/access": _grant,
    f"{V3}streams/gate/actions": _action,
    f"{V3}streams/gate/viewings": _viewing,
    f"{V3}streams/gate/dvr/protected": _event,
    "/cameras/reasons/gate?from=1&to=9999999": _event,
    f"{V3}users/{{bob}}/permissions/streams": _grant_to_bob,
    f"{V3}users/{{bob}}/access": _grant_to_bob,
    "/cameras/": _camera,
    "/cameras/bulk?all=1": _camera,
    "/cameras/access/gate": _grant,
    "/cameras/viewings/gate": _viewing,
    "/users/{bob}/access": _grant_to_bob,
    "/organizations/": _organization,
    "/organizations/{org}/": _camera,
    "/organizations/{org}/users/": _user,
    "/organizations/{org}/folders/": _folder,
    "/organizations/{org}/plans": _plan,
    "/users/": _user,
    "/users/?organization={org}&q=u": _user,
    "/users/{bob}/organizations": _place,
    "/users/{bob}/cameras": _place,
    "/organizations/{org}/users/add": _user,
    "/organizations/{org}/owner": _user,
    "/organizations/{org}/statistics": _camera,
    "/organizations/{org}/tree/{folder}": _camera,
    "/roles/": _accountant,
    "/presets/": _preset,
    "/plans/": _plan,
    "/settings/": _key,
    "/settings/support": _stay,
    "/messages/": _message,
    "/messages/?sent=1": _message,
    f"{V3}messages": _message,
    f"{V3}profile/sign_ins": _visit,
    f"{V3}organizations/{{org}}/invitations": _invitation,
    f"{V3_ADMIN}zones": _zone,
    f"{V3_ADMIN}streamers": _zone,
    f"{V3_ADMIN}access_log": _visit,
    f"{V3_ADMIN}users/{{bob}}/sessions": _visit,
    f"{V3_ADMIN}identity_providers": _provider,
    f"{V3_ADMIN}support_accesses": _stay,
    f"{V3_ADMIN}events": _organization,
    f"{V3_ADMIN}mails": _mail,
    f"{V3_ADMIN}api-keys": _key,
    f"{V3_ADMIN}webhooks": _webhook,
    "/access-log/": _visit,
    "/users/{bob}/sign-in": _visit,
    "/settings/sign-in": _provider,
    "/settings/keys": _key,
    "/settings/webhooks": _webhook,
    "/storage/": _camera,
    "/cameras/third-parties/gate": _third_party,
    f"{V3}streams/gate/playback-grants": _third_party,
    "/watching/": _watching,
    f"{V3}viewing-sessions": _watching,
    f"{V3_ADMIN}viewing-sessions": _watching,
    "/storage/drift": _drift,
    f"{V3_ADMIN}drifts": _drift,
    "/audit/": _camera,
}


BEGIN = datetime(2026, 3, 25, 9, tzinfo=UTC)
FEW = datetime(2026, 4, 2, 9, tzinfo=UTC)
MANY = datetime(2026, 4, 4, 9, tzinfo=UTC)
# Pages of money, and whose browser opens them: what the nights counted makes them longer.
BOOKS = {
    "/usage/": "nora",
    "/usage/{org}": "nora",
    "/invoices/": "nora",
    "/organizations/{org}/money": "nora",
    "/costs/?organization={org}": "alice",
}


def _paying(cast: Cast, number: int) -> None:
    """One more buyer with a camera, and one more camera of Harbour's, both under a plan."""
    pro = Plan.objects.get(preset__title="Pro")
    buyer = organizations.add_organization(acting_user=None, title=f"O{number}", owner=cast.alice)
    plans.attach_plan(pro, buyer, acting_user=None)
    for payer in (buyer, cast.harbour):
        title = f"C{number} of {payer.pk}"
        cameras.add_camera(payer, acting_user=None, title=title, stream_url="fake://fake", preset=pro.preset)


@pytest.fixture
def books(db: None) -> Cast:
    """The cast on 25 March 2026, with a plan: the nights to come bill its cameras."""
    with clock.frozen(BEGIN):
        made = build()
        with domain_scope(made.north):
            plans.attach_plan(
                plans.add_plan(acting_user=None, title="Pro", amount=3100), made.harbour, acting_user=None
            )
        _grow(made, _paying, 0, 3)
    return made


def _count(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(captured)


@pytest.fixture
def administrator(cast: Cast) -> Client:
    """Nora at her browser: she sees the most. In the billing dialect she shows her password."""
    shown = {"X-USER": cast.nora.login, "X-PASSWORD": PASSWORD, "X-DOMAIN-ID": str(cast.north.pk)}
    client = Client(HTTP_HOST=NORTH, headers=shown)
    client.cookies[settings.SESSION_COOKIE_NAME] = sign_in(cast.nora)
    return client


@pytest.mark.parametrize("template", LISTS)
def test_a_longer_list_takes_no_more_queries(cast: Cast, administrator: Client, template: str) -> None:
    path, make = template.format(org=cast.harbour.pk, folder=cast.yard.pk, bob=cast.bob.pk), LISTS[template]
    _grow(cast, make, 0, 3)
    administrator.get(path)  # what is done once a process is not the list's
    few = _count(administrator, path)
    _grow(cast, make, 3, 30)
    many = _count(administrator, path)
    assert many == few, f"{path} asks {few} times for 3 rows and {many} times for 30"
    _compare(template, many)


@pytest.mark.parametrize("template", BOOKS)
def test_a_longer_bill_takes_no_more_queries(books: Cast, template: str) -> None:
    path = template.format(org=books.harbour.pk)
    with clock.frozen(FEW):
        night.run_nights(books.north.pk)
        client = books.client(getattr(books, BOOKS[template]))
        client.get(path)
        few = _count(client, path)
        _grow(books, _paying, 3, 30)
    with clock.frozen(MANY):
        night.run_nights(books.north.pk)
        client.get(path)  # the session is noted as used once a while
        many = _count(client, path)
    assert many == few, f"{path} asks {few} times for 3 buyers and {many} times for 30"
    _compare(template, many)


def _compare(template: str, count: int) -> None:
    if os.environ.get("PERCH_WRITE_QUERIES"):
        _write(template, count)
    assert _committed().get(template) == count, f"{template}: {count}; `make queries` if that is meant"


def _grow(cast: Cast, make: Make, begin: int, end: int) -> None:
    with domain_scope(cast.north):
        for number in range(begin, end):
            make(cast, number)


def _committed() -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(COUNTS.read_text())
    return counts


def _write(template: str, count: int) -> None:
    COUNTS.write_text(json.dumps({**_committed(), template: count}, indent=2, sort_keys=True) + "\n")


def test_the_file_names_no_list_that_is_gone() -> None:
    assert set(_committed()) == set(LISTS) | set(BOOKS)
