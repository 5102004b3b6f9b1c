"""Where cameras belong: the rules of zones and limits held against any fleet, and the stories behind them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.placement import (
    FORGIVEN,
    LOST,
    STEADY,
    Health,
    Machine,
    Move,
    Placed,
    Rule,
    first_choice,
    health,
    may_be,
    plan,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GPU = frozenset({("gpu", "yes")})
NORTH, SOUTH = 1, 2

RULES = st.builds(
    lambda zone, required, labels, returns: Rule(zone, required and zone is not None, labels, returns),
    st.sampled_from([None, NORTH, SOUTH, 3]), st.booleans(), st.sampled_from([frozenset(), GPU]), st.booleans(),
)  # fmt: skip


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Machine], list[Placed]]:
    """Streamers, and cameras anywhere on them or nowhere; what streamers carry is what is on them."""
    machines = [
        Machine(
            number,
            health=draw(st.sampled_from(Health)),
            zones=frozenset(draw(st.sets(st.sampled_from([NORTH, SOUTH, 3]), max_size=2))),
            labels=draw(st.sampled_from([frozenset(), GPU])),
            is_default=draw(st.booleans()),
            channel_limit=draw(st.none() | st.integers(0, 6)),
            bandwidth=draw(st.none() | st.integers(1000, 12_000)),
        )
        for number in range(1, draw(st.integers(1, 6)) + 1)
    ]
    places = st.none() | st.integers(1, len(machines))
    cameras = [
        Placed(number, draw(RULES), draw(places), draw(places), draw(st.sampled_from([0, 500, 4000])))
        for number in range(1, draw(st.integers(0, 25)) + 1)
    ]
    for camera in cameras:
        if camera.at:
            machines[camera.at - 1].add(camera.kilobits)
    return machines, cameras


def after(cameras: list[Placed], moves: list[Move]) -> dict[int, int | None]:
    return {camera.id: camera.at for camera in cameras} | {move.camera: move.target for move in moves}


@settings(max_examples=300, deadline=None)
@given(fleets())
def test_whatever_the_fleet_rules_and_limits_hold(fleet: tuple[list[Machine], list[Placed]]) -> None:
    machines, cameras = fleet
    before = {one.id: deepcopy(one) for one in machines}
    moves = plan(machines, cameras)
    carried = {one.id: one for one in machines}
    rules = {camera.id: camera.rule for camera in cameras}
    assert len({move.camera for move in moves}) == len(moves), "a camera moves once"
    for move in moves:
        assert move.source != move.target
        if move.target is None:
            continue
        target = carried[move.target]
        assert may_be(rules[move.camera], target)
        assert target.health >= Health.RESTLESS, "nobody is sent to a streamer that does not answer"
        assert target.channel_limit is None or target.channels <= target.channel_limit
        assert target.bandwidth is None or target.kilobits <= max(target.bandwidth, before[target.id].kilobits)
    for camera in cameras:
        place = after(cameras, moves)[camera.id]
        assert place is None or may_be(camera.rule, carried[place]), "never outside of what the rule allows"
        if camera.rule.is_required and place is not None:
            assert carried[place].health > Health.LOST
    for number, one in carried.items():
        there = [camera for camera in cameras if after(cameras, moves)[camera.id] == number]
        assert (one.channels, one.kilobits) == (len(there), sum(camera.kilobits for camera in there))


@settings(max_examples=200, deadline=None)
@given(fleets())
def test_the_same_picture_gives_the_same_moves_in_any_order(fleet: tuple[list[Machine], list[Placed]]) -> None:
    machines, cameras = fleet
    other = deepcopy(machines)[::-1]
    assert plan(machines, cameras) == plan(other, cameras[::-1])


@settings(max_examples=200, deadline=None)
@given(fleets())
def test_it_comes_to_rest(fleet: tuple[list[Machine], list[Placed]]) -> None:
    machines, cameras = fleet
    for _round in range(6):
        moves = {move.camera: move for move in plan(machines, cameras)}
        if not moves:
            return
        cameras = [
            camera._replace(at=moves[camera.id].target, home=moves[camera.id].home) if camera.id in moves else camera
            for camera in cameras
        ]
    pytest.fail("cameras go on moving though nothing changes")


@settings(max_examples=200, deadline=None)
@given(fleets())
def test_who_is_well_placed_stays(fleet: tuple[list[Machine], list[Placed]]) -> None:
    machines, cameras = fleet
    before = {one.id: deepcopy(one) for one in machines}
    for move in plan(machines, cameras):
        camera = next(one for one in cameras if one.id == move.camera)
        if camera.at is None:
            continue
        here = before[camera.at]
        reasons = [
            here.health == Health.LOST, not may_be(camera.rule, here), here.is_overfull,
            camera.rule.zone not in {None, *here.zones}, camera.rule.returns and move.target == camera.home,
        ]  # fmt: skip
        assert any(reasons)


def fleet_of(*machines: Machine) -> list[Machine]:
    return list(machines)


def test_a_preferred_camera_leaves_a_lost_zone_and_returns() -> None:
    rule = Rule(NORTH)
    lost = Machine(1, Health.LOST, frozenset({NORTH}), channels=1)
    away = plan(fleet_of(lost, Machine(2)), [Placed(7, rule, at=1)])
    assert away == [Move(7, 1, 2, 1)]
    back = Machine(1, Health.STEADY, frozenset({NORTH}))
    assert plan(fleet_of(back, Machine(2, channels=1)), [Placed(7, rule, at=2, home=1)]) == [Move(7, 2, 1, None)]


def test_a_required_camera_without_a_streamer_of_its_zone_is_on_none() -> None:
    lost = Machine(1, Health.LOST, frozenset({NORTH}), channels=1)
    moves = plan(fleet_of(lost, Machine(2)), [Placed(7, Rule(NORTH, is_required=True), at=1)])
    assert moves == [Move(7, 1, None, 1)]


def test_within_a_zone_cameras_return_only_where_the_zone_says_so() -> None:
    zone = frozenset({NORTH})
    for returns, moves in ((False, []), (True, [Move(7, 2, 1, None)])):
        machines = fleet_of(Machine(1, zones=zone), Machine(2, zones=zone, channels=1))
        assert plan(machines, [Placed(7, Rule(NORTH, returns=returns), at=2, home=1)]) == moves


def test_a_camera_without_another_place_waits_where_it_is() -> None:
    assert plan(fleet_of(Machine(1, Health.LOST, channels=1)), [Placed(7, Rule(), at=1)]) == []


def test_cameras_are_spread_evenly_and_within_limits() -> None:
    machines = fleet_of(Machine(1), Machine(2), Machine(3, channel_limit=10), Machine(4, is_default=False))
    plan(machines, [Placed(number, Rule()) for number in range(1, 331)])
    assert machines[2].channels <= 10
    assert max(one.channels for one in machines if one.channel_limit is None) - 110 <= 1


def test_default_streamers_come_first_for_cameras_without_a_zone() -> None:
    machines = fleet_of(Machine(1), Machine(2, is_default=True, channel_limit=1), Machine(3, is_default=True))
    assert [move.target for move in plan(machines, [Placed(1, Rule()), Placed(2, Rule())])] == [3, 3]
    assert first_choice([Machine(1), Machine(2, Health.LOST, is_default=True)], Rule()) == 1


def test_a_streamer_that_may_carry_nothing_is_emptied() -> None:
    machines = fleet_of(Machine(1, channel_limit=0, channels=2), Machine(2))
    moves = plan(machines, [Placed(7, Rule(), at=1), Placed(8, Rule(), at=1)])
    assert [move.target for move in moves] == [2, 2]


def test_a_camera_of_a_preset_with_labels_is_only_where_they_are() -> None:
    machines = fleet_of(Machine(1, channels=1), Machine(2, labels=GPU, channels=900))
    assert plan(machines, [Placed(7, Rule(labels=GPU), at=1)]) == [Move(7, 1, 2, None)]


def test_who_comes_and_goes_has_to_be_steady_for_longer_each_time() -> None:
    def at(losses: int, answering: timedelta, lost: timedelta = timedelta(minutes=30)) -> Health:
        return health(NOW, NOW, NOW - answering, losses, NOW - lost)

    assert at(0, timedelta()) == Health.STEADY, "a new streamer is used at once"
    assert at(1, STEADY - timedelta(seconds=1)) == Health.RESTLESS
    assert at(1, STEADY) == Health.STEADY
    assert at(3, STEADY * 3) == Health.RESTLESS
    assert at(3, STEADY * 4) == Health.STEADY
    assert at(9, timedelta(), FORGIVEN + timedelta(seconds=1)) == Health.STEADY
    assert health(NOW, NOW - LOST - timedelta(seconds=1), NOW - STEADY, 0, None) == Health.LOST
    assert health(NOW, None, None, 0, None) == Health.UNHEARD


def test_who_came_back_just_now_takes_those_that_have_no_other_place() -> None:
    zone = frozenset({NORTH})
    restless = Machine(1, Health.RESTLESS, zone)
    assert plan(fleet_of(restless), [Placed(7, Rule(NORTH, is_required=True), home=1)]) == [Move(7, None, 1, None)]
    restless = Machine(1, Health.RESTLESS, zone)
    assert plan(fleet_of(restless, Machine(2, channels=1)), [Placed(7, Rule(NORTH), at=2, home=1)]) == []
