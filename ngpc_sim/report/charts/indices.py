"""Chart of Sobol indices: which part of the variance comes from a key, a row a key, the largest total above.

The wide bar is the total index, the narrow one before it the first order; lines are 95 % intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import empty_plots, legend, style, swatch
from ngpc_sim.report.charts.curves import INTERVAL
from ngpc_sim.report.charts.palette import INTERVAL_COLOUR, LINE_COLOUR
from ngpc_sim.report.charts.tornado import ABOVE, BELOW, MAX_KEYS, MAX_PANELS, cases_of, key_sheet, title_of
from ngpc_sim.report.panels import Row, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INDICES = {"total": (BELOW, 0.7, 0.18), "first_order": (ABOVE, 0.3, -0.18)}  # colour, height, place of the interval
NAMES = {"total": BELOW, "alone (first order)": ABOVE, INTERVAL: INTERVAL_COLOUR}
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def indices_chart(rows: Sequence[Row], column: str) -> Figure:
    """Draw rows of ``sobol.csv``, a plot a case; ``column`` is the result that they are about."""
    cases = cases_of(rows)
    shown = [_largest(case) for case in cases[:MAX_PANELS]]
    ends = [number(row, name) + sign * number(row, f"{name}_half") for case in shown for row in case
            for name in INDICES for sign in (-1, 1)]  # fmt: skip
    with style():
        about = f"parts of the variance of {column}, {text(rows[0], 'arch')}, {text(rows[0], 'samples')} samples"
        sheet = key_sheet(max(1, *map(len, shown)), len(cases), about)
        figure, plots = empty_plots(sheet, [title_of(case) for case in cases[:MAX_PANELS]])
        for axes, case in zip(plots, shown, strict=True):
            axes.set_xlim(min(0.0, *ends), max(1.0, *ends))
            _draw(axes, case)
        legend(figure, sheet, {name: swatch(colour) for name, colour in NAMES.items()})
    return figure


def _largest(case: Sequence[Row]) -> list[Row]:
    """Keys with the largest total indices; none without any."""
    with_effect = [row for row in case if any(number(row, name) for name in INDICES)]
    return sorted(with_effect, key=lambda row: -number(row, "total"))[:MAX_KEYS]


def _draw(axes: Axes, case: Sequence[Row]) -> None:
    axes.set_ylim(max(1, len(case)) - 0.5, -0.5)
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_yticks(range(len(case)), [text(row, "key") for row in case])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.axvline(0, color=LINE_COLOUR, linewidth=0.6)
    for name, (colour, height, offset) in INDICES.items():
        values, halves = ([number(row, own) for row in case] for own in (name, f"{name}_half"))
        axes.barh(range(len(case)), values, height, color=colour, edgecolor="black", linewidth=0.3)
        places = [place + offset for place in range(len(case))]
        axes.errorbar(values, places, xerr=halves, fmt="none", ecolor=INTERVAL_COLOUR, elinewidth=0.7, capsize=1.0)
