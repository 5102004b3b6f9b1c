"""Asking one cell of the table, and judging the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from django.db import transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.client import ClientHandler

from portal.api.v3 import tokens
from tenants.models import Domain, UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest as hash_of
from tests.cast import PASSWORD
from tests.permissions.changes import digest, written
from tests.permissions.rows import EMPTY, V1, V3, V3_ADMIN, Row, fill
from tests.permissions.world import NOBODIES, Isp, World

_handler = ClientHandler(enforce_csrf_checks=False)


class Door(RequestFactory):
    """Django's test client without its keeping of every template's context, which costs more than many a request."""

    def request(self, **environ: Any) -> Any:
        """Answer through all middleware; a fault of ours is a 500."""
        return _handler(self._base_environ(**environ))  # type: ignore[attr-defined]  # unknown to the stubs


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def ask(row: Row, actor: str, *, mine: Isp, target: Isp) -> HttpResponse:
    """Send the row's request as an actor of the ISP `mine`, at that ISP's address."""
    door = Door(HTTP_HOST=mine.host)
    path = fill(row.path, target=target, mine=mine)
    body = fill(row.body, target=target, mine=mine)
    headers = dict(row.headers)
    if row.form:
        if actor in mine.sessions:
            door.cookies["perch_session"] = mine.sessions[actor]
        found: Any = door.post(path, body or {}, headers=headers) if row.writes else door.get(path, headers=headers)
    else:
        content = b"" if body is None else orjson.dumps(body)
        found = door.generic(
            row.method, row.base + path, content, "application/json", headers=headers | _proof(row, actor, mine)
        )
    answer: HttpResponse = found  # the factory's stubs promise a request
    return answer


def _proof(row: Row, actor: str, isp: Isp) -> dict[str, str]:
    """What an actor shows in a dialect: a key or a session, in the billing dialect his password."""
    if row.base == V1 and actor in {*isp.people, "foreign"}:
        number = isp.domain.pk + (actor == "foreign")
        login = f"{'admin' if actor == 'foreign' else actor}@example.org"
        return {"X-USER": login, "X-PASSWORD": PASSWORD, "X-DOMAIN-ID": str(number)}
    keys = {"system": isp.system_key, "foreign_system": isp.foreign_key}
    if row.base in {V3, V3_ADMIN} and actor in {*keys, *isp.sessions}:
        text = keys.get(actor) or access_token(isp.sessions[actor])
        return {"Authorization": f"Bearer {text}"}
    if actor in keys:
        return {"x-vsaas-api-key": keys[actor]}
    return {"x-vsaas-session": isp.sessions[actor]} if actor in isp.sessions else {}


@cache
def access_token(session_key: str) -> str:
    """A token of the v3 dialects for a session, of whichever ISP it is, even one that has expired."""
    for domain in Domain.objects.all():
        with domain_scope(domain):
            session = UserSession.objects.filter(digest=hash_of(session_key)).first()
            if session is not None:
                return tokens.issue(session)
    raise LookupError("no ISP knows this session")


def judge(row: Row, side: str, actor: str, world: World) -> Cell:
    """One cell: an actor of the ISP that is asked, or of the other one."""
    return judge_north(row, actor, world) if side == "north" else judge_south(row, actor, world)


@dataclass
class Cell:
    """One question and what is wrong with its answer."""

    row: Row
    actor: str
    status: int
    faults: list[str]

    def __str__(self) -> str:
        return f"{self.actor}: {self.status}: {'; '.join(self.faults)}"


def judge_north(row: Row, actor: str, world: World) -> Cell:
    """An actor of the ISP that owns what is asked about: the table says what he gets."""
    expected, isp = row.expected()["anonymous" if actor in NOBODIES else actor], world.north
    with undone():
        before = written()
        answer = ask(row, actor, mine=isp, target=isp)
        changed = changed_since(before, isp)
    faults, content = [], _content(answer)
    wanted = 200 if expected == EMPTY else int(expected)
    allowed = expected in {"200", "201", "204"} or (row.form and expected == "302" and row.writes)
    if answer.status_code != wanted:
        faults.append(f"expected {expected}, got {answer.status_code} {content[:300]}")
    elif not allowed and isp.secret_word in content:
        faults.append("the answer shows what it must not")
    elif not allowed and changed:
        faults.append("refused, and yet something changed")
    elif allowed and row.writes and not changed:
        faults.append("void: allowed, and nothing changed")
    elif allowed and not row.writes and not row.plain and isp.secret_word not in content:
        faults.append("void: allowed, and nothing of the target in the answer")
    return Cell(row, f"north {actor}", answer.status_code, faults)


def judge_south(row: Row, actor: str, world: World) -> Cell:
    """An actor of the other ISP, at his own ISP's address, naming what is not his: it must not exist."""
    with undone():
        before = written()
        answer = ask(row, actor, mine=world.south, target=world.north)
        changed = changed_since(before, world.north)
    faults, content = [], _content(answer)
    if any(word in content for word in world.north.words()):
        faults.append("LEAK: the answer shows the other ISP")
    if changed:
        faults.append("LEAK: the other ISP's rows changed")
    if answer.status_code >= 500:
        faults.append(f"broken: {content[:300]}")
    if row.names_target and row.south != EMPTY and answer.status_code not in row.refusals - {400}:
        faults.append(f"LEAK: {answer.status_code} for what is another ISP's: {content[:300]}")
    return Cell(row, f"south {actor}", answer.status_code, faults)


def changed_since(before: int, isp: Isp) -> bool:
    """Whether the ISP's rows are others now than when its world was made; `before` is what was written until asking."""
    return written() != before and digest(isp) != isp.digest


def _content(answer: Any) -> str:
    body: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode("utf-8", "replace") + str(answer.get("Location", ""))
