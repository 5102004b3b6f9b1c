"""Pages that are open hear that their messages are others now, and nobody else's."""

from __future__ import annotations

import json

from portal.live.hub import Hub

NORTH, SOUTH, ALICE, BOB = 1, 2, 5, 6


class Ear:
    """One browser, as the hub sees it."""

    session_id = 1

    def __init__(self) -> None:
        self.heard: list[str] = []

    def offer(self, text: str) -> None:
        self.heard.append(json.loads(text)["type"])

    def end(self, code: int) -> None:
        raise AssertionError(code)


def _hub() -> tuple[Hub, dict[str, Ear]]:
    hub, ears = Hub(), {}
    for name, domain_id, user_id in (
        ("alice", NORTH, ALICE),
        ("bob", NORTH, BOB),
        ("bob's phone", NORTH, BOB),
        ("olga", SOUTH, BOB),
    ):
        ears[name] = Ear()
        assert hub.join(ears[name], domain_id, user_id)
    return hub, ears


def _heard(ears: dict[str, Ear]) -> list[str]:
    return [name for name, ear in ears.items() if ear.heard == ["messages"]]


def test_one_persons_news_go_to_all_his_browsers_and_no_further() -> None:
    hub, ears = _hub()
    hub.tell_of_messages(NORTH, [BOB, 77])
    assert _heard(ears) == ["bob", "bob's phone"], "the same number at another ISP is another person"


def test_news_for_everybody_stay_at_the_isp() -> None:
    hub, ears = _hub()
    hub.tell_of_messages(NORTH, None)
    assert _heard(ears) == ["alice", "bob", "bob's phone"]
