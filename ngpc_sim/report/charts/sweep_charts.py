"""Charts of a large sweep: lines, or maps with a colour a design point; of stalls, areas or the largest part.

The number of things drawn follows from the limits of a layout, not from the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.bars import FIGURE_PT, short
from ngpc_sim.report.charts.canvas import empty_plots, entries, legend, legend_lines, name_values, style, swatch
from ngpc_sim.report.charts.rates import LINE_COLOUR
from ngpc_sim.report.charts.scene import LEFT_IN, PLOT_IN, SHADES, decade_ticks, shade_at
from ngpc_sim.report.charts.sheet import (
    COLUMN_IN,
    GAP_IN,
    LINE_IN,
    PAGE_IN,
    Sheet,
    folded,
    folded_notes,
    legend_height,
    text_height,
)
from ngpc_sim.report.charts.stacks import swatches
from ngpc_sim.report.charts.stalls import LOOKS
from ngpc_sim.report.charts.sweeps import MAX_PLACES, WIDE_RANGE, Axis, Layout, Plot, Sweep
from ngpc_sim.report.panels import Row, number
from ngpc_sim.results.frames import RATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

MOST_TICKS = 6  # values that an axis names
LIGHTEST = 0.3  # shade of the first line: that of a bar is too light
#: colours of lines of names, of which a reader with any sight tells most apart (Okabe and Ito 2008)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d1f")
ACROSS_IN = 0.36  # right of a plot, for names of lines across it
BAR_IN = 0.07  # height of the bar of colours
EMPTY = "#f6c48f"  # of a map, where no design point is
NOT_RUN = "no design point"


@dataclass(frozen=True)
class Kind:
    """A chart: what it shows of a row, its label, whether the values are logarithmic, and lines across the plot."""

    label: str
    value: Callable[[Row], float]
    is_log: bool
    across: tuple[int, ...] = ()


def _share(row: Row, column: str, whole: str) -> float:
    base = number(row, whole)
    return 100 * number(row, column) / base if base > 0 else nan


KINDS_OF_CHARTS: Mapping[str, Kind] = {
    "speedup": Kind("speedup over the GPU (x)", partial(number, column="speedup"), is_log=True),
    "fps": Kind("frames per second (FPS)", partial(number, column="fps"), is_log=True, across=RATES),
    "energy": Kind(
        "energy (% of the GPU alone)", partial(_share, column="energy_mj", whole="gpu_energy_mj"), is_log=False
    ),
    "area": Kind("area (% of the GPU)", partial(number, column="area_pct_gpu"), is_log=False),
}


def sweep_chart(sweep: Sweep, name: str) -> Figure:
    """Draw a chart of ``KINDS_OF_CHARTS``."""
    kind = KINDS_OF_CHARTS[name]
    values = np.array([kind.value(row) for row in sweep.rows])
    layout = sweep.layout(values[:, None])
    return _map(layout, kind, values) if layout.is_map else _lines(layout, kind, values)


def stalls_sweep_chart(sweep: Sweep) -> Figure:
    """Draw the NFP cycles by what they went to: as areas along an axis, or the largest part of each design point."""
    whole = np.array([number(row, "nfp_cycles") for row in sweep.rows])
    parts = np.array([[number(row, part) for part in LOOKS] for row in sweep.rows])
    shares = np.divide(100 * parts, whole[:, None], out=np.zeros_like(parts), where=(parts > 0) & (whole[:, None] > 0))
    layout = sweep.layout(shares, merged=True)
    return _largest(layout, shares) if layout.is_map else _areas(layout, shares)


def _sheet(layout: Layout, names: Sequence[str], notes: Sequence[str] = ()) -> tuple[Sheet, list[Sequence[str]]]:
    """Where the plots stand, and the lines of the legend."""
    columns = 2 if len(layout.plots) > 1 else 1
    width_in = PAGE_IN if columns == 2 or layout.is_map else COLUMN_IN
    lines = legend_lines(names, width_in)
    sheet = Sheet(
        columns=columns,
        rows=ceil(len(layout.plots) / columns),
        width_in=width_in,
        plot_in=PLOT_IN,
        left_in=LEFT_IN,
        right_in=ACROSS_IN,
        between_in=LEFT_IN + ACROSS_IN,
        title_in=0.0,
        foot_in=GAP_IN + 2 * LINE_IN,
        legend_in=legend_height(len(lines) or 2),
        notes=folded_notes([*notes, *layout.notes], width_in),
    )
    titles = [folded(plot.title, sheet.plot_width_in) for plot in layout.plots]
    return replace(sheet, title_in=text_height(titles)), lines


def _figure(layout: Layout, sheet: Sheet, label: str) -> tuple[Figure, list[Axes]]:
    figure, plots = empty_plots(sheet, [folded(plot.title, sheet.plot_width_in) for plot in layout.plots])
    for index, axes in enumerate(plots):
        axes.set_xlabel(layout.x.label, labelpad=1.0)
        if index % sheet.columns == 0:
            name_values(axes, sheet, label)
    return figure, plots


def _written(axis: Axis, place: int) -> str:
    """A value beside an axis that is named."""
    value = axis.values[place]
    return axis.word(place).removesuffix(" NFPs").removeprefix(f"{axis.name}=") if value != "" else "-"


def _set_x(axes: Axes, axis: Axis) -> Sequence[float]:
    """Give a plot its horizontal axis; return where its values stand."""
    values: Sequence[float] = axis.values if axis.is_number else range(len(axis.values))
    low, high = values[0], values[-1]
    if axis.is_log:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    else:
        margin = 0.02 * (high - low)
        axes.set_xlim(low - margin, high + margin)
    shown = dict.fromkeys(axis.spread(MOST_TICKS))
    axes.set_xticks([], minor=True)
    axes.set_xticks([values[place] for place in shown], [_written(axis, place) for place in shown])
    return values


def _along(axis: Axis, rows: Array, values: Array) -> Array:
    """Values of some rows by place along an axis, (places, *k); NaN where there is none."""
    found = np.full((len(axis.values), *values.shape[1:]), nan)
    found[axis.places[rows]] = values[rows]
    return found


def _lines(layout: Layout, kind: Kind, values: Array) -> Figure:
    y = layout.y
    looks = {"": COLOURS[0]} if y is None else {y.word(place): _colour(y, place) for place in range(len(y.values))}
    with style():
        sheet, lines = _sheet(layout, [word for word in looks if word])
        figure, plots = _figure(layout, sheet, kind.label)
        marks: dict[str, Any] = {}
        low, high = _ends(values, kind)
        for axes, plot in zip(plots, layout.plots, strict=True):
            _set_y(axes, kind, low, high)
            where, shown = np.array(_set_x(axes, layout.x), float), list(dict.fromkeys(layout.x.spread(MAX_PLACES)))
            for place, (word, colour) in enumerate(looks.items()):
                rows = plot.rows if y is None else plot.rows[y.places[plot.rows] == place]
                own = _along(layout.x, rows, values)[shown]
                known = ~np.isnan(own)
                dots = "." if known.sum() <= MOST_TICKS else ""
                look: dict[str, Any] = {"color": colour, "marker": dots, "linewidth": 1.0, "label": word}
                marks[word] = axes.plot(where[shown][known], own[known], **look)[0]
        legend(figure, sheet, *entries(lines, marks))
    return figure


def _colour(axis: Axis, place: int) -> Any:  # noqa: ANN401 - what matplotlib takes
    """Colour of a line: of numbers the shades rise in darkness, of names the hues differ."""
    if not axis.is_number:
        return COLOURS[place]
    return shade_at(LIGHTEST + (1 - LIGHTEST) * place / max(1, len(axis.values) - 1))


def _ends(values: Array, kind: Kind) -> tuple[float, float]:
    """Ends of the value axis: around the values, from 0 where the axis is not logarithmic."""
    known = values[~np.isnan(values)]
    if kind.is_log:
        known = known[known > 0]
        low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
        return 0.8 * low, 1.25 * max(high, *kind.across, low)
    return 0.0, 1.1 * max(float(known.max()) if known.size else 0.0, 1e-9)


def _set_y(axes: Axes, kind: Kind, low: float, high: float) -> None:
    if kind.is_log:
        axes.set_yscale("log")
    axes.set_ylim(low, high)
    if kind.is_log:
        ticks = decade_ticks(low, high, MOST_TICKS // 2)
        axes.set_yticks([], minor=True)
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.grid(axis="y")
    for index, value in enumerate(kind.across):
        axes.axhline(value, color=LINE_COLOUR, linewidth=0.6, linestyle=(0, (4, 2)), label=f"{value}")
        if low <= value <= high:
            at: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "ha": "left"}
            axes.text(1.01 + 0.06 * (index % 2), value, f"{value}", size=FIGURE_PT, **at)


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
        name([np.flatnonzero(shown == place).mean() for place in places], [_written(axis, place) for place in places])
        end(-0.5, len(shown) - 0.5)


def _map(layout: Layout, kind: Kind, values: Array) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize  # noqa: PLC0415 - heavy

    y = layout.y
    known = values[~np.isnan(values) & (values > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
    colours = LinearSegmentedColormap.from_list("rows", SHADES).with_extremes(bad=EMPTY)
    norm = (LogNorm if high >= WIDE_RANGE * low else Normalize)(low, max(high, low * 1.001))
    with style():
        sheet = _sheet(layout, [])[0]
        figure, plots = _figure(layout, sheet, y.label if y is not None else "")
        holes = False
        for axes, plot in zip(plots, layout.plots, strict=True):
            grid = _grid(layout, plot, values)
            holes = holes or bool(np.isnan(grid).any())
            image = axes.imshow(grid, norm=norm, cmap=colours, origin="lower", aspect="auto", interpolation="nearest")
            _set_places(axes, layout)
        _colour_bar(figure, sheet, image, f"{kind.label}{f'; {NOT_RUN}: orange' if holes else ''}")
        legend(figure, sheet)
    return figure


def _colour_bar(figure: Figure, sheet: Sheet, image: Any, label: str) -> None:  # noqa: ANN401 - of matplotlib
    """Draw what the colours stand for above all plots."""
    top = 1 - (0.03 + BAR_IN) / sheet.height_in
    axes = figure.add_axes((0.35, top, 0.3, BAR_IN / sheet.height_in))
    bar = figure.colorbar(image, cax=axes, orientation="horizontal")
    low, high = image.norm.vmin, image.norm.vmax
    ticks = [low, (low * high) ** 0.5 if high >= WIDE_RANGE * low else (low + high) / 2, high]
    bar.set_ticks(ticks, labels=[short(tick) for tick in ticks])
    bar.minorticks_off()
    figure.text(0.34, top + BAR_IN / 2 / sheet.height_in, label, ha="right", va="center")


def _areas(layout: Layout, shares: Array) -> Figure:
    used = [part for part in range(len(LOOKS)) if (shares[:, part] > 0).any()]
    looks = [list(LOOKS.values())[part] for part in used]
    with style():
        sheet, lines = _sheet(layout, [look.name for look in looks])
        figure, plots = _figure(layout, sheet, "NFP cycles of a frame (%)")
        for axes, plot in zip(plots, layout.plots, strict=True):
            where, shown = np.array(_set_x(axes, layout.x), float), list(dict.fromkeys(layout.x.spread(MAX_PLACES)))
            own = _along(layout.x, plot.rows, shares)[shown]
            known = ~np.isnan(own).any(axis=1)
            stack = axes.stackplot(where[shown][known], own[known][:, used].T, colors=[look.colour for look in looks])
            for area, look in zip(stack, looks, strict=True):
                area.set(hatch=look.hatch, edgecolor="black", linewidth=0.2, label=look.name)
            axes.set_ylim(0, 100)
            axes.set_yticks(range(0, 101, 25))
        legend(figure, sheet, *entries(lines, swatches(looks)))
    return figure


def _largest(layout: Layout, shares: Array) -> Figure:
    """Draw what takes most of the NFP cycles of each design point."""
    from matplotlib.colors import ListedColormap  # noqa: PLC0415 - heavy

    largest = shares.argmax(axis=1).astype(float)
    looks = list(LOOKS.values())
    colours = ListedColormap([look.colour for look in looks])
    names = [looks[int(part)].name for part in np.unique(largest)]
    with style():
        sheet, lines = _sheet(layout, names, ["what takes the largest part of the NFP cycles"])
        figure, plots = _figure(layout, sheet, layout.y.label if layout.y is not None else "")
        for axes, plot in zip(plots, layout.plots, strict=True):
            grid = _grid(layout, plot, largest)
            image = axes.imshow(grid, cmap=colours, origin="lower", aspect="auto", interpolation="nearest")
            image.set_clim(-0.5, len(looks) - 0.5)
            _set_places(axes, layout)
        shown = {look.name: swatch(look.colour) for look in looks}
        legend(figure, sheet, *entries(lines, shown))
    return figure
