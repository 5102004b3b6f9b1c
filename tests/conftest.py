"""What every test may ask for: the database, the cast, and browsers for them.

The cast. North and South are ISPs. At North: Nora administers, Ada is the ISP's accountant. Two subscribers: the
Harbour organization is owned by Alice; Bob may watch its yard folder, live and a week of archive; Ian installs cameras
there; Charlie belongs to nothing. The Mill organization is owned by Mallory. At South, Sam administers, and Olga owns
the Orchard organization.
"""

from __future__ import annotations

import pytest

from tests.beside import forget
from tests.cast import Cast
from tests.snapshot import fresh_cast

pytest_plugins = ["tests.database", "tests.server"]
# Tests that start installations, browsers and cameras, and then wait for them. They go first, one worker's share: so no
# two of them want the machine at the same time, what a module started is used by all of it, and none is left for last.
STARTING = (
    "tests/stories/", "tests/e2e/", "tests/embedded/", "tests/devices/streamer/", "tests/hooks/", "tests/live/",
    "tests/billing/test_crashes", "tests/api/test_playing", "tests/api/test_docs_page", "tests/sign_in/test_passkeys",
    "tests/permissions/test_every_door",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See `STARTING`; otherwise the order is that of the files."""
    items.sort(key=lambda item: not item.nodeid.startswith(STARTING))


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and things above, in a database of this test's own."""
    made = fresh_cast()
    for domain in (made.north, made.south):
        forget(domain)
    return made
