"""Charts of points: dots along an axis, joined where it is one of numbers, a line a case or a value of a key.

A line has a mark of its own beside its colour. On a logarithmic axis, whose label says so, a doubling looks the same
everywhere. What belongs to each point of a line and is no result of it, such as its bound, is dotted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.canvas import entries, legend, style
from ngpc_sim.report.charts.maps import map_chart
from ngpc_sim.report.charts.palette import DOTTED, LINE_COLOUR, named_looks, shaded_looks
from ngpc_sim.report.charts.plots import (
    along,
    column_of,
    layout_plots,
    layout_sheet,
    log_label,
    row_values,
    set_log_values,
    set_places,
)
from ngpc_sim.report.charts.sweeps import CASE, MAX_PLACES, Axis, Layout, Plot, sweep_of
from ngpc_sim.report.panels import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
Value = Callable[[Row], float]
#: draws what belongs to a plot beside its lines, given where places along the axis stand; gives marks by their names
Finish = Callable[["Axes", Layout, Plot, Array], "Mapping[str, Any]"]

INTERVAL = "95 % interval"
MOST_MARKS = 12  # points of a line that all have a mark
#: dashes of lines across a plot
ACROSS = ((0, (3, 3)), (0, (8, 2)), (0, (8, 2, 2, 2)), (0, (8, 2, 2, 2, 2, 2)))


def _nothing(*_: object) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A chart of points: what it shows of a row, the label and the ends of its value axis, and what else is drawn.

    ``column`` has the 95 % intervals of sampled rows. ``level`` is dotted, by its name. ``across`` are lines over the
    whole plot by their names. ``seen`` are further values that the axis holds. ``names`` are those of ``finish``.
    """

    label: str
    value: Value
    is_log: bool = True
    column: str = ""
    level: tuple[str, Value] | None = None
    across: Mapping[str, float] = field(default_factory=dict)
    seen: Sequence[float] = ()
    names: Sequence[str] = ()
    finish: Finish = _nothing
    notes: Sequence[str] = ()

    @property
    def axis_label(self) -> str:
        """Label of the value axis, which says where it is logarithmic."""
        return log_label(self.label) if self.is_log else self.label


def curves_chart(rows: Sequence[Row], kind: Kind, width_in: float | None = None) -> Figure:
    """Draw a value of each row of a run; as a map of colours where two keys have many values each."""
    sweep = sweep_of(rows)
    shown = [kind.value, *([kind.level[1]] if kind.level else [])]
    values = row_values(sweep.rows, *shown, *map(column_of, _ends_of(kind)))
    layout = sweep.lines(values[:, : len(shown)])
    if layout.is_map:
        return map_chart(layout, kind.label, values[:, 0], width_in)
    looks = _looks(layout)
    names = [*([kind.level[0]] if kind.level else []), *kind.names]
    names += [INTERVAL] if kind.column and np.isfinite(values[:, -1]).any() else []
    legends = [[word for word in looks if word], names, list(kind.across)]
    with style():
        sheet, lines = layout_sheet(layout, width_in, legends, notes=kind.notes)
        figure, plots = layout_plots(layout, sheet, [kind.axis_label])
        low, high = _ends(values, kind)
        marks: dict[str, Any] = {}
        for (axes,), plot in zip(plots, layout.plots, strict=True):
            where = set_places(axes, layout.x, sheet)
            _set_values(axes, kind, low, high)
            marks |= _draw_across(axes, kind.across)
            marks |= _draw_lines(axes, layout, plot, where, values, looks)
            marks |= _draw_extras(axes, kind, layout, plot, where, values, looks)
            marks |= kind.finish(axes, layout, plot, where)
        legend(figure, sheet, *(entry for part in lines for entry in entries(part, marks)))
    return figure


def _ends_of(kind: Kind) -> list[str]:
    return [f"ci_low_{kind.column}", f"ci_high_{kind.column}"] if kind.column else []


def _looks(layout: Layout) -> dict[str, dict[str, Any]]:
    """Colour and mark of each line by its word: of numbers the shades darken, of names the hues differ."""
    y, names = layout.y, layout.names()
    if y is not None and y.is_number:
        return dict(zip(names, shaded_looks(len(names)), strict=True))
    keys = [str(value) for value in y.values] if y is not None and y.name == CASE else names
    return dict(zip(names, named_looks(keys), strict=True))


def _ends(values: Array, kind: Kind) -> tuple[float, float]:
    """Ends of the value axis: around the values, from 0 where the axis is not logarithmic."""
    known = values[np.isfinite(values)]
    if kind.is_log:
        known = known[known > 0]
        found = [*known.tolist(), *kind.across.values(), *kind.seen] or [1.0]
        return 0.8 * min(found), 1.25 * max(found)
    return 0.0, 1.1 * (max([*known.tolist(), *kind.seen], default=0.0) or 1.0)


def _set_values(axes: Axes, kind: Kind, low: float, high: float) -> None:
    if kind.is_log:
        set_log_values(axes, low, high)
        return
    axes.set_ylim(low, high)
    axes.grid(axis="y")


def _draw_across(axes: Axes, across: Mapping[str, float]) -> dict[str, Any]:
    """Draw lines over the whole plot, told apart by their dashes."""
    return {
        name: axes.axhline(height, color=LINE_COLOUR, linewidth=0.7, linestyle=ACROSS[index % len(ACROSS)], label=name)
        for index, (name, height) in enumerate(across.items())
    }


def _shown(axis: Axis) -> list[int]:
    return list(dict.fromkeys(axis.spread(MAX_PLACES)))


def _draw_lines(
    axes: Axes, layout: Layout, plot: Plot, where: Array, values: Array, looks: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Draw the lines of a plot; return their marks by their words."""
    marks, shown = {}, _shown(layout.x)
    for place, (word, look) in enumerate(looks.items()):
        own = along(layout.x, layout.line(plot, place), values[:, 0])[shown]
        known = np.isfinite(own)
        every = max(1, int(known.sum()) // MOST_MARKS)
        joined = "-" if layout.x.is_number else "none"
        drawn = axes.plot(
            where[shown][known], own[known], **look, linestyle=joined, markevery=every, label=word or "points"
        )[0]
        drawn.set(markeredgecolor="white", markeredgewidth=0.3, clip_on=False, zorder=3)
        marks[word] = drawn
    return marks


def _draw_extras(
    axes: Axes,
    kind: Kind,
    layout: Layout,
    plot: Plot,
    where: Array,
    values: Array,
    looks: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Draw the dotted values of a plot, once where all lines have the same, and intervals; return their marks."""
    marks: dict[str, Any] = {}
    lines = [along(layout.x, layout.line(plot, place), values) for place in range(len(looks))]
    if kind.level:
        levels = [line[:, 1] for line in lines]
        same = len(levels) > 1 and all(np.array_equal(one, levels[0], equal_nan=True) for one in levels)
        for own, look in zip(levels[:1] if same else levels, looks.values(), strict=False):
            colour = LINE_COLOUR if same else look["color"]
            marks[kind.level[0]] = _draw_level(axes, layout.x, where, own, colour, kind.level[0])
    for line, look in zip(lines if kind.column else [], looks.values(), strict=False):
        known = np.isfinite(line[:, -2:]).all(axis=1)
        if known.any():
            low, high = line[known, -2], line[known, -1]
            bars: dict[str, Any] = {"fmt": "none", "ecolor": look["color"], "elinewidth": 0.7, "capsize": 1.6}
            marks[INTERVAL] = axes.errorbar(where[known], (low + high) / 2, (high - low) / 2, label=INTERVAL, **bars)
    return marks


def _draw_level(axes: Axes, x: Axis, where: Array, own: Array, colour: Any, label: str) -> Any:  # noqa: ANN401 - of matplotlib
    """Draw a dotted line, or dashes at words; return a mark of it in no line's colour."""
    known = np.isfinite(own)
    look: dict[str, Any] = {"linestyle": DOTTED} if x.is_number else {"linestyle": "none", "marker": "_"}
    axes.plot(where[known], own[known], color=colour, label=label, zorder=2.5, **look)
    return axes.plot([], [], color=LINE_COLOUR, **look)[0]
