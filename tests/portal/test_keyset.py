"""Pages by cursor: forwards and backwards, complete, and with whatever somebody writes into an address."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

import pytest
from django.test import Client

from portal import keyset
from tenants.models import Organization
from tenants.scoping import domain_scope
from tenants.services import organizations
from tests.cast import Cast

LIST = "/vsaas/api/v2/organizations?limit=50"
TITLES = ["Alpha"] * 30 + [f"T{number:02}" for number in range(90)]


@pytest.fixture
def crowded(cast: Cast) -> Cast:
    """Harbour, Mill, the default organization, and 120 more, thirty of one title."""
    with domain_scope(cast.north):
        Organization.objects.bulk_create(Organization(domain=cast.north, title=title) for title in TITLES)
    return cast


def titles(page: str) -> list[str]:
    return re.findall(r'class="row-link" href="/organizations/(\d+)/"', page)


def link(page: str, rel: str) -> str:
    found = re.search(rf'href="([^"]*)" rel="{rel}"', page)
    return found[1].replace("&amp;", "&") if found else ""


def walk(client: Client, rel: str, address: str) -> tuple[list[list[str]], str]:
    pages, last = [], address
    while address:
        page = client.get(f"/organizations/{address}").content.decode()
        pages.append(titles(page))
        last, address = address, link(page, rel)
    return pages, last


def test_all_pages_together_are_the_list_without_gaps_or_repetition(crowded: Cast) -> None:
    client = crowded.client(crowded.nora)
    forwards, last = walk(client, "next", "?")
    assert [len(page) for page in forwards] == [50, 50, 23]
    with domain_scope(crowded.north):
        expected = [str(pk) for pk in Organization.objects.order_by("title", "id").values_list("pk", flat=True)]
    assert [*chain(*forwards)] == expected
    backwards, _first = walk(client, "prev", last)
    assert [*chain(*backwards[::-1])] == expected


def test_a_row_that_comes_meanwhile_moves_nothing(crowded: Cast) -> None:
    client = crowded.client(crowded.nora)
    first = client.get("/organizations/").content.decode()
    before = titles(client.get(f"/organizations/{link(first, 'next')}").content.decode())
    with domain_scope(crowded.north):
        organizations.add_organization(acting_user=None, title="AAA")
    assert titles(client.get(f"/organizations/{link(first, 'next')}").content.decode()) == before


@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "W10", "e30", "bnVsbA", *(keyset.pack(key) for key in (["a"], [1, "a"], [1, 1], ["a", 2**63])),
     keyset.pack(["a\x00", 1]), keyset.pack(["a", 1, 1]), keyset.pack([None, 1]), "A" * 5000, "é"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["after", "before"])
def test_a_cursor_that_is_none_is_the_first_page(cast: Cast, cursor: str, name: str) -> None:
    answer = cast.client(cast.nora).get("/organizations/", {name: cursor})
    assert answer.status_code == 200
    assert f">{cast.harbour.title}<" in answer.content.decode() or "row-link" in answer.content.decode()


def test_the_api_goes_on_behind_a_row_and_old_callers_count_on(crowded: Cast) -> None:
    crm = crowded.api(crowded.north_key)
    seen: list[Any] = []
    address = LIST
    while address:
        answer = crm.get(address)
        seen += [row["id"] for row in answer.json()]
        found = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        address = found[1] if found else ""
        assert not found or "cursor=" in address
    counted = [
        row["id"]
        for offset in (0, 50, 100)
        for row in crm.get(f"/vsaas/api/v2/organizations?limit=50&offset={offset}").json()
    ]
    assert seen == counted
    assert len(seen) == len(set(seen)) == 123


@pytest.mark.parametrize("noun", ["organizations", "users", "cameras"])
def test_the_api_names_a_cursor_that_is_none(cast: Cast, noun: str) -> None:
    answer = cast.api(cast.north_key).get(f"/vsaas/api/v2/{noun}?cursor=nonsense")
    assert answer.status_code == 400, answer.content
    assert "cursor" in answer.content.decode()
