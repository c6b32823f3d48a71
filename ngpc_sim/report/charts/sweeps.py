"""What charts of a large sweep show: lines along the axis with most values, or a map of the two with most values.

Bars are for few scales and panels. Of more, every design point has a place on each axis of the sweep: the architecture,
the encoding, the frame, the case, the scale, and each overridden key. Axes on which nothing changes are left out and
named in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ngpc_sim.report.charts.scene import MAX_PANELS, spread
from ngpc_sim.report.panels import Panel, Row, row_scale, split_panels
from ngpc_sim.workloads.apps import app_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Array = np.ndarray[Any, Any]

MAX_BAR_SCALES = 12  # scales of a chart of bars
MAX_LINES, MAX_PLOTS = 8, 8  # lines of a plot, above which it is a map; plots of a chart
MAX_PLACES = 1000  # values along an axis of a plot
WIDE_RANGE = 32  # last over first value, above which an axis is logarithmic
SCALE, CASE = "scale", "app"
#: axes beside the overridden keys, in the order in which they tell plots apart
NAMED = ("arch", "encoding", "frame", CASE, SCALE)


@dataclass(frozen=True)
class Axis:
    """One axis of a sweep: its name, its values in order, and the place of every row among them (n,) int64."""

    name: str
    values: tuple[Any, ...]
    places: Array

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return all(isinstance(value, int | float) for value in self.values)

    @property
    def label(self) -> str:
        """Name of the axis on paper."""
        return "NFPs" if self.name == SCALE else self.name

    @property
    def is_log(self) -> bool:
        """Whether it is logarithmic on paper."""
        return self.is_number and 0 < self.values[0] * WIDE_RANGE <= self.values[-1]

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
        if self.name == CASE:
            app, _, more = str(value).partition(" ")
            return f"{app_title(app)} {more}".rstrip()
        written = f"{value:g}" if isinstance(value, float) else str(value)
        if self.name == SCALE:
            return f"{written} NFPs"
        return written if self.name in NAMED else f"{self.name}={written}"


class Plot(NamedTuple):
    """Title of a plot, and the rows that it shows (indices)."""

    title: str
    rows: Array


@dataclass(frozen=True)
class Layout:
    """Axes of a chart: along ``x``, a line or a row of a map for each value of ``y``, a plot for each of the rest."""

    x: Axis
    y: Axis | None
    plots: tuple[Plot, ...]
    notes: tuple[str, ...]

    @property
    def is_map(self) -> bool:
        """Whether ``y`` has more values than a plot has lines."""
        return self.y is not None and len(self.y.values) > MAX_LINES


@dataclass(frozen=True)
class Sweep:
    """Rows of a large sweep, and its axes."""

    rows: Sequence[Row]
    axes: tuple[Axis, ...]

    def layout(self, values: Array, *, merged: bool = False) -> Layout:
        """Where ``values`` (n, k) of the rows stand; ``merged`` gives plots, not lines, to the values of ``y``."""
        many = [axis for axis in self.axes if len(axis.values) > 1]
        numbers = [axis for axis in many if axis.is_number] or many
        x = max(numbers, key=lambda axis: len(axis.values))
        others = _that_matter([axis for axis in many if axis is not x], x, values)
        y = max(others, key=lambda axis: len(axis.values), default=None)
        same = [axis.label for axis in many if axis is not x and axis not in others]
        if merged and y is not None and len(y.values) <= MAX_LINES:
            y = None
        plots = list(_plots([axis for axis in others if axis is not y], len(self.rows)))
        notes = [", ".join(axis.word(0) for axis in self.axes if len(axis.values) == 1 and axis.values[0] != "")]
        if same:
            notes.append(f"the same at every value of {', '.join(same)}")
        if len(plots) > MAX_PLOTS:
            notes.append(f"first {MAX_PLOTS} of {len(plots)} plots shown; all rows are in results.csv")
        thin = [axis for axis in (x, y) if axis is not None and len(axis.values) > MAX_PLACES]
        notes += [f"{MAX_PLACES} of {len(axis.values)} values of {axis.label} shown" for axis in thin]
        return Layout(x, y, tuple(plots[:MAX_PLOTS]), tuple(note for note in notes if note))


def large_sweep(rows: Sequence[Row]) -> Sweep | None:
    """The sweep that ``rows`` are, where bars would not do: more than 12 scales, or than 10 panels."""
    panels = split_panels(rows)
    scales = {scale for panel in panels for scale in panel.scales}
    if len(scales) <= MAX_BAR_SCALES and len(panels) <= MAX_PANELS:
        return None
    cells: dict[str, list[Any]] = {name: [] for name in (*NAMED, *_keys(panels))}
    for panel in panels:
        named = {"arch": panel.arch, "encoding": panel.encoding, "frame": panel.resolution}
        own = {**named, **_conditions(panel)}
        for name, column in cells.items():
            if name == CASE:
                column.extend(panel.labels)
            elif name == SCALE:
                column.extend(map(row_scale, panel.rows))
            else:
                column.extend([own.get(name, "")] * len(panel.rows))
    ordered = [row for panel in panels for row in panel.rows]
    return Sweep(ordered, tuple(_axis(name, column) for name, column in cells.items()))


def _keys(panels: Sequence[Panel]) -> list[str]:
    return list(dict.fromkeys(name for panel in panels for name in _conditions(panel)))


def _conditions(panel: Panel) -> Mapping[str, Any]:
    """Values by name of what a panel was run under."""
    words = dict(word.partition("=")[::2] for word in panel.conditions)
    return {name: panel.rows[0].get(name, word) for name, word in words.items()}


def _axis(name: str, column: Sequence[Any]) -> Axis:
    """An axis of the values of a column; numbers rise, words keep the order in which they come."""
    found = dict.fromkeys(column)
    numbers = all(isinstance(value, int | float) for value in found)
    values = tuple(sorted(found) if numbers else found)
    place = {value: index for index, value in enumerate(values)}
    return Axis(name, values, np.array([place[value] for value in column], np.int64))


def _that_matter(axes: Sequence[Axis], x: Axis, values: Array) -> list[Axis]:
    """The axes without which some place would have two values."""
    kept = list(axes)
    for axis in axes:
        fewer = [other for other in kept if other is not axis]
        if _one_value_each([x, *fewer], values):
            kept = fewer
    return kept


def _one_value_each(axes: Sequence[Axis], values: Array) -> bool:
    """Whether rows of the same places on ``axes`` have the same ``values`` (n, k); NaN is a value."""
    order = np.lexsort([axis.places for axis in axes])
    places = np.column_stack([axis.places for axis in axes])[order]
    same_place = (places[1:] == places[:-1]).all(axis=1)
    one, two = values[order][1:][same_place], values[order][:-1][same_place]
    return bool(((one == two) | (np.isnan(one) & np.isnan(two))).all())


def _plots(axes: Sequence[Axis], count: int) -> Iterator[Plot]:
    """A plot for each combination of places that rows have on ``axes``, in order."""
    if not axes:
        yield Plot("", np.arange(count))
        return
    places = np.column_stack([axis.places for axis in axes])
    found, own = np.unique(places, axis=0, return_inverse=True)
    for index, combination in enumerate(found):
        words = (axis.word(int(place)) for axis, place in zip(axes, combination, strict=True))
        yield Plot(", ".join(words), np.flatnonzero(own.ravel() == index))
