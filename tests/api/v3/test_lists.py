"""Lists of v3: `select`, `sort`, `limit`, `cursor`, `q` and filters (item 226; security.md T33)."""

from __future__ import annotations

import base64
from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest

from devices.models import Camera
from devices.services import cameras
from tenants.models import User
from tenants.scoping import domain_scope
from tenants.services import organizations, users
from tests.api.v3.calls import ADMIN, Caller, as_user, with_key
from tests.cast import SOUTH, Cast

ENVELOPE = {"estimated_count", "next", "prev", "timing"}


@pytest.fixture
def crm(cast: Cast) -> Caller:
    """North's CRM, with a dozen more organizations: two titles each, so that sorting by title alone is not enough."""
    with domain_scope(cast.north):
        for number in range(12):
            organizations.add_organization(acting_user=None, title=f"Sub {number // 2:02}", external_id=f"e{number}")
    return with_key(cast.north_key)


def _add(cast: Cast, title: str) -> None:
    with domain_scope(cast.north):
        organizations.add_organization(acting_user=None, title=title)


def _ids(rows: list[Any]) -> list[int]:
    return [row["id"] for row in rows]


def test_a_list_has_its_envelope_and_the_key_of_its_noun(crm: Caller, cast: Cast) -> None:
    home = f"organizations/{cast.harbour.pk}"
    keys = {
        "streams": "streams",
        "users": "users_list",
        f"{home}/users": "users",
        "organizations": "organizations",
        f"{home}/folders": "folders",
        f"{home}/folders/{cast.yard.pk}/users": "users",
        "presets": "presets",
        f"users/{cast.bob.pk}/organization": "organizations",
        f"users/{cast.bob.pk}/organization/{cast.harbour.pk}/folders": "folders",
        "profile/sessions": "sessions",
    }
    for path, key in keys.items():
        body = crm.get(path).ok()
        assert set(body) == ENVELOPE | {key}, path
        assert body["estimated_count"] == len(body[key])
        assert body["timing"]["total"] >= 0


@pytest.mark.parametrize(
    "sort", ["", "title", "-title", "-created_at,title", "owner.id", "-owner.name,id", "stats.users"]
)
@pytest.mark.parametrize("limit", [1, 3, 15, 100])
def test_walking_by_next_meets_every_row_once_in_order(crm: Caller, sort: str, limit: int) -> None:
    whole = crm.get(f"organizations?sort={sort}").ok()
    walked = list(crm.walk(f"organizations?sort={sort}&limit={limit}", "organizations"))
    assert _ids(list(chain(*walked))) == _ids(whole["organizations"])
    assert all(len(page) == limit for page in walked[:-1])
    assert 0 < len(walked[-1]) <= limit, "the last page is not empty"
    assert whole["next"] is None
    assert whole["prev"] is None


@pytest.mark.parametrize("sort", ["title", "-owner.name,title"])
def test_walking_back_by_prev_meets_the_same_pages(crm: Caller, sort: str) -> None:
    path = f"organizations?sort={sort}&limit=4"
    pages = [crm.get(path).ok()]
    while pages[-1]["next"] is not None:
        pages.append(crm.get(f"{path}&cursor={pages[-1]['next']}").ok())
    assert pages[0]["prev"] is None
    back = [pages[-1]]
    while back[-1]["prev"] is not None:
        back.append(crm.get(f"{path}&cursor={back[-1]['prev']}").ok())
        assert back[-1]["next"] is not None
    rows = [row for page in reversed(back) for row in _ids(page["organizations"])]
    assert rows == [row for page in pages for row in _ids(page["organizations"])]


def test_no_row_is_missed_or_doubled_while_rows_are_added(crm: Caller, cast: Cast) -> None:
    """A walk by title: rows added before the place where it is do not move what follows; later ones are met."""
    before = set(_ids(crm.get("organizations").ok()["organizations"]))
    met: list[int] = []
    titles: list[str] = []
    for number, page in enumerate(crm.walk("organizations?sort=title&limit=3", "organizations")):
        met += _ids(page)
        titles += [row["title"] for row in page]
        if number < 4:
            _add(cast, f"A {number}")
            _add(cast, f"Z {number}")
    assert len(met) == len(set(met)), "no row twice"
    assert before <= set(met), "no row missed"
    assert [title for title in titles if title.startswith("Z ")] == ["Z 0", "Z 1", "Z 2", "Z 3"]
    assert not [title for title in titles if title.startswith("A ")]


def test_rows_that_go_away_do_not_end_the_walk(crm: Caller, cast: Cast) -> None:
    first = crm.get("organizations?sort=external_id&limit=5").ok()
    place = first["organizations"][-1]["id"]
    crm.delete(f"organizations/{place}").ok(204)
    rest = list(crm.walk(f"organizations?sort=external_id&limit=5&cursor={first['next']}", "organizations"))
    assert len(list(chain(*rest))) == first["estimated_count"] - 5


def test_a_page_whose_rows_have_all_gone_leads_back(crm: Caller, cast: Cast) -> None:
    first = crm.get("organizations?sort=-id&limit=14").ok()
    crm.delete(f"organizations/{cast.mill.pk}?force=true").ok(204)
    last = crm.get("organizations?sort=-id&limit=14&cursor=" + first["next"]).ok()
    assert _ids(last["organizations"]) == [min(_ids(crm.get("organizations").ok()["organizations"]))]
    assert last["next"] is None


def test_the_count_is_of_all_that_is_asked_for_whatever_the_page(crm: Caller) -> None:
    first = crm.get("organizations?q=sub&limit=5").ok()
    second = crm.get(f"organizations?q=sub&limit=5&cursor={first['next']}").ok()
    assert first["estimated_count"] == second["estimated_count"] == 12


def test_the_limit_is_100_unless_asked_for_and_500_at_most(cast: Cast) -> None:
    with domain_scope(cast.north):
        User.objects.bulk_create(User(domain=cast.north, login=f"u{number:04}", password="!") for number in range(520))
    crm = with_key(cast.north_key)
    assert len(crm.get("users").ok()["users_list"]) == 100
    assert len(crm.get("users?limit=2000").ok()["users_list"]) == 500
    assert sum(len(page) for page in crm.walk("users?limit=500", "users_list")) == 527


def test_select_answers_what_is_asked_for_and_the_key(crm: Caller, cast: Cast) -> None:
    assert crm.get("streams?select=title,stats.alive&limit=1").ok()["streams"] == [
        {"name": "gate", "title": "Gate", "stats": {"alive": False}}
    ]
    assert crm.get("streams/gate?select=organization.title,inputs.url").ok() == {
        "name": "gate",
        "organization": {"title": "Harbour"},
        "inputs": [{"url": "fake://clock"}],
    }
    assert set(crm.get("streams?select=stats").ok()["streams"][0]["stats"]) > {"alive", "bitrate"}
    assert crm.get("organizations?select=nothing&limit=1").ok()["organizations"] == [
        {"id": min(_ids(crm.get("organizations").ok()["organizations"]))}
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("title=Sub 03", ["e6", "e7"]),
        ("title=Sub 03&title=Sub 04", ["e6", "e7", "e8", "e9"]),
        ("external_id=e5", ["e5"]),
        ("title_gte=Sub 04&title_lt=Sub 05", ["e8", "e9"]),
        ("title_gt=Sub 04&title_lt=T", ["e10", "e11"]),
        ("title_lte=Sub 00&title_gt=Sub", ["e0", "e1"]),
        ("is_default=false&external_id_gte=e7", ["e7", "e8", "e9"]),
        ("owner.id=null&external_id=e1", ["e1"]),
        ("owner.id_gt=0&external_id=e1", []),
        ("q=sub 05", ["e10", "e11"]),
        ("q=SUB 05&external_id=e11", ["e11"]),
        ("q=100%25", []),
        ("q=_ub 05", []),
        ("created_at_gt=1000000000000&external_id=e2", ["e2"]),
        ("created_at_lt=1000000000000", []),
        ("limits.streams=1000&stats.streams=0&external_id=e3", ["e3"]),
        ("part=x&_=17&external_id=e4", ["e4"]),
    ],
)
def test_filters(crm: Caller, query: str, found: list[str]) -> None:
    rows = crm.get(f"organizations?sort=id&{query}").ok()["organizations"]
    assert [row["external_id"] for row in rows] == found


def test_streams_are_found_by_state_place_and_text(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        cameras.change_camera(gate, acting_user=None, enabled=False, agent_serial="SN-4711")
    alice = as_user(cast.alice)

    def names(query: str) -> list[str]:
        return [row["name"] for row in alice.get(f"streams?{query}").ok()["streams"]]

    assert names("") == ["gate", "office"]
    assert names("disabled=true") == ["gate"]
    assert names("disabled=false") == ["office"]
    assert names(f"folder_id={cast.yard.pk}") == ["gate"]
    assert names(f"organization_id={cast.mill.pk}") == []
    assert names("q=4711") == ["gate"]
    assert names("agent.serial=SN-4711") == ["gate"]
    assert names("stats.alive=true") == []
    assert names("dvr.expiration=604800") == ["gate", "office"]
    assert names("dvr.expiration_gt=604800") == []
    assert names("sort=-title") == ["office", "gate"]
    assert names("can_edit=true") == ["gate", "office"]
    alice.put("streams/office", {"is_favourite": True}).ok()
    assert names("is_favourite=true") == ["office"]
    ian = as_user(cast.ian)
    assert [row["name"] for row in ian.get("streams?can_edit=true").ok()["streams"]] == ["gate", "office"]
    assert as_user(cast.bob).get("streams?can_edit=true").ok()["streams"] == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=1e3", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=9999999999999999999", "limit"),
        ("sort=nothing", "sort"),
        ("sort=password", "sort"),
        ("sort=-", "sort"),
        ("sort=owner__password", "sort"),
        ("sort=title,title,id;drop", "sort"),
        ("sort=title,is_default,external_id,owner.id,owner.name,created_at", "sort"),
        ("password=x", "password"),
        ("owner__password_gt=x", "owner__password_gt"),
        ("domain_id=1", "domain_id"),
        ("id=x", "id"),
        ("id=9223372036854775808", "id"),
        ("id=null", "id"),
        ("id_gt=", "id_gt"),
        ("is_default=maybe", "is_default"),
        ("is_default_gt=true", "is_default_gt"),
        ("owner.id_gt=null", "owner.id_gt"),
        ("created_at_gt=-1", "created_at_gt"),
        ("created_at_gt=99999999999999999", "created_at_gt"),
        ("created_at=2026-01-01", "created_at"),
        ("can_edit=maybe", "can_edit"),
        ("title_like=x", "title_like"),
        ("&".join(["id=1"] * 101), "id"),
        ("cursor=x", "cursor"),
        ("cursor=" + "A" * 200, "cursor"),
        ("cursor=" + "A" * 5000, "cursor"),
        ("cursor=%00", ""),
    ],
)
def test_hostile_parameters_are_refused_by_name(crm: Caller, query: str, parameter: str) -> None:
    answer = crm.get(f"organizations?{query}")
    if not parameter:
        answer.refused(404, "not_found")
        return
    answer.refused(400, "invalid_parameter", parameter=parameter)


def test_a_cursor_belongs_to_its_list_its_order_and_its_isp(crm: Caller, cast: Cast) -> None:
    cursor = crm.get("organizations?sort=title&limit=2").ok()["next"]
    crm.get(f"organizations?cursor={cursor}").ok()
    crm.get(f"organizations?sort=title&q=sub&cursor={cursor}").ok()
    crm.get(f"organizations?sort=-title&cursor={cursor}").refused(400, "invalid_parameter", parameter="cursor")
    crm.get(f"users?cursor={cursor}").refused(400, "invalid_parameter", parameter="cursor")
    south = with_key(cast.south_key, SOUTH)
    south.get(f"organizations?cursor={cursor}").refused(400, "invalid_parameter", parameter="cursor")
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for at in (0, 20, len(raw) - 1):
        raw[at] ^= 1
        altered = quote(base64.urlsafe_b64encode(bytes(raw)).decode())
        crm.get(f"organizations?cursor={altered}").refused(400, "invalid_parameter", parameter="cursor")
        raw[at] ^= 1


def test_both_dialects_and_the_old_address_list_alike(crm: Caller) -> None:
    there = crm.get("organizations").ok()["organizations"]
    for base in (ADMIN, "/watcher-client/api/v3/"):
        assert Caller(crm.host, crm.headers, base).get("organizations").ok()["organizations"] == there


def test_nobody_lists_what_he_may_not_see(cast: Cast) -> None:
    stranger = as_user(cast.charlie)
    assert stranger.get("streams").ok()["streams"] == []
    assert [row["name"] for row in stranger.get("users").ok()["users_list"]] == ["charlie@example.org"]
    assert stranger.get("users?q=alice").ok()["estimated_count"] == 0
    assert stranger.get(f"users?organization_id={cast.harbour.pk}").ok()["users_list"] == []
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.ada.pk), acting_user=None, name="Ada")
    titles = [row["title"] for row in stranger.get("organizations").ok()["organizations"]]
    assert titles == ["Unassigned cameras"]
