"""Chart of a measured GPU: how many times faster the rest of kernels is fused, measured and by the roofline.

A row a workload, bars from zero, and across all of them the published factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import SOURCE_WORDS, empty_plots, legend, style, swatch
from ngpc_sim.report.charts.palette import COLOURS, MARK_COLOUR
from ngpc_sim.report.charts.sheet import (
    COLUMN_IN,
    GAP_IN,
    LINE_IN,
    Sheet,
    folded,
    folded_notes,
    legend_height,
)
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.workloads.apps import app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_IN, NAMES_IN, RIGHT_IN = 0.3, 1.1, 0.2
#: of both bars of a row: colour, hatch, and place from the middle of the row
LOOKS = {"measured": (COLOURS[0], "", -0.19), "roofline": ("white", "////", 0.19)}
HEIGHT = 0.36
LABEL = "rest of kernels, un-fused over fused (x)"
NOTHING = "no frame was measured"
#: room beyond the longest bar
ROOM = 1.08


@dataclass(frozen=True)
class Fusion:
    """How many times faster the rest of a frame's kernels is fused: as measured, and by its bounds."""

    app: str
    encoding: str
    measured: float
    roofline: float


def fusion_chart(rows: Sequence[Fusion], note: str) -> Figure:
    """Draw a row for each workload; ``note`` says of which card."""
    published = PUBLISHED["rest_fusion"]
    names = [folded(f"{app_title(row.app)}, {row.encoding}", NAMES_IN - GAP_IN) for row in rows]
    row_in = max([ROW_IN, *(LINE_IN * (1 + name.count("\n")) for name in names)])
    with style():
        sheet = Sheet(
            columns=1,
            rows=1,
            width_in=COLUMN_IN,
            plot_in=row_in * max(1, len(rows)),
            left_in=NAMES_IN,
            right_in=RIGHT_IN,
            between_in=0.0,
            title_in=GAP_IN,
            foot_in=GAP_IN + 2 * LINE_IN,
            legend_in=legend_height(1),
            notes=folded_notes([note, *([] if rows else [NOTHING])], COLUMN_IN),
        )
        figure, (axes,) = empty_plots(sheet, [""])
        end = ROOM * max([published.value, *(max(row.measured, row.roofline) for row in rows)])
        axes.set_xlim(0, end)
        axes.set_xticks([tick for tick in axes.get_xticks() if tick <= end])
        _draw(axes, rows, names)
        line = axes.axvline(published.value, color=MARK_COLOUR, linestyle="dashed")
        marks = {name: swatch(colour, hatch) for name, (colour, hatch, _) in LOOKS.items()}
        legend(figure, sheet, marks | {f"{published.value:g} {SOURCE_WORDS[published.confidence]}": line})
    return figure


def _draw(axes: Axes, rows: Sequence[Fusion], names: Sequence[str]) -> None:
    """Draw the bars, the first row above."""
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_xlabel(LABEL)
    for name, (colour, hatch, place) in LOOKS.items():
        values = [getattr(row, name) for row in rows]
        places = [row + place for row in range(len(rows))]
        axes.barh(places, values, HEIGHT, color=colour, hatch=hatch, edgecolor="black", linewidth=0.3)
