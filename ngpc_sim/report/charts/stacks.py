"""Stacked bars, a stack a case and scale: the parts, the scales below the bars, and the legend of the parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from ngpc_sim.report.charts.bars import FIGURE_PT, LEAST_PITCH_PT, Plot, draw_bars, scene_plots, write
from ngpc_sim.report.charts.canvas import entries, legend, legend_lines, style, swatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from matplotlib.figure import Figure

    from ngpc_sim.report.charts.scene import Scene
    from ngpc_sim.report.panels import Row

DIGIT_PT, NAME_PAD_PT = 3.5, 8.5  # width of a digit of a figure; names of groups below the scales
CLEAR_PT = 1.5  # between two figures side by side


class Look(NamedTuple):
    """Name of a part in the legend, its colour, and its hatch where lightness alone does not tell it."""

    name: str
    colour: str
    hatch: str = ""


def stacked_chart(
    scene: Scene,
    looks: Mapping[str, Look],
    height: Callable[[Row, str], float],
    names: Sequence[str],
    finish: Callable[[Plot, list[float]], dict[str, Any]],
) -> Figure:
    """Draw a stack for each case and scale, ``looks`` by part from the foot up.

    ``height`` gives the height of a part of a row. ``finish`` draws the rest of a plot, given the tops of its stacks,
    and returns further marks by their names. The legend has those of all marks that ``names`` has.
    """
    lines = legend_lines(names, scene.sheet.width_in)
    scene = replace(scene, legend_lines=max(1, len(lines)))
    with style():
        figure, plots = scene_plots(scene)
        marks: dict[str, Any] = swatches(looks.values())
        for plot in plots:
            plot.axes.set_ylim(scene.low, scene.high)
            plot.axes.grid(axis="y")
            plot.axes.tick_params(axis="x", pad=NAME_PAD_PT)
            tops = _draw_stacks(plot, looks, height)
            _name_scales(plot)
            marks |= finish(plot, tops)
        legend(figure, scene.sheet, *entries(lines, marks))
    return figure


def _draw_stacks(plot: Plot, looks: Mapping[str, Look], height: Callable[[Row, str], float]) -> list[float]:
    """Draw the parts, those of no height not; return the tops of the stacks."""
    bars = plot.bars()
    feet = [0.0] * len(bars)
    for part, look in looks.items():
        heights = [height(bar.row, part) for bar in bars]
        drawn = [(bar.centre, foot, own) for bar, foot, own in zip(bars, feet, heights, strict=True) if own]
        draw_bars(plot.axes, drawn, look.name, color=look.colour, hatch=look.hatch, linewidth=0.2)
        feet = [foot + own for foot, own in zip(feet, heights, strict=True)]
    return feet


def _name_scales(plot: Plot) -> None:
    """Write the scales below the bars: all, or every n-th, the last among them, where they are too close."""
    pitch, scales = plot.pitch_pt, plot.scene.scales
    if pitch < LEAST_PITCH_PT:
        return
    step = next(step for step in range(1, len(scales) + 1) if _apart(scales[::-step], step * pitch))
    for centre, scale, _ in plot.bars():
        if scale in scales[::-step]:
            write(plot, centre, 0.0, -FIGURE_PT - 2.5, str(scale), level=True)


def _apart(scales: Sequence[int], pitch_pt: float) -> bool:
    """Tell whether numbers at this distance stand clear of each other."""
    digits = [len(str(scale)) for scale in scales]
    return all(DIGIT_PT * (one + two) / 2 + CLEAR_PT <= pitch_pt for one, two in pairwise(digits))


def swatches(looks: Iterable[Look]) -> dict[str, Any]:
    """Give the legend's mark of each part by its name."""
    return {look.name: swatch(look.colour, look.hatch) for look in looks}


def or_none(height: float) -> float:
    """Give a height, 0 where it is not known."""
    return 0.0 if isnan(height) else height
