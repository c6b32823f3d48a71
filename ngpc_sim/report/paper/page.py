"""What the paper's figures are drawn on: plots of one size in rows and columns, and the looks that they share.

An app has its own colour and its own mark everywhere, so that grey print tells them apart. Scales have the shades of
the main job's charts. The GPU alone is orange. A published number is a black diamond, or a white one where it is only
quoted or remembered.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import blank, legend, style
from ngpc_sim.report.charts.scene import GAP_IN, LEGEND_LINE_IN, LINE_IN, PAGE_IN, PT_PER_IN, shade_at
from ngpc_sim.report.panels import Row, text
from ngpc_sim.report.paper.rows import of, values
from ngpc_sim.results.published import CONFIDENCE_WORDS, Published
from ngpc_sim.workloads.apps import BUILT_IN, app_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN, BETWEEN_IN = 0.56, 0.08, 0.16  # left and right of all plots; between two on one value axis
LABEL_IN = 0.14  # right side of the value axis's label
FOOT_IN = 0.33  # below a plot: the numbers on its axis and the name of it
FIGURE_PT, DIGIT_PT, PAD_PT = 5.5, 3.6, 2.0  # size of small figures, width of a digit in it, space
GPU_COLOUR, LINE_COLOUR = "#d55e00", "#4d4d4d"
DASHES = (0, (4, 2))

APP_LOOKS: dict[str, dict[str, Any]] = {
    **{name: {"color": app.colour, "marker": app.mark} for name, app in BUILT_IN.items()},
    "mean": {"color": "black", "linewidth": 1.1, "linestyle": (0, (1, 0.6))},
}
LINE: dict[str, Any] = {"linewidth": 0.9, "markersize": 3.6, "markeredgecolor": "white", "markeredgewidth": 0.3}
SCALE_MARKS = "osD^vP"


@dataclass(frozen=True)
class Page:
    """Plots under a legend, a page wide; lengths in inches.

    ``between_in`` is the space between two plots of a row.
    """

    columns: int
    rows: int
    legend_lines: int = 1
    notes: tuple[str, ...] = ()
    title_lines: int = 1
    plot_in: float = 1.3
    between_in: float = BETWEEN_IN
    right_in: float = RIGHT_IN
    foot_in: float = FOOT_IN

    @property
    def legend_in(self) -> float:
        """Height of the legend."""
        return 0.05 + LEGEND_LINE_IN * self.legend_lines

    @property
    def cell_in(self) -> float:
        """Height of a plot with its title and what stands below it."""
        return GAP_IN + LINE_IN * self.title_lines + self.plot_in + self.foot_in

    @property
    def height_in(self) -> float:
        """Height of the figure."""
        return self.legend_in + self.rows * self.cell_in

    @property
    def plot_width_in(self) -> float:
        """Width of one plot."""
        between = (self.columns - 1) * self.between_in
        return (PAGE_IN - LEFT_IN - self.right_in - between) / self.columns

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of plot ``index``, row by row, as shares of the figure."""
        row, column = divmod(index, self.columns)
        left_in = LEFT_IN + column * (self.plot_width_in + self.between_in)
        bottom_in = self.height_in - self.legend_in - (row + 1) * self.cell_in + self.foot_in
        return (
            left_in / PAGE_IN,
            bottom_in / self.height_in,
            self.plot_width_in / PAGE_IN,
            self.plot_in / self.height_in,
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
        sure = row.confidence == "P"
        label = CONFIDENCE_WORDS[row.confidence]
        self.published[label + note] = axes.plot(
            place,
            row.value if height is None else height,
            "D",
            markersize=3.6,
            markerfacecolor="black" if sure else "white",
            markeredgecolor="white" if sure else "black",
            markeredgewidth=0.5,
            label=label,
            linestyle="none",
            clip_on=False,
            zorder=5,
        )[0]


@contextmanager
def drawing(page: Page, titles: Sequence[str], labels: str | Sequence[str]) -> Iterator[Drawing]:
    """Give a figure with an empty plot for each title; its legend is drawn at the end of the ``with`` block.

    ``labels``: the name of the value axis that all plots of a row share, or the name of each plot's own.
    """
    shared = isinstance(labels, str)
    names = [labels] * len(titles) if isinstance(labels, str) else labels
    with style():
        figure = blank(PAGE_IN, page.height_in)
        plots = [figure.add_axes(page.box(index)) for index in range(len(titles))]
        for index, (axes, title) in enumerate(zip(plots, titles, strict=True)):
            axes.set_title(title)
            axes.set_autoscale_on(False)
            if shared and index % page.columns:
                axes.tick_params(axis="y", labelleft=False)
            else:
                axes.set_ylabel(names[index])
                axes.yaxis.set_label_coords((LABEL_IN - LEFT_IN) / page.plot_width_in, 0.5)
        made = Drawing(figure, plots)
        yield made
        legend(figure, page, *made.lines[:-1], made.lines[-1] | made.published)


def log_values(axes: Axes, low: float, high: float) -> None:
    """Give a logarithmic value axis with a line at each power of ten."""
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
    index = scales.index(scale)
    place = 0.3 + 0.7 * index / (len(scales) - 1) if len(scales) > 1 else 1.0
    return {"color": shade_at(place), "marker": SCALE_MARKS[index % len(SCALE_MARKS)]}


def draw_level(axes: Axes, height: float, label: str, *, name: str = "", column: int = 0, width_in: float = 1.0) -> Any:  # noqa: ANN401 - matplotlib's
    """Draw a dashed line across the plot, its name right of it in one of two columns."""
    line = axes.axhline(height, color=LINE_COLOUR, linewidth=0.6, linestyle=DASHES, label=label)
    if name:
        place = 1 + (PAD_PT + column * 3 * DIGIT_PT) / (PT_PER_IN * width_in)
        axes.text(place, height, name, size=FIGURE_PT, va="center", transform=axes.get_yaxis_transform())
    return line
