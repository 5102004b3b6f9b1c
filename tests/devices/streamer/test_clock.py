"""The wall clock is set while a camera records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from devices.streamer.inputs import Inputs, Wishes
from devices.streamer.recorder import Recorder
from devices.streamer.settings import Settings
from tenants import clock
from tenants.addresses import AddressPolicy


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_begins_a_new_run_and_loses_no_video(tmp_path: Path, hours: int) -> None:
    settings = Settings("s", "http://perch", "key", tmp_path, networks=AddressPolicy())
    asyncio.run(asyncio.wait_for(_set(settings, timedelta(hours=hours)), 60))


async def _set(settings: Settings, by: timedelta) -> None:
    inputs = Inputs(settings)
    await inputs.start()
    recorder = Recorder("yard main", "fake://fake", Wishes(), inputs, settings, lambda: None)
    recorder.start()
    try:
        await _until(lambda: len(recorder.live.segments) >= 3)
        with clock.shifted(by):
            await _until(lambda: len({segment.run for segment in recorder.live.segments}) == 2)
            latest = recorder.live.segments[-1]
            assert latest.start + latest.duration == pytest.approx(clock.timestamp(), abs=2)
        segments = list(recorder.live.segments)
        assert [one.number for one in segments] == list(range(segments[0].number, segments[0].number + len(segments)))
        assert [one.is_first for one in segments].count(True) == 2
        assert all(one.is_key for one in segments)
        assert len({id(one.init) for one in segments}) == 1  # the same recorder went on
    finally:
        await recorder.stop()
        await inputs.stop()


async def _until(look: Callable[[], bool]) -> None:
    while not look():
        await asyncio.sleep(0.05)
