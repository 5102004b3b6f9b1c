"""Camera actions: set up by editors, run by whoever may, at a real device on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import psycopg
import pytest

from devices.models import CameraAction
from devices.services import actions, cameras
from portal.embedded.database import database_url
from tenants import clock
from tenants.models import AuditEntry, User
from tenants.scoping import domain_scope
from tenants.services import memberships
from tests.cast import Cast

PAGE, ACT = "/cameras/actions/gate", "/cameras/act/gate"


class Door(BaseHTTPRequestHandler):
    """A device that writes down how it was called."""

    calls: ClassVar[list[tuple[str, str, str | None, bytes]]] = []

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.calls.append((self.command, self.path, self.headers.get("X-Key"), body))
        self.send_response({"/no": 403, "/away": 302}.get(self.path.partition("?")[0], 200))
        self.send_header("Location", "/open")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "127.0.0.1/32")
    Door.calls.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def added(cast: Cast, url: str, **more: object) -> CameraAction:
    """An action that Alice set up."""
    answer = cast.client(cast.alice).post(PAGE, {"title": "Open", "method": "GET", "url": url, **more})
    assert answer.status_code == 302, answer.content.decode()
    with domain_scope(cast.north):
        found: CameraAction = CameraAction.objects.latest("pk")
        return found


def run(cast: Cast, user: User, row: CameraAction, **more: str) -> str:
    """The page after pressing the button."""
    answer = cast.client(user).post(ACT, {"action": str(row.pk), **more}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def let_bob(cast: Cast) -> None:
    """Bob may run actions in the yard."""
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_use_actions=True)


def test_whoever_has_the_right_runs_it_and_reads_what_came_of_it(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open?key=s", method="POST", headers="X-Key: k1", body='{"door": 1}')
    assert cast.client(cast.bob).post(ACT, {"action": str(row.pk)}).status_code == 403
    let_bob(cast)
    assert "Open: done." in run(cast, cast.bob, row)
    assert Door.calls == [("POST", "/open?key=s", "k1", b'{"door": 1}')]
    with domain_scope(cast.north):
        entry = AuditEntry.objects.filter(object_type="CameraAction").latest("pk")
    assert (entry.user_login, entry.changed["last_status"]) == ("bob@example.org", [None, 200])


def test_a_refusal_and_silence_are_told_and_redirects_are_not_followed(cast: Cast, door: str) -> None:
    assert "the device answered 403" in run(cast, cast.alice, added(cast, f"{door}/no"))
    assert "the device answered 302" in run(cast, cast.alice, added(cast, f"{door}/away"))
    assert [path for _method, path, _key, _body in Door.calls] == ["/no", "/away"]
    assert "did not answer" in run(cast, cast.alice, added(cast, "http://127.0.0.1:1/x"))


def test_a_question_comes_first_where_it_is_wanted(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open", is_confirmed="on")
    assert "Open: are you sure?" in run(cast, cast.alice, row)
    assert Door.calls == []
    run(cast, cast.alice, row, confirmed="1")
    assert len(Door.calls) == 1


def test_looking_runs_nothing(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open")
    page = cast.client(cast.alice).get(f"{ACT}?action={row.pk}").content.decode()
    assert f'value="{row.pk}"' in page
    assert Door.calls == []


def test_at_most_five_a_second_pass(cast: Cast, door: str) -> None:
    row, client = added(cast, f"{door}/open"), cast.client(cast.alice)
    with clock.frozen(clock.now()):
        for _ in range(20):
            client.post(ACT, {"action": str(row.pk)})
    assert len(Door.calls) == 1
    assert "Too fast" in client.get(ACT).content.decode()


def test_read_only_people_run_nothing(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open")
    let_bob(cast)
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.bob.pk).update(is_readonly=True)
    assert cast.client(cast.bob).post(ACT, {"action": str(row.pk)}).status_code == 403
    assert Door.calls == []


def test_secrets_are_stars_and_stay_when_they_are_sent_back(cast: Cast, door: str) -> None:
    url = f"http://u:pa55@{door.removeprefix('http://')}/open?password=pa55"
    row = added(cast, url, headers="X-Key: pa55", body="pa55")
    client = cast.client(cast.alice)
    page = client.get(f"{PAGE}?action={row.pk}").content.decode()
    assert "pa55" not in page
    with domain_scope(cast.north):
        sent = {name: actions.masked(row, name) for name in actions.SEALED}
    client.post(PAGE, {"action": row.pk, "title": "Gate", "method": "POST", **sent})
    with domain_scope(cast.north):
        kept = CameraAction.objects.get()
    assert (kept.title, kept.url, kept.headers, kept.body) == ("Gate", url, "X-Key: pa55", "pa55")


def test_any_value_of_an_address_is_stars(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open?door=3&apikey=k3y")
    with domain_scope(cast.north):
        assert actions.masked(row, "url") == f"{door}/open?door=***&apikey=***"


def test_secrets_do_not_follow_the_address_elsewhere(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open", headers="X-Key: pa55")
    client = cast.client(cast.alice)
    elsewhere = {"action": row.pk, "title": "Gate", "method": "GET", "url": "http://93.184.216.34/"}
    assert client.post(PAGE, {**elsewhere, "headers": "X-Key: ***"}).status_code == 422
    assert client.post(PAGE, {**elsewhere, "url": f"{door}/close", "headers": "X-Key: ***"}).status_code == 302
    assert client.post(PAGE, {**elsewhere, "headers": "X-Key: other"}).status_code == 302


def test_a_few_run_at_a_time_so_that_silent_devices_leave_the_portal_its_connections(
    live_cast: Cast, door: str
) -> None:
    row = added(live_cast, f"{door}/open")
    isp = live_cast.north.pk * actions.AT_ONCE_OF_ISP
    with psycopg.connect(database_url("app")) as busy:
        for place in range(isp, isp + actions.AT_ONCE_OF_ISP):
            busy.execute("SELECT pg_advisory_xact_lock(%s, %s)", [actions.ISP_LOCK, place])
        assert "Too fast" in run(live_cast, live_cast.alice, row)
        assert Door.calls == []
    assert "done" in run(live_cast, live_cast.alice, row)


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "ftp://93.184.216.34/x"), ("url", "http://10.0.0.1/x"), ("url", "http://169.254.169.254/x"),
     ("url", "http://93.184.216.34/a b"), ("url", "http://u:***@93.184.216.34/"), ("headers", "Host: x"),
     ("headers", "no colon"), ("headers", "X: a\n\nY"), ("title", ""), ("method", "DELETE")],
)  # fmt: skip
def test_what_cannot_be_called_is_refused_beside_its_field(cast: Cast, field: str, value: str) -> None:
    values = {"title": "Open", "method": "GET", "url": "http://93.184.216.34/x", field: value}
    answer = cast.client(cast.alice).post(PAGE, values)
    assert answer.status_code == 422
    with domain_scope(cast.north):
        assert not CameraAction.objects.exists()


def test_buttons_are_where_they_can_be_pressed(cast: Cast, door: str) -> None:
    alice, bob = cast.client(cast.alice), cast.client(cast.bob)
    assert ACT not in alice.get("/cameras/?view=cards").content.decode()
    row = added(cast, f"{door}/open")
    for page in ("/cameras/?view=cards", "/cameras/watch/gate"):
        assert ACT in alice.get(page).content.decode()
        assert ACT not in bob.get(page).content.decode()
    assert cast.api(cast.north_key).get("/vsaas/api/v2/cameras/gate").json()["has_actions"] is True
    alice.post(PAGE, {"action": row.pk, "remove": "1"})
    assert ACT not in alice.get("/cameras/watch/gate").content.decode()
    assert cast.api(cast.north_key).get("/vsaas/api/v2/cameras/gate").json()["has_actions"] is False


def test_another_cameras_action_is_not_there(cast: Cast, door: str) -> None:
    row = added(cast, f"{door}/open")
    for path in ("/cameras/act/office", "/cameras/actions/office"):
        assert cast.client(cast.alice).post(path, {"action": str(row.pk), "remove": "1"}).status_code == 404
    with domain_scope(cast.north):
        cameras.delete_camera(row.camera, acting_user=None)
        assert not CameraAction.objects.exists()


def test_an_application_does_what_pages_do(cast: Cast, door: str) -> None:
    api, base = cast.api(cast.north_key), "/watcher/client-api/v3/streams/gate/actions"
    body = {"title": "Ring", "method": "POST", "url": f"{door}/ring", "headers": "X-Key: k2", "body": "{}"}
    made = api.post(base, body, content_type="application/json")
    assert made.status_code == 201
    assert (made.json()["headers"], made.json()["has_body"]) == ("X-Key: ***", True)
    one = f"{base}/{made.json()['id']}"
    sent = {"headers": made.json()["headers"], "title": "Bell"}
    assert api.put(one, sent, content_type="application/json").json()["title"] == "Bell"
    with clock.frozen(clock.now()):
        assert api.post(f"{one}/run").json() == {"status": 200, "done": True}
        assert api.post(f"{one}/run").status_code == 429
    assert Door.calls == [("POST", "/ring", "k2", b"{}")]
    assert api.get(f"{one}/run").status_code == 405
    bad = api.post(base, {**body, "url": "http://10.0.0.1/"}, content_type="application/json")
    assert bad.status_code == 400
    assert "url" in bad.content.decode()
    assert api.delete(one).status_code == 204
    assert api.get(base).json()["actions"] == []
