"""What pages use in the browser comes from locked packages, and all of it is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import assets
from portal.embedded.paths import REPOSITORY

ICON = re.compile(r"""\bicon ['"]([a-z0-9-]+)['"]|icons\.svg['"]?\s*%?\}?#([a-z0-9-]+)""")
STATIC = re.compile(r"""static ['"]vendor/([^'"]+)['"]""")


def templates() -> Iterator[tuple[Path, str]]:
    for file in sorted((REPOSITORY / "templates").rglob("*.html")):
        yield file.relative_to(REPOSITORY), file.read_text()


def test_every_icon_the_pages_name_is_in_the_sprite() -> None:
    used = {(str(file), found[1] or found[2]) for file, text in templates() for found in ICON.finditer(text)}
    assert used
    known = set(assets.icon_names())
    assert [entry for entry in sorted(used) if entry[1] not in known] == []


def test_an_icon_that_tabler_does_not_have_is_refused() -> None:
    with pytest.raises(assets.MissingIcon, match="no-such-icon"):
        assets.sprite(["camera", "no-such-icon"])


def test_every_vendor_file_the_pages_name_is_copied() -> None:
    used = {(str(file), name) for file, text in templates() for name in STATIC.findall(text)}
    assert used
    assert [entry for entry in sorted(used) if not (assets.VENDOR / entry[1]).is_file()] == []


def test_no_page_loads_anything_from_elsewhere() -> None:
    outside = re.compile(r"""<(?:script|link|img|iframe|source|video)\b[^>]*\b(?:src|href)=['"](?:https?:)?//""")
    found = [str(file) for file, text in templates() if outside.search(text)]
    assert found == ["templates/parts/analytics.html"], "only where an ISP has set its key (portal.analytics)"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"])
def test_every_python_package_is_locked_by_hash_and_names_no_place(name: str) -> None:
    text = (REPOSITORY / name).read_text()
    pinned = re.findall(
        r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==[^\n]*\\\n(    --hash=sha256:[0-9a-f]{64})", text, re.MULTILINE
    )
    assert len(pinned) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)) > 0
    assert "://" not in text


def test_every_browser_package_is_locked_by_hash_and_names_no_place() -> None:
    packages = json.loads((REPOSITORY / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert packages
    for name, facts in packages.items():
        assert facts["integrity"].startswith("sha512-"), name
        assert "resolved" not in facts, name
