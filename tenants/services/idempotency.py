"""One effect a key: a write that is sent again, because its answer was lost, gets the answer and does nothing (F5, F7).

The claim of the key, the write and the answer are one transaction. So an answer is there exactly if the effect is; a
write that was refused leaves no claim, and a second request at the same moment waits for the first one's end.
"""

from __future__ import annotations

from datetime import timedelta

from tenants import clock
from tenants.models import IdempotentAnswer
from tenants.scoping import current_domain_id
from tenants.secrets import digest

KEPT = timedelta(hours=24)


def claim(caller: str, key: str, fingerprint: str) -> tuple[IdempotentAnswer, bool]:
    """The row of a caller's key, and whether it is fresh: then the request is to be done, and `keep` told its answer.

    Inside a transaction. Waits while another request holds the same key.
    """
    name = digest(f"{caller}\n{key}")
    now = clock.now()
    IdempotentAnswer.objects.filter(digest=name, created_at__lte=now - KEPT).delete()
    row, fresh = IdempotentAnswer.objects.get_or_create(
        domain_id=current_domain_id(), digest=name, defaults={"fingerprint": fingerprint, "created_at": now}
    )
    found: IdempotentAnswer = row
    return found, fresh


def keep(row: IdempotentAnswer, *, status: int, headers: dict[str, str], answer: str) -> None:
    """Note the answer, sealed."""
    row.status, row.headers, row.answer = status, headers, answer
    row.save(update_fields=["status", "headers", "answer_sealed"])


def remove_old() -> int:
    """Forget answers of a day ago; returns how many."""
    gone, _rows = IdempotentAnswer.objects.filter(created_at__lte=clock.now() - KEPT).delete()
    return int(gone)
