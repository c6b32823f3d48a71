"""Charts of two keys of many values each: a map with a colour a design point.

The number of things drawn follows from the limits of a layout, not from the number of rows.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.canvas import entries, legend, style, swatch
from ngpc_sim.report.charts.palette import SHADES
from ngpc_sim.report.charts.plots import MOST_TICKS, layout_plots, layout_sheet, log_label
from ngpc_sim.report.charts.sheet import LINE_IN
from ngpc_sim.report.charts.sweeps import MAX_PLACES, WIDE_RANGE, Layout, Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ngpc_sim.report.charts.sheet import Sheet
    from ngpc_sim.report.charts.stacks import Look

Array = np.ndarray[Any, Any]

BAR_IN = 0.07  # height of the bar of colours
EMPTY = "#f6c48f"  # of a map, where no design point is
NOT_RUN = "no design point"


def map_chart(layout: Layout, label: str, values: Array, width_in: float | None = None) -> Figure:
    """Draw values (n,) as shades, which darken; of a wide range by their logarithms, which the label says."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize  # noqa: PLC0415 - heavy

    known = values[np.isfinite(values) & (values > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
    wide = high >= WIDE_RANGE * low
    colours = LinearSegmentedColormap.from_list("rows", SHADES).with_extremes(bad=EMPTY)
    norm = (LogNorm if wide else Normalize)(low, max(high, low * 1.001))
    grids = [_grid(layout, plot, values) for plot in layout.plots]
    holes = f"; {NOT_RUN}: orange" if any(np.isnan(grid).any() for grid in grids) else ""
    title = log_label(label) if wide else label
    with style():
        sheet = layout_sheet(layout, width_in, [[""], [""], [""]])[0]
        figure, plots = layout_plots(layout, sheet, [layout.y.label if layout.y is not None else ""])
        for (axes,), grid in zip(plots, grids, strict=True):
            image = axes.imshow(grid, norm=norm, cmap=colours, origin="lower", aspect="auto", interpolation="nearest")
            _set_places(axes, layout)
        _colour_bar(figure, sheet, image, f"{title}{holes}")
        legend(figure, sheet)
    return figure


def largest_chart(
    layout: Layout, looks: Sequence[Look], shares: Array, note: str, width_in: float | None = None
) -> Figure:
    """Draw which of the parts of each design point, ``shares`` (n, parts), is the largest, in its colour."""
    from matplotlib.colors import ListedColormap  # noqa: PLC0415 - heavy

    largest = shares.argmax(axis=1).astype(float)
    colours = ListedColormap([look.colour for look in looks])
    names = [looks[int(part)].name for part in np.unique(largest)]
    with style():
        sheet, lines = layout_sheet(layout, width_in, [names], notes=[note])
        figure, plots = layout_plots(layout, sheet, [layout.y.label if layout.y is not None else ""])
        for (axes,), plot in zip(plots, layout.plots, strict=True):
            grid = _grid(layout, plot, largest)
            image = axes.imshow(grid, cmap=colours, origin="lower", aspect="auto", interpolation="nearest")
            image.set_clim(-0.5, len(looks) - 0.5)
            _set_places(axes, layout)
        marks = {look.name: swatch(look.colour) for look in looks}
        legend(figure, sheet, *entries(lines[0], marks))
    return figure


def _grid(layout: Layout, plot: Plot, values: Array) -> Array:
    """Values of a plot by place on ``y`` and ``x``, of both those that are shown; NaN where there is none."""
    x, y = layout.x, layout.y
    assert y is not None  # noqa: S101 - of a map
    found = np.full((len(y.values), len(x.values)), nan)
    found[y.places[plot.rows], x.places[plot.rows]] = values[plot.rows]
    return found[np.ix_(y.spread(MAX_PLACES), x.spread(MAX_PLACES))]


def _set_places(axes: Axes, layout: Layout) -> None:
    """Give both axes of a map all of its cells, and name values in the middle of theirs."""
    y = layout.y
    assert y is not None  # noqa: S101 - of a map
    # the image alone does not set the ends: autoscaling is off
    for axis, name, end in ((layout.x, axes.set_xticks, axes.set_xlim), (y, axes.set_yticks, axes.set_ylim)):
        shown = np.array(axis.spread(MAX_PLACES))
        places = list(dict.fromkeys(axis.spread(MOST_TICKS)))
        name([np.flatnonzero(shown == place).mean() for place in places], [axis.written(place) for place in places])
        end(-0.5, len(shown) - 0.5)
    axes.set_xlabel(layout.x.label, labelpad=1.0)


def _colour_bar(figure: Figure, sheet: Sheet, image: Any, label: str) -> None:  # noqa: ANN401 - of matplotlib
    """Draw what the colours stand for above all plots, under its label."""
    figure.text(0.5, 1 - 0.03 / sheet.height_in, label, ha="center", va="top")
    top = 1 - (0.05 + LINE_IN + BAR_IN) / sheet.height_in
    axes = figure.add_axes((0.3, top, 0.4, BAR_IN / sheet.height_in))
    bar = figure.colorbar(image, cax=axes, orientation="horizontal")
    low, high = image.norm.vmin, image.norm.vmax
    ticks = [low, (low * high) ** 0.5 if high >= WIDE_RANGE * low else (low + high) / 2, high]
    bar.set_ticks(ticks, labels=[f"{tick:.3g}" for tick in ticks])
    bar.minorticks_off()
