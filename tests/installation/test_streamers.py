"""What Greta does with streamers: sees how they fare, adds one with a key of its own, changes, and removes it."""

from __future__ import annotations

import asyncio
import re

import pytest

from devices.models import Camera, CameraStatus, Streamer
from devices.services import cameras, streamers, zones
from devices.simulators.flussonic import Flussonic
from portal import fleet
from portal.first_run import HOSTNAME
from portal.live import rounds
from tenants import clock
from tenants.addresses import STREAMER_NETWORKS
from tenants.installation import installation_scope
from tenants.models import InstallationEntry, Organization
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import Streamer as Asking
from tests.hooks.asking import streamer
from tests.installation.conftest import Installation
from tests.server import live_cast, server, web_process

__all__ = ["live_cast", "server", "streamer", "web_process"]
NEW = {"hostname": "video2.example.org", "port": "8443", "public_url": "https://video2.example.org"}


def added_camera(cast: Cast, name: str) -> Camera:
    with domain_scope(cast.north):
        harbour = Organization.objects.get(pk=cast.harbour.pk)
        return cameras.add_camera(harbour, acting_user=None, title=name, name=name, stream_url="fake://clock")


def log() -> list[tuple[str, str]]:
    with installation_scope():
        return list(InstallationEntry.objects.order_by("id").values_list("action", "title"))


def test_a_streamer_is_added_with_a_key_that_is_shown_once(installation: Installation) -> None:
    greta = installation.client()
    page = greta.post("/streamers/new", NEW).content.decode()
    key = re.findall(r"st-[\w-]{20,}", page)[0]
    added = Streamer.objects.get(hostname="video2.example.org")
    assert streamers.is_key_of(added, key)
    assert "--hostname video2.example.org" in page
    assert not added.is_default
    assert key not in greta.get(f"/streamers/{added.pk}").content.decode()
    assert log()[-1] == ("streamer_added", "video2.example.org")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hostname", "streamer-1"), ("hostname", "Video 2"), ("hostname", ""), ("port", "0"), ("port", "70000"),
        ("public_url", "javascript:alert(1)"), ("public_url", "ftp://x"),
    ],
)  # fmt: skip
def test_what_is_no_streamer_is_refused_by_its_field(installation: Installation, field: str, value: str) -> None:
    answer = installation.client().post("/streamers/new", {**NEW, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert Streamer.objects.count() == 1


def test_cameras_without_a_zone_go_to_default_streamers(installation: Installation) -> None:
    greta, cast = installation.client(), installation.cast
    greta.post("/streamers/new", NEW)
    second = Streamer.objects.get(hostname=NEW["hostname"])
    change = {"port": "8443", "public_url": "https://elsewhere.example.org", "is_default": "on"}
    assert greta.post(f"/streamers/{second.pk}", change).status_code == 302
    assert log()[-1] == ("streamer_changed", "video2.example.org")
    assert added_camera(cast, "one").streamer == second
    cast.streamer.refresh_from_db()
    streamers.change_streamer(cast.streamer, is_default=True)
    assert added_camera(cast, "two").streamer in (second, cast.streamer), "there may be several"
    streamers.change_streamer(cast.streamer, is_default=False)
    assert greta.post(f"/streamers/{second.pk}", {"port": "8443"}).status_code == 302
    assert added_camera(cast, "three").streamer is not None, "without a default one, any will do"


def test_a_streamer_is_given_zones_labels_and_limits(installation: Installation) -> None:
    greta, row = installation.client(), installation.cast.streamer
    zone = zones.add_zone(name="north", title="North ring")
    change = {"port": "8001", "zones": [zone.pk], "labels": "gpu=yes, site=a1", "channel_limit": "40",
              "total_bandwidth": "90000"}  # fmt: skip
    assert greta.post(f"/streamers/{row.pk}", change).status_code == 302
    row.refresh_from_db()
    assert (row.labels, row.channel_limit, row.total_bandwidth) == ({"gpu": "yes", "site": "a1"}, 40, 90_000)
    page = greta.get(f"/streamers/{row.pk}").content.decode()
    assert "gpu=yes" in page
    assert "North ring" in greta.get("/streamers").content.decode()
    answer = greta.post(f"/streamers/{row.pk}", {**change, "labels": "what is this?=no"})
    assert answer.context["form"].errors.keys() == {"labels"}


def test_a_renewed_key_voids_the_old_one(installation: Installation) -> None:
    cast, greta = installation.cast, installation.client()
    path = f"/streamers/{cast.streamer.pk}/key"
    assert "void at once" in greta.get(path).content.decode()
    key = re.findall(r"st-[\w-]{20,}", greta.post(path).content.decode())[0]
    renewed = Streamer.objects.get(pk=cast.streamer.pk)
    assert streamers.is_key_of(renewed, key)
    assert not streamers.is_key_of(renewed, cast.streamer_key)


def test_a_streamer_with_cameras_stays(installation: Installation) -> None:
    cast, greta = installation.cast, installation.client()
    greta.post("/streamers/new", {**NEW, "is_default": "on"})
    added = Streamer.objects.get(hostname=NEW["hostname"])
    page = greta.post(f"/streamers/{cast.streamer.pk}/remove", follow=True).content.decode()
    assert "at most 0 cameras" in page
    for domain in (cast.north, cast.south):
        with domain_scope(domain):
            Camera.objects.update(streamer=added)
    assert greta.post(f"/streamers/{cast.streamer.pk}/remove").headers["Location"] == "/streamers"
    assert list(Streamer.objects.all()) == [added]
    assert log()[-1] == ("streamer_removed", "streamer-1")


def test_the_installations_own_streamer_keeps_its_key(installation: Installation) -> None:
    own, _key = streamers.add_streamer(hostname=HOSTNAME, port=8001)
    greta = installation.client()
    assert "/key" not in greta.get(f"/streamers/{own.pk}").content.decode()
    for what in ("key", "remove"):
        assert greta.post(f"/streamers/{own.pk}/{what}").status_code == 409
    assert Streamer.objects.filter(pk=own.pk).exists()


def test_the_list_tells_which_answer(installation: Installation) -> None:
    greta, row = installation.client(), installation.cast.streamer
    assert "never heard of" in greta.get("/streamers").content.decode()
    Streamer.objects.filter(pk=row.pk).update(last_seen_at=clock.now())
    assert ">answers<" in greta.get("/streamers").content.decode()
    Streamer.objects.filter(pk=row.pk).update(last_seen_at=clock.now() - streamers.ANSWERING)
    assert "does not answer" in greta.get("/streamers").content.decode()


def test_disks_are_shown_as_the_streamer_reports_them(streamer: Asking, live_cast: Cast) -> None:
    odd = [{"path": "/data/two", "online": False, "error": "Input/output error", "total": "x"}, 7]
    one = {"path": "/data/one", "online": True, "total": 4 * 10**12, "free": 10**12 + 5, "used": 3 * 10**12}
    path = f"/central/api/v3/streamers/{streamer.hostname}/status"
    for disks in ([one, *odd], "none"):
        assert streamer.client.post(path, json={"streams": [], "disks": disks}).status_code == 204
    row = Streamer.objects.get(hostname=streamer.hostname)
    assert [(disk["path"], disk["online"], disk["free"]) for disk in row.disks] == [
        ("/data/one", True, 10**12), ("/data/two", False, 0),
    ]  # fmt: skip


def test_the_page_of_a_streamer_shows_its_disks(installation: Installation) -> None:
    greta, row = installation.client(), installation.cast.streamer
    assert "disks-title" not in greta.get(f"/streamers/{row.pk}").content.decode()
    said = {"path": "/data/<two>", "online": False, "total": 4 * 10**12, "free": 0, "used": 0, "error": "gone"}
    Streamer.objects.filter(pk=row.pk).update(disks=[said])
    page = greta.get(f"/streamers/{row.pk}").content.decode()
    assert "/data/&lt;two&gt;" in page
    assert "not there" in page


def test_what_a_streamer_carries_is_counted_across_isps(streamer: Asking, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    streamer.report(live_cast.tree)
    streamer.report(live_cast.wheel, alive=False, status="error", error={"code": "unreachable", "message": ""})
    with domain_scope(live_cast.north):
        CameraStatus.objects.filter(camera=live_cast.gate).update(bitrate=400, online_clients=2, dvr_bytes=5_000)

    async def once() -> None:
        try:
            await rounds.count()
        finally:
            await fleet.close()

    asyncio.run(once())
    row = Streamer.objects.get(pk=live_cast.streamer.pk)
    told = {name: row.figures[name] for name in ("cameras", "isps", "alive", "failing")}
    assert told == {"cameras": 4, "isps": 2, "alive": 2, "failing": 1}
    assert row.figures["clients"] >= 2
    assert row.counted_at is not None


def test_the_calculator_begins_with_real_numbers_and_answers_what_is_asked(installation: Installation) -> None:
    greta, row = installation.client(), installation.cast.streamer
    page = greta.get("/streamers/sizing").content.decode()
    assert "it begins with an example" in page
    assert "650 Mbit/s in" in page
    figures = {"cameras": 40, "alive": 30, "bitrate": 60_000, "clients": 7}
    Streamer.objects.filter(pk=row.pk).update(figures=figures)
    answer = greta.get("/streamers/sizing")
    assert {name: answer.context["form"][name].value() for name in ("cameras", "bitrate", "users")} == {
        "cameras": 40, "bitrate": 2.0, "users": 7,
    }  # fmt: skip
    asked = greta.get("/streamers/sizing?cameras=1000&bitrate=2&users=100&depth=30&disks=12").content.decode()
    assert "2,600 Mbit/s in" in asked
    assert greta.get("/streamers/sizing?cameras=x&bitrate=-1").status_code == 422


FLUSSONIC = {
    "hostname": "video3.example.org", "public_url": "https://video3.example.org", "role": "streamer",
    "api_url": "http://93.184.216.34:8080", "api_login": "perch", "api_secret": "secret of the api",
    "perch_url": "https://isp.example.org", "storage": "archive",
}  # fmt: skip
MEDIAMTX = {**FLUSSONIC, "playback_url": "https://video3.example.org:9996", "storage": "/archive"}


@pytest.mark.parametrize(
    ("kind", "form", "told"),
    [
        ("flussonic", FLUSSONIC, "config_external https://st-"),
        ("mediamtx", MEDIAMTX, "authHTTPAddress: https://perch:st-"),
    ],
)
def test_another_make_is_added_with_the_lines_for_its_configuration(
    installation: Installation, kind: str, form: dict[str, str], told: str
) -> None:
    greta = installation.client()
    assert "Address of its API" in greta.get(f"/streamers/new?kind={kind}").content.decode()
    page = greta.post(f"/streamers/new?kind={kind}", form).content.decode()
    assert told in page
    assert "/central/api/v3/streamers/video3.example.org" in page
    row = Streamer.objects.get(hostname="video3.example.org")
    assert (row.kind, row.api_secret, row.storage) == (kind, "secret of the api", form["storage"])
    assert "secret of the api" not in row.api_secret_sealed
    shown = greta.get(f"/streamers/{row.pk}").content.decode()
    assert "secret of the api" not in shown
    assert "Check and repair" in shown
    with installation_scope():
        entry = InstallationEntry.objects.order_by("-id")[0]
    assert "secret of the api" not in str(entry.changed)


def test_an_empty_secret_stays_and_a_change_is_a_new_version(installation: Installation) -> None:
    greta = installation.client()
    greta.post("/streamers/new?kind=flussonic", FLUSSONIC)
    row = Streamer.objects.get(hostname="video3.example.org")
    assert greta.post(f"/streamers/{row.pk}", {**FLUSSONIC, "api_secret": "", "storage": "other"}).status_code == 302
    changed = Streamer.objects.get(pk=row.pk)
    assert (changed.api_secret, changed.storage) == ("secret of the api", "other")
    assert changed.version > row.version
    assert log()[-1] == ("streamer_changed", "video3.example.org")


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("flussonic", "api_url", ""), ("flussonic", "api_url", "http://127.0.0.1:8080"), ("flussonic", "perch_url", ""),
        ("flussonic", "api_url", "http://10.0.0.5"), ("flussonic", "api_url", "ftp://93.184.216.34"),
        ("flussonic", "api_url", "http://x:y@93.184.216.34"), ("flussonic", "public_url", ""),
        ("flussonic", "api_url", "http://0x7f000001"), ("flussonic", "role", "king"), ("mediamtx", "public_url", ""),
        ("mediamtx", "api_url", "http://[::1]:9997"), ("mediamtx", "playback_url", "javascript:alert(1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_another_make_is_refused_by_its_field(
    installation: Installation, kind: str, field: str, value: str
) -> None:
    form = {"flussonic": FLUSSONIC, "mediamtx": MEDIAMTX}[kind]
    answer = installation.client().post(f"/streamers/new?kind={kind}", {**form, field: value})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {field}
    assert Streamer.objects.count() == 1


def test_the_connection_is_checked_in_words(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    greta = installation.client()
    simulator = Flussonic(cluster_key="secret of the api", login="perch")
    simulator.start()
    try:
        monkeypatch.setenv(STREAMER_NETWORKS, "127.0.0.1/32")
        greta.post("/streamers/new?kind=flussonic", {**FLUSSONIC, "api_url": simulator.url})
        row = Streamer.objects.get(hostname="video3.example.org")
        path = f"/streamers/{row.pk}/check"
        assert "version 24.11" in greta.post(path, follow=True).content.decode()
        simulator.cluster_key = "another"
        assert "refuses the login" in greta.post(path, follow=True).content.decode()
        simulator.fault = "nonsense"
        assert "makes no sense" in greta.post(path, follow=True).content.decode()
        monkeypatch.setenv(STREAMER_NETWORKS, "")
        assert "outside the networks" in greta.post(path, follow=True).content.decode()
    finally:
        simulator.stop()
    assert greta.post(f"/streamers/{installation.cast.streamer.pk}/check").status_code == 409
