"""Pages of who is watching now, and the end of a playback by hand."""

from __future__ import annotations

import pytest
from django.test import Client

from devices.models import Camera, PlaybackGrant, ViewingSession
from tenants import clock
from tenants.models import AuditEntry, User
from tenants.scoping import domain_scope
from tests.api.v3.calls import as_user
from tests.cast import Cast
from tests.pages.test_rights import signed_in, text_of


def watch(cast: Cast, camera: Camera, user: User, **more: str) -> ViewingSession:
    """Somebody watches a camera."""
    facts = {"kind": "live", "protocol": "hls", "ip": "192.0.2.7", "user_agent": "Firefox", **more}
    with domain_scope(cast.north):
        made: ViewingSession = ViewingSession.objects.create(
            camera=camera, key=f"{user.pk} {camera.pk}", user_id=user.pk, user_login=user.login, holder=1,
            holder_id=user.pk, began_at=clock.now(), last_at=clock.now(), bytes=5_000_000, **facts,
        )  # fmt: skip
    return made


@pytest.fixture
def nora(cast: Cast) -> Client:
    return signed_in(cast, "nora")


def test_administrators_see_all_and_narrow_it_by_the_address(cast: Cast, nora: Client) -> None:
    watch(cast, cast.gate, cast.bob)
    watch(cast, cast.wheel, cast.mallory, kind="archive", ip="198.51.100.9")
    assert "mallory@example.org" in text_of(nora, "/watching/")
    for address, there, absent in (
        ("?camera=gate", "bob@", "mallory@"),
        (f"?user={cast.mallory.pk}", "mallory@", "bob@"),
        ("?kind=archive", "mallory@", "bob@"),
        ("?query=198.51", "mallory@", "bob@"),
        ("?query=BOB", "bob@", "mallory@"),
    ):
        text = text_of(nora, f"/watching/{address}").partition('<div class="panel table-box">')[2]
        assert there in text and absent not in text, address  # noqa: PT018
    assert "No playback fits" in text_of(nora, "/watching/?camera=nobody&user=x")


def test_the_owner_reads_it_at_the_camera_and_ends_it_there(cast: Cast) -> None:
    session = watch(cast, cast.gate, cast.bob)
    alice = signed_in(cast, "alice")
    for path in ("/cameras/access/gate", f"/users/{cast.bob.pk}/access", "/watching/?camera=gate"):
        assert "Firefox" in text_of(alice, path), path
    assert "/watching/?camera=gate" in text_of(alice, "/cameras/watch/gate")
    assert "End what bob@example.org watches at Gate?" in text_of(alice, f"/watching/{session.pk}/end")
    done = alice.post(f"/watching/{session.pk}/end")
    assert (done.status_code, done["Location"]) == (302, "/watching/?camera=gate")
    assert "The playback is ended." in text_of(alice, "/watching/?camera=gate")
    assert alice.post(f"/watching/{session.pk}/end").status_code == 404, "it has ended already"
    with domain_scope(cast.north):
        row = ViewingSession.objects.get()
        assert (row.ended_by, row.banned_until > clock.now()) == (cast.alice.login, True)


def test_who_only_watches_sees_himself_and_ends_nothing(cast: Cast) -> None:
    session = watch(cast, cast.gate, cast.bob)
    watch(cast, cast.gate, cast.alice)
    bob = signed_in(cast, "bob")
    text = text_of(bob, "/watching/")
    assert "bob@example.org" in text
    assert "alice@example.org" not in text
    assert "/end" not in text
    assert bob.post(f"/watching/{session.pk}/end").status_code == 403
    assert "/watching/" not in text_of(bob, "/cameras/watch/gate")


def test_the_same_by_v3(cast: Cast) -> None:
    session = watch(cast, cast.gate, cast.bob)
    ian = as_user(cast.ian)
    (found,) = ian.get("viewing-sessions?name=gate").ok()["viewing_sessions"]
    assert (found["id"], found["user"], found["bytes"]) == (session.pk, cast.bob.login, 5_000_000)
    assert ian.get("viewing-sessions?kind=archive").ok()["viewing_sessions"] == []
    assert ian.get(f"viewing-sessions/{session.pk}").ok()["title"] == "Gate"
    ian.delete(f"viewing-sessions/{session.pk}").ok(204)
    assert ian.delete(f"viewing-sessions/{session.pk}").status == 404


def test_an_administrator_lets_a_third_party_in_and_the_owner_takes_it_away(cast: Cast, nora: Client) -> None:
    path = "/cameras/third-parties/gate"
    assert "No third party watches this camera" in text_of(nora, path)
    assert nora.post(path, {"title": "", "dvr_depth_limit": "0"}).status_code == 422
    over = {"title": "Police", "expires_at": "2020-01-01T00:00"}
    assert "This day is over." in nora.post(path, over).content.decode()
    done = nora.post(path, {"title": "Police", "can_view_dvr": "on", "dvr_depth_limit": "3"})
    assert (done.status_code, done["Location"]) == (302, path)
    with domain_scope(cast.north):
        grant = PlaybackGrant.objects.get()
    alice = signed_in(cast, "alice")
    text = text_of(alice, path)
    assert f"rtsp://north.localhost:8554/gate~{cast.north.pk}?token=g." in text
    assert "archive of 3 days" in text
    assert path in text_of(alice, "/cameras/access/gate")
    assert alice.post(path, {"title": "Friend"}).status_code == 403, "only administrators let in"
    assert "Take the access of Police to Gate away?" in text_of(alice, f"/cameras/third-party/{grant.pk}/revoke/gate")
    assert alice.post(f"/cameras/third-party/{grant.pk}/revoke/gate").status_code == 302
    with domain_scope(cast.north):
        assert not PlaybackGrant.objects.exists()
        said = AuditEntry.objects.filter(object_type="PlaybackGrant").order_by("id")
        assert [(entry.action, entry.user_login) for entry in said] == [
            ("create", cast.nora.login), ("delete", cast.alice.login)
        ]  # fmt: skip


def test_third_parties_by_v3(cast: Cast) -> None:
    nora, alice = as_user(cast.nora), as_user(cast.alice)
    sent = {"title": "Police", "can_view_dvr": True, "dvr_depth_limit": 86400, "expires_at": 4102444800000}
    made = nora.post("streams/gate/playback-grants", sent).ok(201)
    assert {name: made[name] for name in sent} == sent
    assert made["address"].startswith(f"rtsp://north.localhost:8554/gate~{cast.north.pk}?token=g.")
    assert alice.get("streams/gate/playback-grants").ok()["playback_grants"] == [made]
    odd = {"title": "x", "dvr_depth_limit": 5, "can_view_dvr": True}
    assert nora.post("streams/gate/playback-grants", odd).status == 400
    assert nora.post("streams/gate/playback-grants", {"title": "x", "expires_at": 1}).status == 400
    assert alice.post("streams/gate/playback-grants", {"title": "x"}).status == 403
    alice.delete(f"streams/gate/playback-grants/{made['id']}").ok(204)
    assert alice.get(f"streams/gate/playback-grants/{made['id']}").status == 404
