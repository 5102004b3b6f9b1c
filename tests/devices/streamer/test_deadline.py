"""What is to stop stops, though the answer it waits for comes in the same moment."""

from __future__ import annotations

import asyncio

import pytest

from devices.streamer.deadline import before


async def _reading_on(reader: asyncio.StreamReader) -> None:
    while True:
        await before(reader.read(100), 30)


@pytest.mark.parametrize("turns", range(6))
def test_a_cancellation_is_never_lost(turns: int) -> None:
    async def stopped() -> bool:
        reader = asyncio.StreamReader()
        task = asyncio.create_task(_reading_on(reader))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reader.feed_data(b"video")
        for _turn in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done, _running = await asyncio.wait([task], timeout=5)
        return task in done

    assert asyncio.run(stopped())


def test_a_deadline_that_is_missed_is_said() -> None:
    async def waits() -> None:
        await before(asyncio.Event().wait(), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(waits())


def test_without_a_deadline_it_waits() -> None:
    async def answer() -> int:
        return 7

    async def waits() -> int:
        return await before(answer(), None)

    assert asyncio.run(waits()) == 7
