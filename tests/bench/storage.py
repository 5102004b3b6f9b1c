"""The storage promise of an ISP of 100,000 cameras, a third of which were changed once, each away ten times in a month.

`python -m tests.bench.storage [cameras]`. Goal: well within the five seconds a page's statement may take.
"""

from __future__ import annotations

import sys
import time

import psycopg

from tests.bench import _city as city  # sets Django up, hence first

# isort: split
from devices.services import storage
from tenants.scoping import domain_scope
from tests.bench import _town as town
from tests.database import superuser_url

LIVES = (
    """UPDATE devices_camerastatus SET dvr_from = extract(epoch FROM now())::bigint - 600000, dvr_duration = 600000,
       dvr_bytes = 30000000000""",
    """INSERT INTO devices_modespan (domain_id, camera_id, camera_name, organization_id, mode, dvr_depth, user_login,
                                     began_at, ended_at)
       SELECT domain_id, id, name, organization_id, 'recording', 7, '', now() - k * interval '10 days',
              CASE WHEN k > 1 THEN now() - interval '10 days' END
       FROM devices_camera, generate_series(1, 3, 2) k WHERE k = 1 OR id % 3 = 0""",
    """INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at, ended_at)
       SELECT domain_id, id, 'unreachable', now() - k * interval '3 days', now() - k * interval '71 h'
       FROM devices_camera, generate_series(1, 10) k""",
    "VACUUM (ANALYZE)",
)


def main() -> int:
    """Print how long it takes."""
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    city.database_of("storage")
    built = town.build(max(10, cameras // 20), 100, cameras)
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        for statement in LIVES:
            connection.execute(statement)
    with domain_scope(built.domain):
        for _ in range(3):
            begun = time.perf_counter()
            found = storage.promise()
            print(f"{found.cameras} recording cameras, {found.short} short: {time.perf_counter() - begun:.2f} s")
    return 0


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
