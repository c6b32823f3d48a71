"""What every chart is drawn on: one look whatever the user's settings, empty plots of a scene, files without dates."""

from __future__ import annotations

import io
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from ngpc_sim.machine.threads import beside
from ngpc_sim.report.charts.scene import LEFT_IN, LEGEND_LINE_IN, LINE_IN, PT_PER_IN, Scene
from ngpc_sim.report.panels import Panel, Row, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

#: every chart is written as each of these
KINDS = ("png", "svg")
DPI = 300
ENTRY_PT, LETTER_PT = 20.0, 3.8  # of a legend: an entry's mark with the space around it; a letter of its name
INTERVAL, INTERVAL_COLOUR = "95 % interval", "#cc79a7"
VALUE_LABEL_IN = 0.14  # right side of the value axis's label

STYLE: dict[str, Any] = {
    "font.size": 6.5,
    "axes.axisbelow": True,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 6.5,
    "axes.titlepad": 4.0,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.4,
    "hatch.linewidth": 0.35,
    "legend.borderaxespad": 0.0,
    "legend.columnspacing": 1.0,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "legend.handletextpad": 0.4,
    "xtick.major.size": 0.0,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
    "svg.hashsalt": "ngpc-sim",
}


@dataclass(frozen=True)
class Plot:
    """One panel on its axes."""

    scene: Scene
    panel: Panel
    axes: Axes

    def values(self, case: str, value: Callable[[Row], float]) -> list[float]:
        """Give a case's value at each scale, NaN where it did not run."""
        at = [self.panel.at(scale) for scale in self.scene.scales]
        return [value(rows[case]) if case in rows else nan for rows in at]


def draw_bars(
    plot: Plot,
    centres: Sequence[float],
    heights: Sequence[float],
    label: str,
    feet: Sequence[float] | None = None,
    hatch: str = "",
    **look: Any,  # noqa: ANN401 - what matplotlib takes
) -> None:
    """Draw bars a slot wide as `Axes.bar` does, byte for byte, but without looking for the limits of the plot.

    A bar of no height is not seen, not even its edge: a hatch takes as long as that of any bar.
    """
    from matplotlib.container import BarContainer  # noqa: PLC0415 - heavy
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy
    from numpy import str_  # noqa: PLC0415 - heavy

    # a hatch is numpy's text in bars of `Axes.bar`, and SVG names it by how that prints
    look |= {"edgecolor": "black", "hatch": str_(hatch)}
    places = zip(centres, feet or [0.0] * len(heights), heights, strict=True)
    bars = [
        Rectangle((centre - 0.5, foot), 1.0, height, **look, visible=height != 0) for centre, foot, height in places
    ]
    for bar in bars:
        plot.axes.add_artist(bar)
    plot.axes.add_container(BarContainer(bars, label=label))


def draw_intervals(plot: Plot, column: str, whole: Callable[[Row], float] = lambda _: 1.0) -> dict[str, Any]:
    """Draw the 95 % interval of a column on the bars of sampled rows, over ``whole``; return the mark by its label."""
    marks: dict[str, Any] = {}
    for group, case in enumerate(plot.panel.cases):
        low, high = (
            plot.values(case, lambda row, end=end: number(row, f"ci_{end}_{column}") / whole(row))  # type: ignore[misc]
            for end in ("low", "high")
        )
        known = [place for place in zip(plot.scene.centres(group), low, high, strict=True) if not isnan(place[1])]
        if known:
            centres, lows, highs = zip(*known, strict=True)
            middles = [(a + b) / 2 for a, b in zip(lows, highs, strict=True)]
            halves = [(b - a) / 2 for a, b in zip(lows, highs, strict=True)]
            marks[INTERVAL] = plot.axes.errorbar(
                centres,
                middles,
                halves,
                fmt="none",
                ecolor=INTERVAL_COLOUR,
                elinewidth=0.7,
                capsize=1.6,
                capthick=0.7,
                label=f"{INTERVAL}, {case}",
                zorder=3.5,
            )
    return marks


def interval_names(rows: Sequence[Row], column: str) -> list[str]:
    """Name in the legend of what :func:`draw_intervals` draws of ``rows``; none where no row is sampled."""
    return [INTERVAL] if any(not isnan(number(row, f"ci_low_{column}")) for row in rows) else []


class Headed(Protocol):
    """A page with a legend and notes above its plots."""

    @property
    def height_in(self) -> float:
        """Height of the figure, inches."""

    @property
    def legend_in(self) -> float:
        """Height of the legend, inches."""

    @property
    def notes(self) -> Sequence[str]:
        """Lines of text below the legend."""


def chart_bytes(figures: Mapping[str, Figure]) -> dict[str, bytes]:
    """Figures by their names as files: PNG (300 dots an inch) and SVG, the same for the same drawing.

    The pixels of a PNG are packed, without the interpreter's lock, while the SVG is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy

    files: dict[str, bytes] = {}
    with style():
        for name, figure in figures.items():
            figure.set_dpi(DPI)
            canvas: Any = FigureCanvasAgg(figure)
            canvas.draw()
            png = beside(partial(_png, canvas.buffer_rgba()))
            svg = _svg(figure)
            files |= {f"{name}.png": png(), f"{name}.svg": svg}
    return files


def _png(pixels: memoryview) -> bytes:
    from matplotlib.image import imsave  # noqa: PLC0415 - heavy

    stream, unsigned = io.BytesIO(), cast("dict[str, str]", {"Software": None})
    imsave(stream, pixels, format="png", origin="upper", dpi=DPI, metadata=unsigned)
    return stream.getvalue()


def _svg(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def load() -> None:
    """Import what draws, so that it need not be waited for later."""
    import matplotlib.backends.backend_agg  # noqa: PLC0415 - heavy
    import matplotlib.backends.backend_svg  # noqa: PLC0415 - heavy
    import matplotlib.figure  # noqa: F401, PLC0415 - heavy


def import_elsewhere() -> None:
    """Import matplotlib from a folder without settings: it reads those of the current folder when it is imported."""
    with chdir(Path(__file__).parent):
        import matplotlib as mpl  # noqa: F401, PLC0415 - heavy


@contextmanager
def style() -> Iterator[None]:
    """Draw with matplotlib's defaults and ours, whatever the user's own settings are."""
    import matplotlib as mpl  # noqa: PLC0415 - heavy

    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in STYLE.items():
            mpl.rcParams[name] = value  # type: ignore[index]
        yield


def blank(width_in: float, height_in: float) -> Figure:
    """Give a figure of a size without any plot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def empty_plots(scene: Scene) -> tuple[Figure, list[Plot]]:
    """Give a figure with an empty plot for each panel."""
    figure = blank(scene.width_in, scene.height_in)
    plots = []
    for index, panel in enumerate(scene.panels):
        box = scene.box(index)
        axes = figure.add_axes((box.left, box.bottom, box.width, box.height))
        axes.set_ylabel(scene.label if index % scene.columns == 0 else "")
        axes.yaxis.set_label_coords((VALUE_LABEL_IN - LEFT_IN) / scene.plot_width_in, 0.5)
        plots.append(Plot(scene, panel, axes))
        names = scene.group_names(panel)
        axes.set_title(scene.title(panel), y=1.0)  # where it stands anyway, without looking for ticks above the plot
        axes.set_autoscale_on(False)
        axes.set_xlim(*scene.limits(panel))
        axes.set_xticks([(group + 0.5) * scene.slots for group in range(len(names))], names)
    return figure, plots


def legend(figure: Figure, page: Headed, *lines: Mapping[str, Any]) -> None:
    """Put lines of marks by their labels, and what is not shown, above all plots."""
    for index, line in enumerate(lines):
        top = 1 - (0.03 + index * LEGEND_LINE_IN) / page.height_in
        figure.legend(line.values(), line.keys(), loc="upper center", ncols=len(line), bbox_to_anchor=(0.5, top))
    for index, note in enumerate(page.notes):
        top = 1 - (page.legend_in + index * LINE_IN) / page.height_in
        figure.text(0.5, top, note, ha="center", va="top", style="italic")


def legend_lines(names: Sequence[str], width_in: float) -> list[Sequence[str]]:
    """Break the names of a legend into the fewest lines, of even counts, that fit the width of the figure."""
    for count in range(1, len(names) + 1):
        each = ceil(len(names) / count)
        lines = [names[start : start + each] for start in range(0, len(names), each)]
        widest = max(sum(ENTRY_PT + LETTER_PT * len(name) for name in line) for line in lines)
        if widest <= width_in * PT_PER_IN or each == 1:
            return lines
    return []


def entries(lines: Sequence[Sequence[str]], marks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the marks of lines of names."""
    return [{name: marks[name] for name in line if name in marks} for line in lines]


def swatch(colour: str, hatch: str = "") -> Patch:
    """Give the mark of a kind of bar, for the legend."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - heavy

    return Patch(facecolor=colour, edgecolor="black", linewidth=0.3, hatch=hatch)
