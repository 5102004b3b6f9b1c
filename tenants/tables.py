"""Reading long tables that other systems export, a line at a time: CSV in any of its habits, or a JSON list.

Pure and in constant memory: a line is read, handed out and forgotten. What is wrong with one line is told with its
number and does not end the reading; what is wrong with the whole table raises Invalid before the first line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from django.utils.translation import gettext as _

from tenants.errors import Invalid

DELIMITERS = ",;\t|"
LONGEST_LINE = 1_000_000  # characters
LONGEST_ITEM = 1_000_000
READ = 65_536
# Spreadsheets run cells that begin so; exports put an apostrophe before them, which is taken off again here.
FORMULAS = tuple("=+-@\t\r＝＋－＠")


@dataclass(frozen=True)
class Line:
    """One line: its number as an editor counts it (of a JSON list: its place, from 1), and what it says.

    `values` holds only what is said: an empty cell says nothing. `fault` is why the line cannot be read.
    """

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def read(stream: IO[bytes], *, needs: Iterable[str] = ()) -> Iterator[Line]:
    """The lines of a table; a JSON list is known by its first character. `needs`: columns that CSV must have."""
    text = io.TextIOWrapper(io.BufferedReader(_Raw(stream)), "utf-8-sig", errors="surrogateescape", newline="")
    start = ""
    while not start.strip() and (read_now := text.read(1)):
        start += read_now
        if len(start) > LONGEST_LINE:
            raise Invalid(_("The file is empty."))
    start = start.lstrip()
    if not start:
        raise Invalid(_("The file is empty."))
    return _json_lines(text, start) if start in "[{" else _csv_lines(text, start, list(needs))


class _Raw(io.RawIOBase):
    """Any object with read(n) as a raw stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def guarded(text: str) -> str:
    """A text as an export writes it into a cell, so that no spreadsheet runs it."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULAS) else text


def _texts(text: io.TextIOWrapper, start: str) -> Iterator[str]:
    """The file's own lines, the first one with what was read of it already."""
    while piece := start + text.readline(LONGEST_LINE):
        start = ""
        if len(piece) >= LONGEST_LINE:
            raise Invalid(_("A line of the file is too long."))
        yield piece


def _csv_lines(text: io.TextIOWrapper, start: str, needs: list[str]) -> Iterator[Line]:
    lines = _texts(text, start)
    head = next(lines)
    delimiter = max(DELIMITERS, key=head.count)
    names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter))]
    _check_head(names, needs)
    return _rows(csv.reader(lines, delimiter=delimiter), names)


def _check_head(names: list[str], needs: list[str]) -> None:
    for name in needs:
        if name not in names:
            raise Invalid(
                _("The first line must name the columns; `%(name)s` is missing.") % {"name": name}, field=name
            )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise Invalid(_("The column `%(name)s` is there twice.") % {"name": twice}, field=twice)


def _rows(reader: Any, names: list[str]) -> Iterator[Line]:
    """`line_num` counts what the reader took, without the line of names."""
    while True:
        number = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Line(number, fault=_("The quotes of this line do not match, or a cell is too long."))
            continue
        if any(cell.strip() for cell in cells):
            yield _row(number, names, cells)


def _row(number: int, names: list[str], cells: list[str]) -> Line:
    if len(cells) > len(names) and any(cells[len(names) :]):
        return Line(number, fault=_("The line has more cells than there are columns."))
    if any(_unreadable(cell) for cell in cells):
        return Line(number, fault=_("The line is not UTF-8 text."))
    said = {name: _unguarded(cell.strip()) for name, cell in zip(names, cells, strict=False) if name}
    return Line(number, {name: cell for name, cell in said.items() if cell})


def _unreadable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _json_lines(text: io.TextIOWrapper, start: str) -> Iterator[Line]:
    """The objects of a list, or the only object. What follows a mistake cannot be read: it is told as the last line."""
    found = _Items(text, start)
    number = 0
    while found.has_next():
        number += 1
        try:
            item = found.take()
        except ValueError:
            yield Line(number, fault=_("From here on this is not valid JSON."))
            return
        yield _item(number, item)


def _item(number: int, item: Any) -> Line:
    if not isinstance(item, dict):
        return Line(number, fault=_("This is no JSON object."))
    said = {name.strip().lower(): value for name, value in item.items()}
    if any(isinstance(value, str) and _unreadable(value) for value in said.values()):
        return Line(number, fault=_("The line is not UTF-8 text."))
    return Line(number, {name: value for name, value in said.items() if value is not None and value != ""})


def _refuse(word: str) -> Any:
    """Python would take NaN and Infinity for numbers."""
    raise ValueError(word)


class _Items:
    """The values of a JSON list, decoded one after the other from a text that is read as needed."""

    def __init__(self, text: io.TextIOWrapper, start: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder(parse_constant=_refuse)
        self._is_list = start == "["
        self._buffer = "" if self._is_list else start
        self._first = True
        self._done = False

    def _more(self) -> bool:
        read_now = self._text.read(READ)
        self._buffer += read_now
        return bool(read_now)

    def _next_letter(self) -> str:
        while not (rest := self._buffer.lstrip()):
            self._buffer = ""
            if not self._more():
                return ""
        self._buffer = rest
        return rest[0]

    def has_next(self) -> bool:
        """Whether there is another value, or a mistake."""
        if self._done or (not self._is_list and not self._first):
            return False
        letter = self._next_letter()
        return not (self._is_list and letter == "]")

    def take(self) -> Any:
        """The next value; ValueError if there is none where one should be."""
        if not self._first and self._is_list:
            self._comma()
        self._first = False
        self._next_letter()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer)
            except RecursionError as error:
                self._done = True
                raise ValueError("nested too deeply") from error
            except ValueError:
                if len(self._buffer) > LONGEST_ITEM or not self._more():
                    self._done = True
                    raise
                continue
            if end == len(self._buffer) and self._more():  # a number may go on
                continue
            self._buffer = self._buffer[end:]
            return value

    def _comma(self) -> None:
        if self._next_letter() != ",":
            self._done = True
            raise ValueError("a comma is missing")
        self._buffer = self._buffer[1:]
