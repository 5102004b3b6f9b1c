"""Why there is footage of a moment or none: told by facts, of every moment exactly one (items 301, 318)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devices.models import Camera, CameraStatus, ModeSpan, OutageSpan
from devices.services import cameras, presets, reasons
from devices.services.reasons import Facts, Reason
from tenants import clock
from tenants.models import User
from tenants.scoping import domain_scope
from tenants.services import memberships
from tests.api.v3.calls import as_user, with_key
from tests.cast import Cast

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


class Days:
    """A camera's life in hours after its first one."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.began = cast, clock.now()

    def at(self, hours: float) -> Any:
        return clock.shifted(hours * HOUR)

    def gate(self) -> Camera:
        found: Camera = Camera.objects.select_related("organization", "preset").get(name="gate")
        return found

    def told(self, user: User, hours: float) -> list[tuple[str, int]]:
        """The reasons of the whole life until some hour, with the length of each in hours."""
        with self.at(hours):
            window = {"from": self.began.timestamp() + 1, "to": clock.timestamp()}
            path = f"streams/gate/dvr/reasons?from={window['from']}&to={window['to']}"
            found = as_user(user).get(path).ok()["reasons"]
        return [(span["reason"], round(span["duration"] / 3600)) for span in found]


def test_a_life_of_a_camera_told_afterwards(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north):
        with life.at(10):
            cameras.set_enabled(life.gate(), False, acting_user=cast.ian)
        with life.at(20):
            cameras.set_enabled(life.gate(), True, acting_user=cast.ian)
        with life.at(30):
            cameras.set_privacy(life.gate(), True, acting_user=cast.alice)
        with life.at(35):
            cameras.set_privacy(life.gate(), False, acting_user=cast.alice)
        with life.at(40):
            presets.change_preset(cast.basic, acting_user=cast.nora, dvr_depth=0)
        with life.at(44):
            presets.change_preset(cast.basic, acting_user=cast.nora, dvr_depth=7)
        with life.at(50):
            cameras.change_camera(life.gate(), acting_user=cast.ian, static=False)
    assert life.told(cast.alice, 60) == [
        ("recorded", 10), ("disabled", 10), ("recorded", 10), ("privacy", 5), ("recorded", 5), ("live_only", 4),
        ("recorded", 6), ("on_demand", 10),
    ]  # fmt: skip


def test_who_decided_is_for_those_who_run_the_camera(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north), life.at(1):
        cameras.set_enabled(life.gate(), False, acting_user=cast.ian)
    with life.at(2):
        for user, named in ((cast.alice, cast.ian.login), (cast.bob, None)):
            last = as_user(user).get("streams/gate/dvr/reasons").ok()["reasons"][-1]
            assert (last["reason"], last["user"]) == ("disabled", named)
            assert (cast.ian.login in last["message"]) is (named is not None)


def test_what_is_too_old_too_much_or_not_yet_says_so(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north):
        cameras.change_camera(life.gate(), acting_user=None, preset=_adjustable())
        CameraStatus.objects.create(
            domain_id=cast.north.pk, camera=life.gate(), dvr_from=int((life.began + 90 * HOUR).timestamp())
        )
    with life.at(100):
        caller, now = as_user(cast.alice), clock.timestamp()
        path = f"streams/gate/dvr/reasons?from={now - 101 * 3600}&to={now + 3600}"
        said = [(span["reason"], round(span["duration"] / 3600)) for span in caller.get(path).ok()["reasons"]]
    assert said == [("not_created", 1), ("retention", 52), ("space", 38), ("recorded", 10), ("future", 1)]


def _adjustable() -> Any:
    return presets.add_preset(acting_user=None, title="Own", is_adjustable=True, dvr_depth=2, dvr_space=10)


def test_a_deleted_camera_is_told_of_to_those_who_ran_it(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north), life.at(5):
        cameras.delete_camera(life.gate(), acting_user=cast.ian)
    for user in (cast.alice, cast.nora):
        assert life.told(user, 9) == [("recorded", 5), ("deleted", 4)]
    with life.at(9):
        for user in (cast.bob, cast.ian, cast.mallory):
            as_user(user).get("streams/gate/dvr/reasons").refused(404, "not_found")
        as_user(cast.sam, "south.localhost").get("streams/gate/dvr/reasons").refused(404, "not_found")


def test_a_window_that_is_none_is_refused_by_its_parameter(cast: Cast) -> None:
    caller = as_user(cast.alice)
    for query, name in (("from=x", "from"), ("to=1e99", "to"), ("from=nan", "from"), ("from=-1e300", "from")):
        caller.get(f"streams/gate/dvr/reasons?{query}").refused(400, "invalid_parameter", parameter=name)
    for query in ("from=2&to=1", "from=1&to=99999999"):
        assert caller.get(f"streams/gate/dvr/reasons?{query}").status == 400
    page = cast.client(cast.alice)
    assert page.get("/cameras/reasons/gate?from=x&to=1").status_code in {400, 422}


# -- privacy mode


def test_privacy_is_the_subscribers_to_begin_and_to_end(cast: Cast) -> None:
    for user in (cast.nora, cast.bob):
        as_user(user).put("streams/gate", {"is_private": True}).refused(403, "forbidden")
    with_key(cast.north_key).put("streams/gate", {"is_private": True}).refused(403, "forbidden")
    assert as_user(cast.alice).put("streams/gate", {"is_private": True}).ok()["is_private"] is True
    as_user(cast.nora).put("streams/gate", {"is_private": False}).refused(403, "forbidden")
    as_user(cast.nora).put("streams/gate", {"comment": "x"}).ok()
    assert as_user(cast.ian).put("streams/gate", {"is_private": False}).ok()["is_private"] is False


def test_pages_show_privacy_and_let_its_people_end_it(cast: Cast) -> None:
    alice, bob = cast.client(cast.alice), cast.client(cast.bob)
    assert "Privacy mode" in alice.get("/cameras/watch/gate").content.decode()
    assert "/cameras/privacy/" not in bob.get("/cameras/watch/gate").content.decode()
    on = {"is_private": "1", "back": "/cameras/watch/gate"}
    assert alice.post("/cameras/privacy/gate", on).status_code == 302
    assert "End privacy mode" in alice.get("/cameras/watch/gate").content.decode()
    page = bob.get("/cameras/").content.decode()
    assert 'data-state="private"' in page
    assert "Its people want to be alone" in page


# -- every moment has exactly one reason


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[datetime, datetime | None]]:
    edges = sorted(draw(st.lists(st.integers(0, 100), unique=True, max_size=8)))
    found: list[tuple[datetime, datetime | None]] = [
        (START + one * HOUR, START + other * HOUR) for one, other in pairwise(edges)
    ]
    return found[::2] if draw(st.booleans()) else found


MODES = st.sampled_from([mode for mode in ModeSpan.Mode if mode != ModeSpan.Mode.DELETED])
MOMENT = st.none() | st.integers(0, 100).map(lambda hours: START + hours * HOUR)


@given(spans(), st.lists(MODES, min_size=8, max_size=8), spans(), MOMENT, MOMENT, MOMENT, st.integers(0, 120))
def test_the_window_is_covered_without_holes_and_overlaps(
    modes: list[Any], kinds: list[str], outages: list[Any], created: Any, kept: Any, room: Any, now: int
) -> None:
    told = [ModeSpan(mode=kind, began_at=one, ended_at=other) for (one, other), kind in zip(modes, kinds, strict=False)]
    facts = Facts(
        modes=told,
        outages=[OutageSpan(code="stalled", began_at=one, ended_at=other) for one, other in outages],
        created_at=created, kept_since=kept, room_since=room, now=START + now * HOUR,
    )  # fmt: skip
    since, until = START - HOUR, START + 110 * HOUR
    found = reasons.explain(facts, since, until)
    assert (found[0].began_at, found[-1].ended_at) == (since, until)
    assert all(one.ended_at == other.began_at for one, other in pairwise(found))
    assert all(span.began_at < span.ended_at for span in found)
    for span in found:
        if span.reason == Reason.OUTAGE:
            assert any(one <= span.began_at < other for one, other in outages)
        if span.reason == Reason.FUTURE:
            assert span.began_at >= facts.now


# -- what goes no further


def test_whose_archive_ends_earlier_learns_nothing_of_before(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north):
        with life.at(1):
            cameras.set_privacy(life.gate(), True, acting_user=cast.alice)
        with life.at(5):
            cameras.set_privacy(life.gate(), False, acting_user=cast.alice)
        with life.at(10):
            presets.change_preset(cast.basic, acting_user=None, dvr_depth=30)
    days = 9 * 24  # Bob may look a week back
    assert life.told(cast.alice, days)[:3] == [("recorded", 1), ("privacy", 4), ("recorded", days - 5)]
    assert life.told(cast.bob, days) == [("retention", 48), ("recorded", days - 48)]


def test_a_camera_that_moved_tells_nothing_of_the_people_it_left(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north):
        with life.at(1):
            cameras.set_enabled(life.gate(), False, acting_user=cast.ian)
        with life.at(4):
            cameras.change_camera(life.gate(), acting_user=None, organization=cast.mill, enabled=True)
    assert life.told(cast.mallory, 9) == [("unknown", 4), ("recorded", 5)]


def test_no_key_and_no_administrator_ends_privacy_in_somebodys_name(cast: Cast) -> None:
    as_user(cast.alice).put("streams/gate", {"is_private": True}).ok()
    named = with_key(cast.north_key, x_vsaas_user=cast.alice.login)
    named.put("streams/gate", {"is_private": False}).refused(403, "forbidden")
    with domain_scope(cast.north):
        memberships.add_member(cast.harbour, acting_user=None, user=cast.nora, can_edit_cameras=True)
    nora = as_user(cast.nora)
    nora.put("streams/gate", {"is_private": False}).refused(403, "forbidden")
    nora.put("streams/gate", {"organization_id": cast.mill.pk}).refused(403, "forbidden")
    assert nora.get("streams/gate").ok()["is_private"] is True


def test_a_change_under_way_does_not_end_privacy(cast: Cast) -> None:
    life = Days(cast)
    with domain_scope(cast.north):
        stale = life.gate()
        cameras.set_privacy(life.gate(), True, acting_user=cast.alice)
        cameras.change_camera(stale, acting_user=None, comment="read before, saved after")
        assert life.gate().is_private


def test_a_year_of_outages_is_told_in_a_moment() -> None:
    """Nine thousand of them: looked at once each, not once for each other."""
    outages = [
        OutageSpan(code=f"c{n % 2}", began_at=START + n * HOUR, ended_at=START + (n + 0.5) * HOUR) for n in range(9_000)
    ]
    mode = ModeSpan(mode="recording", began_at=START - HOUR, ended_at=None)
    facts = Facts([mode], outages, START - HOUR, None, None, START + 9_001 * HOUR)
    assert len(reasons.explain(facts, START, START + 9_000 * HOUR)) == 18_000
