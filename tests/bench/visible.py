"""'Cameras visible to this user': an organization of 10,000 cameras in 500 folders nested in each other, within an
installation of 100,000 folders.

`python -m tests.bench.visible`. The product's question (`devices.access.known_ids`: roles, grants on folders and
cameras, their days and hours, read only, the ISP's clock) against the best single statement for the bare tree: the
folders of one user's grants, those below, their cameras, and nothing else asked. Both on one connection of the
runtime role behind row-level security, prepared, in turns. Goal: the product takes less than twice the time.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable

from tests.bench import _city as city  # sets Django up before anything below knows models

# isort: split
import psycopg

from devices import access
from devices.models import Camera, CameraPermission, Preset
from devices.services import presets
from portal.embedded import database
from tenants import clock
from tenants.models import Domain, Folder, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import domains, folders, organizations, users
from tests.database import superuser_url

GOAL = 2.0
FOLDERS, CAMERAS = 500, 10_000
OTHERS, FOLDERS_EACH = 995, 100  # other organizations and their folders, a camera in each
ROUNDS = 60

TREE = """
WITH RECURSIVE below AS (
    SELECT folder_id FROM tenants_folderpermission WHERE domain_id = %(domain)s AND user_id = %(user)s
  UNION ALL
    SELECT f.id FROM below b CROSS JOIN LATERAL (
        SELECT id FROM tenants_folder WHERE domain_id = %(domain)s AND parent_id = b.folder_id OFFSET 0) f
)
SELECT c.id FROM below b JOIN devices_camera c ON c.domain_id = %(domain)s AND c.folder_id = b.folder_id
"""


def build() -> tuple[Domain, dict[str, User]]:
    """The installation, and the people who ask."""
    domain = domains.add_domain(title="City", slug="city", hosts=["city.localhost"], timezone="Europe/Berlin")
    with domain_scope(domain):
        preset = presets.add_preset(acting_user=None, title="Week", dvr_depth=7, is_everywhere=True)
        _others(domain, preset)
        home = organizations.add_organization(acting_user=None, title="Home")
        tree = _tree(home, random.Random(7))
        cameras = _cameras(home, preset, [tree[number % FOLDERS] for number in range(CAMERAS)], "home")
        people = {name: _member(home, name) for name in ("folder grant", "with hours and single cameras")}
        for user in people.values():
            FolderPermission.objects.create(domain=domain, folder=tree[0], user=user, can_view_dvr=True)
        _limit(people["with hours and single cameras"], home, tree, cameras)
    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")
    return domain, people


def _others(domain: Domain, preset: Preset) -> None:
    made = Organization.objects.bulk_create(Organization(domain=domain, title=f"O{n}") for n in range(OTHERS))
    tops = Folder.objects.bulk_create(Folder(domain=domain, organization=row, title="Cameras") for row in made)
    below = Folder.objects.bulk_create(
        (
            Folder(domain=domain, organization_id=top.organization_id, parent=top, title=f"F{number}")
            for top in tops
            for number in range(FOLDERS_EACH - 1)
        ),
        batch_size=5000,
    )
    Camera.objects.bulk_create(
        (
            Camera(
                domain=domain, name=f"x-{folder.pk}", title="x", organization_id=folder.organization_id, folder=folder,
                preset=preset,
            )
            for folder in below
        ),
        batch_size=5000,
    )  # fmt: skip


def _tree(home: Organization, dice: random.Random) -> list[Folder]:
    """Folders in folders: each hangs in one of the twenty before it, so that some lie more than fifty deep."""
    tree = [folders.root(home)]
    for number in range(FOLDERS - 1):
        parent = tree[dice.randrange(max(0, number - 20), number + 1)]
        tree.append(
            Folder.objects.create(domain_id=home.domain_id, organization=home, parent=parent, title=f"F{number}")
        )
    return tree


def _cameras(organization: Organization, preset: Preset, places: list[Folder], prefix: str) -> list[Camera]:
    return Camera.objects.bulk_create(
        (
            Camera(
                domain_id=organization.domain_id, name=f"{prefix}-{number}", title=f"Camera {number}",
                organization=organization, folder=place, preset=preset,
            )
            for number, place in enumerate(places)
        ),
        batch_size=2000,
    )  # fmt: skip


def _member(home: Organization, name: str) -> User:
    user = users.add_user(acting_user=None, login=name.replace(" ", "-"))
    Membership.objects.create(domain_id=home.domain_id, organization=home, user=user)
    return user


def _limit(user: User, home: Organization, tree: list[Folder], cameras: list[Camera]) -> None:
    """Grants all over the tree, each in its hours, and a hundred single cameras: none of it changes the answer."""
    hours = {"days": 1 << clock.now().weekday(), "minute_from": 22 * 60, "minute_until": 21 * 60}
    for folder in tree[1::10]:
        FolderPermission.objects.create(domain_id=home.domain_id, folder=folder, user=user, can_use_ptz=True, **hours)
    membership = Membership.objects.get(organization=home, user=user)
    for camera in cameras[::100]:
        CameraPermission.objects.create(domain_id=home.domain_id, camera=camera, membership=membership, **hours)


def limit_of(domain: Domain, user: User) -> Callable[[], int]:
    """The bare tree, on a connection of its own."""
    connection = psycopg.connect(database.database_url("app"))

    def ask() -> int:
        with connection.transaction():
            connection.execute("SELECT set_config('app.domain_id', %s, true)", [str(domain.pk)])
            rows = connection.execute(TREE, {"domain": domain.pk, "user": user.pk}, prepare=True).fetchall()
            return len({row[0] for row in rows})

    return ask


def product_of(domain: Domain, user: User) -> Callable[[], int]:
    """The resolver, as pages and API ask it."""

    def ask() -> int:
        with domain_scope(domain):
            return len(access.known_ids(user))

    return ask


def main() -> int:
    """Measure in turns; 1 when the goal is missed by anybody."""
    city.database_of("visible")
    domain, people = build()
    missed = False
    for name, user in people.items():
        asks = {"limit": limit_of(domain, user), "product": product_of(domain, user)}
        counts = {kind: ask() for kind, ask in asks.items()}
        assert set(counts.values()) == {CAMERAS}, counts
        taken: dict[str, list[float]] = {kind: [] for kind in asks}
        for number in range(ROUNDS + 10):
            for kind, ask in asks.items():
                begun = time.perf_counter()
                ask()
                if number >= 10:
                    taken[kind].append((time.perf_counter() - begun) * 1000)
        limit, product = (statistics.median(taken[kind]) for kind in ("limit", "product"))
        ratio = statistics.median(p / q for p, q in zip(taken["product"], taken["limit"], strict=True))
        missed = missed or ratio >= GOAL
        print(f"{name}: product {product:.1f} ms, limit {limit:.1f} ms, ratio {ratio:.2f} (goal < {GOAL:g})")
    with domain_scope(domain):
        print(f"{Folder.objects.count()} folders, {Camera.objects.count()} cameras at the ISP")
    return int(missed)


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
