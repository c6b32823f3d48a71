"""Waterfall of the ladder: how the mean speedup of one architecture becomes that of another, a row a step.

One plot a scale, all on one logarithmic axis, so that a factor is as long wherever it stands. A step's upper bar runs
from the mean speedup before it to the one after it, in the order of the ladder; the lower one runs from the same place
by its Shapley value, which knows no order. Where they differ, the step works together with others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor, isnan, log2
from typing import TYPE_CHECKING, Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.canvas import (
    MARK_PT,
    SOURCE_WORDS,
    chart_bytes,
    draw_published,
    empty_plots,
    legend,
    style,
    swatch,
)
from ngpc_sim.report.charts.sheet import (
    GAP_IN,
    LINE_IN,
    PAGE_IN,
    PT_PER_IN,
    Sheet,
    folded,
    folded_notes,
    legend_height,
)
from ngpc_sim.report.charts.ticks import spread
from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.results.published import published_mean
from ngpc_sim.workloads.apps import APPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, RIGHT_IN, BETWEEN_IN, ROW_IN, AXIS_IN = 1.62, 0.06, 0.12, 0.24, 0.2  # around and between plots; of a row
MAX_SCALES = 4
VALUE_PT, PAD_PT, DIGIT_PT, TICK_DIGIT_PT = 7.0, 2.0, 4.4, 4.5
UPPER, LOWER, THICK, THIN = 0.18, -0.22, 0.36, 0.26  # middles and heights of the bars of a row, in rows
END, LOSS, GAIN, FREE = "#08306b", "#3c82bd", "#009e73", "#f6c48f"
GAIN_HATCH = "////"
NOTE = "speedup over the GPU (x), mean of the apps; right of a step: its factor, above in this order, below by Shapley"


@dataclass(frozen=True)
class Fall:
    """Rows of the ladder by scale, a plot a scale, on one axis from ``low`` to ``high``."""

    rows: dict[int, tuple[Row, ...]]
    low: float
    high: float
    notes: tuple[str, ...]

    @property
    def steps(self) -> int:
        """Rows of a plot: the first architecture, its steps, the last architecture."""
        return len(next(iter(self.rows.values()))) + 1

    @property
    def sheet(self) -> Sheet:
        """Where the plots stand; a single one leaves the other half of the page empty."""
        spare_in = (PAGE_IN - NAMES_IN - RIGHT_IN) / 2 if len(self.rows) == 1 else 0.0
        return Sheet(
            columns=len(self.rows),
            rows=1,
            width_in=PAGE_IN,
            plot_in=ROW_IN * self.steps,
            left_in=NAMES_IN,
            right_in=RIGHT_IN + spare_in,
            between_in=BETWEEN_IN,
            title_in=LINE_IN + GAP_IN / 2,
            foot_in=AXIS_IN,
            legend_in=legend_height(1),
            notes=self.notes,
        )


def waterfall_chart(rows: Sequence[Row], last: str) -> Figure:
    """Draw the ladder's ``rows`` (`ngpc_sim.paper.ladder`), which lead to architecture ``last``."""
    fall = _choose(rows)
    with style():
        figure, plots = empty_plots(fall.sheet, [f"{scale} NFPs" for scale in fall.rows])
        marks: dict[str, Any] = {}
        for axes, shown in zip(plots, fall.rows.values(), strict=True):
            _prepare(axes, fall, [*(text(row, "title") for row in shown), last] if axes is plots[0] else [])
            _draw(axes, shown)
            marks |= _published(axes, shown[0])
        legend(figure, fall.sheet, _looks(rows) | marks)
    return figure


def waterfall_files(rows: Sequence[Row], last: str) -> dict[str, bytes]:
    """The waterfall as files: name to content, PNG (300 dots an inch) and SVG."""
    return chart_bytes({"ladder": waterfall_chart(rows, last)})


def _choose(rows: Sequence[Row]) -> Fall:
    """Choose the scales shown, and an axis with room for the values right of the bars."""
    every = sorted({row_scale(row) for row in rows})
    if not every:
        raise UserError("there is no ladder to draw; climb at least one scale")
    scales = spread(every, MAX_SCALES)
    shown = {scale: tuple(row for row in rows if row_scale(row) == scale) for scale in scales}
    ends = [end for some in shown.values() for low, high in map(_reach, _pairs(some)) for end in (low, high)]
    notes = [NOTE] if len(scales) == len(every) else [NOTE, f"{len(scales)} of {len(every)} scales shown"]
    low = 2.0 ** floor(log2(min(ends)) - 0.2)
    fall = Fall(shown, low, max(ends), folded_notes(notes, PAGE_IN))
    room = (PAD_PT * 4 + DIGIT_PT * 5) / (PT_PER_IN * fall.sheet.plot_width_in)
    return replace(fall, high=max(2 * low, low * (max(ends) / low) ** (1 / (1 - room))))


def _pairs(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each step's row, behind that of the step before."""
    return list(pairwise(rows)) or [(rows[0], rows[0])]


def _reach(pair: tuple[Row, Row]) -> tuple[float, float]:
    """Least and largest speedup that the bars of a step touch."""
    before, after = (number(row, "speedup") for row in pair)
    shapley = number(pair[1], "shapley")
    ends = (before, after, before * (1.0 if isnan(shapley) else shapley))
    return min(ends), max(ends)


def _prepare(axes: Axes, fall: Fall, names: Sequence[str]) -> None:
    """Give a plot its axes; the rows have names in the first plot alone."""
    axes.set_xscale("log")
    axes.set_xlim(fall.low, fall.high)
    axes.set_ylim(fall.steps - 0.5, -0.5)
    axes.set_xticks([], minor=True)
    ticks = _ticks(fall)
    axes.set_xticks(list(ticks.values()), list(ticks))
    axes.set_yticks(range(fall.steps), [folded(name, NAMES_IN - GAP_IN) for name in names] or [""] * fall.steps)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def _ticks(fall: Fall) -> dict[str, float]:
    """Powers of two by their names, as many as stand clear of each other and of the next plot's."""
    width_pt, pitch_pt = (PT_PER_IN * fall.sheet.plot_width_in / part for part in (1, log2(fall.high / fall.low)))
    places = {}
    for power in range(ceil(log2(fall.low)), floor(log2(fall.high)) + 1):
        name = f"{2.0**power:g}"
        half_pt, place_pt = TICK_DIGIT_PT * len(name) / 2, pitch_pt * (power - log2(fall.low))
        if max(half_pt - place_pt, half_pt + place_pt - width_pt) <= PT_PER_IN * BETWEEN_IN / 2:
            places[name] = 2.0**power
    step = ceil((TICK_DIGIT_PT * max(map(len, places), default=1) + PAD_PT) / pitch_pt)
    return dict(list(places.items())[::step])


def _draw(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw one ladder: both ends, and two bars a step that start where the one before ends."""
    first, last = number(rows[0], "speedup"), number(rows[-1], "speedup")
    for place, value in ((0, first), (len(rows), last)):
        axes.barh(place, value, 2 * THICK, color=END, edgecolor="black", linewidth=0.3)
        _write(axes, value, place, _short(value), MARK_PT / 2)
    for place, (before, after) in enumerate(pairwise(rows), start=1):
        start, end, shapley = number(before, "speedup"), number(after, "speedup"), number(after, "shapley")
        _bar(axes, place - UPPER, start, end, THICK)
        _bar(axes, place - LOWER, start, start * shapley, THIN, FREE)
        _write(axes, max(start, end), place - UPPER, _factor(number(after, "gain")))
        _write(axes, max(start, end, start * shapley), place - LOWER, _factor(shapley))
        axes.plot([start, start], [place - 1, place], color="black", linewidth=0.4, zorder=0.9)
    axes.plot([last, last], [len(rows) - 1, len(rows)], color="black", linewidth=0.4, zorder=0.9)


def _bar(axes: Axes, place: float, start: float, end: float, height: float, colour: str = "") -> None:
    """Draw a bar from one speedup to another, hatched where it gains; a step without effect is a line."""
    gains = end > start
    look: dict[str, Any] = {"color": colour or (GAIN if gains else LOSS), "hatch": GAIN_HATCH if gains else ""}
    axes.barh(place, abs(end - start), height, left=min(start, end), edgecolor="black", linewidth=0.3, **look)


def _write(axes: Axes, x: float, y: float, written: str, clear_pt: float = 0.0) -> None:
    """Write a value right of a bar, clear of a mark at its end."""
    offset = (PAD_PT + clear_pt, 0)
    axes.annotate(written, (x, y), offset, textcoords="offset points", size=VALUE_PT, ha="left", va="center_baseline")


def _short(value: float) -> str:
    return f"{value:.{2 if value < 10 else 1}f}"


def _factor(value: float) -> str:
    return "=" if value == 1.0 else f"x{value:.2f}"


def _published(axes: Axes, first: Row) -> dict[str, Any]:
    """Mark the published mean on the first bar where all published apps ran; return the mark by its label."""
    found = published_mean(text(first, "encoding"), row_scale(first))
    if found is None or any(isnan(number(first, app)) for app in APPS):
        return {}
    label = f"{SOURCE_WORDS[found.confidence]} mean"
    return {label: draw_published(axes, found.value, 0, found, label)}


def _looks(rows: Sequence[Row]) -> dict[str, Any]:
    gains = any(number(row, "gain") > 1 for row in rows)
    looks = {"mean speedup": swatch(END), "loss, in this order": swatch(LOSS)}
    looks |= {"gain, in this order": swatch(GAIN, GAIN_HATCH)} if gains else {}
    return looks | {"Shapley value, whatever the order": swatch(FREE)}
