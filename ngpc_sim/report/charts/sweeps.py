"""How the design points of a run lie on paper: along one axis, in lines or on a map, and in plots side by side.

Every design point has a place on each axis of a run: the architecture, the encoding, the frame, the case, the scale,
and each overridden key. Axes on which nothing changes are left out and named in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.ticks import spread
from ngpc_sim.report.panels import Panel, Row, row_scale, split_panels
from ngpc_sim.workloads.apps import app_title

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = np.ndarray[Any, Any]

MAX_LINES = 8  # lines of a plot, above which it is a map
MAX_PLOTS, MAX_STACKS = 16, 8  # plots of a chart; of stacks, above which a cost is a line of its sum
MAX_PLACES = 1000  # values along an axis of a plot
WIDE_RANGE = 32  # last over first value, above which an axis is logarithmic
DOUBLING = 1.9  # of each value over the one before, from which on it is, too
ARCH, SCALE, CASE = "arch", "scale", "app"
#: axes beside the overridden keys
NAMED = (ARCH, "encoding", "frame", CASE, SCALE)


@dataclass(frozen=True)
class Axis:
    """One axis of a run: its name, its values in order, and the place of every row among them (n,) int64.

    ``label`` is the name on paper, empty where the values speak for themselves.
    """

    name: str
    values: tuple[Any, ...]
    places: Array
    label: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return all(isinstance(value, int | float) for value in self.values)

    @property
    def is_log(self) -> bool:
        """Whether it is logarithmic on paper: of a wide range, or of values that double."""
        if not self.is_number or self.values[0] <= 0 or len(self.values) < 2:
            return False
        wide = self.values[0] * WIDE_RANGE <= self.values[-1]
        return wide or all(two >= DOUBLING * one for one, two in pairwise(self.values))

    def spread(self, most: int) -> tuple[int, ...]:
        """Places of at most so many values, evenly; on a logarithmic axis in even ratios, with gaps filled."""
        if not self.is_log:
            return spread(range(len(self.values)), most)
        values = np.log(np.array(self.values, float))
        wanted = np.linspace(values[0], values[-1], most)
        return tuple(np.searchsorted((values[1:] + values[:-1]) / 2, wanted).tolist())

    def word(self, place: int) -> str:
        """One of its values on paper; without its name where it speaks for itself."""
        value = self.values[place]
        if self.name == SCALE:
            return f"{value} NFPs"
        return f"{self.label}={self.written(place)}" if self.label else self.written(place)

    def written(self, place: int) -> str:
        """One of its values beside the axis."""
        value = self.values[place]
        if self.name == CASE:
            app, _, more = str(value).partition(" ")
            return f"{app_title(app)} {more}".rstrip()
        return f"{value:g}" if isinstance(value, float) else str(value)


class Plot(NamedTuple):
    """Title of a plot, and the rows that it shows (indices)."""

    title: str
    rows: Array


@dataclass(frozen=True)
class Layout:
    """Axes of a chart: along ``x``, a line or a row of a map for each value of ``y``, a plot for each of the rest.

    ``beside`` plots that follow each other differ in one axis, the architecture where there are several.
    ``is_cut`` says that there are more plots than a chart has.
    """

    x: Axis
    y: Axis | None
    plots: tuple[Plot, ...]
    beside: int
    is_cut: bool
    notes: tuple[str, ...]

    @property
    def is_map(self) -> bool:
        """Whether ``y`` has more values than a plot has lines."""
        return self.y is not None and len(self.y.values) > MAX_LINES

    def line(self, plot: Plot, place: int) -> Array:
        """Rows of a plot at one value of ``y``."""
        return plot.rows if self.y is None else plot.rows[self.y.places[plot.rows] == place]

    def names(self) -> list[str]:
        """Word of each line; one empty word where there is one line."""
        return [""] if self.y is None else [self.y.word(place) for place in range(len(self.y.values))]


@dataclass(frozen=True)
class Sweep:
    """Rows of a run, and its axes."""

    rows: Sequence[Row]
    axes: tuple[Axis, ...]

    def lines(self, values: Array) -> Layout:
        """Where ``values`` (n, k) of the rows stand in plots with lines, or of many numbers on two axes in maps."""
        x, others, notes = self._along(values)
        numbers = [axis for axis in others if axis.is_number]
        most = max(numbers, key=lambda axis: len(axis.values), default=None)
        if numbers and prod(len(axis.values) for axis in numbers) <= MAX_LINES:
            along = numbers
        elif most is not None:
            along = [most]
        else:
            along = self._names_in_a_plot(others)
        rest = [axis for axis in others if axis not in along]
        return self._layout(x, _joined(along), rest, notes)

    def stacks(self, values: Array) -> Layout:
        """Where stacks of ``values`` (n, k) of the rows stand: all axes but one in plots."""
        x, others, notes = self._along(values)
        return self._layout(x, None, others, notes)

    def map(self, values: Array) -> Layout:
        """Where ``values`` (n, k) stand on two axes, those of most numbers."""
        x, others, notes = self._along(values)
        y = max(others, key=lambda axis: (axis.is_number, len(axis.values)))
        return self._layout(x, y, [axis for axis in others if axis is not y], notes)

    def _names_in_a_plot(self, axes: Sequence[Axis]) -> list[Axis]:
        """The axis of names that are lines: the cases, or what else there is, of the architectures at last."""
        order = (CASE, "encoding", "frame", *(axis.name for axis in axes if axis.name not in NAMED), ARCH)
        fit = [axis for name in order for axis in axes if axis.name == name and len(axis.values) <= MAX_LINES]
        return fit[:1]

    def _along(self, values: Array) -> tuple[Axis, list[Axis], list[str]]:
        """The axis along which values stand, the others that change them, and notes on those that do not.

        It is that of most numbers, a swept key before the scale; the cases where no number changes them.
        """
        many = [axis for axis in self.axes if len(axis.values) > 1]
        matter = _that_matter(many, values)
        case = next(axis for axis in self.axes if axis.name == CASE)
        found = [axis for axis in (matter or many) if axis.is_number]
        swept = sorted(found, key=lambda axis: axis.name == SCALE)
        x = max(swept, key=lambda axis: len(axis.values), default=case)
        same = [axis.label or axis.name for axis in many if axis is not x and axis not in matter]
        single = [axis.word(0) for axis in self.axes if len(axis.values) == 1 and axis is not x]
        constant = f"the same at every value of {', '.join(same)}" if same else ""
        notes = [", ".join(word for word in single if word), constant]
        return x, [axis for axis in matter if axis is not x], notes

    def _layout(self, x: Axis, y: Axis | None, others: Sequence[Axis], notes: Sequence[str]) -> Layout:
        """Plots of ``others``, of which those of the architectures follow each other."""
        ordered = sorted(others, key=lambda axis: axis.name == ARCH)
        beside = len(ordered[-1].values) if ordered else 1
        plots = _plots(ordered, len(self.rows))
        told = list(notes)
        if len(plots) > MAX_PLOTS:
            told.append(f"first {MAX_PLOTS} of {len(plots)} plots shown; all rows are in results.csv")
        thin = [axis for axis in (x, y) if axis is not None and len(axis.values) > MAX_PLACES]
        told += [f"{MAX_PLACES} of {len(axis.values)} values of {axis.label} shown" for axis in thin]
        is_cut = len(plots) > MAX_PLOTS
        return Layout(x, y, tuple(plots[:MAX_PLOTS]), beside, is_cut, tuple(note for note in told if note))


def sweep_of(rows: Sequence[Row]) -> Sweep:
    """Axes of the rows of a run."""
    panels = split_panels(rows)
    if not panels:
        raise UserError("there are no result rows to draw; run at least one design point")
    cells: dict[str, list[Any]] = {name: [] for name in (*NAMED, *_keys(panels))}
    for panel in panels:
        arch = f"{panel.arch} (calibrated)" if panel.calibrated else panel.arch
        own = {ARCH: arch, "encoding": panel.encoding, "frame": panel.resolution, **_conditions(panel)}
        for name, column in cells.items():
            if name == CASE:
                column.extend(panel.labels)
            elif name == SCALE:
                column.extend(map(row_scale, panel.rows))
            else:
                column.extend([own.get(name, "")] * len(panel.rows))
    ordered = [row for panel in panels for row in panel.rows]
    return Sweep(ordered, tuple(_axis(name, column, _label(name, list(cells))) for name, column in cells.items()))


def _label(name: str, names: Sequence[str]) -> str:
    """Name of an axis on paper: of a key the last part, where no other key ends in it."""
    if name in NAMED:
        return "NFPs" if name == SCALE else ""
    last = name.rpartition(".")[2]
    return last if sum(other.rpartition(".")[2] == last for other in names) == 1 else name


def _keys(panels: Sequence[Panel]) -> list[str]:
    return list(dict.fromkeys(name for panel in panels for name in _conditions(panel)))


def _conditions(panel: Panel) -> Mapping[str, Any]:
    """Values by name of what a panel was run under."""
    words = dict(word.partition("=")[::2] for word in panel.conditions)
    cells = {name: panel.rows[0].get(name, word) for name, word in words.items()}
    return {name: words[name] if isinstance(cell, dict | list) else cell for name, cell in cells.items()}


def _axis(name: str, column: Sequence[Any], label: str) -> Axis:
    """An axis of the values of a column; numbers rise, words keep the order in which they come."""
    found = dict.fromkeys(column)
    numbers = all(isinstance(value, int | float) for value in found)
    values = tuple(sorted(found) if numbers else found)
    place = {value: index for index, value in enumerate(values)}
    return Axis(name, values, np.array([place[value] for value in column], np.int64), label)


def _joined(axes: Sequence[Axis]) -> Axis | None:
    """One axis of the combinations of values that rows have on some axes."""
    if len(axes) < 2:
        return axes[0] if axes else None
    plots = _plots(axes, 0)
    places = np.zeros(len(axes[0].places), np.int64)
    for place, plot in enumerate(plots):
        places[plot.rows] = place
    return Axis("", tuple(plot.title for plot in plots), places)


def _that_matter(axes: Sequence[Axis], values: Array) -> list[Axis]:
    """The axes without which some place would have two values; of those that say the same, architecture and app."""
    kept = list(axes)
    for axis in sorted(axes, key=lambda axis: axis.name in NAMED):
        fewer = [other for other in kept if other is not axis]
        if _one_value_each(fewer, values):
            kept = fewer
    return kept


def _one_value_each(axes: Sequence[Axis], values: Array) -> bool:
    """Whether rows of the same places on ``axes`` have the same ``values`` (n, k); NaN is a value."""
    places = np.column_stack([np.zeros(len(values), np.int64), *(axis.places for axis in axes)])
    order = np.lexsort(places.T)
    places = places[order]
    same_place = (places[1:] == places[:-1]).all(axis=1)
    one, two = values[order][1:][same_place], values[order][:-1][same_place]
    return bool(((one == two) | (np.isnan(one) & np.isnan(two))).all())


def _plots(axes: Sequence[Axis], count: int) -> list[Plot]:
    """A plot for each combination of places that rows have on ``axes``, in order."""
    if not axes:
        return [Plot("", np.arange(count))]
    places = np.column_stack([axis.places for axis in axes])
    found, own = np.unique(places, axis=0, return_inverse=True)
    titles = [
        ", ".join(word for axis, place in zip(axes, one, strict=True) if (word := axis.word(int(place))))
        for one in found
    ]
    return [Plot(title, np.flatnonzero(own.ravel() == index)) for index, title in enumerate(titles)]
