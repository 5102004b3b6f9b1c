"""What Greta does with ISPs: sees how large they are and how they fare, opens one, moves it, suspends it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.services import figures
from devices.models import Camera, CameraStatus
from tenants import clock
from tenants.installation import installation_scope
from tenants.models import AuditEntry, Domain, InstallationEntry, Mail, User
from tenants.scoping import domain_scope
from tenants.services import domains
from tests.cast import NORTH, PASSWORD
from tests.installation.conftest import Installation

NEW = {
    "title": "East Net", "slug": "east", "hosts": "east.localhost\nwww.east.localhost", "currency": "CHF",
    "timezone": "Europe/Zurich", "locale": "en", "admin_email": "eve@example.org",
}  # fmt: skip


def test_the_list_tells_size_and_health(installation: Installation) -> None:
    cast = installation.cast
    with domain_scope(cast.north):
        camera = Camera.objects.get(name="gate")
        CameraStatus.objects.create(domain_id=cast.north.pk, camera=camera, alive=False, error_code="unreachable")
    cast.client(cast.bob)
    figures.count_all()
    row = installation.client().get("/").content.decode()
    north = row[row.index("North Net") : row.index("South Net")]
    numbers = re.findall(r'class="num[^"]*"[^>]*>(\d+|–)<', north)
    assert numbers == ["3", "7", "3", "1", "1"], "organizations, users, cameras, streamers, sessions"
    assert "1 camera failing" in north
    assert "well" in row[row.index("South Net") :]


def test_the_list_takes_as_many_queries_for_thirty_isps_as_for_two(installation: Installation) -> None:
    client = installation.client()

    def asked() -> int:
        figures.count_all()
        client.get("/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").status_code == 200
        return len(captured)

    few = asked()
    for number in range(28):
        domains.add_domain(title=f"Isp {number}", slug=f"isp-{number}", hosts=[f"isp-{number}.localhost"])
    assert asked() == few


def test_a_search_finds_by_name_and_host(installation: Installation) -> None:
    client = installation.client()
    for word, found, lost in (("north", "North Net", "South Net"), ("south.local", "South Net", "North Net")):
        page = client.get(f"/?q={word}").content.decode()
        assert found in page
        assert lost not in page
    assert "No provider fits" in client.get("/?q=%25").content.decode()


def test_a_new_isp_is_ready_and_its_administrator_comes_in_by_the_link(installation: Installation) -> None:
    page = installation.client().post("/isps/new", NEW).content.decode()
    link = re.findall(r"http://east\.localhost:\d+(/vsaas/activate/[\w-]+)", page)[0]
    east = Domain.objects.get(slug="east")
    assert (east.currency, east.timezone, east.locale) == ("CHF", "Europe/Zurich", "en")
    with domain_scope(east):
        assert Mail.objects.get().recipient == "eve@example.org"
        eve = User.objects.get()
        assert eve.is_admin
        assert not eve.has_usable_password()
    browser = Client(HTTP_HOST="www.east.localhost")
    assert browser.post(link, {"password": "a phrase that eve likes"}).status_code == 302
    signed_in = browser.post("/login", {"login": "eve@example.org", "password": "a phrase that eve likes"})
    assert signed_in.status_code == 302
    assert browser.get("/cameras/new").status_code == 200, "there is an organization with an owner, and a preset"


def test_with_a_mail_server_only_the_mails_reader_has_the_link(installation: Installation, settings: object) -> None:
    settings.PERCH_SMTP = {**settings.PERCH_SMTP, "host": "mail.example.org"}  # type: ignore[attr-defined]  # pytest-django's
    answer = installation.client().post("/isps/new", NEW, follow=True)
    assert "/vsaas/activate/" not in answer.content.decode()
    assert "eve@example.org" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hosts", NORTH), ("hosts", "no_such host!"), ("hosts", " "), ("slug", "north"), ("slug", "a b"),
        ("currency", "euro"), ("timezone", "Mars/North"), ("title", ""), ("admin_email", "eve"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_by_its_field_and_nothing_is_opened(
    installation: Installation, field: str, value: str
) -> None:
    answer = installation.client().post("/isps/new", {**NEW, field: value})
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Domain.objects.filter(slug="east").exists()


def test_an_invitation_is_repeated_until_somebody_came_in(installation: Installation) -> None:
    client = installation.client()
    first = re.findall(r"/vsaas/activate/[\w-]+", client.post("/isps/new", NEW).content.decode())[0]
    east = Domain.objects.get(slug="east")
    page = client.post(f"/isps/{east.pk}/invite", {"admin_email": "eva@example.org"}).content.decode()
    second = re.findall(r"/vsaas/activate/[\w-]+", page)[0]
    browser = Client(HTTP_HOST="east.localhost")
    assert browser.get(first).status_code == 404, "who was invited at a wrong address does not come in"
    assert browser.post(second, {"password": "a phrase that eva likes"}).status_code == 302
    assert client.post(f"/isps/{east.pk}/invite", {"admin_email": "greta@example.org"}).status_code == 422
    with domain_scope(east):
        assert [user.login for user in User.objects.all()] == ["eva@example.org"]


def test_an_isp_moves_to_other_names_and_both_logs_tell(installation: Installation) -> None:
    north = installation.cast.north
    answer = installation.client().post(f"/isps/{north.pk}/hosts", {"hosts": "new.north.test\n" + NORTH})
    assert answer.status_code == 302
    assert Client(HTTP_HOST="new.north.test").get("/login").status_code == 200
    assert north.base_host == "new.north.test"
    with domain_scope(north):
        entry = AuditEntry.objects.filter(object_type="Domain").first()
        assert entry is not None
        assert entry.changed["hosts"] == [[NORTH], ["new.north.test", NORTH]]
        assert entry.changed["by"][1] == "installation: greta"
    with installation_scope():
        assert InstallationEntry.objects.filter(action="changed", isp_id=north.pk, ip="203.0.113.7").count() == 1


def test_a_name_of_another_isp_is_refused_and_all_stays(installation: Installation) -> None:
    north = installation.cast.north
    answer = installation.client().post(f"/isps/{north.pk}/hosts", {"hosts": "new.north.test\nsouth.localhost"})
    assert answer.status_code == 422
    assert list(north.hosts.values_list("host", flat=True)) == [NORTH]


def test_a_suspended_isp_shows_nothing_until_it_goes_on(installation: Installation) -> None:
    cast, client = installation.cast, installation.client()
    nora, key = cast.client(cast.nora), cast.api(cast.north_key)
    assert client.post(f"/isps/{cast.north.pk}/switch", {"active": "0"}).status_code == 302
    assert nora.get("/cameras/").status_code == 404
    assert key.get("/vsaas/api/v2/cameras").status_code == 404
    assert cast.client(cast.sam, "south.localhost").get("/cameras/").status_code == 200
    assert "suspended" in client.get("/").content.decode()
    client.post(f"/isps/{cast.north.pk}/switch", {"active": "1"})
    assert nora.get("/cameras/").status_code == 200, "nothing was lost"


@pytest.mark.parametrize("isp_id", ["0", "999999", "x", "9" * 30])
def test_a_number_that_is_no_isps_is_not_there(installation: Installation, isp_id: str) -> None:
    client = installation.client()
    assert client.get(f"/isps/{isp_id}").status_code == 404
    assert client.post(f"/isps/{isp_id}/support", {"reason": "x" * 20, "minutes": "60"}).status_code == 404


def test_the_installations_log_cannot_be_changed(installation: Installation) -> None:
    with installation_scope():
        assert InstallationEntry.objects.exists()
        for change in ("UPDATE tenants_installationentry SET title = ''", "DELETE FROM tenants_installationentry"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(change)


def test_a_night_that_did_not_come_is_told(installation: Installation) -> None:
    with clock.frozen(clock.now() + timedelta(days=3)):
        figures.count(installation.cast.north)
        page = installation.client().get("/").content.decode()
    assert re.search(r"\d+ nights are missing", page[page.index("North Net") :])
    assert PASSWORD not in page
