"""Colours that words can be read on, whatever colour an ISP chooses.

Contrast is WCAG 2's: 4.5:1 is what its level AA asks of words of ordinary size.
"""

from __future__ import annotations

from collections.abc import Iterable

ENOUGH = 4.5
WHITE, NEAR_BLACK, BLACK = "#ffffff", "#101828", "#000000"
# The surfaces words stand on, as portal/static/css/perch.css has them, and how strongly the main colour tints them.
LIGHT, LIGHT_TINTS = ("#ffffff", "#f6f7f9", "#f0f2f5"), (0.0, 0.09, 0.16)
DARK, DARK_TINTS = ("#0b0d11", "#13161b", "#1a1e25"), (0.0, 0.20, 0.32)
STEPS = 100

Channels = tuple[float, float, float]


def channels(colour: str) -> Channels:
    """Red, green and blue, 0 to 255, of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """How bright a colour is to the eye, 0 to 1."""
    red, green, blue = (_linear(part / 255) for part in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """How far two colours stand apart: 1 (the same) to 21 (black and white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, share: float, other: str) -> str:
    """So much of a colour over another one."""
    pairs = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{round(top * share + below * (1 - share)):02x}" for top, below in pairs)


def words_on(colour: str) -> str:
    """The colour of words on a button of this colour: white if that can be read, else dark. One of them always can."""
    return next((ink for ink in (WHITE, NEAR_BLACK) if contrast(ink, colour) >= ENOUGH), BLACK)


def ink(colour: str, *, dark: bool) -> str:
    """The colour itself as ink, made darker (in the dark: lighter) only as far as it must be to be read everywhere."""
    surfaces, tints = (DARK, DARK_TINTS) if dark else (LIGHT, LIGHT_TINTS)
    papers = [mixed(colour, tint, surface) for surface in surfaces for tint in tints]
    toward = WHITE if dark else BLACK
    shades = (mixed(toward, step / STEPS, colour) for step in range(STEPS + 1))
    return next((shade for shade in shades if _readable(shade, papers)), toward)


def _readable(shade: str, papers: Iterable[str]) -> bool:
    return all(contrast(shade, paper) >= ENOUGH for paper in papers)


def derived(main: str, accent: str) -> dict[str, str]:
    """Everything that follows from the two colours an ISP chooses, by the names the style sheet knows."""
    return {
        "--tblr-primary": main,
        "--tblr-primary-rgb": ", ".join(str(int(part)) for part in channels(main)),
        "--perch-on-brand": words_on(main),
        "--perch-accent": accent,
        "--perch-ink-light": ink(main, dark=False),
        "--perch-ink-dark": ink(main, dark=True),
    }
