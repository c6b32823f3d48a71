"""Charts of a run, for papers and reviews: speedup over the GPU, frames per second, and the files of all charts.

Each panel of rows is one small plot: a group of bars a case, a bar a scale, its value at its foot. The
shades of the scales rise in darkness, so that they survive grey print; marks differ in shape as well
as in colour. Value axes are logarithmic: a doubling looks the same everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp, floor, isnan, log, log2, log10, nan
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import (
    Plot,
    draw_bars,
    draw_intervals,
    empty_plots,
    entries,
    interval_names,
    legend,
    legend_lines,
    style,
)
from ngpc_sim.report.charts.scene import PLOT_IN, PT_PER_IN, Scene, choose_scene
from ngpc_sim.report.panels import Row, number, split_panels
from ngpc_sim.results.published import CONFIDENCE_WORDS, Published

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

RIGHT_IN, FPS_LABELS_IN = 0.06, 0.36  # right of a plot; the same with the names of the frame rates
VALUE_PT, DIGIT_PT, PAD_PT = 5.5, 3.6, 2.0  # size of the values at the bars, width of a digit, space
LEVEL_PITCH_PT, LEAST_PITCH_PT = 15.0, 5.0  # slot in which values stand level; below which they are left out
FOOT_SHARE = 0.21  # of a plot's height, which the values at the feet of the bars take

MARK_COLOUR, LINE_COLOUR = "#d55e00", "#4d4d4d"

FPS_LINES = (30, 60, 90, 120)
BOUND, GPU_ALONE = "Amdahl bound", "GPU alone"


def speedup_chart(rows: Sequence[Row]) -> Figure:
    """Draw the speedup over the GPU (x) by case and scale, its Amdahl bound, and the mean."""
    known = _positive(rows, _speedup, _bound)
    low = 2.0 ** min(0, floor(log2(min(known, default=1))))
    published = _published_means(rows)
    high = 1.25 * max([2 * low, *known, *(mean.value for mean in published)])
    scene = choose_scene(rows, "speedup over the GPU (x)", low=low, high=high, with_mean=True, right_in=RIGHT_IN)
    ticks = [2.0**power for power in range(floor(log2(low)), floor(log2(high)) + 1)]
    with style():
        names = [BOUND, *dict.fromkeys(map(_mean_name, published)), *interval_names(rows, "speedup")]
        scene, shades, lines = _with_legend(scene, names)
        figure, plots = _plots(scene, ticks)
        marks: dict[str, Any] = {}
        for plot in plots:
            _draw_cases(plot, _speedup)
            marks |= _draw_levels(plot, _bound, BOUND) | _draw_mean(plot) | draw_intervals(plot, "speedup")
        legend(figure, scene, *shades, *entries(lines, marks))
    return figure


def fps_chart(rows: Sequence[Row]) -> Figure:
    """Draw frames per second by case and scale, the GPU alone, and lines at 30, 60, 90 and 120 FPS."""
    known = [*_positive(rows, _fps, _gpu_fps), *FPS_LINES]
    high = 1.5 * max(known)
    low = min(10.0, (min(known) / high**FOOT_SHARE) ** (1 / (1 - FOOT_SHARE)))
    scene = choose_scene(rows, "frames per second (FPS)", low=low, high=high, with_mean=False, right_in=FPS_LABELS_IN)
    ticks = [10.0**power for power in range(ceil(log10(low)), floor(log10(high)) + 1)]
    with style():
        scene, shades, lines = _with_legend(scene, [GPU_ALONE, *interval_names(rows, "fps")])
        figure, plots = _plots(scene, ticks)
        marks: dict[str, Any] = {}
        for plot in plots:
            _draw_cases(plot, _fps)
            _draw_fps_lines(plot)
            marks |= _draw_levels(plot, _gpu_fps, GPU_ALONE, halo=True) | draw_intervals(plot, "fps")
        legend(figure, scene, *shades, *entries(lines, marks))
    return figure


def _speedup(row: Row) -> float:
    return number(row, "speedup")


def _bound(row: Row) -> float:
    return number(row, "speedup_bound")


def _fps(row: Row) -> float:
    return number(row, "fps")


def _gpu_fps(row: Row) -> float:
    frame_ms = number(row, "gpu_frame_ms")
    return 1000 / frame_ms if frame_ms > 0 else nan


def _positive(rows: Sequence[Row], *values: Callable[[Row], float]) -> list[float]:
    return [value(row) for row in rows for value in values if value(row) > 0]


def _plots(scene: Scene, ticks: Sequence[float]) -> tuple[Figure, list[Plot]]:
    """Give empty plots with a logarithmic value axis and a line at each tick."""
    figure, plots = empty_plots(scene)
    for plot in plots:
        plot.axes.set_yscale("log")
        plot.axes.set_ylim(scene.low, scene.high)
        plot.axes.set_yticks([], minor=True)
        plot.axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        plot.axes.grid(axis="y")
    return figure, plots


def _draw_cases(plot: Plot, value: Callable[[Row], float]) -> None:
    """Draw a bar for each case and scale; one container a scale, labelled with it."""
    heights = [plot.values(case, value) for case in plot.panel.cases]
    for index, scale in enumerate(plot.scene.scales):
        _draw_bars(plot, index, [case[index] for case in heights], f"{scale} NFPs")


def _draw_bars(plot: Plot, index: int, heights: Sequence[float], label: str, first: int = 0) -> None:
    """Draw the bars of scale ``index``, ``heights[i]`` in group ``first + i``, with their values."""
    centres = [plot.scene.centres(first + group)[index] for group in range(len(heights))]
    shade = plot.scene.shade(index)
    draw_bars(plot, centres, heights, label, facecolor=shade, linewidth=0.3)
    if plot.scene.pitch_pt(plot.panel) < LEAST_PITCH_PT:
        return
    for centre, height in zip(centres, heights, strict=True):
        if height > 0:
            _write_value(plot, centre, height, light=sum(shade) > 1.5)


def _write_value(plot: Plot, centre: float, height: float, *, light: bool) -> None:
    """Write a value at the foot inside its bar, or above the bar where it is too short for that."""
    scene = plot.scene
    written = f"{height:.{2 if height < 1 else 1 if height < 100 else 0}f}"
    level = scene.pitch_pt(plot.panel) >= LEVEL_PITCH_PT
    needed_pt = 2 * PAD_PT + (VALUE_PT if level else DIGIT_PT * len(written))
    pt_per_e = PT_PER_IN * PLOT_IN / log(scene.high / scene.low)
    inside = log(height / scene.low) * pt_per_e >= needed_pt
    plot.axes.text(
        centre,
        (scene.low if inside else height) * exp(PAD_PT / pt_per_e),
        written,
        size=VALUE_PT,
        rotation=0 if level else 90,
        color="white" if inside and not light else "black",
        ha="center",
        va="bottom",
    )


def _draw_levels(plot: Plot, value: Callable[[Row], float], label: str, *, halo: bool = False) -> dict[str, Any]:
    """Draw a line over each case's bars at another value of its rows; return it by its label.

    A ``halo`` sets off a line that crosses the bars; a line that bars may touch goes without.
    """
    points = [
        (centre, level)
        for group, case in enumerate(plot.panel.cases)
        for centre, level in zip(plot.scene.centres(group), plot.values(case, value), strict=True)
        if not isnan(level)
    ]
    left, right = [centre - 0.5 for centre, _ in points], [centre + 0.5 for centre, _ in points]
    levels = [level for _, level in points]
    strokes = [(1.1, MARK_COLOUR, label)]
    if halo:
        strokes.insert(0, (2.2, "white", "_halo"))
    for width, colour, name in strokes:
        lines = plot.axes.hlines(levels, left, right, colors=colour, linewidth=width, label=name, zorder=3)
        lines.set_capstyle("projecting")
    return {label: lines}


def _draw_mean(plot: Plot) -> dict[str, Any]:
    """Draw the group of means and the published ones; return the marks by their labels."""
    group = len(plot.panel.cases)
    if group == plot.scene.n_groups(plot.panel):
        return {}
    plot.axes.axvline(group * plot.scene.slots, color=LINE_COLOUR, linewidth=0.5)
    marks = {}
    for index, scale in enumerate(plot.scene.scales):
        _draw_bars(plot, index, [plot.panel.mean_speedup(scale)], f"mean, {scale} NFPs", group)
        published = plot.panel.published_mean(scale)
        if published is not None:
            sure = published.confidence == "P"
            label = _mean_name(published)
            marks[label] = plot.axes.plot(
                plot.scene.centres(group)[index],
                published.value,
                "D",
                markersize=3.6,
                markerfacecolor="black" if sure else "white",
                markeredgecolor="white" if sure else "black",
                markeredgewidth=0.5,
                label=label,
                zorder=4,
            )[0]
    return marks


def _draw_fps_lines(plot: Plot) -> None:
    """Draw the usual frame rates across the plot, their names at its right edge in two columns."""
    edge = plot.axes.get_yaxis_transform()
    for index, fps in enumerate(FPS_LINES):
        plot.axes.axhline(fps, color=LINE_COLOUR, linewidth=0.6, linestyle=(0, (4, 2)), label=f"{fps} FPS")
        offset_pt = PAD_PT + (index % 2) * 3 * DIGIT_PT
        place = 1 + offset_pt / (PT_PER_IN * plot.scene.plot_width_in)
        plot.axes.text(place, fps, f"{fps}", size=VALUE_PT, va="center", transform=edge)


def _published_means(rows: Sequence[Row]) -> list[Published]:
    """Published means that are marked beside those of ``rows``."""
    means = [panel.published_mean(scale) for panel in split_panels(rows) for scale in panel.scales]
    return [mean for mean in means if mean is not None]


def _mean_name(published: Published) -> str:
    """Name in the legend of a published mean, by how sure it is."""
    return f"{CONFIDENCE_WORDS[published.confidence]} mean"


def _with_legend(scene: Scene, names: Sequence[str]) -> tuple[Scene, list[dict[str, Any]], Sequence[Sequence[str]]]:
    """The scene with room for its legend; lines of patches in the shades of the scales, and of ``names`` of marks."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - heavy

    bars = {
        str(scale): Patch(facecolor=scene.shade(index), edgecolor="black", linewidth=0.3)
        for index, scale in enumerate(scene.scales)
    }
    shades = {"NFPs:": Patch(alpha=0)} | bars
    lines, others = legend_lines(list(shades), scene.width_in), legend_lines(names, scene.width_in)
    return replace(scene, legend_lines=len(lines) + len(others)), entries(lines, shades), others
