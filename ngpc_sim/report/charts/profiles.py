"""Chart of profiles: how much worse the fit gets while one number is held and all others are fitted again.

A panel a parameter: its value over the best one, logarithmic, against the rise of the chi-square, and the line that
ends the 95 % interval. A curve that stays below the line up to the side of its panel is open there.

A refit may end in a worse minimum than one farther out. The search for the ends takes a profile to rise outwards, and
so does its curve: a value is no worse than those beyond it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import chart_bytes, empty_plots, style
from ngpc_sim.report.charts.sheet import PAGE_IN, Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = tuple[float, "Sequence[tuple[float, float]]"]

SHEET = Sheet(
    columns=4,
    rows=1,
    width_in=PAGE_IN,
    plot_in=0.93,
    left_in=0.42,
    right_in=0.1,
    between_in=0.22,
    title_in=0.2,
    foot_in=0.5,
)
LIMIT, TOP = 3.841, 8.0
TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)
CURVE, LINE = "#0072b2", "#d55e00"


def profile_chart(curves: Mapping[str, Curve]) -> Figure:
    """Draw curves by name: the best value, and (value, rise of chi-square) in ascending order."""
    sheet = replace(SHEET, rows=ceil(len(curves) / SHEET.columns))
    with style():
        figure, plots = empty_plots(sheet, list(curves))
        for index, (axes, curve) in enumerate(zip(plots, curves.values(), strict=True)):
            _draw(axes, curve)
            if index % sheet.columns == 0:
                axes.set_ylabel("rise of chi-square")
    return figure


def _draw(axes: Axes, curve: Curve) -> None:
    best, points = curve
    axes.set_xscale("log")
    places, rises = [value / best for value, _ in points], rising_outwards(best, points)
    axes.plot(places, rises, color=CURVE, linewidth=1.0, marker=".", markersize=3.0)
    axes.axhline(LIMIT, color=LINE, linewidth=0.7, linestyle="--")
    axes.set_xlim(TICKS[0], TICKS[-1])
    axes.set_xticks([], minor=True)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_ylim(-0.2, TOP)
    axes.set_yticks([0, 2, 4, 6, 8])
    axes.set_xlabel("value over the best fit\n(log scale)")


def rising_outwards(best: float, points: Sequence[tuple[float, float]]) -> list[float]:
    """Rises of points in ascending order of their values, each at most the least of those farther from the best."""
    below = list(accumulate((rise for value, rise in points if value < best), min))
    above = list(accumulate((rise for value, rise in reversed(points) if value >= best), min))
    return [*below, *reversed(above)]


def profile_files(curves: Mapping[str, Curve]) -> dict[str, bytes]:
    """PNG and SVG of the chart, the same for the same curves."""
    return chart_bytes({"profiles": profile_chart(curves)})
