"""Stacked bars, a stack a case and scale: the parts, and the scales below the bars."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ngpc_sim.report.charts.canvas import Plot, draw_bars, swatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ngpc_sim.report.panels import Row

FIGURE_PT, DIGIT_PT, NAME_PAD_PT = 5.5, 3.5, 8.5  # figures at the bars; a digit; names of groups below the scales
LEAST_PITCH_PT, LEVEL_PITCH_PT = 5.0, 15.0  # slot below which figures are left out; in which they stand level
CLEAR_PT = 1.5  # between two figures side by side


class Look(NamedTuple):
    """Name of a part in the legend, its colour, and its hatch where lightness alone does not tell it."""

    name: str
    colour: str
    hatch: str = ""


def prepare(plot: Plot) -> None:
    """Give the plot its value axis, and room for the scales below the bars."""
    plot.axes.set_ylim(plot.scene.low, plot.scene.high)
    plot.axes.grid(axis="y")
    plot.axes.tick_params(axis="x", pad=NAME_PAD_PT)


def rows_of(plot: Plot, case: str) -> list[Row | None]:
    """Give the row of a case at each scale shown, None where it did not run."""
    return [plot.panel.at(scale).get(case) for scale in plot.scene.scales]


def draw_stacks(
    plot: Plot, group: int, case: str, looks: Mapping[str, Look], part: Callable[[Row, str], float]
) -> list[float]:
    """Draw a stack for each scale of one case, ``looks`` from the foot up; return the tops of the stacks."""
    rows = rows_of(plot, case)
    feet = [0.0] * len(rows)
    for key, look in looks.items():
        parts = [part(row, key) if row else 0.0 for row in rows]
        draw_bars(
            plot,
            plot.scene.centres(group),
            parts,
            f"{look.name}, {case}",
            feet=feet,
            facecolor=look.colour,
            hatch=look.hatch,
            linewidth=0.2,
        )
        feet = [foot + height for foot, height in zip(feet, parts, strict=True)]
    return feet


def name_scales(plot: Plot, group: int, case: str) -> None:
    """Write the scales below the bars of a case: all, or every n-th, the last among them, where they are too close."""
    pitch = plot.scene.pitch_pt(plot.panel)
    if pitch < LEAST_PITCH_PT:
        return
    last = len(plot.scene.scales) - 1
    step = next(step for step in range(1, last + 2) if _apart(plot.scene.scales[last::-step], step * pitch))
    bars = zip(plot.scene.centres(group), plot.scene.scales, rows_of(plot, case), strict=True)
    for index, (centre, scale, row) in enumerate(bars):
        if row is not None and (last - index) % step == 0:
            write(plot, centre, 0.0, -FIGURE_PT - 2.5, str(scale), level=True)


def _apart(scales: Sequence[int], pitch_pt: float) -> bool:
    """Tell whether numbers at this distance stand clear of each other."""
    digits = [len(str(scale)) for scale in scales]
    return all(DIGIT_PT * (one + two) / 2 + CLEAR_PT <= pitch_pt for one, two in pairwise(digits))


def write(plot: Plot, x: float, y: float, offset_pt: float, written: str, *, level: bool) -> None:
    """Write a figure above a point, level or upright."""
    plot.axes.annotate(
        written,
        (x, y),
        (0, offset_pt),
        textcoords="offset points",
        size=FIGURE_PT,
        rotation=0 if level else 90,
        ha="center",
        va="bottom",
        annotation_clip=False,
    )


def swatches(looks: Iterable[Look]) -> dict[str, Any]:
    """Give the legend's mark of each part by its name."""
    return {look.name: swatch(look.colour, look.hatch) for look in looks}
