"""What the paper's figures are drawn on: plots of one size in rows and columns, and the looks that they share.

An app has its own colour and its own mark everywhere, so that grey print tells them apart. Scales have the shades of
the main job's charts. The GPU alone is orange. A published number is a black diamond, or a white one where it is only
as others quote it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import (
    SOURCE_WORDS,
    draw_published,
    empty_plots,
    legend,
    name_values,
    style,
)
from ngpc_sim.report.charts.palette import DASHED, LINE_COLOUR, MARK_COLOUR, shaded_looks
from ngpc_sim.report.charts.sheet import GAP_IN, LEGEND_LINE_IN, LINE_IN, PAGE_IN, Sheet
from ngpc_sim.report.panels import Row, text
from ngpc_sim.report.paper.rows import of, values
from ngpc_sim.results.published import Published
from ngpc_sim.workloads.apps import BUILT_IN, app_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GPU_COLOUR = MARK_COLOUR

APP_LOOKS: dict[str, dict[str, Any]] = {
    **{name: {"color": app.colour, "marker": app.mark} for name, app in BUILT_IN.items()},
    "mean": {"color": "black", "linewidth": 1.1, "linestyle": (0, (1, 0.6))},
}
LINE: dict[str, Any] = {"linewidth": 0.9, "markersize": 3.6, "markeredgecolor": "white", "markeredgewidth": 0.3}


def page(
    columns: int,
    rows: int,
    *,
    legend_lines: int = 1,
    title_lines: int = 1,
    plot_in: float = 1.3,
    between_in: float = 0.16,
    right_in: float = 0.08,
    foot_in: float = 0.33,
) -> Sheet:
    """Give plots under a legend, a page wide."""
    return Sheet(
        columns=columns,
        rows=rows,
        width_in=PAGE_IN,
        plot_in=plot_in,
        left_in=0.66,
        right_in=right_in,
        between_in=between_in,
        title_in=GAP_IN + LINE_IN * title_lines,
        foot_in=foot_in,
        legend_in=0.05 + LEGEND_LINE_IN * legend_lines,
    )


@dataclass
class Drawing:
    """A figure while it is drawn: its plots, and the marks of its legend by their names.

    ``lines`` are the lines of the legend. The marks of published numbers stand at the end of the last line.
    """

    figure: Figure
    plots: list[Axes]
    lines: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    published: dict[str, Any] = field(default_factory=dict)

    def new_line(self) -> None:
        """Begin another line of the legend."""
        self.lines.append({})

    def mark(self, name: str, artist: Any) -> None:  # noqa: ANN401 - matplotlib's
        """Add something drawn to the legend."""
        self.lines[-1][name] = artist

    def draw_line(
        self, axes: Axes, places: Sequence[float], heights: Sequence[float], label: str, look: Mapping[str, Any]
    ) -> None:
        """Draw a line with marks, ``label`` in the legend."""
        self.mark(label, axes.plot(places, heights, label=label, clip_on=False, zorder=3, **{**LINE, **look})[0])

    def draw_apps(self, axes: Axes, rows: Sequence[Row], column: str, place: Callable[[Row], float]) -> None:
        """Draw a column as one line for each app, over the places of the rows."""
        for app in dict.fromkeys(text(row, "app") for row in rows):
            own = of(rows, app=app)
            self.draw_line(axes, [place(row) for row in own], values(own, column), app_title(app), APP_LOOKS[app])

    def draw_published(
        self, axes: Axes, place: float, row: Published, height: float | None = None, note: str = ""
    ) -> None:
        """Mark a published number, at its value or at ``height``; the legend says how sure it is, and ``note``."""
        label, y = SOURCE_WORDS[row.confidence], row.value if height is None else height
        self.published[label + note] = draw_published(axes, place, y, row, label)


@contextmanager
def drawing(sheet: Sheet, titles: Sequence[str], labels: str | Sequence[str]) -> Iterator[Drawing]:
    """Give a figure with an empty plot for each title; its legend is drawn at the end of the ``with`` block.

    ``labels``: the name of the value axis that all plots of a row share, or the name of each plot's own.
    """
    shared = isinstance(labels, str)
    names = [labels] * len(titles) if isinstance(labels, str) else labels
    with style():
        figure, plots = empty_plots(sheet, titles)
        for index, axes in enumerate(plots):
            if shared and index % sheet.columns:
                axes.tick_params(axis="y", labelleft=False)
            else:
                name_values(axes, sheet, names[index])
        made = Drawing(figure, plots)
        yield made
        legend(figure, sheet, *made.lines[:-1], made.lines[-1] | made.published)


def log_values(axes: Axes, low: float, high: float) -> None:
    """Give a logarithmic value axis, whose label says so, with a line at each power of ten."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [10.0**power for power in range(-6, 10) if low <= 10.0**power <= high]
    axes.set_yticks([], minor=True)
    axes.set_yticks(ticks, [f"{tick:g}" if tick < 1e5 else f"{tick / 1e3:g}k" for tick in ticks])
    axes.grid(axis="y")


def log_places(axes: Axes, places: Mapping[float, str], label: str) -> None:
    """Give a logarithmic horizontal axis with these names at these places."""
    first, last = min(places), max(places)
    room = (last / first) ** 0.07
    axes.set_xscale("log")
    axes.set_xlim(first / room, last * room)
    axes.set_xticks([], minor=True)
    axes.set_xticks(list(places), list(places.values()))
    axes.set_xlabel(label, labelpad=1.5)


def scale_look(scales: Sequence[int], scale: int) -> dict[str, Any]:
    """Shade and mark of a number of NFPs."""
    return shaded_looks(len(scales))[scales.index(scale)]


def draw_level(axes: Axes, height: float, label: str, dashes: Any = DASHED) -> Any:  # noqa: ANN401 - matplotlib's
    """Draw a dashed line across the plot."""
    return axes.axhline(height, color=LINE_COLOUR, linewidth=0.7, linestyle=dashes, label=label)
