"""Empty plots of a layout, on one or two columns of a paper, and their axes."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.canvas import empty_plots, legend_lines, name_values
from ngpc_sim.report.charts.sheet import (
    COLUMN_IN,
    GAP_IN,
    LINE_IN,
    PAGE_IN,
    PT_PER_IN,
    Sheet,
    folded,
    folded_notes,
    legend_height,
    text_height,
)
from ngpc_sim.report.charts.ticks import log_ticks
from ngpc_sim.report.panels import Row, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ngpc_sim.report.charts.sweeps import Axis, Layout

Array = np.ndarray[Any, Any]

LEFT_IN, RIGHT_IN, BETWEEN_IN, PLOT_IN = 0.66, 0.1, 0.1, 1.45  # around and between plots; their height
MAX_COLUMNS = 4
LEAST_IN = 1.15  # width of a plot with an axis of numbers
MOST_TICKS = 6  # values that an axis names
MOST_POWERS = 4  # powers of ten at an axis with which all steps have room
TICK_PT = 4.5  # width of a character of a value at an axis
CLEAR_PT = 1.8  # between two values at an axis


def row_values(rows: Sequence[Row], *columns: Callable[[Row], float]) -> Array:
    """Values (n, k) of rows; NaN where there is none."""
    return np.array([[column(row) for column in columns] for row in rows], float)


def column_of(name: str) -> Callable[[Row], float]:
    """Give the number in a column of a row."""
    return lambda row: number(row, name)


def along(axis: Axis, rows: Array, values: Array) -> Array:
    """Values of some rows by place along an axis, (places, *k); NaN where there is none."""
    found = np.full((len(axis.values), *values.shape[1:]), nan)
    found[axis.places[rows]] = values[rows]
    return found


def layout_sheet(
    layout: Layout,
    width_in: float | None,
    legends: Sequence[Sequence[str]],
    *,
    notes: Sequence[str] = (),
    rows_each: int = 1,
    least_in: float = LEAST_IN,
    right_in: float = RIGHT_IN,
) -> tuple[Sheet, list[list[Sequence[str]]]]:
    """Where the plots stand, and the lines of each part of the legend.

    ``width_in`` is that of the figure, by default a column of a paper for one or two plots, a page for more.
    ``rows_each`` plots stand below each other for each of the layout.
    """
    count = len(layout.plots)
    width_in = width_in or (PAGE_IN if count > 2 or layout.is_map else COLUMN_IN)
    room_in = width_in - LEFT_IN - right_in + BETWEEN_IN
    columns = _columns(count, layout.beside, max(1, int(room_in / (least_in + BETWEEN_IN))))
    lines = [legend_lines(names, width_in) if names else [] for names in legends]
    sheet = Sheet(
        columns=columns,
        rows=ceil(count / columns) * rows_each,
        width_in=width_in,
        plot_in=PLOT_IN,
        left_in=LEFT_IN,
        right_in=right_in,
        between_in=BETWEEN_IN,
        title_in=0.0,
        foot_in=0.0,
        legend_in=legend_height(sum(map(len, lines)) or 1),
        notes=folded_notes([*notes, *layout.notes], width_in),
    )
    titles = [folded(plot.title, sheet.plot_width_in) for plot in layout.plots]
    foot_in = text_height(_words(layout.x, sheet)) + LINE_IN * bool(layout.x.label)
    return replace(sheet, title_in=text_height(titles) if any(titles) else GAP_IN, foot_in=foot_in), lines


def _columns(count: int, beside: int, most: int) -> int:
    """Columns of so many plots: whole groups of those ``beside`` each other where they fit, and few empty places."""
    most = min(most, MAX_COLUMNS, count)
    step = beside if beside <= most else 1
    return min(range(most - most % step, 0, -step), key=lambda columns: (-count % columns, -columns))


def layout_plots(layout: Layout, sheet: Sheet, labels: Sequence[str]) -> tuple[Figure, list[list[Axes]]]:
    """Give a figure with empty plots: for each of the layout one for each label of the value axis, below each other."""
    titles, cells = [], []
    for index, plot in enumerate(layout.plots):
        row, column = divmod(index, sheet.columns)
        for below in range(len(labels)):
            titles.append("" if below else folded(plot.title, sheet.plot_width_in))
            cells.append((row * len(labels) + below, column))
    figure, plots = empty_plots(sheet, titles, cells)
    for index, (axes, (_, column)) in enumerate(zip(plots, cells, strict=True)):
        if column == 0:
            name_values(axes, sheet, labels[index % len(labels)])
        else:
            axes.tick_params(axis="y", labelleft=False)
    return figure, [plots[start : start + len(labels)] for start in range(0, len(plots), len(labels))]


def set_places(axes: Axes, axis: Axis, sheet: Sheet, *, counted: bool = False) -> Array:
    """Give a plot its horizontal axis; return where its values stand, ``counted`` or words at 0, 1, 2 and so on."""
    log = axis.is_log and not counted
    places = np.array(range(len(axis.values)) if counted or not axis.is_number else axis.values, float)
    if log:
        axes.set_xscale("log")
        room = (places[-1] / places[0]) ** 0.04
        axes.set_xlim(places[0] / room, places[-1] * room)
    elif axis.is_number and not counted:
        margin = 0.04 * (places[-1] - places[0]) or 0.5
        axes.set_xlim(places[0] - margin, places[-1] + margin)
    else:
        axes.set_xlim(-0.6, len(places) - 0.4)
    shown = list(dict.fromkeys(axis.spread(_most_ticks(axis, sheet))))
    axes.set_xticks([], minor=True)
    words = _words(axis, sheet)
    axes.set_xticks(places[shown].tolist(), [words[place] for place in shown])
    axes.set_xlabel(log_label(axis.label) if log else axis.label, labelpad=1.0)
    return places


def _words(axis: Axis, sheet: Sheet) -> list[str]:
    """Values of an axis as they stand below a plot; names are folded."""
    words = [axis.written(place) for place in range(len(axis.values))]
    return words if axis.is_number else [folded(word, sheet.plot_width_in / len(words)) or " " for word in words]


def _most_ticks(axis: Axis, sheet: Sheet) -> int:
    """How many of an axis's values have room below a plot."""
    letters = max(len(line) for word in _words(axis, sheet) for line in word.splitlines())
    room = int(PT_PER_IN * sheet.plot_width_in / (TICK_PT * letters + CLEAR_PT))
    return max(2, min(room, MOST_TICKS if axis.is_number and len(axis.values) > MOST_TICKS else len(axis.values)))


def set_log_values(axes: Axes, low: float, high: float) -> None:
    """Give a plot a logarithmic value axis."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = log_ticks(low, high, MOST_POWERS)
    axes.set_yticks([], minor=True)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.grid(axis="y")


def log_label(label: str) -> str:
    """Label of a logarithmic axis, which says so beside the unit."""
    return f"{label[:-1]}, log scale)" if label.endswith(")") else f"{label} (log scale)"
