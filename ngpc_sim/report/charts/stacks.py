"""Stacked parts of each design point: bars along an axis of few values, areas along one of more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ngpc_sim.report.charts.canvas import entries, legend, style, swatch
from ngpc_sim.report.charts.plots import BETWEEN_IN, LEFT_IN, RIGHT_IN, along, layout_plots, layout_sheet, set_places
from ngpc_sim.report.charts.sheet import COLUMN_IN, PT_PER_IN
from ngpc_sim.report.charts.sweeps import MAX_PLACES, Axis, Layout, Plot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

MAX_BARS = 12  # values of an axis, above which stacks are areas
BAR_PT = 9.0  # least width of a bar with the space beside it
BAR_SHARE = 0.8  # of a bar of that width
HEAD_SHARE = 1.08  # of a value axis over the highest stack


class Look(NamedTuple):
    """Name of a part in the legend, its colour, and its hatch where lightness alone does not tell it."""

    name: str
    colour: str
    hatch: str = ""


@dataclass(frozen=True)
class Stack:
    """Stacks of a plot: the label of the value axis, the parts from the foot up (columns of the values), its top.

    ``right_in`` is the room right of all plots, for another axis.
    """

    label: str
    parts: Sequence[int]
    high: float
    right_in: float = RIGHT_IN


#: draws what belongs to the upper plot beside its stacks, given where they stand; gives marks by their names
Finish = Callable[["Axes", Plot, Array], "Mapping[str, Any]"]


def stacks_chart(
    layout: Layout,
    looks: Sequence[Look],
    values: Array,
    stacks: Sequence[Stack],
    *,
    names: Sequence[str] = (),
    notes: Sequence[str] = (),
    finish: Finish | None = None,
    width_in: float | None = None,
) -> Figure:
    """Draw parts ``values`` (n, parts) of rows with their ``looks``, in one plot below another for each of ``stacks``.

    ``names`` are what the legend has of the parts and of ``finish``.
    """
    right_in = stacks[0].right_in
    bars = min(len(layout.x.values), MAX_BARS)
    least_in = max(0.5, bars * BAR_PT / PT_PER_IN)
    if width_in is None and len(layout.plots) * (least_in + BETWEEN_IN) <= COLUMN_IN - LEFT_IN - right_in:
        width_in = COLUMN_IN
    with style():
        sheet, lines = layout_sheet(
            layout, width_in, [names], notes=notes, rows_each=len(stacks), least_in=least_in, right_in=right_in
        )
        figure, plots = layout_plots(layout, sheet, [stack.label for stack in stacks])
        marks: dict[str, Any] = swatches(looks)
        for below, plot in zip(plots, layout.plots, strict=True):
            for axes, stack in zip(below, stacks, strict=True):
                where = set_places(axes, layout.x, sheet, counted=len(layout.x.values) <= MAX_BARS)
                axes.set_ylim(0, stack.high)
                axes.grid(axis="y")
                _draw(axes, layout.x, plot, where, values, stack, looks)
            marks |= finish(below[0], plot, where) if finish else {}
        legend(figure, sheet, *entries(lines[0], marks))
    return figure


def _draw(axes: Axes, x: Axis, plot: Plot, where: Array, values: Array, stack: Stack, looks: Sequence[Look]) -> None:
    """Draw bars, parts of no height not, or areas."""
    if not stack.parts:
        return
    own = along(x, plot.rows, values)
    if len(x.values) > MAX_BARS:
        shown = list(dict.fromkeys(x.spread(MAX_PLACES)))
        known = np.isfinite(own[shown][:, stack.parts]).all(axis=1)
        heights = own[shown][known][:, stack.parts].T
        areas = axes.stackplot(where[shown][known], heights, colors=[looks[part].colour for part in stack.parts])
        for area, part in zip(areas, stack.parts, strict=True):
            area.set(hatch=looks[part].hatch, edgecolor="black", linewidth=0.2, label=looks[part].name)
        return
    feet = np.zeros(len(where))
    for part in stack.parts:
        heights = np.nan_to_num(own[:, part])
        drawn = heights > 0
        look: dict[str, Any] = {"color": looks[part].colour, "hatch": looks[part].hatch, "label": looks[part].name}
        axes.bar(where[drawn], heights[drawn], BAR_SHARE, bottom=feet[drawn], edgecolor="black", linewidth=0.2, **look)
        feet += heights


def top_of(values: Array, parts: Sequence[int]) -> float:
    """End of a value axis over the highest stack of some parts."""
    tops = np.nansum(values[:, parts], axis=1)
    return HEAD_SHARE * (float(tops.max(initial=0.0)) or 1.0)


def swatches(looks: Iterable[Look]) -> dict[str, Any]:
    """Give the legend's mark of each part by its name."""
    return {look.name: swatch(look.colour, look.hatch) for look in looks}
