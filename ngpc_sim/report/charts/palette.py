"""Colours, marks and shades of all charts, which a reader of any sight, and grey print, tell apart.

The hues are those of Okabe and Ito, "Color Universal Design" (2008), https://jfly.uni-koeln.de/color/; the last one is
darkened from their yellow, which is too light for a line on white. A line has a mark beside its colour; shades of one
hue differ in lightness.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ngpc_sim.workloads.apps import BUILT_IN

#: hues of lines of names
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d1f")
#: marks of lines, of names and of numbers
MARKERS = "osD^vPX*"
MARK_COLOUR, LINE_COLOUR, INTERVAL_COLOUR = "#d55e00", "#4d4d4d", "#cc79a7"
#: ends and middle of the shades: red, green, blue
SHADES = ((0.81, 0.89, 0.95), (0.31, 0.61, 0.79), (0.03, 0.19, 0.38))
LIGHTEST = 0.3  # shade of the first line: lighter ones are lost on white
DOTTED, DASHED = (0, (1, 1.3)), (0, (4, 1.5))

Shade = tuple[float, float, float]


def shade_at(place: float) -> Shade:
    """Give the colour at a place from 0, light, to 1, dark: red, green, blue."""
    before = min(int(2 * place), 1)
    share = 2 * place - before
    red, green, blue = (a + (b - a) * share for a, b in zip(SHADES[before], SHADES[before + 1], strict=True))
    return red, green, blue


def shaded_looks(count: int) -> list[dict[str, Any]]:
    """Colour and mark of each of so many lines of numbers, which darken."""
    places = [LIGHTEST + (1 - LIGHTEST) * index / (count - 1) if count > 1 else 1.0 for index in range(count)]
    return [{"color": shade_at(place), "marker": MARKERS[index % len(MARKERS)]} for index, place in enumerate(places)]


def named_looks(names: Sequence[str]) -> list[dict[str, Any]]:
    """Colour and mark of each of at most eight lines of names; a built-in app has its own everywhere."""
    taken = {BUILT_IN[name].mark for name in names if name in BUILT_IN}
    free = iter([look for look in zip(COLOURS, MARKERS, strict=True) if look[1] not in taken])
    looks = [(BUILT_IN[name].colour, BUILT_IN[name].mark) if name in BUILT_IN else next(free) for name in names]
    return [{"color": colour, "marker": mark} for colour, mark in looks]
