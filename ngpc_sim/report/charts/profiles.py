"""Chart of profiles: how much worse the fit gets while one number is held and all others are fitted again.

A panel a parameter: its value over the best one, logarithmic, against the rise of the chi-square, and the line that
ends the 95 % interval. A curve that stays below the line up to the side of its panel is open there.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import blank, chart_bytes, style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Curve = tuple[float, "Sequence[tuple[float, float]]"]

COLUMNS, WIDTH_IN, ROW_IN = 4, 7.0, 1.55
LEFT_IN, BETWEEN_IN, RIGHT_IN, BELOW_IN, ABOVE_IN = 0.42, 0.22, 0.1, 0.42, 0.2
LIMIT, TOP = 3.841, 8.0
TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)
CURVE, LINE = "#0072b2", "#d55e00"


def profile_chart(curves: Mapping[str, Curve]) -> Figure:
    """Draw curves by name: the best value, and (value, rise of chi-square) in ascending order."""
    rows = ceil(len(curves) / COLUMNS)
    height = ROW_IN * rows
    plot_w = (WIDTH_IN - LEFT_IN - RIGHT_IN - (COLUMNS - 1) * BETWEEN_IN) / COLUMNS
    plot_h = ROW_IN - BELOW_IN - ABOVE_IN
    with style():
        figure = blank(WIDTH_IN, height)
        for index, (name, curve) in enumerate(curves.items()):
            row, column = divmod(index, COLUMNS)
            left = LEFT_IN + column * (plot_w + BETWEEN_IN)
            bottom = height - (row + 1) * ROW_IN + BELOW_IN
            box = (left / WIDTH_IN, bottom / height, plot_w / WIDTH_IN, plot_h / height)
            _draw(figure.add_axes(box), name, curve, labelled=column == 0)
    return figure


def _draw(axes: Axes, name: str, curve: Curve, *, labelled: bool) -> None:
    best, points = curve
    axes.set_title(name)
    axes.set_xscale("log")
    axes.plot([value / best for value, _ in points], [rise for _, rise in points], color=CURVE, linewidth=1.0)
    axes.axhline(LIMIT, color=LINE, linewidth=0.7, linestyle="--")
    axes.set_xlim(TICKS[0], TICKS[-1])
    axes.set_xticks([], minor=True)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_ylim(-0.2, TOP)
    axes.set_yticks([0, 2, 4, 6, 8])
    axes.set_xlabel("value over the best fit")
    if labelled:
        axes.set_ylabel("rise of chi-square")


def profile_files(curves: Mapping[str, Curve]) -> dict[str, bytes]:
    """PNG and SVG of the chart, the same for the same curves."""
    return chart_bytes({"profiles": profile_chart(curves)})
