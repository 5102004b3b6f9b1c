"""The brake on guessing: counts wrong answers before anything is compared, and makes guessers wait longer and longer.

A guess is counted under several names at once, each with a rule of its own:

- the login at its network (/24, /64): four wrong answers, then one after 1, 2, 4, ... minutes, an hour at most;
- the login, from networks where it never signed in: five within a minute, and a hundred a day;
- the network, whatever the login: thirty within a minute.

Whoever has signed in from his network before is held back by the first rule only: what others do elsewhere, or to other
logins beside him, does not lock him out. Nothing is locked for good. Rows are locked while they are counted, so that a
thousand guesses at the same moment are a thousand guesses; an answer that is being looked at counts as wrong until it
turns out right, and those who come meanwhile wait a moment for it.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants import clock
from tenants.aside import Cursor, aside
from tenants.errors import TooManyAttempts
from tenants.scoping import current_domain_id
from tenants.secrets import digest

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TRUST = timedelta(days=90)
FORGET = timedelta(days=1)
LOST = timedelta(seconds=20)  # an answer that was never looked at to the end: its process died
WAIT, LOOK_EVERY = 3.0, 0.04  # seconds


@dataclass(frozen=True)
class Rule:
    """How many wrong answers are free, and for how long the next one waits: `first`, doubled each time, to `longest`.

    `again`: how many are free after a wait. The count begins anew after `window`: of silence, or `fixed` since its
    first answer.
    """

    free: int
    again: int
    window: timedelta
    longest: timedelta
    fixed: bool = False
    first: timedelta = MINUTE

    def allowed(self, row: dict[str, Any]) -> int:
        """How many answers a row may have."""
        return self.again if row["level"] else self.free

    def wait(self, level: int) -> timedelta:
        """How long the next answer waits after so many waits before."""
        factor: int = 2 ** min(level, 16)
        return min(self.first * factor, self.longest)


AT_NETWORK = Rule(free=4, again=1, window=6 * HOUR, longest=HOUR)
OF_LOGIN = Rule(free=5, again=5, window=MINUTE, longest=15 * MINUTE)
OF_LOGIN_A_DAY = Rule(free=100, again=20, window=DAY, longest=6 * HOUR, fixed=True, first=15 * MINUTE)
OF_NETWORK = Rule(free=30, again=30, window=MINUTE, longest=15 * MINUTE, fixed=True)
OF_FACTOR = Rule(free=5, again=1, window=6 * HOUR, longest=HOUR)


class Held(TooManyAttempts):
    """Refused by the brake; `is_news` for the first one since it was pulled."""

    is_news = False


@dataclass
class Counted:
    """An answer that is being looked at, and the names it counts under."""

    rules: dict[str, Rule]

    def wrong(self, cursor: Cursor) -> None:
        """It was wrong: count it, and pull the brake where it was one too many."""
        now = clock.now()
        for row in _locked(cursor, self.rules):
            rule = self.rules[row["digest"]]
            _refresh(row, rule, now)
            row["attempts"], row["pending"] = row["attempts"] + 1, max(row["pending"] - 1, 0)
            if row["attempts"] >= rule.allowed(row):
                row |= {"blocked_until": now + rule.wait(row["level"]), "level": row["level"] + 1, "attempts": 0}
                row |= {"is_noted": False}
            _save(cursor, row, now)

    def right(self, cursor: Cursor, *, trusted: bool) -> None:
        """It was right: nothing is held against this login at this network, and from now on others do not hold it."""
        now = clock.now()
        for row in _locked(cursor, self.rules):
            row["pending"] = max(row["pending"] - 1, 0)
            if self.rules[row["digest"]] in (AT_NETWORK, OF_FACTOR):
                row |= {"attempts": 0, "level": 0, "blocked_until": None}
                row["trusted_until"] = now + TRUST if trusted else row["trusted_until"]
            _save(cursor, row, now)

    def undecided(self, cursor: Cursor) -> None:
        """It was never compared: something of ours broke."""
        for row in _locked(cursor, self.rules):
            row["pending"] = max(row["pending"] - 1, 0)
            _save(cursor, row, row["updated_at"])


def plain_login(login: str) -> str:
    """A login as it is counted: every spelling that finds the same user is the same."""
    return unicodedata.normalize("NFKC", login).strip().upper().casefold()


def names_of(login: str, network: str) -> dict[str, Rule]:
    """The names a password counts under; the login at its network comes first."""
    plain = plain_login(login)
    return {
        digest(f"at|{plain}|{network}"): AT_NETWORK,
        digest(f"login|{plain}"): OF_LOGIN,
        digest(f"day|{plain}"): OF_LOGIN_A_DAY,
        digest(f"network|{network}"): OF_NETWORK,
    }


def factor_of(user_id: int) -> dict[str, Rule]:
    """The name a second factor counts under."""
    return {digest(f"factor|{user_id}"): OF_FACTOR}


def passkeys_at(network: str) -> dict[str, Rule]:
    """The name under which unknown passkeys count."""
    return {digest(f"passkeys|{network}"): OF_NETWORK}


def count(rules: dict[str, Rule]) -> Counted:
    """Let one answer be looked at. Raises Held, before anything expensive is done."""
    give_up = clock.monotonic() + WAIT
    while True:
        with aside() as cursor:
            counted, held = _try(cursor, rules)
        if counted:
            return counted
        if held:
            raise held
        if clock.monotonic() > give_up:
            raise _held(1)
        time.sleep(LOOK_EVERY)


def _try(cursor: Cursor, rules: dict[str, Rule]) -> tuple[Counted | None, Held | None]:
    """Take a place, or say how long to wait; neither when all places are taken by answers being looked at."""
    now = clock.now()
    rows = {row["digest"]: row for row in _locked(cursor, rules)}
    first = next(iter(rules))
    if rows[first]["trusted_until"] and rows[first]["trusted_until"] > now:
        rows, rules = {first: rows[first]}, {first: rules[first]}
    for name, row in rows.items():
        _refresh(row, rules[name], now)
    blocked = [row for row in rows.values() if row["blocked_until"] and row["blocked_until"] > now]
    if blocked:
        return None, _refused(cursor, blocked, now)
    if any(row["attempts"] + row["pending"] >= rules[name].allowed(row) for name, row in rows.items()):
        return None, None
    for row in rows.values():
        row["pending"] += 1
        _save(cursor, row, now)
    return Counted(rules), None


def _refused(cursor: Cursor, blocked: list[dict[str, Any]], now: datetime) -> Held:
    held = _held(max(int((row["blocked_until"] - now).total_seconds()) + 1 for row in blocked))
    held.is_news = not all(row["is_noted"] for row in blocked)
    for row in blocked if held.is_news else ():
        cursor.execute("UPDATE tenants_signinbrake SET is_noted = true WHERE id = %s", [row["id"]])
    return held


def _held(seconds: int) -> Held:
    if seconds < 60:
        wait = ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    else:
        minutes = -(-seconds // 60)
        wait = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    return Held(_("Too many attempts. Try again in %(wait)s.") % {"wait": wait}, retry_after=seconds)


def _refresh(row: dict[str, Any], rule: Rule, now: datetime) -> None:
    """Forget what is over: a window, answers that were never finished, and waits of long ago."""
    if now - row["updated_at"] > LOST:
        row["pending"] = 0
    if now - row["updated_at"] > FORGET:
        row["level"] = 0
    if now - (row["window_at"] if rule.fixed else row["updated_at"]) >= rule.window:
        row |= {"attempts": 0, "window_at": now}


def _locked(cursor: Cursor, rules: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of these names, made where missing, locked in one order."""
    names, now = sorted(rules), clock.now()
    cursor.execute(
        "INSERT INTO tenants_signinbrake"
        " (domain_id, digest, attempts, pending, level, window_at, is_noted, updated_at)"
        " SELECT %s, name, 0, 0, 0, %s, false, %s FROM unnest(%s::text[]) AS names (name)"
        " ON CONFLICT DO NOTHING",
        [current_domain_id(), now, now, names],
    )
    cursor.execute("SELECT * FROM tenants_signinbrake WHERE digest = ANY(%s) ORDER BY digest FOR UPDATE", [names])
    return cursor.fetchall()


def _save(cursor: Cursor, row: dict[str, Any], now: datetime) -> None:
    cursor.execute(
        "UPDATE tenants_signinbrake SET attempts = %(attempts)s, pending = %(pending)s, level = %(level)s,"
        " window_at = %(window_at)s, blocked_until = %(blocked_until)s, is_noted = %(is_noted)s,"
        " trusted_until = %(trusted_until)s, updated_at = %(now)s WHERE id = %(id)s",
        {**row, "now": now},
    )
