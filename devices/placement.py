"""Which streamer each camera belongs on (items 106, 116): pure functions over a picture of the fleet.

Cameras move as little as possible. A camera stays where it is as long as it may be there; it moves when its streamer is
lost, its rule forbids the place or the place carries more cameras than it may, and it moves back to a preferred zone,
or home where its zone says so. The same picture gives the same moves, whoever calculates them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

# A streamer asks every second and is noted every five: silent for so long, it is lost. Calculated from the goal of half
# a minute, less the round that finds out and the poll by which another one learns of it.
LOST = timedelta(seconds=20)
# A streamer that is cut off from Perch stops after so many seconds: its cameras are others' by then. Two record one
# camera for the difference of this and LOST, and the time that a streamer needs to notice.
LEASE = 45
# A streamer that was lost has to answer for so long, twice as long after each further loss within FORGIVEN, before
# cameras that have another place come to it: who comes and goes must not take cameras along.
STEADY = timedelta(seconds=60)
SLOWEST_STEADY = timedelta(minutes=16)
FORGIVEN = timedelta(hours=1)
USUAL_BITRATE = 2000  # kbit/s: of a camera that has not been measured, or whose streamer just died
USUAL_LIMIT = 1000  # cameras: what a streamer without a limit is weighed by


class Health(IntEnum):
    """What a streamer is good for. LOST gives its cameras away; UNHEARD never spoke and only keeps what it has;
    RESTLESS takes those cameras that have no other place; STEADY takes any."""

    LOST = 0
    UNHEARD = 1
    RESTLESS = 2
    STEADY = 3


def health(
    now: datetime, last_seen_at: datetime | None, steady_since: datetime | None, losses: int, lost_at: datetime | None
) -> Health:
    """How far a streamer is to be relied on at an instant."""
    if last_seen_at is None:
        return Health.UNHEARD
    if now - last_seen_at > LOST:
        return Health.LOST
    if not losses or lost_at is None or now - lost_at > FORGIVEN:
        return Health.STEADY
    wait = min(STEADY * 2 ** min(losses - 1, 10), SLOWEST_STEADY)
    return Health.STEADY if steady_since is not None and now - steady_since >= wait else Health.RESTLESS


@dataclass(frozen=True)
class Rule:
    """Where a camera may be. Without a zone: anywhere, on default streamers if there are any. Labels always hold."""

    zone: int | None = None
    is_required: bool = False
    labels: frozenset[tuple[str, str]] = frozenset()
    returns: bool = False


@dataclass
class Machine:
    """A streamer as placement sees it; `channels` and `kilobits` are what it carries now, of all ISPs."""

    id: int
    health: Health = Health.STEADY
    zones: frozenset[int] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()
    is_default: bool = False
    channel_limit: int | None = None
    bandwidth: int | None = None
    channels: int = 0
    kilobits: int = 0

    @property
    def load(self) -> float:
        """How full it is, 1 being full: by cameras or by kbit/s, whichever is nearer to its limit."""
        by_channels = (self.channels + 1) / (USUAL_LIMIT if self.channel_limit is None else self.channel_limit or 0.5)
        return max(by_channels, self.kilobits / self.bandwidth if self.bandwidth else 0.0)

    @property
    def is_overfull(self) -> bool:
        """Whether it carries more cameras than it may. Kbit/s come and go, and move nobody who is there."""
        return self.channel_limit is not None and self.channels > self.channel_limit

    def has_room(self, kilobits: int) -> bool:
        if self.channel_limit is not None and self.channels >= self.channel_limit:
            return False
        return self.bandwidth is None or self.kilobits + kilobits <= self.bandwidth

    def add(self, kilobits: int, sign: int = 1) -> None:
        self.channels += sign
        self.kilobits += sign * kilobits


class Placed(NamedTuple):
    """A camera: where it is (None: nowhere), where it was before that streamer failed, and its rule."""

    id: int
    rule: Rule
    at: int | None = None
    home: int | None = None
    bitrate: int = 0

    @property
    def kilobits(self) -> int:
        return self.bitrate or USUAL_BITRATE


class Move(NamedTuple):
    """A camera leaves a streamer for another one, or for none; `home` is where it belongs once that one is back."""

    camera: int
    source: int | None
    target: int | None
    home: int | None


@dataclass
class _Tier:
    """Streamers of equal right for a rule, the least full one first. Loads only grow while a tier is in use, so a stale
    entry is found by comparing it."""

    machines: list[Machine]
    heap: list[tuple[float, int, Machine]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heap = [(machine.load, machine.id, machine) for machine in self.machines]
        heapq.heapify(self.heap)

    def take(self, kilobits: int) -> Machine | None:
        """The streamer for a camera, or None where nobody has room."""
        aside = []
        found = None
        while self.heap and found is None:
            load, number, machine = heapq.heappop(self.heap)
            if load != machine.load:
                heapq.heappush(self.heap, (machine.load, number, machine))
            elif machine.has_room(kilobits):
                found = machine
            elif machine.has_room(0):  # room for a smaller camera
                aside.append((load, number, machine))
        for entry in aside:
            heapq.heappush(self.heap, entry)
        if found:
            found.add(kilobits)
            heapq.heappush(self.heap, (found.load, found.id, found))
        return found


class _Plan:
    """One calculation. Machines are changed as cameras come and go."""

    def __init__(self, machines: Iterable[Machine]) -> None:
        self.machines = {machine.id: machine for machine in machines}
        self.moves: list[Move] = []
        self._tiers: dict[Rule, list[_Tier]] = {}

    def run(self, cameras: Iterable[Placed]) -> list[Move]:
        """Whose zone leaves no choice goes first, then who goes back, then the others."""
        listed = sorted(cameras, key=lambda camera: camera.id)
        away = [camera for camera in listed if not self._stays(camera)]
        away += self._excess([camera for camera in listed if self._stays(camera)])
        gone = {camera.id for camera in away}
        bound = [camera for camera in away if camera.rule.is_required]
        for camera in bound:
            self._place(camera)
        for camera in listed:
            if camera.id not in gone:
                self._bring_back(camera)
        self._tiers.clear()  # those who went back made room
        for camera in away:
            if not camera.rule.is_required:
                self._place(camera)
        return self.moves

    def _stays(self, camera: Placed) -> bool:
        machine = self.machines.get(camera.at or 0)
        if machine is None or not may_be(camera.rule, machine):
            return False
        return machine.health > Health.LOST

    def _excess(self, staying: Sequence[Placed]) -> list[Placed]:
        """The newest cameras of a streamer that carries more than it may."""
        found = []
        for camera in reversed(staying):
            machine = self.machines[camera.at or 0]
            if machine.is_overfull and self._any_room(camera, machine):
                machine.add(camera.kilobits, -1)
                found.append(camera)
        for camera in found:
            self.machines[camera.at or 0].add(camera.kilobits)
        return found[::-1]

    def _any_room(self, camera: Placed, but: Machine) -> bool:
        return any(
            machine is not but and machine.has_room(camera.kilobits)
            for tier in self._tiers_of(camera.rule)
            for machine in tier.machines
        )

    def _place(self, camera: Placed) -> None:
        """Find a streamer for a camera that cannot stay. Where there is none, a camera of a required zone is on none,
        and any other one waits where it is: it goes on by itself when its streamer does."""
        old = self.machines.get(camera.at or 0)
        if old:
            old.add(camera.kilobits, -1)
        found = next((one for tier in self._tiers_of(camera.rule) if (one := tier.take(camera.kilobits))), None)
        if found is None and old and self._waits(camera, old):
            old.add(camera.kilobits)
            return
        lost = old is not None and old.health == Health.LOST and may_be(camera.rule, old)
        self._note(camera, found.id if found else None, camera.home or (camera.at if lost else None))

    @staticmethod
    def _waits(camera: Placed, old: Machine) -> bool:
        return may_be(camera.rule, old) and not (camera.rule.is_required and old.health == Health.LOST)

    def _bring_back(self, camera: Placed) -> None:
        """Back to the preferred zone, or home, if a steady streamer has room there."""
        here, rule = self.machines[camera.at or 0], camera.rule
        is_outside = rule.zone is not None and rule.zone not in here.zones
        found = self._home(camera) if is_outside or rule.returns else None
        if is_outside and found is None:
            found = self._tiers_of(rule)[0].take(camera.kilobits)
        if found:
            here.add(camera.kilobits, -1)
            self._note(camera, found.id, None)

    def _home(self, camera: Placed) -> Machine | None:
        """The streamer it was on before that one failed, if it may and can have the camera again."""
        machine = self.machines.get(camera.home or 0)
        if machine is None or machine.id == camera.at or machine.health < Health.STEADY:
            return None
        if camera.rule.zone not in machine.zones or not may_be(camera.rule, machine):
            return None
        return _Tier([machine]).take(camera.kilobits)

    def _note(self, camera: Placed, target: int | None, home: int | None) -> None:
        if target == camera.at:
            return
        self.moves.append(Move(camera.id, camera.at, target, None if home == target else home))

    def _tiers_of(self, rule: Rule) -> list[_Tier]:
        if rule not in self._tiers:
            self._tiers[rule] = [_Tier(machines) for machines in tiers(rule, self.machines.values())]
        return self._tiers[rule]


def plan(machines: Iterable[Machine], cameras: Iterable[Placed]) -> list[Move]:
    """The moves that put the given cameras where they belong. Machines carry what is on them, given cameras included;
    they are changed to what they carry afterwards. Cameras that are not given stay."""
    return _Plan(machines).run(cameras)


def may_be(rule: Rule, machine: Machine) -> bool:
    """Whether a rule allows a camera on a streamer at all."""
    if rule.is_required and rule.zone not in machine.zones:
        return False
    return rule.labels <= machine.labels


def tiers(rule: Rule, machines: Iterable[Machine]) -> list[list[Machine]]:
    """Where a camera of this rule goes, the best places first: among steady streamers those of its zone (without a
    zone: the default ones), then any; then those that came back just now."""
    allowed = [machine for machine in machines if may_be(rule, machine)]
    fit = [machine for machine in allowed if machine.health == Health.STEADY]
    restless = [machine for machine in allowed if machine.health == Health.RESTLESS]
    first = [machine for machine in fit if (machine.is_default if rule.zone is None else rule.zone in machine.zones)]
    return [first, fit, restless]


def first_choice(machines: Iterable[Machine], rule: Rule, kilobits: int = USUAL_BITRATE) -> int | None:
    """The streamer for a new camera. Where nobody answers, it waits on one that was never heard of or has failed; in a
    required zone only on the former."""
    listed = list(machines)
    moves = plan(listed, [Placed(0, rule, bitrate=kilobits)])
    if moves and moves[0].target is not None:
        return moves[0].target
    worst = Health.UNHEARD if rule.is_required else Health.LOST
    silent = [one for one in listed if may_be(rule, one) and one.health >= worst and one.has_room(kilobits)]
    found = min(silent, key=lambda one: (not one.is_default, -one.health, one.load, one.id), default=None)
    return found.id if found else None
