"""Signing in: what is counted before a password is compared, what is written down, and who may come from where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from tenants import clock, networks
from tenants.aside import Cursor, aside, insert
from tenants.audit import current_origin
from tenants.errors import SecondFactorNeeded
from tenants.models import SignInEntry, User
from tenants.scoping import current_domain_id
from tenants.services import brake

Door, Result = SignInEntry.Door, SignInEntry.Result
# Doors that callers knock at with every request: one entry an hour says enough.
CHATTY = frozenset({Door.V1, Door.CHECK})
ONE_ENTRY_IN = timedelta(hours=1)
SHOWN_OF_UNKNOWN = 3


@dataclass
class Attempt:
    """One password, or code, about to be looked at. Say `failed` or `passed`; silence gives the place back."""

    login: str
    door: str
    counted: brake.Counted
    is_judged: bool = False

    def failed(self, result: str, user: User | None = None) -> None:
        """It was wrong: count it and write it down."""
        self.is_judged = True
        with aside() as cursor:
            self.counted.wrong(cursor)
            _write(cursor, self.login, self.door, result, user)

    def passed(self, *, trusted: bool) -> None:
        """It was right; `trusted` when nothing more is asked of this person."""
        self.is_judged = True
        with aside() as cursor:
            self.counted.right(cursor, trusted=trusted)


@contextmanager
def attempt(login: str, door: str) -> Iterator[Attempt]:
    """Let one password be compared. Raises TooManyAttempts before anything expensive is done."""
    names = brake.names_of(login, networks.neighbourhood(current_origin().ip))
    with _counted(login, door, names) as made:
        yield made


@contextmanager
def factor_attempt(user: User, door: str) -> Iterator[Attempt]:
    """Let one code of a second factor be compared."""
    with _counted(user.login, door, brake.factor_of(user.pk)) as made:
        yield made


@contextmanager
def passkey_attempt(user: User | None, door: str) -> Iterator[Attempt]:
    """Let one passkey be looked at: of whoever is at the second step, or of anybody at this network."""
    network = networks.neighbourhood(current_origin().ip)
    names = brake.factor_of(user.pk) if user else brake.passkeys_at(network)
    with _counted(user.login if user else "", door, names) as made:
        yield made


@contextmanager
def _counted(login: str, door: str, names: dict[str, brake.Rule]) -> Iterator[Attempt]:
    try:
        made = Attempt(login, door, brake.count(names))
    except brake.Held as held:
        if held.is_news:
            note(login, door, Result.THROTTLED)
        raise
    try:
        yield made
    finally:
        if not made.is_judged:
            with aside() as cursor:
                made.counted.undecided(cursor)


def note(login: str, door: str, result: str, user: User | None = None) -> None:
    """Write down what became of somebody at a door, whatever becomes of his request."""
    with aside() as cursor:
        _write(cursor, login, door, result, user)


def entered(user: User, door: str) -> None:
    """Write down a sign-in; its network is the user's own from now on."""
    names = brake.names_of(user.login, networks.neighbourhood(current_origin().ip))
    with aside() as cursor:
        brake.Counted({name: rule for name, rule in names.items() if rule is brake.AT_NETWORK}).right(
            cursor, trusted=True
        )
        if door not in CHATTY or not _entered_lately(cursor, user, door):
            _write(cursor, user.login, door, Result.ENTERED, user)


def _entered_lately(cursor: Cursor, user: User, door: str) -> bool:
    cursor.execute(
        "SELECT 1 FROM tenants_signinentry WHERE user_id = %s AND door = %s AND result = %s"
        " AND ip IS NOT DISTINCT FROM %s::inet AND created_at > %s LIMIT 1",
        [user.pk, door, Result.ENTERED, current_origin().ip, clock.now() - ONE_ENTRY_IN],
    )
    return cursor.fetchone() is not None


def _write(cursor: Cursor, login: str, door: str, result: str, user: User | None) -> None:
    origin = current_origin()
    values: dict[str, Any] = {
        "domain_id": current_domain_id(),
        "user_id": user.pk if user else None,
        "login": user.login if user else masked(login),
        "door": str(door),
        "result": str(result),
        "ip": origin.ip,
        "user_agent": _plain(origin.user_agent)[:300],
        "request_id": origin.request_id,
        "created_at": clock.now(),
    }
    insert(cursor, "tenants_signinentry", values)


def masked(login: str) -> str:
    """What is written of a login nobody has: it may be a password typed into the wrong field."""
    login = _plain(login).strip()
    return login[:254] if "@" in login else f"{login[:SHOWN_OF_UNKNOWN]}…"


def _plain(text: str) -> str:
    return text.replace("\x00", "")


def may_come(user: User) -> bool:
    """Whether this request comes from an address the user may sign in from; the machine itself comes from nowhere."""
    ip = current_origin().ip
    return ip is None or networks.holds(user.authorized_ip, ip)


def refusal(user: User) -> str:
    """Why somebody who proved himself is not let in; empty when he is."""
    if not user.is_active:
        return Result.BLOCKED
    return "" if may_come(user) else Result.ADDRESS


def need_factor(user: User, door: str, message: str) -> SecondFactorNeeded:
    """The error for whoever has proved the password only; the log knows of it."""
    note(user.login, door, Result.NEEDS_FACTOR, user)
    return SecondFactorNeeded(message, user=user)


def entries(
    *, query: str = "", door: str = "", result: str = "", user: User | None = None
) -> QuerySet[SignInEntry, SignInEntry]:
    """The access log of the ISP in scope, newest first."""
    rows: QuerySet[SignInEntry, SignInEntry] = SignInEntry.objects.order_by("-id")
    if user is not None:
        rows = rows.filter(user_id=user.pk)
    if door in Door.values:
        rows = rows.filter(door=door)
    if result in Result.values:
        rows = rows.filter(result=result)
    if query:
        rows = rows.filter(login__icontains=query) | rows.filter(ip__startswith=query)
    return rows
