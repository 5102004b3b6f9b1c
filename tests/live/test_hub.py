"""The hub by itself: who is let in, who leaves while it speaks."""

from __future__ import annotations

import json

from portal.live.hub import SOCKETS_A_USER, Hub, Viewer


class Page:
    """A page that can be so slow that it is let go at the first word."""

    session_id = 1

    def __init__(self, hub: Hub, *, is_slow: bool = False) -> None:
        self._hub, self._is_slow = hub, is_slow
        self.viewer: Viewer | None = None
        self.told: list[str] = []

    def offer(self, text: str) -> None:
        if self._is_slow:
            self.end(1013)
        else:
            self.told.append(json.loads(text)["type"])

    def end(self, code: int) -> None:
        assert self.viewer is not None
        self._hub.leave(self.viewer, self)


def _open(hub: Hub, user_id: int, *, is_slow: bool = False) -> Page:
    page = Page(hub, is_slow=is_slow)
    page.viewer = hub.join(page, 1, user_id)
    assert page.viewer is not None
    return page


def test_pages_that_leave_while_they_are_spoken_to_cost_the_others_nothing() -> None:
    hub = Hub()
    pages = [_open(hub, number % 4, is_slow=number % 3 == 0) for number in range(20)]
    hub.beat()
    assert all(page.told == ["beat"] for page in pages if page not in pages[::3])
    assert sum(len(viewer.sockets) for viewer in hub.viewers.values()) == 20 - len(pages[::3])


def test_the_last_page_of_a_user_takes_him_along() -> None:
    hub = Hub()
    first, second = _open(hub, 7), _open(hub, 7)
    viewer = first.viewer
    assert viewer is second.viewer
    assert viewer is not None
    assert hub.allow(viewer, frozenset({1, 2}))
    assert not hub.allow(viewer, frozenset({1, 2})), "nothing new, nothing to tell"
    first.end(1000)
    assert (1, 7) in hub.viewers
    second.end(1000)
    assert hub.viewers == {}
    assert not hub.allow(viewer, None), "nobody is left to be told"


def test_a_user_has_ten_pages_at_most() -> None:
    hub = Hub()
    for _ in range(SOCKETS_A_USER):
        _open(hub, 7)
    assert hub.join(Page(hub), 1, 7) is None
    assert hub.join(Page(hub), 1, 8) is not None
    assert hub.join(Page(hub), 2, 7) is not None, "the same number at another ISP is another user"
