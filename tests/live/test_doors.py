"""Who may open a live socket, from which page, how many, how loudly, and how soon it ends after a sign-out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from portal.live.origins import is_own
from portal.sessions import SessionStore
from tenants import clock
from tenants.models import Domain, UserSession
from tenants.scoping import domain_scope
from tenants.services import sessions, users
from tests.cast import NORTH, SOUTH, Cast
from tests.live.browsers import Browser
from tests.server import Server, sign_in

OpenPage = Callable[..., Browser]

ENDINGS: dict[str, Callable[[Cast, str], object]] = {
    "logout": lambda cast, key: SessionStore(key).delete(),
    "signed out everywhere": lambda cast, key: sessions.end_all(cast.bob),
    "evicted by another sign-in": lambda cast, key: (
        users.change_user(cast.bob, acting_user=None, max_sessions=1),
        sign_in(cast.bob),
    ),
    "expired": lambda cast, key: UserSession.objects.filter(user=cast.bob).update(expires_at=clock.now()),
    "password changed": lambda cast, key: users.change_user(cast.bob, acting_user=None, password="another long one 7"),
    "blocked": lambda cast, key: users.change_user(cast.bob, acting_user=None, is_active=False),
    "deleted": lambda cast, key: users.delete_user(cast.bob, acting_user=None),
    "ISP suspended": lambda cast, key: Domain.objects.filter(pk=cast.north.pk).update(is_active=False),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_socket_ends_with_its_session(live_cast: Cast, open_page: OpenPage, how: str) -> None:
    page = open_page(live_cast.bob)
    with domain_scope(live_cast.north):
        ENDINGS[how](live_cast, page.session_key)
    code, seconds = page.closed_with(10.0)
    assert code == 4401
    assert seconds < 10.0


def test_other_sockets_stay_open(live_cast: Cast, open_page: OpenPage) -> None:
    first, second = open_page(live_cast.bob), open_page(live_cast.bob)
    with domain_scope(live_cast.north):
        SessionStore(first.session_key).delete()
    assert first.closed_with()[0] == 4401
    second.connection.send('{"type":"resync"}')
    second.next_snapshot()


def _refused(server: Server, session_key: str, **how: str | None) -> bool:
    try:
        with server.socket(session_key, **how):  # type: ignore[arg-type]  # the cases name its parameters
            return False
    except InvalidStatus as refused:
        return refused.response.status_code in (403, 404)


def test_nobody_without_a_living_session_of_this_isp_comes_in(server: Server, live_cast: Cast) -> None:
    cast = live_cast
    norths, souths = sign_in(cast.bob), sign_in(cast.olga)
    assert not _refused(server, norths)
    for key in ("", "nonsense", "x" * 4000, souths, cast.north_key, '"; perch_session=', "\\"):
        assert _refused(server, key), key
    assert _refused(server, norths, host=SOUTH)
    assert _refused(server, norths, host="unknown.localhost")
    assert _refused(server, norths, path="/ws/other")


def test_only_pages_of_the_very_host_may_open_a_socket(server: Server, live_cast: Cast) -> None:
    key, port = sign_in(live_cast.bob), server.port
    for origin in (f"http://{NORTH}:{port}", f"https://{NORTH}:{port}", f"http://{NORTH.upper()}:{port}"):
        assert not _refused(server, key, origin=origin), origin
    foreign: tuple[str | None, ...] = (
        None, "null", "", f"http://{SOUTH}:{port}", f"http://{NORTH}", f"http://{NORTH}:{port + 1}",
    )  # fmt: skip
    for other in foreign:
        assert _refused(server, key, origin=other), other


OWN = [
    ("http://a.test", "a.test"),
    ("https://a.test", "a.test"),
    ("https://a.test", "a.test:443"),
    ("http://a.test:80", "a.test"),
    ("http://a.test:8000", "a.test:8000"),
    ("http://A.TEST:8000", "a.test:8000"),
    ("http://[::1]:8000", "[::1]:8000"),
]
FOREIGN = [
    "", "null", "NULL", "a.test", "//a.test", "a.test:8000", "http://", "http://b.test:8000", "http://a.test",
    "http://a.test:80", "https://a.test", "http://a.test:8001", "http://a.test.:8000", "http://xa.test:8000",
    "http://a.test.evil:8000", "http://evil/a.test:8000", "http://evil:8000/a.test", "http://a.test:8000/",
    "http://a.test:8000/x", "http://a.test:8000?x", "http://a.test:8000#x", "http://user@a.test:8000",
    "http://a.test:8000@evil", "ftp://a.test:8000", "file://a.test:8000", "file:///", "javascript:alert(1)",
    "data:text/html,x", "chrome-extension://a.test:8000", "ws://a.test:8000", "http:a.test:8000", "http:///a.test:8000",
    "http://a.test:99999", "http://a.test:x", "http://a.test:-1", "http://[::1", "http://[a.test]:8000",
    "http://a%2etest:8000", "http://а.test:8000", "http://a.test:8000, http://evil", "http://a.test:8000 http://evil",
    "http://a\ttest:8000", "http://a.test\\@evil:8000", "http://evil\\.a.test:8000", "http://.a.test:8000",
    "http://127.0.0.1:8000", "http://localhost:8000", "http://0x7f000001:8000", "http://a.test:08001",
]  # fmt: skip


def test_origins_are_compared_as_a_whole() -> None:
    for origin, host in OWN:
        assert is_own(origin, host), origin
    for origin in FOREIGN:
        assert not is_own(origin, "a.test:8000"), origin
    for host in ("", "a.test:x", "a.test:8000/x", "user@a.test:8000", "[::1", "b.test:8000"):
        assert not is_own("http://a.test:8000", host), host


def test_an_eleventh_page_of_one_user_is_turned_away(server: Server, live_cast: Cast, open_page: OpenPage) -> None:
    pages = [open_page(live_cast.bob) for _ in range(10)]
    with server.socket(sign_in(live_cast.bob)) as eleventh, pytest.raises(ConnectionClosed) as closed:
        eleventh.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4429
    open_page(live_cast.alice)
    pages[0].connection.close()
    again = open_page(live_cast.bob)
    assert set(again.shown) == {"gate"}


def test_a_page_that_shouts_is_closed(live_cast: Cast, open_page: OpenPage) -> None:
    large = open_page(live_cast.bob)
    large.connection.send("x" * (16 * 1024 + 1))
    assert large.closed_with()[0] == 1009
    binary = open_page(live_cast.bob)
    binary.connection.send(b"\x00\x01")
    assert binary.closed_with()[0] == 1009
    flood = open_page(live_cast.bob)
    with suppress(ConnectionClosed):  # it may be closed while it still shouts
        for _ in range(40):
            flood.connection.send('{"type":"resync"}')
    assert flood.closed_with()[0] == 1008


def test_what_a_page_says_wrongly_is_passed_over(live_cast: Cast, open_page: OpenPage) -> None:
    page = open_page(live_cast.bob)
    for text in ("", "{", "[]", "5", '{"type":5}', '{"type":"subscribe","cameras":["wheel","tree"]}', '"resync"'):
        page.connection.send(text)
    page.drain()
    assert set(page.shown) == {"gate"}
    assert "wheel" not in str(page.told)
