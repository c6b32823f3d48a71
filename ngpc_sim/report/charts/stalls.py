"""Chart of where the NFP cycles of a frame go: computing, and every cause of a stall, stacked to 100 %.

Parts keep their order in the stack and in the legend, in four families of hues: computing (green), encoding side
(blues), MLP side (purples), supply of work (browns, then grey for the GPU). What is close in lightness differs in
hatch, so that grey print tells any part from any other.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.bars import FIGURE_PT, Plot
from ngpc_sim.report.charts.scene import PLOT_IN, choose_scene
from ngpc_sim.report.charts.sheet import PT_PER_IN, folded_notes
from ngpc_sim.report.charts.stacks import DIGIT_PT, Look, or_none, stacked_chart
from ngpc_sim.report.panels import Row, number, row_scale
from ngpc_sim.results.stall_causes import STALL_CAUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

NAMED_PCT = 0.5  # parts that are nowhere above this share of a stack stay out of the legend
COMPUTING = "mlp_cycles"
NOTE = "in the bars: largest stall, %; below: NFPs"

#: how each part looks, from the foot of the stack up
LOOKS = {
    COMPUTING: Look("computing", "#cfeadd"),
    **{
        f"stall_{cause.name}": Look(cause.label, cause.colour, cause.hatch)
        for cause in sorted(STALL_CAUSES, key=lambda cause: cause.stack)
    },
}


def stalls_chart(rows: Sequence[Row]) -> Figure:
    """Draw the NFP cycles of a frame by what they went to, case and scale, in percent."""
    scene = choose_scene(rows, "NFP cycles of a frame (%)", 0.0, 100.0)
    shown = [row for panel in scene.panels for row in panel.rows if row_scale(row) in scene.scales]
    most = {part: max((_height(row, part) for row in shown), default=0.0) for part in LOOKS}
    used = {part: look for part, look in LOOKS.items() if most[part] > 0}
    unnamed = [look.name for part, look in used.items() if most[part] <= NAMED_PCT]
    notes = [NOTE, *([f"drawn but nowhere above {NAMED_PCT} %: {', '.join(unnamed)}"] if unnamed else [])]
    scene = replace(scene, notes=(*folded_notes(notes, scene.sheet.width_in), *scene.notes))
    names = [look.name for part, look in used.items() if most[part] > NAMED_PCT]
    return stacked_chart(scene, used, _height, names, partial(_write_largest, used))


def _height(row: Row, part: str) -> float:
    """Part of a row's NFP cycles in percent."""
    whole = number(row, "nfp_cycles")
    return or_none(100 * number(row, part) / whole if whole > 0 else nan)


def _write_largest(looks: Mapping[str, Look], plot: Plot, _: Sequence[float]) -> dict[str, Any]:
    """Write the share of the largest stall into each bar, where it has room."""
    plot.axes.set_yticks(range(0, 101, 25))
    pt_per_percent = PT_PER_IN * PLOT_IN / (plot.scene.high - plot.scene.low)
    parts = list(looks)
    for centre, row in ((bar.centre, bar.row) for bar in plot.bars()):
        heights = {part: _height(row, part) for part in parts}
        largest = max((part for part in parts if part != COMPUTING), key=heights.__getitem__, default=COMPUTING)
        height, written = heights[largest], f"{heights[largest]:.0f}"
        wide, high = DIGIT_PT * len(written) + 1, FIGURE_PT + 2
        if largest != COMPUTING and wide <= plot.pitch_pt and high <= height * pt_per_percent:
            below = sum(heights[part] for part in parts[: parts.index(largest)])
            _write_on(plot, centre, below + height / 2, written, looks[largest].colour)
    return {}


def _write_on(plot: Plot, x: float, y: float, written: str, colour: str) -> None:
    """Write over a part in a patch of its plain colour, for hatches are hard to read through."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - heavy

    plot.axes.text(
        x,
        y,
        written,
        size=FIGURE_PT,
        color="black" if sum(to_rgb(colour)) > 1.3 else "white",
        ha="center",
        va="center_baseline",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.6},
    )
