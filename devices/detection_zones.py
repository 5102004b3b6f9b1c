"""Detection zones: where in the picture plates or faces are looked for (item 138).

Pure: no database, no network. A zone is a convex figure without crossing sides that covers at least a quarter of the
frame; zones do not overlap. They are written as one text, corners as fractions of width and height:
`0 0, 1 0, 1 0.5, 0 0.5; 0 0.5, 1 0.5, 1 1, 0 1`. No zone means the whole frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

LEAST = 0.25  # of the frame
MOST_CORNERS = 24
MOST_LENGTH = 2000  # characters
TINY = 1e-9

Point = tuple[float, float]
Zone = tuple[Point, ...]


def _(text: str) -> str:
    """Mark a message for the translators. Whoever shows it passes it through gettext: nothing of Django in here."""
    return text


UNREADABLE = _("Write zones as corners between 0 and 1: x y, x y, x y; a semicolon begins the next zone.")
FEW = _("A zone has from 3 to 24 corners.")
CROSSING = _("The sides of a zone must not cross.")
NOT_CONVEX = _("A zone must be convex: no corner may point inwards.")
SMALL = _("A zone must cover at least a quarter of the frame.")
OVERLAP = _("Zones must not overlap.")
_NUMBER = re.compile(r"(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)\Z")


class ZoneRefused(ValueError):
    """The zones cannot be used; `message` says why in English, ready to be translated."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read(text: str) -> list[Zone]:
    """The zones of a text, in their order. Raises ZoneRefused."""
    if len(text) > MOST_LENGTH:
        raise ZoneRefused(UNREADABLE)
    zones = [_zone(part) for part in text.split(";") if part.strip()]
    for zone in zones:
        _judge(zone)
    for number, zone in enumerate(zones):
        if any(_overlap(zone, other) for other in zones[number + 1 :]):
            raise ZoneRefused(OVERLAP)
    return zones


def written(zones: list[Zone]) -> str:
    """The text of zones, as `read` takes it."""
    return "; ".join(", ".join(f"{x:g} {y:g}" for x, y in zone) for zone in zones)


def area(zone: Zone) -> float:
    """What part of the frame a zone covers."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _sides(zone))) / 2


def _zone(text: str) -> Zone:
    return tuple(_point(part) for part in text.split(","))


def _point(text: str) -> Point:
    parts = text.split()
    if len(parts) != 2 or not all(_NUMBER.match(part) for part in parts):
        raise ZoneRefused(UNREADABLE)
    return round(float(parts[0]), 4), round(float(parts[1]), 4)


def _judge(zone: Zone) -> None:
    if not 3 <= len(zone) <= MOST_CORNERS:
        raise ZoneRefused(FEW)
    sides = list(_sides(zone))
    apart = ((one, other) for one in range(len(sides)) for other in range(one + 2, len(sides)))
    if any(_cross(sides[one], sides[other]) for one, other in apart if (one, other) != (0, len(sides) - 1)):
        raise ZoneRefused(CROSSING)
    turns = [_turn(*corner) for corner in _corners(zone)]
    if min(turns) < -TINY and max(turns) > TINY:
        raise ZoneRefused(NOT_CONVEX)
    if area(zone) < LEAST - TINY:
        raise ZoneRefused(SMALL)


def _sides(zone: Zone) -> Iterator[tuple[Point, Point]]:
    return pairwise((*zone, zone[0]))


def _corners(zone: Zone) -> Iterator[tuple[Point, Point, Point]]:
    return zip(zone, (*zone[1:], zone[0]), (*zone[2:], *zone[:2]), strict=True)


def _turn(first: Point, second: Point, third: Point) -> float:
    """Positive for a turn to one side, negative for one to the other, nothing for three points on a line."""
    (ax, ay), (bx, by), (cx, cy) = first, second, third
    return (bx - ax) * (cy - by) - (by - ay) * (cx - bx)


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two sides that are no neighbours have a point in common."""
    turns = [_turn(*one, point) for point in other] + [_turn(*other, point) for point in one]
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    on = zip(turns, [*other, *one], [one, one, other, other], strict=True)
    return any(abs(turn) <= TINY and _between(point, *side) for turn, point, side in on)


def _between(point: Point, start: Point, end: Point) -> bool:
    """Whether a point on a side's line is on the side."""
    within = (min(a, b) - TINY <= p <= max(a, b) + TINY for p, a, b in zip(point, start, end, strict=True))
    return all(within)


def _overlap(one: Zone, other: Zone) -> bool:
    """Whether two convex zones share more than an edge: no side of either has one on each side of it."""
    return not any(
        _apart((y2 - y1, x1 - x2), one, other) for zone in (one, other) for (x1, y1), (x2, y2) in _sides(zone)
    )


def _apart(axis: Point, one: Zone, other: Zone) -> bool:
    """Whether the shadows of two zones on an axis do not overlap."""
    shadows = [[x * axis[0] + y * axis[1] for x, y in zone] for zone in (one, other)]
    return max(shadows[0]) <= min(shadows[1]) + TINY or max(shadows[1]) <= min(shadows[0]) + TINY
