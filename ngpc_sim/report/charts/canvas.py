"""What every chart is drawn on: one look whatever the user's settings, empty plots, legends, files without dates."""

from __future__ import annotations

import io
from contextlib import chdir
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.sheet import CHARACTER_IN, LEGEND_LINE_IN, LINE_IN, PT_PER_IN, Sheet, folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from ngpc_sim.results.published import Published

#: formats of a chart, each without what would tell when and with what it was written
FORMATS: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None},
}
#: formats that a run writes
KINDS = ("png", "svg")
DPI = 300
STYLE = Path(__file__).with_name("paper.mplstyle")
ENTRY_PT, LETTER_PT = 24.0, 4.1  # of a legend: an entry's mark with the space around it; a letter of its name
FIGURE_PT = 7.0  # size of the figures in a plot: no text is smaller
VALUE_LABEL_IN = 0.03  # left side of the value axis's label
#: how sure a published number is, in the words of a legend
SOURCE_WORDS: dict[str, str] = {
    "P": "published",
    "S": "published, as others quote it",
    "M": "published, from memory",
    "D": "derived from published",
}
MARK_PT = 3.6  # size of what marks published numbers


def chart_bytes(figures: Mapping[str, Figure], kinds: Sequence[str] = KINDS, title: str = "") -> dict[str, bytes]:
    """Figures by their names as files of ``FORMATS``, PNG of 300 dots an inch; the same for the same drawing.

    A ``title`` stands in the files' own words about themselves, and is not drawn.
    """
    told = {"Title": title} if title else {}
    files: dict[str, bytes] = {}
    with style():
        for name, figure in figures.items():
            for kind in kinds:
                stream = io.BytesIO()
                figure.savefig(stream, format=kind, dpi=DPI, metadata=FORMATS[kind] | told)
                files[f"{name}.{kind}"] = stream.getvalue()
    return files


def import_elsewhere() -> None:
    """Import matplotlib from a folder without settings: it reads those of the current folder when it is imported."""
    with chdir(Path(__file__).parent):
        import matplotlib as mpl  # noqa: F401, PLC0415 - heavy


def style() -> AbstractContextManager[None]:
    """Draw with matplotlib's defaults and ours, whatever the user's own settings are."""
    import matplotlib as mpl  # noqa: PLC0415 - heavy

    return mpl.rc_context(fname=STYLE)


def blank(width_in: float, height_in: float) -> Figure:
    """Give a figure of a size without any plot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy

    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def empty_plots(
    sheet: Sheet, titles: Sequence[str], cells: Sequence[tuple[int, int]] = ()
) -> tuple[Figure, list[Axes]]:
    """Give a figure with an empty plot for each title, in its cell (row, column), or row by row."""
    figure = blank(sheet.width_in, sheet.height_in)
    places = cells or [divmod(index, sheet.columns) for index in range(len(titles))]
    plots = [figure.add_axes(sheet.box(*place)) for place in places]
    for axes, title in zip(plots, titles, strict=True):
        axes.set_title(title)
        axes.set_autoscale_on(False)
    return figure, plots


def name_values(axes: Axes, sheet: Sheet, label: str) -> None:
    """Name the value axis of a plot at the left of the sheet, in lines as long as the plot is high."""
    lines = [label] if len(label) * CHARACTER_IN <= sheet.plot_in else label.replace(" (", "\n(").splitlines()
    axes.set_ylabel("\n".join(folded(line, sheet.plot_in) for line in lines), va="top")
    axes.yaxis.set_label_coords((VALUE_LABEL_IN - sheet.left_in) / sheet.plot_width_in, 0.5)


def draw_published(axes: Axes, x: float, y: float, row: Published, label: str) -> Line2D:
    """Mark a published number: black where the paper prints it, white where others quote it."""
    sure = row.confidence == "P"
    return axes.plot(
        x,
        y,
        "D",
        markersize=MARK_PT,
        markerfacecolor="black" if sure else "white",
        markeredgecolor="white" if sure else "black",
        markeredgewidth=0.5,
        label=label,
        clip_on=False,
        zorder=5,
    )[0]


def legend(figure: Figure, sheet: Sheet, *lines: Mapping[str, Any]) -> None:
    """Put lines of marks by their labels, and what is not shown, above all plots."""
    for index, line in enumerate(lines):
        top = 1 - (0.03 + index * LEGEND_LINE_IN) / sheet.height_in
        figure.legend(line.values(), line.keys(), loc="upper center", ncols=len(line), bbox_to_anchor=(0.5, top))
    for index, note in enumerate(sheet.notes):
        top = 1 - (sheet.legend_in + index * LINE_IN) / sheet.height_in
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


def swatch(colour: Any, hatch: str = "", alpha: float | None = None) -> Patch:  # noqa: ANN401 - what matplotlib takes
    """Give the mark of a kind of bar, for the legend."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - heavy

    return Patch(facecolor=colour, edgecolor="black", linewidth=0.3, hatch=hatch, alpha=alpha)
