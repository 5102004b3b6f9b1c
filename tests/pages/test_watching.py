"""Pages of who is watching now, and the end of a playback by hand."""

from __future__ import annotations

import pytest
from django.test import Client

from devices.models import Camera, ViewingSession
from tenants import clock
from tenants.models import User
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
