"""The direction of imports, and the few doors to the outside, as failing tests."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "billing", "devices", "tenants")
HTTP_CLIENTS = {"httpx", "requests", "urllib.request", "http.client", "aiohttp"}
# The one way out; the streamer's own client of the streamer contract (it is another program); the supervisor, which
# asks only its own children on loopback whether they are ready; simulators, which play other people's programs.
MAY_CALL_OUT = {"tenants/outbound.py", "devices/streamer", "portal/embedded", "devices/simulators"}
# The embedded services and their supervisor run before Django does.
MAY_TELL_TIME = {"tenants/clock.py", "devices/streamer", "portal/embedded", "devices/simulators"}


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _allowed(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def test_imports_go_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_portal_knows_http() -> None:
    banned = ("django.http", "rest_framework", "channels", "django.shortcuts", "django.views")
    offenders = [
        (path, name)
        for path, tree in _sources()
        if not path.startswith("portal/") and not path.startswith("devices/streamer/")
        for name in _imports(tree)
        if name.startswith(banned)
    ]
    assert offenders == []


def test_there_is_one_way_out() -> None:
    offenders = [
        (path, sorted(_imports(tree) & HTTP_CLIENTS))
        for path, tree in _sources()
        if _imports(tree) & HTTP_CLIENTS and not _allowed(path, MAY_CALL_OUT)
    ]
    assert offenders == []


def _clock_calls(tree: ast.Module) -> list[str]:
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        call for call in calls if call in {"datetime.now", "datetime.utcnow", "time.time", "timezone.now", "date.today"}
    ]


def test_there_is_one_clock() -> None:
    offenders = [
        (path, _clock_calls(tree))
        for path, tree in _sources()
        if _clock_calls(tree) and not _allowed(path, MAY_TELL_TIME)
    ]
    assert offenders == []


@pytest.mark.parametrize("pattern", ["shell=True", "os.system(", "os.popen(", "mark_safe(", "|safe", "eval("])
def test_nothing_opens_a_shell_or_skips_escaping(pattern: str) -> None:
    places = [*(ROOT / "templates").rglob("*.html"), *(path for app in APPS for path in (ROOT / app).rglob("*.py"))]
    offenders = [path.relative_to(ROOT).as_posix() for path in places if pattern in path.read_text()]
    assert offenders == []


def test_no_cancellation_is_lost_while_a_streamer_waits() -> None:
    """See devices/streamer/deadline.py."""
    places = (ROOT / "devices" / "streamer").glob("*.py")
    assert [path.name for path in places if "asyncio.wait_for(" in path.read_text()] == []


def test_secrets_are_compared_in_constant_time() -> None:
    """No `==` on a name that holds a secret (check 8)."""
    secret = ("key_digest", "signature", "api_key", "token_text", "secret")
    offenders = []
    for path, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                if any(side.rpartition(".")[2] in secret for side in sides):
                    offenders.append((path, node.lineno))
    assert offenders == []


def test_pages_load_nothing_from_elsewhere() -> None:
    offenders = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "templates").rglob("*.html")
        if any(
            mark in path.read_text() for mark in ('src="http', 'href="http', "src='http", "//cdn", "style=", "onclick=")
        )
    ]
    # Only where an ISP has set its key: `portal.analytics`.
    assert offenders == ["templates/parts/analytics.html"]
