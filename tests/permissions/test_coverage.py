"""Every URL of the project has its rows in the permission table, or a reason not to (Zulip's rule)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.permissions.rows import PLACEHOLDER
from tests.permissions.table import ROWS
from tests.permissions.world import World

EXEMPT = Path(__file__).parent / "exempt.txt"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


def _patterns(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route)
        else:
            yield route, entry


def _exempt() -> dict[str, set[str]]:
    """Methods by pattern. A line without a reason is no reason."""
    found: dict[str, set[str]] = {}
    for line in EXEMPT.read_text().splitlines():
        if line and not line.startswith("#"):
            methods, pattern, reason = line.split(maxsplit=2)
            assert len(reason) > 10, line
            pattern = "" if pattern == "<empty>" else pattern
            found.setdefault(pattern, set()).update(METHODS if methods == "ANY" else methods.split(","))
    return found


def _resolved(path: str) -> str:
    """The pattern a row's path leads to; numbers stand for placeholders."""
    example = PLACEHOLDER.sub("1", path).partition("?")[0]
    match = get_resolver().resolve("/" + example.removeprefix("/"))
    return str(match.route)


def _rows_by_pattern() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in ROWS:
        found.setdefault(_resolved(row.address), set()).add(row.method)
    return found


def _implemented(pattern: URLPattern) -> set[str] | None:
    """The methods of a class-based view; None for a function, which does not say."""
    view: Any = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
    if view is None:
        return None
    return {method for method in METHODS if hasattr(view, method.lower()) and method.lower() in view.http_method_names}


def test_every_url_has_its_rows(world: World) -> None:
    covered, exempt = _rows_by_pattern(), _exempt()
    missing = []
    for route, pattern in _patterns():
        known = covered.get(route, set()) | exempt.get(route, set())
        for method in (_implemented(pattern) or {"GET", "POST"}) - known:
            if _implemented(pattern) is not None or _answers(world, route, method):
                missing.append(f"{method} {route}")
    assert not missing, "no row in tests/permissions and no reason in exempt.txt:\n" + "\n".join(sorted(missing))


def _answers(world: World, route: str, method: str) -> bool:
    """Whether a function view does anything for this method: 405 says it does not."""
    client = Client(HTTP_HOST=world.north.host, raise_request_exception=False)
    client.cookies["perch_session"] = world.north.sessions["admin"]
    path = "/" + re.sub(r"<[^>]+>", "1", route)
    return client.generic(method, path).status_code != 405


def test_no_exemption_is_stale() -> None:
    routes = {route for route, _pattern in _patterns()}
    assert not set(_exempt()) - routes


@pytest.mark.parametrize("hook", ["auth", "streams", "update-streams", "dynamic-streams", "status", "episodes"])
def test_machines_hooks_know_no_people(world: World, hook: str) -> None:
    """They stand beside Django, take streamers' keys only, and have their own tests (tests/hooks, tests/live): no URL
    of the project answers below their base, and none of them is in the resolver."""
    client = Client(HTTP_HOST=world.north.host)
    client.cookies["perch_session"] = world.north.sessions["admin"]
    assert client.get(f"/central/api/v3/streamers/streamer-1/{hook}").status_code == 404
