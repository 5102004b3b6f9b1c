"""The rules of grants as parts of SQL statements, written once for all who ask.

`devices.access` makes of them the rights on cameras, `tenants.access` the folders somebody may know of. All parts take
`%(user)s`, `%(domain)s` and the instant `%(now)s` (from `tenants.clock`), and belong into one WITH RECURSIVE.
"""

from __future__ import annotations

# Who asks, if he may ask at all, and what the wall clock of his ISP shows: weekdays are the bits of `Grant.days`.
PERSON = """
person AS (
    SELECT u.id, u.is_admin, u.is_readonly, 1 << (wall.weekday - 1) AS today,
           1 << (CASE wall.weekday WHEN 1 THEN 6 ELSE wall.weekday - 2 END) AS yesterday, wall.minute
    FROM tenants_user u
    JOIN tenants_domain d ON d.id = u.domain_id
    CROSS JOIN LATERAL (
        SELECT extract(isodow FROM shown)::int AS weekday,
               (extract(hour FROM shown) * 60 + extract(minute FROM shown))::int AS minute
        FROM (SELECT %(now)s::timestamptz AT TIME ZONE d.timezone AS shown) AS clock
    ) AS wall
    WHERE u.id = %(user)s AND u.domain_id = %(domain)s AND u.is_active
)"""

# Whether the grant `p` of the person holds now (item 303). A window past midnight belongs to the day it begins on.
HOLDS = """
(p.valid_from IS NULL OR p.valid_from <= %(now)s) AND (p.valid_until IS NULL OR p.valid_until > %(now)s)
AND CASE
    WHEN p.minute_from IS NULL THEN p.days & person.today <> 0
    WHEN p.minute_from < p.minute_until
        THEN p.days & person.today <> 0 AND person.minute >= p.minute_from AND person.minute < p.minute_until
    ELSE (p.days & person.today <> 0 AND person.minute >= p.minute_from)
        OR (p.days & person.yesterday <> 0 AND person.minute < p.minute_until)
END"""

# Whether the grant `p` begins or ends by itself.
BY_THE_CLOCK = "p.valid_from IS NOT NULL OR p.valid_until IS NOT NULL OR p.minute_from IS NOT NULL OR p.days <> 127"

RIGHTS = "p.can_view_dvr, p.dvr_depth_limit, p.can_export, p.can_use_ptz, p.can_talk, p.can_use_actions"
_PASSED_ON = "g.can_view_dvr, g.dvr_depth_limit, g.can_export, g.can_use_ptz, g.can_talk, g.can_use_actions"

# The grants on folders, and on all folders below them (item 70). UNION, because grants of the same rights on a folder
# and above it are one below both. OFFSET 0 keeps the planner from reading all folders of the installation at each step.
DOWN = f"""
granted AS (
    SELECT p.folder_id, {RIGHTS}
    FROM person JOIN tenants_folderpermission p
        ON p.user_id = person.id AND p.domain_id = %(domain)s AND {HOLDS}
  UNION
    SELECT f.id, {_PASSED_ON}
    FROM granted g CROSS JOIN LATERAL (
        SELECT id FROM tenants_folder WHERE domain_id = %(domain)s AND parent_id = g.folder_id OFFSET 0
    ) AS f
)"""  # noqa: S608 - constants of this module

FOLDERS = f"SELECT folder_id FROM (WITH RECURSIVE {PERSON}, {DOWN} SELECT folder_id FROM granted) AS known"  # noqa: S608


def positional(sql: str, values: dict[str, object]) -> tuple[str, list[object]]:
    """A statement and its values as Django's RawSQL takes them: by place instead of by name."""
    head, *parts = sql.split("%(")
    text, found = [head], []
    for part in parts:
        name, _, rest = part.partition(")s")
        found.append(values[name])
        text.append(f"%s{rest}")
    return "".join(text), found
