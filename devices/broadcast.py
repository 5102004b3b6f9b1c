"""News of cameras' status, told to every web process at commit: the ids of what changed, never the state itself.

Listeners read the state again, so a lost, doubled or late notice harms nothing. Access news are `tenants.broadcast`'s.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

LIVE = "perch_live"
# PostgreSQL takes payloads under 8,000 bytes; an id has at most 19 digits and a comma.
IDS_A_NOTICE = 350


def status_notices(changed: Iterable[tuple[int, int]]) -> Iterator[str]:
    """The payloads for pairs of (ISP, camera): one ISP a notice, few enough ids in each."""
    by_domain: dict[int, list[int]] = defaultdict(list)
    for domain_id, camera_id in changed:
        by_domain[domain_id].append(camera_id)
    for domain_id, ids in by_domain.items():
        for start in range(0, len(ids), IDS_A_NOTICE):
            yield notice(domain_id, ids[start : start + IDS_A_NOTICE])


def notice(domain_id: int, camera_ids: list[int]) -> str:
    """One payload."""
    return json.dumps({"d": domain_id, "c": camera_ids}, separators=(",", ":"))
