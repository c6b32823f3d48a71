"""Chart of sequences: the time of every frame along the path, and the budgets of the usual rates.

A plot has one case of a panel of summary rows, and in it one line a scale. The shades darken as those of the lines
of other charts, with a mark on the slowest frame. The axis of times is logarithmic, as its label says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from math import ceil, log10
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import MARK_PT, empty_plots, entries, legend, legend_lines, name_values, style
from ngpc_sim.report.charts.curves import ACROSS, MOST_MARKS
from ngpc_sim.report.charts.palette import LINE_COLOUR, shaded_looks
from ngpc_sim.report.charts.plots import LEFT_IN, PLOT_IN, RIGHT_IN
from ngpc_sim.report.charts.sheet import COLUMN_IN, GAP_IN, LINE_IN, PAGE_IN, Sheet, folded, legend_height, text_height
from ngpc_sim.report.charts.ticks import STEPS, decade_ticks, spread
from ngpc_sim.report.panels import Row, number, split_panels
from ngpc_sim.results.frames import RATES, of_sequences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_SCALES = 8
MAX_PLOTS = 10
WIDE_FRAMES = 60  # frames from which on a lone plot has the width of the page
MOST_TICKS = 6  # steps between the numbers of frames that the axis names
WORST = "slowest frame"
MOST_POWERS = 4  # powers of ten at the axis with which all steps have room
LONG_MS = 1e5  # times that are written by their power of ten

_frame_ms = partial(number, column="frame_ms")


@dataclass(frozen=True)
class Path:
    """A plot: its title, and the times (ms) of the frames by scale, rising."""

    title: str
    times: dict[int, list[float]]


def frames_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the frames of the sequences in ``rows``, one or more."""
    paths = _paths(rows)
    scales = spread(sorted({scale for path in paths for scale in path.times}), MAX_SCALES)
    shown = [time for path in paths for scale in scales for time in path.times.get(scale, [])]
    low = 0.8 * min(*shown, 1000 / max(RATES))
    high = 1.25 * max(*shown, 1000 / min(RATES))
    looks = dict(zip(scales, shaded_looks(len(scales)), strict=True))
    names = [*(f"{scale} NFPs" for scale in scales), WORST, *map(_budget_name, RATES)]
    with style():
        sheet, lines = _sheet(paths, names, width_in)
        figure, plots = empty_plots(sheet, [folded(path.title, sheet.plot_width_in) for path in paths[:MAX_PLOTS]])
        marks: dict[str, Any] = {}
        for index, (axes, path) in enumerate(zip(plots, paths, strict=False)):
            _draw_axes(axes, path, low, high)
            marks |= _draw_budgets(axes) | _draw_times(axes, path, looks)
            if index % sheet.columns == 0:
                name_values(axes, sheet, "frame time (ms, log scale)")
        legend(figure, sheet, *entries(lines, marks))
    return figure


def _paths(rows: Sequence[Row]) -> list[Path]:
    """Plots in the order of the panels of summary rows, a case each."""
    frames = {id(summary): [_frame_ms(row) for row in own] for summary, own in of_sequences(rows)}
    paths = []
    for panel in split_panels([summary for summary, _ in of_sequences(rows)]):
        for case in panel.cases:
            at = {scale: panel.at(scale) for scale in panel.scales}
            times = {scale: frames[id(cases[case])] for scale, cases in at.items() if case in cases}
            paths.append(Path(f"{case}, {panel.title}", times))
    return paths


def _sheet(paths: Sequence[Path], names: Sequence[str], width_in: float | None) -> tuple[Sheet, list[Sequence[str]]]:
    """Where the plots stand, and the lines of the legend."""
    columns = 2 if len(paths) > 1 else 1
    long = max(len(times) for path in paths for times in path.times.values()) >= WIDE_FRAMES
    width_in = width_in or (PAGE_IN if columns == 2 or long else COLUMN_IN)
    lines = legend_lines(names, width_in)
    note = f"first {MAX_PLOTS} of {len(paths)} plots shown"
    sheet = Sheet(
        columns=columns,
        rows=ceil(min(len(paths), MAX_PLOTS) / columns),
        width_in=width_in,
        plot_in=PLOT_IN,
        left_in=LEFT_IN,
        right_in=RIGHT_IN,
        between_in=LEFT_IN + RIGHT_IN,
        title_in=0.0,
        foot_in=GAP_IN + 2 * LINE_IN,
        legend_in=legend_height(len(lines)),
        notes=(note,) if len(paths) > MAX_PLOTS else (),
    )
    titles = (folded(path.title, sheet.plot_width_in) for path in paths)
    return replace(sheet, title_in=text_height(titles)), lines


def _draw_axes(axes: Axes, path: Path, low: float, high: float) -> None:
    """Draw both axes."""
    last = max(len(times) for times in path.times.values()) - 1
    margin = max(0.5, 0.02 * last)
    axes.set_yscale("log")
    axes.set_xlim(-margin, last + margin)
    axes.set_ylim(low, high)
    ticks = decade_ticks(low, high, MOST_POWERS)
    axes.set_yticks([], minor=True)
    axes.set_yticks(ticks, [f"{tick:g}" if tick < LONG_MS else f"1e{log10(tick):.0f}" for tick in ticks])
    axes.set_xticks(range(0, last + 1, _step(last)))
    axes.set_xlabel("frame")


def _budget_name(hz: int) -> str:
    return f"{1000 / hz:.1f} ms, {hz} Hz"


def _draw_budgets(axes: Axes) -> dict[str, Any]:
    """Draw the periods of the usual rates; return the marks of the legend by their names."""
    return {
        (name := _budget_name(hz)): axes.axhline(
            1000 / hz, color=LINE_COLOUR, linewidth=0.7, linestyle=dashes, label=name
        )
        for hz, dashes in zip(RATES, ACROSS, strict=True)
    }


def _step(last: int) -> int:
    """Frames between two that the axis names: 1, 2 or 5 times a power of ten."""
    steps = (round(step * 10.0**power) for power in count() for step in STEPS)
    return next(step for step in steps if last <= MOST_TICKS * step)


def _draw_times(axes: Axes, path: Path, looks: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Draw a line a scale and a mark on its slowest frame; return the marks of the legend by their names."""
    marks: dict[str, Any] = {}
    for scale, look in looks.items():
        times = path.times.get(scale)
        if times is None:
            continue
        name, worst = f"{scale} NFPs", max(times)
        every = max(1, len(times) // MOST_MARKS)
        marks[name] = axes.plot(times, **look, markevery=every, markeredgewidth=0.0, label=name)[0]
        point = axes.plot(times.index(worst), worst, "o", markersize=1.4 * MARK_PT, zorder=4, label=WORST)[0]
        point.set(markerfacecolor="none", markeredgecolor="black", markeredgewidth=0.7)
        marks[WORST] = point
    return marks
