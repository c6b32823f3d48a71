"""Charts of a run, for papers and reviews: speedup over the GPU, and frames per second.

Each panel of rows is one small plot: a group of bars a case, a bar a scale, its value at its foot. The
shades of the scales rise in darkness, so that they survive grey print. Marks differ in shape as well
as in colour. Value axes are logarithmic: a doubling looks the same everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import ceil, floor, isnan, log, log2, log10, nan
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.bars import (
    FIGURE_PT,
    LEAST_PITCH_PT,
    LEVEL_PITCH_PT,
    Plot,
    draw_bars,
    draw_intervals,
    interval_names,
    scene_plots,
    short,
    write,
)
from ngpc_sim.report.charts.canvas import MARK_PT, draw_published, entries, legend, legend_lines, style, swatch
from ngpc_sim.report.charts.scene import PLOT_IN, Scene, choose_scene
from ngpc_sim.report.charts.sheet import PT_PER_IN
from ngpc_sim.report.panels import Row, is_below_bound, number, split_panels
from ngpc_sim.results.frames import RATES
from ngpc_sim.results.published import CONFIDENCE_WORDS, Published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.figure import Figure

FPS_LABELS_IN = 0.36  # right of a plot, for the names of the frame rates
DIGIT_PT, PAD_PT = 3.6, 2.0  # width of a digit of a value, space around it
FOOT_SHARE = 0.21  # of a plot's height, which the values at the feet of the bars take

MARK_COLOUR, LINE_COLOUR = "#d55e00", "#4d4d4d"

BOUND, GPU_ALONE = "Amdahl bound", "GPU alone"
BELOW_BOUND = "published GPU time is below its own lower bound"

_speedup, _bound, _fps = (partial(number, column=column) for column in ("speedup", "speedup_bound", "fps"))


def speedup_chart(rows: Sequence[Row]) -> Figure:
    """Draw the speedup over the GPU (x) by case and scale, its Amdahl bound, and the mean."""
    known = _positive(rows, _speedup, _bound)
    low = 2.0 ** min(0, floor(log2(min(known, default=1))))
    published = _published_means(rows)
    high = 1.25 * max([2 * low, *known, *(mean.value for mean in published)])
    scene = choose_scene(rows, "speedup over the GPU (x)", low, high, with_mean=True)
    ticks = [2.0**power for power in range(floor(log2(low)), floor(log2(high)) + 1)]
    names = [BOUND, *dict.fromkeys(map(_mean_name, published)), *interval_names(rows, "speedup"), *_below_names(rows)]

    def finish(plot: Plot) -> dict[str, Any]:
        marks = _draw_levels(plot, _bound, BOUND) | _draw_mean(plot) | draw_intervals(plot, "speedup")
        return marks | _draw_below_bound(plot, _speedup)

    return _chart(scene, ticks, _speedup, names, finish)


def fps_chart(rows: Sequence[Row]) -> Figure:
    """Draw frames per second by case and scale, the GPU alone, and lines at 30, 60, 90 and 120 FPS."""
    known = [*_positive(rows, _fps, _gpu_fps), *RATES]
    high = 1.5 * max(known)
    low = min(10.0, (min(known) / high**FOOT_SHARE) ** (1 / (1 - FOOT_SHARE)))
    scene = choose_scene(rows, "frames per second (FPS)", low, high, right_in=FPS_LABELS_IN)
    ticks = [10.0**power for power in range(ceil(log10(low)), floor(log10(high)) + 1)]

    def finish(plot: Plot) -> dict[str, Any]:
        _draw_fps_lines(plot)
        marks = _draw_levels(plot, _gpu_fps, GPU_ALONE, halo=True) | draw_intervals(plot, "fps")
        return marks | _draw_below_bound(plot, _gpu_fps)

    return _chart(scene, ticks, _fps, [GPU_ALONE, *interval_names(rows, "fps"), *_below_names(rows)], finish)


def _gpu_fps(row: Row) -> float:
    frame_ms = number(row, "gpu_frame_ms")
    return 1000 / frame_ms if frame_ms > 0 else nan


def _positive(rows: Sequence[Row], *values: Callable[[Row], float]) -> list[float]:
    return [value(row) for row in rows for value in values if value(row) > 0]


def _chart(
    scene: Scene,
    ticks: Sequence[float],
    value: Callable[[Row], float],
    names: Sequence[str],
    finish: Callable[[Plot], dict[str, Any]],
) -> Figure:
    """Draw a bar for each case and scale on a logarithmic axis, with a line at each tick.

    ``finish`` draws the rest of a plot and returns its marks by their names, in the order of ``names`` in the legend.
    """
    with style():
        shades = {"NFPs:": swatch("none", alpha=0)}
        shades |= {str(scale): swatch(scene.shade(index)) for index, scale in enumerate(scene.scales)}
        lines, others = (legend_lines(some, scene.sheet.width_in) for some in (list(shades), names))
        scene = replace(scene, legend_lines=len(lines) + len(others))
        figure, plots = scene_plots(scene)
        marks: dict[str, Any] = {}
        for plot in plots:
            plot.axes.set_yscale("log")
            plot.axes.set_ylim(scene.low, scene.high)
            plot.axes.set_yticks([], minor=True)
            plot.axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            plot.axes.grid(axis="y")
            for index, scale in enumerate(scene.scales):
                bars = [(bar.centre, value(bar.row)) for bar in plot.bars() if bar.scale == scale]
                _draw_bars(plot, index, bars, f"{scale} NFPs")
            marks |= finish(plot)
        legend(figure, scene.sheet, *entries(lines, shades), *entries(others, marks))
    return figure


def _draw_bars(plot: Plot, index: int, bars: Iterable[tuple[float, float]], label: str) -> None:
    """Draw bars of scale ``index``, each by its centre and its height, with their values."""
    shade = plot.scene.shade(index)
    known = [(centre, 0.0, height) for centre, height in bars if height > 0]
    draw_bars(plot.axes, known, label, color=shade, linewidth=0.3)
    if plot.pitch_pt >= LEAST_PITCH_PT:
        for centre, _, height in known:
            _write_value(plot, centre, height, light=sum(shade) > 1.5)


def _write_value(plot: Plot, centre: float, height: float, *, light: bool) -> None:
    """Write a value at the foot inside its bar, or above the bar where it is too short for that."""
    scene, written = plot.scene, short(height)
    level = plot.pitch_pt >= LEVEL_PITCH_PT
    needed_pt = 2 * PAD_PT + (FIGURE_PT if level else DIGIT_PT * len(written))
    inside = PT_PER_IN * PLOT_IN * log(height / scene.low) / log(scene.high / scene.low) >= needed_pt
    colour = "white" if inside and not light else "black"
    write(plot, centre, scene.low if inside else height, PAD_PT, written, level=level, colour=colour)


def _draw_levels(plot: Plot, value: Callable[[Row], float], label: str, *, halo: bool = False) -> dict[str, Any]:
    """Draw a line over each bar at another value of its row; return it by its label.

    A ``halo`` sets off a line that crosses the bars; a line that bars may touch goes without.
    """
    points = [(bar.centre, value(bar.row)) for bar in plot.bars() if not isnan(value(bar.row))]
    left, right = [centre - 0.5 for centre, _ in points], [centre + 0.5 for centre, _ in points]
    levels = [level for _, level in points]
    strokes = [(1.1, MARK_COLOUR, label)]
    if halo:
        strokes.insert(0, (2.2, "white", "_halo"))
    for width, colour, name in strokes:
        lines = plot.axes.hlines(levels, left, right, colors=colour, linewidth=width, label=name, zorder=3)
        lines.set_capstyle("projecting")
    return {label: lines}


def _below_names(rows: Sequence[Row]) -> list[str]:
    """Name in the legend of what :func:`_draw_below_bound` draws of ``rows``."""
    return [BELOW_BOUND] if any(map(is_below_bound, rows)) else []


def _draw_below_bound(plot: Plot, value: Callable[[Row], float]) -> dict[str, Any]:
    """Mark what follows from a published time that is below its own lower bound; return the mark by its label."""
    points = [(bar.centre, value(bar.row)) for bar in plot.bars() if is_below_bound(bar.row)]
    if not points:
        return {}
    marks = plot.axes.plot(*zip(*points, strict=True), "^", label=BELOW_BOUND, clip_on=False, zorder=4)
    marks[0].set(markersize=MARK_PT, markerfacecolor="white", markeredgecolor="black", markeredgewidth=0.5)
    return {BELOW_BOUND: marks[0]}


def _draw_mean(plot: Plot) -> dict[str, Any]:
    """Draw the group of means and the published ones; return the marks by their labels."""
    group = len(plot.panel.cases)
    if group == plot.scene.n_groups(plot.panel):
        return {}
    plot.axes.axvline(group * plot.scene.slots, color=LINE_COLOUR, linewidth=0.5)
    marks: dict[str, Any] = {}
    for index, scale in enumerate(plot.scene.scales):
        centre = plot.scene.centre(group, index)
        _draw_bars(plot, index, [(centre, plot.panel.mean_speedup(scale))], f"mean, {scale} NFPs")
        published = plot.panel.published_mean(scale)
        if published is not None:
            name = _mean_name(published)
            marks[name] = draw_published(plot.axes, centre, published.value, published, name)
    return marks


def _draw_fps_lines(plot: Plot) -> None:
    """Draw the usual frame rates across the plot, their names at its right edge in two columns."""
    edge = plot.axes.get_yaxis_transform()
    for index, fps in enumerate(RATES):
        plot.axes.axhline(fps, color=LINE_COLOUR, linewidth=0.6, linestyle=(0, (4, 2)), label=f"{fps} FPS")
        offset_pt = PAD_PT + (index % 2) * 3 * DIGIT_PT
        place = 1 + offset_pt / (PT_PER_IN * plot.scene.sheet.plot_width_in)
        plot.axes.text(place, fps, f"{fps}", size=FIGURE_PT, va="center", transform=edge)


def _published_means(rows: Sequence[Row]) -> list[Published]:
    """Published means that are marked beside those of ``rows``."""
    means = [panel.published_mean(scale) for panel in split_panels(rows) for scale in panel.scales]
    return [mean for mean in means if mean is not None]


def _mean_name(published: Published) -> str:
    """Name in the legend of a published mean, by how sure it is."""
    return f"{CONFIDENCE_WORDS[published.confidence]} mean"
