"""Named points where a test may make the process die or stop, to prove that nothing is half done.

`failpoint("night.lines")` does nothing unless PERCH_FAILPOINTS names it: `name=kill`, `name=raise`, or `name@3=kill`
for the third time it is passed; `*@17=kill` counts every point. Several are separated by commas.
"""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


class FailpointReached(RuntimeError):
    """Raised where a test asked for it."""


def _wanted() -> dict[tuple[str, int], str]:
    wanted = {}
    for item in filter(None, os.environ.get("PERCH_FAILPOINTS", "").split(",")):
        place, _, action = item.partition("=")
        name, _, count = place.partition("@")
        wanted[(name, int(count or 1))] = action or "raise"
    return wanted


def failpoint(name: str) -> None:
    """Pass a named point; see the module for what may happen there."""
    if "PERCH_FAILPOINTS" not in os.environ:
        return
    _passed[name] += 1
    _passed["*"] += 1
    wanted = _wanted()
    action = wanted.get((name, _passed[name])) or wanted.get(("*", _passed["*"]))
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raise":
        raise FailpointReached(name)


def reset() -> None:
    """Forget what was passed."""
    _passed.clear()
