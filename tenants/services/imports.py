"""What every import shares: many lines in constant memory, good ones kept, bad ones told with their numbers.

Lines are worked on in chunks, each in one savepoint. A chunk with a bad line is taken back and done again with a
savepoint a line: so the usual file costs two hundred savepoints and not a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from tenants.errors import Invalid, PerchError
from tenants.tables import Line

CHUNK = 500
MOST_ERRORS = 1000


class Effect(StrEnum):
    """What a line did."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    NONE = "none"


@dataclass
class Outcome:
    """How many lines did what, and why some could not: reasons by line number, as texts."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    failed: int = 0

    def count(self, effect: Effect) -> None:
        """Count a line that was done."""
        if effect is not Effect.NONE:
            setattr(self, effect.value, getattr(self, effect.value) + 1)

    def fail(self, line: Line, reason: str) -> None:
        """Note why a line could not be done; after a thousand only how many more."""
        self.failed += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors[str(line.number)] = reason

    def finish(self) -> Outcome:
        """Say how many reasons were left out."""
        if self.failed > len(self.errors):
            self.errors["more"] = _("%(n)s more lines could not be taken.") % {"n": self.failed - len(self.errors)}
        return self


Work = Callable[[Line], Effect]


def run(lines: Iterable[Line], *, begin: Callable[[list[Line]], Work]) -> Outcome:
    """Do all lines. `begin` looks at a chunk (reads in one query what its lines speak of) and gives what does one."""
    outcome = Outcome()
    for chunk in _chunks(lines):
        readable = [line for line in chunk if not line.fault]
        for line in chunk:
            if line.fault:
                outcome.fail(line, line.fault)
        if readable:
            _do(readable, begin, outcome)
    return outcome.finish()


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _do(chunk: list[Line], begin: Callable[[list[Line]], Work], outcome: Outcome) -> None:
    try:
        with transaction.atomic():
            work = begin(chunk)
            effects = [work(line) for line in chunk]
    except PerchError:
        _do_each(chunk, begin, outcome)
        return
    for effect in effects:
        outcome.count(effect)


def _do_each(chunk: list[Line], begin: Callable[[list[Line]], Work], outcome: Outcome) -> None:
    work = begin(chunk)
    for line in chunk:
        try:
            with transaction.atomic():
                effect = work(line)
        except PerchError as error:
            outcome.fail(line, reason_of(error))
        else:
            outcome.count(effect)


def reason_of(error: PerchError) -> str:
    """Why a line could not be taken, with the column's name where it is one column's fault."""
    fields = error.fields if isinstance(error, Invalid) else {}
    if fields:
        return "; ".join(
            f"{name}: {_(texts[0])}" if name != "__all__" else _(texts[0]) for name, texts in fields.items()
        )
    return f"{error.field}: {_(error.message)}" if error.field else _(error.message)


def switch(value: object, name: str) -> bool:
    """A switch as tables write it: 1, 0, true, false, yes, no."""
    text = str(value).strip().lower()
    if text in {"1", "true", "yes", "on", "1.0"}:
        return True
    if text in {"0", "false", "no", "off", "0.0"}:
        return False
    raise Invalid(_("Write 1 or 0."), field=name)


def text_of(value: object, name: str) -> str:
    """A text; numbers of a JSON file are taken as they are written."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise Invalid(_("Write a text."), field=name)
