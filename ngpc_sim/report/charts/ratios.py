"""Chart of two runs: the frame time of the second over that of the first, by case and scale.

A bar begins at 1, where both are equal, and goes down where the second run is faster. The axis is logarithmic: twice
as fast and half as fast look the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.bars import LEAST_PITCH_PT, LEVEL_PITCH_PT, Plot, draw_bars, scene_plots, write
from ngpc_sim.report.charts.canvas import entries, legend, legend_lines, style, swatch
from ngpc_sim.report.charts.rates import LINE_COLOUR, PAD_PT
from ngpc_sim.report.charts.scene import choose_scene, decade_ticks
from ngpc_sim.report.panels import Row, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

LEAST_RATIO = 1.25  # ends of the axis are at least so far from 1
ROOM = 1.15  # for the values above the bars
MOST_TENTHS = 4.0  # from end to end; a wider axis has fewer ticks
TENTHS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 2.5)
MOST_POWERS = 4  # powers of ten at the axis with which all steps have room


def ratios_chart(rows: Sequence[Row], column: str, note: str) -> Figure:
    """Draw the ratio in a ``column`` of rows; ``note`` says of what it is."""
    ratio = partial(number, column=column)
    known = [ratio(row) for row in rows]
    low = min(1 / LEAST_RATIO, *known) / ROOM
    high = max(LEAST_RATIO, *known) * ROOM
    scene = choose_scene(rows, "ratio of frame times", low, high)
    with style():
        shades = {"NFPs:": swatch("none", alpha=0)}
        shades |= {str(scale): swatch(scene.shade(index)) for index, scale in enumerate(scene.scales)}
        lines = legend_lines(list(shades), scene.sheet.width_in)
        scene = replace(scene, notes=(note, *scene.notes), legend_lines=len(lines))
        figure, plots = scene_plots(scene)
        ticks = _ticks(low, high)
        for plot in plots:
            plot.axes.set_yscale("log")
            plot.axes.set_ylim(low, high)
            plot.axes.set_yticks([], minor=True)
            plot.axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            plot.axes.grid(axis="y")
            plot.axes.axhline(1, color=LINE_COLOUR, linewidth=0.8, label="equal")
            for index, scale in enumerate(scene.scales):
                _draw(plot, index, [(bar.centre, ratio(bar.row)) for bar in plot.bars() if bar.scale == scale])
        legend(figure, scene.sheet, *entries(lines, shades))
    return figure


def _ticks(low: float, high: float) -> list[float]:
    if high / low <= MOST_TENTHS:
        return [tick for tick in TENTHS if low <= tick <= high]
    return decade_ticks(low, high, MOST_POWERS)


def _draw(plot: Plot, index: int, bars: Sequence[tuple[float, float]]) -> None:
    """Draw the bars of scale ``index`` from 1 to their ratios, with the values above them."""
    look = {"color": plot.scene.shade(index), "linewidth": 0.3}
    label = f"{plot.scene.scales[index]} NFPs"
    draw_bars(plot.axes, [(centre, 1.0, ratio - 1) for centre, ratio in bars], label, **look)
    if plot.pitch_pt >= LEAST_PITCH_PT:
        for centre, ratio in bars:
            write(plot, centre, max(1.0, ratio), PAD_PT, f"{ratio:.2f}", level=plot.pitch_pt >= LEVEL_PITCH_PT)
