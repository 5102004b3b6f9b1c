"""Placement of a large fleet: streamers die, some return, new ones are added. Seconds of one core until nothing moves,
moves over the least there can be, and cameras outside of the zone they require.

    python -m tests.bench.fleet [--streamers 200] [--cameras 100000]
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import replace

from devices.placement import Health, Machine, Placed, Rule, may_be, plan

ZONES = 12
ROUNDS = 5


def build(streamers: int, cameras: int) -> tuple[list[Machine], list[Placed]]:
    """Streamers spread over zones with room to spare, and cameras of all kinds of rules, placed from nothing."""
    chance = random.Random(7)
    machines = [
        Machine(number, zones=frozenset({1 + number % ZONES}), channel_limit=2 * cameras // streamers)
        for number in range(1, streamers + 1)
    ]
    rules = [Rule()] + [Rule(1 + zone, required) for zone in range(ZONES) for required in (False, True)]
    placed = [Placed(number, chance.choice(rules), bitrate=2000) for number in range(1, cameras + 1)]
    return machines, placed


def settle(machines: list[Machine], cameras: list[Placed]) -> tuple[list[Placed], int, float]:
    """Rounds until nothing moves: the cameras as they are then, how many moves it took, and seconds of this core."""
    moved, began = 0, time.process_time()
    for _round in range(ROUNDS):
        moves = {move.camera: move for move in plan(machines, cameras)}
        if not moves:
            break
        moved += len(moves)
        cameras = [
            camera._replace(at=moves[camera.id].target, home=moves[camera.id].home) if camera.id in moves else camera
            for camera in cameras
        ]
    return cameras, moved, time.process_time() - began


def least(machines: list[Machine], cameras: list[Placed]) -> int:
    """How many cameras cannot stay: theirs is lost or forbidden, or they are outside of a preferred zone that has a
    steady streamer."""
    by_id = {one.id: one for one in machines}
    steady = {zone for one in machines if one.health == Health.STEADY for zone in one.zones}
    count = 0
    for camera in cameras:
        here = by_id.get(camera.at or 0)
        stays = here is not None and here.health > Health.LOST and may_be(camera.rule, here)
        outside = here is not None and camera.rule.zone in steady and camera.rule.zone not in here.zones
        count += not stays or outside
    return count


def outside(machines: list[Machine], cameras: list[Placed]) -> int:
    """Cameras that are where their rule does not allow."""
    by_id = {one.id: one for one in machines}
    return sum(camera.at is not None and not may_be(camera.rule, by_id[camera.at]) for camera in cameras)


def step(name: str, machines: list[Machine], cameras: list[Placed]) -> list[Placed]:
    """One event: settle, and print what it took."""
    needed = least(machines, cameras)
    cameras, moved, seconds = settle(machines, cameras)
    ratio = moved / needed if needed else float(moved == 0)
    wrong, nowhere = outside(machines, cameras), sum(camera.at is None for camera in cameras)
    print(f"{name}: {seconds:.1f} s, {moved} moves, least {needed}, ratio {ratio:.3f}, "
          f"outside {wrong}, nowhere {nowhere}")  # fmt: skip
    return cameras


def health_of(machines: list[Machine], numbers: range, health: Health) -> None:
    """Let streamers of these numbers die or return, in place."""
    for index, one in enumerate(machines):
        if one.id in numbers:
            machines[index] = replace(one, health=health)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--streamers", type=int, default=200)
    asked.add_argument("--cameras", type=int, default=100_000)
    wanted = asked.parse_args()
    machines, cameras = build(wanted.streamers, wanted.cameras)
    cameras = step("from nothing", machines, cameras)
    health_of(machines, range(1, 11), Health.LOST)
    cameras = step("10 die", machines, cameras)
    health_of(machines, range(1, 6), Health.STEADY)
    cameras = step("5 return", machines, cameras)
    limit = machines[0].channel_limit
    more = range(wanted.streamers + 1, wanted.streamers + 21)
    machines += [Machine(number, zones=frozenset({1 + number % ZONES}), channel_limit=limit) for number in more]
    step("20 are added", machines, cameras)


if __name__ == "__main__":
    main()
