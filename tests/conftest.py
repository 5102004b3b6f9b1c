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


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and things above, in a database of this test's own."""
    made = fresh_cast()
    for domain in (made.north, made.south):
        forget(domain)
    return made
