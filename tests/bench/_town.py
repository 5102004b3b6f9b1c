"""A whole ISP of 5,000 organizations, 50,000 users and 100,000 cameras, made by a handful of statements."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from devices.services import presets, streamers
from tenants.models import Domain, User
from tenants.scoping import domain_scope
from tenants.services import domains, users
from tests.database import superuser_url

PLACES = [
    "Harbour",
    "Mill",
    "Station",
    "Market",
    "Garden",
    "Bridge",
    "Castle",
    "School",
    "Forest",
    "River",
    "Tower",
    "Park",
]
THINGS = [
    "Gate",
    "Yard",
    "Counter",
    "Entrance",
    "Car park",
    "Office",
    "Stairs",
    "Hall",
    "Roof",
    "Dock",
    "Lift",
    "Corridor",
]
FIRST = [
    "Alice",
    "Bob",
    "Charlie",
    "Dora",
    "Emil",
    "Frida",
    "Gustav",
    "Hanna",
    "Ivan",
    "Jana",
    "Karl",
    "Lena",
    "Mikael",
]
LAST = ["Smith", "Miller", "Fischer", "Weber", "Ivanova", "Petrov", "Larsen", "Novak", "Rossi", "Silva", "Kowalski"]


@dataclass
class Town:
    """What was built."""

    domain: Domain
    admin: User
    owner: User


def _pick(words: list[str], by: str) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"(ARRAY[{listed}])[1 + ({by}) % {len(words)}]"


@dataclass(frozen=True)
class Rows:
    """Rows of a table: what each column is, and out of what. Unnamed columns get the nothing of their kind."""

    table: str
    source: str
    columns: dict[str, str]


# The organizations and users in their order, to tell who is where by arithmetic.
NUMBERED = """
CREATE TEMPORARY TABLE org AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM tenants_organization
    WHERE domain_id = {domain} AND NOT is_default;
CREATE TEMPORARY TABLE person AS
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM tenants_user WHERE domain_id = {domain} AND NOT is_admin;
CREATE UNIQUE INDEX ON org (n); CREATE UNIQUE INDEX ON person (n); ANALYZE org; ANALYZE person;
UPDATE tenants_organization o SET owner_id = p.id FROM org, person p WHERE org.id = o.id AND p.n = org.n"""
FIRST_STEPS = (
    Rows(
        "tenants_organization",
        "generate_series(1, {organizations}) n",
        {
            "title": f"{_pick(PLACES, 'n')} || ' ' || {_pick(LAST, 'n / 12')} || ' ' || n",
            "camera_limit": "1000", "user_limit": "1000", "dvr_limit": "100", "external_id": "'C-' || (700000 + n)",
        },
    ),
    Rows(
        "tenants_user",
        f"""(SELECT n, first || ' ' || last AS name, lower(first || '.' || last) || n || '@example.org' AS mail FROM (
            SELECT n, {_pick(FIRST, 'n')} AS first, {_pick(LAST, 'n / 13')} AS last
            FROM generate_series(1, {{users}}) n) names) people""",
        {
            "login": "mail", "email": "mail", "name": "name", "password": "'!'", "is_active": "true",
            "is_readonly": "n % 97 = 0",
        },
    ),
)  # fmt: skip
STEPS = (
    Rows(
        "tenants_folder",
        "org, generate_series(1, 4) k",
        {"organization_id": "org.id", "title": _pick(PLACES, "k"), "order_num": "k"},
    ),
    Rows(
        "tenants_membership",
        "person JOIN org ON org.n = person.n % {organizations}",
        {"organization_id": "org.id", "user_id": "person.id", "can_edit_users": "person.n % 50 = 0"},
    ),
    Rows(
        "tenants_folderpermission",
        """tenants_membership m JOIN tenants_folder f
           ON f.organization_id = m.organization_id AND f.order_num = 1 AND m.domain_id = {domain}""",
        {"folder_id": "f.id", "user_id": "m.user_id", "can_view_dvr": "true", "days": "127"},
    ),
    Rows(
        "devices_camera",
        """generate_series(1, {cameras}) c JOIN org ON org.n = c % {organizations}
           JOIN tenants_folder f ON f.organization_id = org.id AND f.order_num = 1 + c % 4""",
        {
            "name": "'cam-' || c || '-' || substr(md5(c::text), 1, 10)",
            "title": f"{_pick(THINGS, 'c')} || ' ' || c % 100",
            "organization_id": "f.organization_id", "folder_id": "f.id", "preset_id": "{preset}",
            "streamer_id": "{streamer}", "enabled": "true", "static": "true", "secret_id": "md5('x' || c)",
            "postal_address": f"{_pick(PLACES, 'c / 7')} || ' Street ' || c % 300", "dvr_depth": "7",
            "agent_serial": "upper('SN' || substr(md5('s' || c), 1, 10))",
        },
    ),
    Rows(
        "devices_camerastatus",
        "devices_camera c",
        {
            "camera_id": "c.id", "alive": "c.id % 20 <> 0", "bitrate": "400", "reported_at": "now()",
            "error_code": "CASE WHEN c.id % 20 = 0 THEN 'unreachable' ELSE '' END", "dvr_bytes": "30000000000",
        },
    ),
)  # fmt: skip
NOTHING = {
    "boolean": "false", "bigint": "0", "integer": "0", "smallint": "0", "double precision": "0", "jsonb": "'{{}}'",
    "timestamp with time zone": "now()", "ARRAY": "'{{}}'",
}  # fmt: skip


def _statement(connection: psycopg.Connection, rows: Rows) -> str:
    needed = connection.execute(
        """SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND is_nullable = 'NO'
           AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'""",
        [rows.table],
    ).fetchall()
    columns = {name: NOTHING.get(kind, "''") for name, kind in needed} | {"domain_id": "{domain}"} | rows.columns
    return f"INSERT INTO {rows.table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {rows.source}"


def build(organizations: int, people: int, cameras: int) -> Town:
    """Build it; a few seconds a hundred thousand rows."""
    domain = domains.add_domain(title="Town", slug="town", hosts=["town.localhost"])
    streamer, _key = streamers.add_streamer(hostname="bench", port=8001)
    with domain_scope(domain):
        preset = presets.add_preset(acting_user=None, title="Week", dvr_depth=7, is_everywhere=True)
        admin = users.add_user(acting_user=None, login="admin", is_admin=True)
    values = {
        "domain": domain.pk, "organizations": organizations, "users": people, "cameras": cameras,
        "preset": preset.pk, "streamer": streamer.pk,
    }  # fmt: skip
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        for rows in FIRST_STEPS:
            connection.execute(_statement(connection, rows).format(**values))
        connection.execute(NUMBERED.format(**values))
        for rows in STEPS:
            connection.execute(_statement(connection, rows).format(**values))
        connection.execute("VACUUM (ANALYZE)")
    with domain_scope(domain):
        owner = User.objects.filter(owned_organizations__isnull=False).order_by("id")[0]
    return Town(domain, admin, owner)
