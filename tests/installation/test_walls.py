"""Between the installation and its ISPs: two addresses that know nothing of each other's people, pages and rows."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from devices.models import Zone
from devices.services import zones
from portal.installation import urls
from tenants.installation import installation_scope
from tenants.models import (
    InstallationEntry,
    IspFigures,
    Organization,
    SuperAdministrator,
    SuperSession,
    SuperSignIn,
    User,
)
from tenants.scoping import NoDomainScope, domain_scope
from tests.cast import NORTH, Cast
from tests.installation.conftest import HOST, PASSWORD, Installation

COOKIE = settings.SESSION_COOKIE_NAME
# Every address of the installation, and what a stranger gets: pages send him to sign in, what is sent is refused.
PAGES = {
    "": ("GET", 302),
    "login": ("GET", 200),
    "logout": ("POST", 302),
    "password": ("GET", 302),
    "second-factor": ("GET", 302),
    "second-factor/picture": ("GET", 302),
    "isps/new": ("GET", 302),
    "isps/<isp_id>": ("GET", 302),
    "isps/<isp_id>/hosts": ("POST", 401),
    "isps/<isp_id>/switch": ("POST", 401),
    "isps/<isp_id>/invite": ("POST", 401),
    "isps/<isp_id>/support": ("POST", 401),
    "streamers": ("GET", 302),
    "streamers/new": ("GET", 302),
    "streamers/sizing": ("GET", 302),
    "streamers/zones": ("GET", 302),
    "streamers/zones/new": ("GET", 302),
    "streamers/zones/<slug:name>": ("GET", 302),
    "streamers/zones/<slug:name>/remove": ("GET", 302),
    "streamers/<streamer_id>": ("GET", 302),
    "streamers/<streamer_id>/check": ("POST", 401),
    "streamers/<streamer_id>/key": ("GET", 302),
    "streamers/<streamer_id>/remove": ("GET", 302),
    "log": ("GET", 302),
    "brand.css": ("GET", 200),
    "brand/icon.svg": ("GET", 200),
}
WRITES = {
    "password",
    "second-factor",
    "isps/new",
    "isps/<isp_id>/switch",
    "streamers/new",
    "streamers/zones/new",
    "streamers/zones/<slug:name>",
    "streamers/zones/<slug:name>/remove",
    "streamers/<streamer_id>",
    "streamers/<streamer_id>/key",
    "streamers/<streamer_id>/remove",
}  # pages that also take what is sent


def test_every_address_of_the_installation_is_in_the_table() -> None:
    assert {str(pattern.pattern) for pattern in urls.urlpatterns} == set(PAGES)


def _path(installation: Installation, route: str) -> str:
    if "<slug:name>" in route and not Zone.objects.exists():
        zones.add_zone(name="ring", title="Ring")
    made = route.replace("<isp_id>", str(installation.cast.north.pk)).replace("<slug:name>", "ring")
    return "/" + made.replace("<streamer_id>", str(installation.cast.streamer.pk))


def _strangers(installation: Installation) -> list[Client]:
    """Nobody, and people of an ISP who show their own sessions at the installation's address."""
    nobody = installation.client(signed_in=False)
    clients = [nobody]
    for person in (installation.cast.nora, installation.cast.alice):
        client = installation.client(signed_in=False)
        client.cookies[COOKIE] = installation.cast.client(person).cookies[COOKIE].value
        clients.append(client)
    return clients


@pytest.mark.parametrize("route", PAGES)
def test_people_of_an_isp_are_nobody_at_the_installation(installation: Installation, route: str) -> None:
    method, expected = PAGES[route]
    path = _path(installation, route)
    for client in _strangers(installation):
        assert client.generic(method, path).status_code == expected
        if route in WRITES:
            assert client.post(path, {"active": "0"}).status_code == 401
    installation.cast.north.refresh_from_db()
    assert installation.cast.north.is_active


@pytest.mark.parametrize("route", [route for route, (method, _status) in PAGES.items() if method == "GET"])
def test_a_super_administrator_opens_every_page(installation: Installation, route: str) -> None:
    path = _path(installation, route)
    expected = 302 if route == "login" else 200
    assert installation.client().get(path).status_code == expected


def test_a_super_administrator_is_nobody_at_an_isp(installation: Installation) -> None:
    client = Client(HTTP_HOST=NORTH)
    client.cookies[COOKIE] = installation.client().cookies[COOKIE].value
    assert client.get("/cameras/").status_code == 302
    assert client.get("/vsaas/api/v2/cameras").status_code == 403
    assert client.get("/watcher/client-api/v3/streams").status_code == 401
    assert client.post("/login", {"login": "greta", "password": PASSWORD}).status_code == 422


def _paths(resolver: object, prefix: str = "") -> list[str]:
    found = []
    for entry in resolver.url_patterns:  # type: ignore[attr-defined]  # a resolver
        route = prefix + str(entry.pattern)
        found += [route] if isinstance(entry, URLPattern) else _paths(entry, route)
    return found


def test_no_page_and_no_api_of_an_isp_exists_at_the_installation(installation: Installation) -> None:
    shared = {str(pattern.pattern) for pattern in urls.urlpatterns}
    client = installation.client()
    theirs = [route for route in _paths(get_resolver()) if route not in shared and "<" not in route]
    assert len(theirs) > 40
    answers = {route: client.get(f"/{route}").status_code for route in theirs}
    assert set(answers.values()) == {404}, {route: status for route, status in answers.items() if status != 404}


@pytest.mark.parametrize("host", ["ADMIN.LOCALHOST", "admin.localhost.", "admin.localhost:9100"])
def test_its_name_may_be_written_in_any_way(installation: Installation, host: str) -> None:
    assert b"Installation" in Client(HTTP_HOST=host).get("/login").content


@pytest.mark.parametrize("host", ["admin.localhost.evil.test", "xadmin.localhost", "admin,localhost"])
def test_other_names_are_not_its(installation: Installation, host: str) -> None:
    assert Client(HTTP_HOST=host).get("/login").status_code == 404


def test_a_forwarded_host_changes_nothing(installation: Installation) -> None:
    page = Client(HTTP_HOST=NORTH, headers={"X-Forwarded-Host": HOST}).get("/login").content
    assert b"Installation" not in page
    assert b"North Net" in page


@pytest.mark.parametrize("model", [SuperAdministrator, SuperSession, SuperSignIn, InstallationEntry, IspFigures])
def test_the_installations_rows_are_hidden_from_requests_at_an_isp(installation: Installation, model: type) -> None:
    from billing.services import figures

    installation.client()
    figures.count(installation.cast.north)
    with installation_scope():
        assert model.objects.exists()  # type: ignore[attr-defined]  # a model
    with domain_scope(installation.cast.north):
        assert not model.objects.exists()  # type: ignore[attr-defined]  # a model
    assert not model.objects.exists()  # type: ignore[attr-defined]  # a model


def test_the_installations_scope_shows_no_isps_rows(installation: Installation) -> None:
    with installation_scope():
        with pytest.raises(NoDomainScope):
            User.objects.exists()
        with connection.cursor() as cursor:
            for table in ("tenants_user", "tenants_organization", "devices_camera", "tenants_usersession"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table


def test_an_isps_scope_inside_the_installations_ends(cast: Cast) -> None:
    with installation_scope():
        with domain_scope(cast.north):
            assert Organization.objects.exists()
            assert not SuperSession.objects.exists()
        with pytest.raises(NoDomainScope):
            Organization.objects.exists()
    with domain_scope(cast.north), installation_scope():
        assert Organization.objects.exists()
    assert not SuperAdministrator.objects.exists()


def test_no_isp_gets_the_installations_host_name(installation: Installation) -> None:
    answer = installation.client().post(
        f"/isps/{installation.cast.north.pk}/hosts", {"hosts": f"{NORTH}\nAdmin.localhost"}
    )
    assert answer.status_code == 422
    assert "own" in answer.content.decode()
