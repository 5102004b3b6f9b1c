"""The demo: two ISPs with subscribers, roles, virtual cameras, plans, two billed months and a running one.

It is made through the same services as everything else, with the clock held at the moments of the past.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from billing.models import Plan
from billing.services import night, plans, terms
from billing.services import organizations as subscribers
from devices.models import Camera, ModeSpan
from devices.services import cameras, presets
from tenants import clock
from tenants.models import Domain, Folder, Organization, User
from tenants.scoping import domain_scope
from tenants.services import domains, folders, keys, memberships, organizations, users

NORTH, SOUTH = "north", "south"
PASSWORD = "perch-demo"  # noqa: S105 - printed at every start: it is the demo's
MONTHS = 2


@dataclass(frozen=True)
class Isp:
    """What the demo knows of one ISP before it exists."""

    slug: str
    title: str
    hosts: tuple[str, ...]
    timezone: str
    currency: str
    colors: tuple[str, str]
    footer: str
    vat_ppm: int
    prices: tuple[int, int, int]


ISPS = (
    Isp(
        NORTH,
        "Northlight Fibre",
        ("north.localhost", "127.0.0.1", "localhost"),
        "Europe/Berlin",
        "EUR",
        ("#1667c2", "#f2a900"),
        "Northlight Fibre · Hafenstrasse 1, 20457 Hamburg · +49 40 5550100",
        190_000,
        (190, 490, 990),
    ),
    Isp(
        SOUTH,
        "Southwind Broadband",
        ("south.localhost",),
        "America/New_York",
        "USD",
        ("#0b7a55", "#d9480f"),
        "Southwind Broadband · 12 Canal Street, Savannah",
        0,
        (250, 590, 1190),
    ),
)
PLANS = (
    ("Live", 0.0, "Live video, no archive"),
    ("Week", 7.0, "Seven days of archive"),
    ("Month", 30.0, "Thirty days"),
)


def lines(port: int) -> list[str]:
    """The demo's logins, for under the ready line."""
    admin = os.environ.get("PERCH_ADMIN_LOGIN") or "admin"
    secret = "(yours)" if os.environ.get("PERCH_ADMIN_PASSWORD") else PASSWORD
    return [
        f"  Demo ISP North  http://north.localhost:{port}   South  http://south.localhost:{port}",
        f"  ISP admin   {admin} / {secret}",
        f"  Accountant  accountant / {PASSWORD}     Owner   owner / {PASSWORD}",
        f"  Viewer      viewer / {PASSWORD}         Read-only  readonly / {PASSWORD}",
    ]


def load(*, api_key: str | None = None) -> list[str]:
    """Fill an empty installation; returns what is told once (North's system key, when it was made here)."""
    begin = _months_ago(clock.now().date(), MONTHS)
    told = []
    for isp in ISPS:
        with clock.frozen(clock.midnight(begin, isp.timezone) + timedelta(minutes=1)), transaction.atomic():
            domain = _open(isp, begin)
            with domain_scope(domain):
                _people(isp)
                made = _subscribers(isp)
                key = keys.add_key(acting_user=None, title="CRM", secret=api_key if isp.slug == NORTH else None)[1]
        _live_through(domain, made, begin)
        _record_from_now_on(domain)
        if isp.slug == NORTH and not api_key:
            told = [f"  North's system API key (shown once): {key}"]
    return told


def _record_from_now_on(domain: Domain) -> None:
    """The months before are made up for the bills: no streamer was there, and nobody promised footage of them."""
    with domain_scope(domain):
        ModeSpan.objects.exclude(ended_at=None).delete()
        ModeSpan.objects.update(began_at=clock.now())


def _months_ago(today: date, count: int) -> date:
    """The first day of the month that lies `count` months back."""
    number = today.year * 12 + today.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def _open(isp: Isp, begin: date) -> Domain:
    domain = domains.add_domain(
        title=isp.title,
        slug=isp.slug,
        hosts=isp.hosts,
        timezone=isp.timezone,
        currency=isp.currency,
        brand_color=isp.colors[0],
        accent_color=isp.colors[1],
        footer=isp.footer,
        legal_name=isp.title,
        legal_address=isp.footer.partition(" · ")[2],
    )
    with domain_scope(domain):
        presets.default_preset()
        terms.set_tax(acting_user=None, ppm=isp.vat_ppm, from_day=begin)
        for (title, depth, note), amount in zip(PLANS, isp.prices, strict=True):
            preset = presets.add_preset(
                acting_user=None, title=title, dvr_depth=depth, dvr_space=20, is_everywhere=True
            )
            plans.add_plan(acting_user=None, title=title, note=note, preset=preset, amount=amount, from_day=begin)
    return domain


def _people(isp: Isp) -> None:
    admin = os.environ.get("PERCH_ADMIN_LOGIN") if isp.slug == NORTH else None
    secret = os.environ.get("PERCH_ADMIN_PASSWORD") if isp.slug == NORTH else None
    person = _person(admin or "admin", "Nora Admin", password=secret or PASSWORD, is_admin=True)
    _person("accountant", "Ada Accountant", is_accountant=True)
    organizations.change_organization(organizations.ensure_default(), acting_user=None, owner=person)


def _person(login: str, name: str, *, password: str = PASSWORD, **flags: Any) -> User:
    return users.add_user(acting_user=None, login=login, name=name, password=password, strict_password=False, **flags)


def _subscribers(isp: Isp) -> list[Camera]:
    """A marina with a yard a viewer may watch, and a bakery; a dozen cameras in both ISPs together."""
    owner = _person("owner", "Alice Owner")
    sold = list(Plan.objects.all())
    harbour = subscribers.add_organization(
        acting_user=None, title="Harbour Marina" if isp.slug == NORTH else "Orchard Farm", owner=owner, plans=sold
    )
    bakery = subscribers.add_organization(
        acting_user=None,
        title="Old Mill Bakery" if isp.slug == NORTH else "Riverside Diner",
        owner=_person("baker", "Mallory Miller"),
        plans=sold[:2],
        discount_ppm=100_000,
    )
    yard = folders.add_folder(harbour, acting_user=None, title="Yard", parent=folders.root(harbour))
    pier = folders.add_folder(harbour, acting_user=None, title="Pier", parent=yard)
    inside = folders.add_folder(harbour, acting_user=None, title="Inside", parent=folders.root(harbour))
    _viewers(harbour, yard)
    _staff(harbour, bakery, pier)
    names = (
        ("Main gate", "Jetty", "Fuel dock", "Boat hall", "Office", "Car park")
        if isp.slug == NORTH
        else ("Barn", "Gate", "Orchard east")
    )
    made = [
        _camera(harbour, title, "Week" if number % 2 else "Month", folder=place)
        for number, (title, place) in enumerate(zip(names, (yard, pier, yard, inside, inside, None), strict=False))
    ]
    shop = ("Counter", "Oven room") if isp.slug == NORTH else ("Dining room",)
    return made + [_camera(bakery, title, "Live" if number else "Week") for number, title in enumerate(shop)]


def _viewers(organization: Organization, folder: Folder) -> None:
    viewer, readonly = _person("viewer", "Bob Viewer"), _person("readonly", "Rita Readonly", is_readonly=True)
    for user in (viewer, readonly):
        memberships.add_member(organization, acting_user=None, user=user)
    memberships.grant_folder(folder, acting_user=None, user=viewer, can_view_dvr=True, dvr_depth_limit=7)
    memberships.grant_folder(folders.root(organization), acting_user=None, user=readonly, can_view_dvr=True)


def _staff(harbour: Organization, bakery: Organization, pier: Folder) -> None:
    """People with a part of the rights each, one of them at both subscribers."""
    installer, keeper = _person("installer", "Ian Installer"), _person("bookkeeper", "Beate Books")
    guard, head = _person("guard", "Gustav Guard"), _person("harbourmaster", "Hanna Harbourmaster")
    flags: list[tuple[Organization, User, dict[str, bool]]] = [
        (harbour, installer, {"can_edit_cameras": True}),
        (bakery, installer, {"can_edit_cameras": True}),
        (harbour, keeper, {"is_accountant": True, "can_view_stats": True}),
        (bakery, keeper, {"is_accountant": True}),
        (harbour, guard, {}),
        (harbour, head, {"can_edit_users": True, "can_view_stats": True}),
    ]
    for organization, person, held in flags:
        memberships.add_member(organization, acting_user=None, user=person, **held)
    # The night watch: weekdays, past midnight.
    memberships.grant_folder(
        pier, acting_user=None, user=guard, can_view_dvr=True, dvr_depth_limit=2, can_export=False, can_use_ptz=True,
        days=0b0011111, minute_from=20 * 60, minute_until=6 * 60,
    )  # fmt: skip
    memberships.grant_folder(folders.root(harbour), acting_user=None, user=head, can_view_dvr=True, can_use_ptz=True)
    _person("former", "Fritz Former", is_active=False)
    _person("sales", "Sally Sales", can_edit_organizations=True)


def _camera(organization: Organization, title: str, plan: str, *, folder: Folder | None = None) -> Camera:
    preset = presets.presets_of(organization).get(title=plan)
    source = "fake://fake" if "room" in title.lower() or "hall" in title.lower() else "fake://clock"
    return cameras.add_camera(
        organization, acting_user=None, title=title, stream_url=source, preset=preset, folder=folder
    )


def _live_through(domain: Domain, made: list[Camera], begin: date) -> None:
    """What happened since: a camera changes its plan, another is off for a while, a price rises, months are billed."""
    with domain_scope(domain):
        _at(domain, begin, 12, lambda: cameras.change_camera(made[1], acting_user=None, preset=made[0].preset))
        _at(domain, begin, 17, lambda: cameras.set_enabled(made[2], False, acting_user=None))
        _at(domain, begin, 24, lambda: cameras.set_enabled(made[2], True, acting_user=None))
    night.run_nights(domain.pk)


def _at(domain: Domain, begin: date, days: int, happen: Any) -> None:
    moment: datetime = clock.midnight(begin + timedelta(days=days), domain.timezone) + timedelta(hours=11)
    with clock.frozen(moment):
        happen()
