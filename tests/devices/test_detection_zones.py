"""Detection zones: which figures can be used, and what is said of the others."""

from __future__ import annotations

import pytest

from devices import detection_zones as zones

LEFT, RIGHT, ALL = "0 0, 0.5 0, 0.5 1, 0 1", "0.5 0, 1 0, 1 1, 0.5 1", "0 0, 1 0, 1 1, 0 1"
GOOD = ["", ALL, f"{LEFT}; {RIGHT}", "0 0, 1 0, 0 1", "0 1, 1 0, 0 0", "0 0, 0.5 0, 1 0, 1 1, 0 1", "0.5 0, 1 1, 0 1",
        "0.5 0, 1 0.4, 0.8 1, 0.2 1, 0 0.4"]  # fmt: skip
BAD = {
    "x1 y1": zones.UNREADABLE, "0 0, 1 0, 1 1.2": zones.UNREADABLE, "0 0, 1 0, -1 1": zones.UNREADABLE,
    "0 0, 1 0, 1e0 1": zones.UNREADABLE, "0 0 0, 1 0, 1 1": zones.UNREADABLE, "0 0, 1 0, nan 1": zones.UNREADABLE,
    "0 0, 1 0,": zones.UNREADABLE, "0 0, 1 0, 1 1" + " " * 2000: zones.UNREADABLE,
    "0 0, 1 0": zones.FEW, "0 0": zones.FEW, ", ".join(f"0.{n:02} 0" for n in range(25)): zones.FEW,
    "0 0, 1 1, 1 0, 0 1": zones.CROSSING, "0.5 0, 0.8 1, 0 0.4, 1 0.4, 0.2 1": zones.CROSSING,
    "0 0, 1 0, 0.2 0, 1 1, 0 1": zones.CROSSING, "0 0, 1 0, 0.5 0.2, 1 1, 0 1": zones.NOT_CONVEX,
    "0 0, 0.5 0, 0.5 0.49, 0 0.49": zones.SMALL, "0 0, 1 0, 1 0, 0 0": zones.CROSSING, "0 0, 0.5 0.5, 1 1": zones.SMALL,
    f"{LEFT}; 0.4 0, 1 0, 1 1, 0.4 1": zones.OVERLAP, f"{ALL}; 0.2 0.2, 0.8 0.2, 0.8 0.8, 0.2 0.8": zones.OVERLAP,
    f"{ALL}; {ALL}": zones.OVERLAP,
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_good_figure_is_written_as_it_was_read(text: str) -> None:
    assert zones.written(zones.read(text)) == text


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40])
def test_a_bad_one_is_refused_with_its_reason(text: str) -> None:
    with pytest.raises(zones.ZoneRefused) as refused:
        zones.read(text)
    assert refused.value.message == BAD[text]


def test_areas_are_parts_of_the_frame() -> None:
    assert [zones.area(zone) for zone in zones.read(f"{LEFT}; 0.5 0, 1 0, 1 1")] == [0.5, 0.25]
