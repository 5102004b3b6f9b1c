"""A list of users taken in, and the same list again: lines a second, and how much memory the reading takes.

`python -m tests.bench.lists [lines]` (5,000 unless told; the issue's list is 100,000). Without passwords, as most
billing systems send it: a password costs its hash besides (30 ms of a core). Goal: the second time, which changes
nothing, at least ten times as fast as the first, and a peak of memory that does not grow with the list.
"""

from __future__ import annotations

import io
import sys
import time
import tracemalloc

from tests.bench import _city as city  # sets Django up before anything below knows models

# isort: split
from tenants import tables
from tenants.access import system_user
from tenants.models import ApiKey, Domain
from tenants.scoping import domain_scope
from tenants.services import domains, keys
from tenants.services.people_import import import_users

LINES = 5_000
GOAL = 10.0
MEMORY = 8_000_000  # bytes


def table(lines: int) -> bytes:
    """A list as a billing system exports it."""
    rows = (f"user{number},user{number}@example.net,1,0,note {number}" for number in range(lines))
    return "\n".join(["login,email,is_active,is_admin,note", *rows]).encode()


def take_in(domain: Domain, key: ApiKey, sent: bytes) -> tuple[float, int]:
    """Seconds for the list, and how many lines changed anything."""
    began = time.perf_counter()
    with domain_scope(domain):
        outcome = import_users(tables.read(io.BytesIO(sent)), acting_user=system_user(key))
    assert not outcome.errors, outcome.errors
    return time.perf_counter() - began, outcome.created + outcome.updated


def peak(sent: bytes) -> int:
    """Bytes that reading the list takes at most."""
    tracemalloc.start()
    assert sum(not line.fault for line in tables.read(io.BytesIO(sent)))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> int:
    """Print the figures; 1 if a goal is missed."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    city.database_of("lists")
    domain = domains.add_domain(title="City", slug="city", hosts=["city.localhost"])
    with domain_scope(domain):
        key, _text = keys.add_key(acting_user=None, title="CRM")
    sent = table(lines)
    (first, made), (again, changed) = take_in(domain, key, sent), take_in(domain, key, sent)
    most = peak(sent)
    print(f"{lines} lines: {lines / first:.0f}/s ({made} made), again {lines / again:.0f}/s ({changed} changed)")
    print(f"reading takes {most / 1e6:.1f} MB at most; goals: {GOAL:.0f} times as fast again, {MEMORY / 1e6:.0f} MB")
    return int(changed != 0 or made != lines or first / again < GOAL or most > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
