"""Passwords that were proved a moment ago, for callers who send theirs with every request.

Hashing a password takes its time on purpose (argon2: 30 ms and 19 MiB). A billing system that sends login and password
with each of a hundred calls would buy a hundred hashes, and so could anybody else. A success is therefore remembered
for a minute: in this process only, under a keyed hash that is worth nothing outside it. A changed password, a block or
a deletion ends it at once, because the user's row is read again each time. Failures are never remembered: each of them
passes the door and its brakes.
"""

from __future__ import annotations

import hmac
import os
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from tenants import clock
from tenants.models import User

SECONDS = 60.0
MOST = 1000  # proofs; the least recently used goes


@dataclass(frozen=True)
class Proof:
    """Whose password it was, which hash it fitted, and until when that is believed."""

    user_id: int
    encoded: str
    until: float


class Proofs:
    """The successes of the last minute."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._proofs: OrderedDict[bytes, Proof] = OrderedDict()
        self._lock = Lock()

    def name_of(self, *parts: str) -> bytes:
        """What a proof is found by: ISP, login, password and address, told apart by their lengths."""
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")

    def recall(self, name: bytes) -> User | None:
        """The user who proved this a moment ago, if his password is still the same and he is still let in."""
        with self._lock:
            proof = self._proofs.get(name)
            if proof is not None and proof.until <= clock.monotonic():
                del self._proofs[name]
                proof = None
        if proof is None:
            return None
        return User.objects.filter(pk=proof.user_id, password=proof.encoded, is_active=True).first()

    def remember(self, name: bytes, user: User) -> None:
        """Note a success. The hash is read anew: signing in may have written a better one."""
        encoded = User.objects.filter(pk=user.pk).values_list("password", flat=True).get()
        with self._lock:
            self._proofs[name] = Proof(user.pk, encoded, clock.monotonic() + SECONDS)
            self._proofs.move_to_end(name)
            while len(self._proofs) > MOST:
                self._proofs.popitem(last=False)

    def forget_all(self) -> None:
        """As after a start."""
        with self._lock:
            self._proofs.clear()


proofs = Proofs()
