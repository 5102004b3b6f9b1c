"""When a streamer that does not hear Perch goes on recording, and when it leaves its cameras to others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.perch import FakePerch

DAY = {"expiration": 86400}


@pytest.fixture
def recording(perch: FakePerch, start: Callable[..., Running]) -> Running:
    """A streamer that records one camera, with a lease of a second."""
    perch.lease = 1
    perch.put("cam~1", "fake://clock", dvr=DAY)
    running = start()
    eventually(lambda: running.live("cam~1").status_code == 200)
    return running


def tell(perch: FakePerch, witnesses: list[dict[str, Any]], *, polls: int) -> None:
    """Name the witnesses, and wait until so many streamers know them."""
    before = perch.polls.count(200)
    perch.witnesses = witnesses
    perch.version += 1
    eventually(lambda: perch.polls.count(200) >= before + polls)


def test_cut_off_it_stops_when_its_lease_is_over_and_begins_again(perch: FakePerch, recording: Running) -> None:
    perch.down.add("key")
    eventually(lambda: not recording.children())
    assert recording.live("cam~1").status_code == 404
    perch.down.clear()
    eventually(lambda: recording.live("cam~1").status_code == 200)


def test_while_perch_is_down_it_goes_on(perch: FakePerch, recording: Running) -> None:
    perch.down.add("streams")
    before = recording.recorded("cam~1")
    eventually(lambda: recording.recorded("cam~1") > before + 4)
    perch.close()
    eventually(lambda: recording.recorded("cam~1") > before + 8)


def test_without_another_streamer_there_is_no_lease(perch: FakePerch, start: Callable[..., Running]) -> None:
    perch.put("cam~1", "fake://clock", dvr=DAY)
    running = start()
    eventually(lambda: running.recorded("cam~1") > 1)
    perch.down.add("key")
    before = running.recorded("cam~1")
    eventually(lambda: running.recorded("cam~1") > before + 4)


def test_cut_off_it_stops_where_another_streamer_hears_perch(
    perch: FakePerch, recording: Running, start: Callable[..., Running], tmp_path: Path
) -> None:
    with closing(FakePerch()) as elsewhere:
        witness = start(folder=tmp_path / "witness", perch_url=elsewhere.url)
        tell(perch, [{"url": "", "port": witness.port}], polls=1)
        perch.down.add("line")
        eventually(lambda: not recording.children())


def test_where_no_streamer_hears_perch_it_is_perch_that_is_away(
    perch: FakePerch, recording: Running, start: Callable[..., Running], tmp_path: Path
) -> None:
    witness = start(folder=tmp_path / "witness")
    perch.lease = 4
    tell(perch, [{"url": "", "port": witness.port}, {"url": "http://127.0.0.1:9", "port": 9}], polls=2)
    perch.down.add("line")
    before = recording.recorded("cam~1")
    eventually(lambda: recording.recorded("cam~1") > before + 8)
