"""What a change of streamers or zones would move (item 223): the plan of the mover over the fleet as it would be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from devices.placement import Machine, Placed, plan


class Seen(NamedTuple):
    """A camera of the fleet, and whose it is."""

    camera: Placed
    isp: int


@dataclass(frozen=True)
class Change:
    """What would be otherwise: values of machines (None: it carries no cameras any more), and zones that cameras
    return in."""

    machines: Mapping[int, Mapping[str, Any] | None] = field(default_factory=dict)
    returns: Mapping[int, bool] = field(default_factory=dict)


class Flow(NamedTuple):
    """So many cameras of so many ISPs go from one streamer to another; None is none."""

    source: int | None
    target: int | None
    cameras: int
    isps: int


class Load(NamedTuple):
    """What a streamer carries now and afterwards, and what it may carry afterwards; None: no limit."""

    machine: int
    channels: int
    next_channels: int
    channel_limit: int | None
    kilobits: int
    next_kilobits: int
    bandwidth: int | None

    @property
    def is_too_many(self) -> bool:
        """More cameras than it may carry: the rest has no other place."""
        return self.channel_limit is not None and self.next_channels > self.channel_limit

    @property
    def is_too_much(self) -> bool:
        """More kbit/s than it may take in; those that are there stay."""
        return self.bandwidth is not None and self.next_kilobits > self.bandwidth


@dataclass(frozen=True)
class Forecast:
    """What a change comes to. `targets` are the places of those cameras that it moves."""

    targets: Mapping[int, int | None]
    flows: Sequence[Flow]
    loads: Sequence[Load]
    isps: int

    @property
    def cameras(self) -> int:
        """How many move."""
        return len(self.targets)

    @property
    def nowhere(self) -> int:
        """How many would be left without a streamer."""
        return sum(flow.cameras for flow in self.flows if flow.target is None)

    @property
    def is_quiet(self) -> bool:
        """Whether nobody moves and every limit holds."""
        return not self.targets and not any(load.is_too_many or load.is_too_much for load in self.loads)


def forecast(machines: Iterable[Machine], fleet: Sequence[Seen], change: Change) -> Forecast:
    """What would move that would not move without the change, and what the streamers concerned carry then."""
    before = {machine.id: machine for machine in machines}
    now, _carried = _placed(before.values(), [seen.camera for seen in fleet])
    after = [machine for one in before.values() if (machine := _changed(one, change))]
    then, carried = _placed(after, [_ruled(seen.camera, change.returns) for seen in fleet])
    targets = {camera: place for camera, place in then.items() if place != now[camera]}
    moved = [seen for seen in fleet if seen.camera.id in targets]
    concerned = {*change.machines, *targets.values(), *(now[camera] for camera in targets)}
    loads = [_load(before[key], carried[key]) for key in before if key in concerned and key in carried]
    return Forecast(targets, _flows(moved, now, targets), loads, len({seen.isp for seen in moved}))


def _placed(machines: Iterable[Machine], cameras: Sequence[Placed]) -> tuple[dict[int, int | None], dict[int, Machine]]:
    """Where each camera is once all have moved, and what the machines carry then."""
    copies = {machine.id: replace(machine) for machine in machines}
    places = {camera.id: camera.at for camera in cameras}
    places |= {move.camera: move.target for move in plan(copies.values(), cameras)}
    return places, copies


def _changed(machine: Machine, change: Change) -> Machine | None:
    values = change.machines.get(machine.id, {})
    return None if values is None else replace(machine, **values)


def _ruled(camera: Placed, returns: Mapping[int, bool]) -> Placed:
    zone = camera.rule.zone
    if zone is None or zone not in returns:
        return camera
    return camera._replace(rule=replace(camera.rule, returns=returns[zone]))


def _flows(moved: Iterable[Seen], now: Mapping[int, int | None], targets: Mapping[int, int | None]) -> list[Flow]:
    """The largest flows first."""
    counted: Counter[tuple[int | None, int | None]] = Counter()
    isps = defaultdict(set)
    for seen in moved:
        way = (now[seen.camera.id], targets[seen.camera.id])
        counted[way] += 1
        isps[way].add(seen.isp)
    return [Flow(*way, number, len(isps[way])) for way, number in counted.most_common()]


def _load(now: Machine, then: Machine) -> Load:
    return Load(
        now.id, now.channels, then.channels, then.channel_limit, now.kilobits, then.kilobits, then.bandwidth
    )  # fmt: skip
