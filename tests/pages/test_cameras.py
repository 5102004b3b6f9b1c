"""The list of cameras: who sees which, how they are, and how they are found."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from devices.models import CameraStatus
from devices.services import cameras
from tenants import clock
from tenants.models import User
from tenants.scoping import domain_scope
from tests.cast import Cast


def names(client: Client, query: str = "") -> list[str]:
    """The cameras on a page, in order."""
    answer = client.get(f"/cameras/{query}")
    assert answer.status_code == 200
    return re.findall(r'<(?:li|tr)[^>]* data-camera="([^"]+)"', answer.content.decode())


def report(cast: Cast, name: str, **values: object) -> None:
    """What the streamer said of a camera."""
    camera = {"gate": cast.gate, "office": cast.office}[name]
    with domain_scope(cast.north):
        CameraStatus.objects.update_or_create(
            domain_id=camera.domain_id, camera=camera, defaults={"reported_at": clock.now(), **values}
        )


def test_everybody_sees_his_own_cameras(cast: Cast) -> None:
    def seen(user: User) -> list[str]:
        return names(cast.client(user))

    assert seen(cast.nora) == ["gate", "office", "wheel"]
    assert seen(cast.alice) == ["gate", "office"]
    assert seen(cast.bob) == ["gate"]
    assert seen(cast.mallory) == ["wheel"]
    assert seen(cast.charlie) == []


def test_an_installer_sees_cameras_without_their_pictures(cast: Cast) -> None:
    page = cast.client(cast.ian).get("/cameras/").content.decode()
    assert re.findall(r'data-camera="([^"]+)"', page) == ["gate", "office"]
    assert "data-preview=" not in page
    assert "/cameras/watch/" not in page
    assert "/cameras/edit/gate" in page


def test_pictures_come_from_the_streamer_and_the_policy_allows_just_that(cast: Cast) -> None:
    answer = cast.client(cast.bob).get("/cameras/")
    preview = re.findall(r'data-preview="([^"]+)"', answer.content.decode())[0]
    where = urlsplit(preview)
    assert where.path == f"/gate~{cast.north.pk}/preview.jpg"
    origin = f"{where.scheme}://{where.netloc}"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["img-src"].split() == ["'self'", "data:", "blob:", origin]
    assert policy["connect-src"].split() == ["'self'", origin]
    assert policy["script-src"] == policy["style-src"] == "'self'"


def test_a_camera_says_in_plain_words_how_it_is(cast: Cast) -> None:
    report(cast, "gate", alive=True, status="running")
    report(cast, "office", alive=False, status="error", error_code="unauthorized")
    page = cast.client(cast.alice).get("/cameras/").content.decode()
    states = re.findall(r'data-camera="([^"]+)" data-state="([^"]+)"', page)
    assert states == [("gate", "online"), ("office", "offline")]
    assert "The camera refused the login or password." in page


@pytest.mark.parametrize(
    "code", ["unreachable", "unauthorized", "no_video", "unsupported_codec", "refused_address", "not_found", "stalled",
             "disk_full", "unknown"],
)  # fmt: skip
def test_every_error_of_the_contract_has_its_own_sentence(cast: Cast, code: str) -> None:
    report(cast, "gate", alive=False, status="error", error_code=code)
    page = cast.client(cast.bob).get("/cameras/").content.decode()
    sentence = re.findall(r'data-camera-reason="gate">([^<]+)<', page)[0].strip()
    assert len(sentence) > 20
    general = "The camera cannot be opened."
    assert sentence.startswith(general) == (code == "unknown")


def test_a_camera_that_is_switched_off_says_so(cast: Cast) -> None:
    client = cast.client(cast.alice)
    answer = client.post("/cameras/switch/gate", {"enabled": "0", "back": "/cameras/"})
    assert answer.status_code == 302
    assert names(client, "?status=disabled") == ["gate"]
    assert names(client, "?status=offline") == []
    client.post("/cameras/switch/gate", {"enabled": "1", "back": "/cameras/"})
    assert names(client, "?status=disabled") == []


def test_viewers_switch_nothing(cast: Cast) -> None:
    assert cast.client(cast.bob).post("/cameras/switch/gate", {"enabled": "0"}).status_code == 403
    assert cast.client(cast.mallory).post("/cameras/switch/gate", {"enabled": "0"}).status_code == 404


def test_search_and_filters_stand_in_the_address(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert names(client, "?q=GAT") == ["gate"]
    assert names(client, f"?organization={cast.mill.pk}") == ["wheel"]
    assert names(client, f"?organization={cast.harbour.pk}&folder={cast.yard.pk}") == ["gate"]
    report(cast, "gate", alive=True)
    report(cast, "office", alive=False, error_code="unreachable")
    assert names(client, "?status=online") == ["gate"]
    assert names(client, "?status=offline") == ["office"]


def test_a_filter_for_what_is_not_yours_finds_nothing(cast: Cast) -> None:
    client = cast.client(cast.mallory)
    page = client.get(f"/cameras/?organization={cast.harbour.pk}").content.decode()
    assert "Harbour" not in page
    assert "Yard" not in page
    assert client.get("/cameras/?organization=x").status_code == 404


def test_favourites_are_everybodys_own(cast: Cast) -> None:
    alice, bob = cast.client(cast.alice), cast.client(cast.bob)
    answer = alice.post("/cameras/mark/gate", {"favorite": "1"}, headers={"accept": "application/json"})
    assert answer.json() == {"favorite": True}
    assert names(alice, "?status=favorite") == ["gate"]
    assert names(bob, "?status=favorite") == []
    assert bob.post("/cameras/mark/office", {"favorite": "1"}).status_code == 404


def test_the_list_remembers_how_one_likes_it(cast: Cast) -> None:
    client = cast.client(cast.alice)
    client.get("/cameras/?view=list")
    assert "<table" in client.get("/cameras/").content.decode()
    client.get("/cameras/?view=cards")
    assert "<table" not in client.get("/cameras/").content.decode()


def test_thousands_of_cameras_come_in_pages(cast: Cast) -> None:
    with domain_scope(cast.north):
        for number in range(60):
            cameras.add_camera(cast.harbour, acting_user=None, title=f"Dock {number:03}", stream_url="fake://clock")
    client = cast.client(cast.alice)
    first = client.get("/cameras/").content.decode()
    [onwards] = re.findall(r'href="(\?[^"]*after=[^"]+)" rel="next"', first)
    shown, second = names(client), names(client, html.unescape(onwards))
    assert (len(shown), len(second)) == (48, 14)
    assert not set(shown) & set(second)
    assert names(client, "?after=nonsense") == shown


def test_empty_lists_say_what_to_do_next(cast: Cast) -> None:
    assert "Ask the owner of your organization" in cast.client(cast.charlie).get("/cameras/").content.decode()
    nothing = cast.client(cast.alice).get("/cameras/?q=zzz").content.decode()
    assert "No camera fits" in nothing
    assert 'href="/cameras/"' in nothing


def test_fresh_tokens_are_given_for_what_one_may_watch(cast: Cast) -> None:
    client = cast.client(cast.bob)
    answer = client.get("/cameras/tokens?name=gate&name=office&name=wheel&name=nothing")
    fresh = json.loads(answer.content)
    assert set(fresh) == {"gate"}
    assert fresh["gate"]["addresses"]["live"].endswith(f"/gate~{cast.north.pk}/index.m3u8")
    assert fresh["gate"]["expires_in"] > 60
    assert "no-store" in answer.headers["Cache-Control"]
    assert cast.client().get("/cameras/tokens?name=gate", headers={"accept": "application/json"}).status_code == 401


def test_the_player_is_for_those_who_may_watch(cast: Cast) -> None:
    def status(user: User) -> int:
        return cast.client(user).get("/cameras/watch/gate").status_code

    assert [status(user) for user in (cast.nora, cast.alice, cast.bob)] == [200, 200, 200]
    assert status(cast.ian) == 403
    assert [status(user) for user in (cast.charlie, cast.mallory)] == [404, 404]


def test_the_player_knows_how_far_back_one_may_look(cast: Cast) -> None:
    page = cast.client(cast.bob).get("/cameras/watch/gate").content.decode()
    player = json.loads(re.findall(r'<script id="player" type="application/json">(.*?)</script>', page)[0])
    archive = player["archive"]
    assert (archive["allowed"], archive["kept"], archive["limit"]) == (True, 7, 7)
    assert archive["since"] == pytest.approx(clock.timestamp(), abs=60)
    assert player["zone"] == "Europe/Berlin"


def test_live_only_means_no_timeline(cast: Cast) -> None:
    with domain_scope(cast.north):
        from tenants.services import memberships

        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=False)
    page = cast.client(cast.bob).get("/cameras/watch/gate").content.decode()
    assert '<div class="player-archive" hidden>' in page
    assert '"allowed": false' in page
