"""Waiting for something to become true, without guessing how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
PAUSE = 0.05


def eventually(look: Callable[[], Answer], *, seconds: float = 15.0) -> Answer:
    """The first truthy answer of `look`; fails with its last one when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds:.0f} s"
        time.sleep(PAUSE)
