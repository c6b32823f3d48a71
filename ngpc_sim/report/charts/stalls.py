"""Chart of where the NFP cycles of a frame go: computing, and every cause of a stall, stacked to 100 %.

Parts keep their order in the stack and in the legend, in four families of hues: computing (green), encoding side
(blues), MLP side (purples), supply of work (browns, then grey for the GPU). What is close in lightness differs in
hatch, so that grey print tells any part from any other.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import Plot, empty_plots, entries, legend, legend_lines, style
from ngpc_sim.report.charts.scene import CHARACTER_IN, PLOT_IN, PT_PER_IN, Scene, choose_scene, folded
from ngpc_sim.report.charts.stacks import (
    DIGIT_PT,
    FIGURE_PT,
    Look,
    draw_stacks,
    name_scales,
    prepare,
    rows_of,
    swatches,
)
from ngpc_sim.report.panels import Row, number, row_scale
from ngpc_sim.results.stall_causes import STALL_CAUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from matplotlib.figure import Figure

RIGHT_IN = 0.06
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
    label = "NFP cycles of a frame (%)"
    scene = choose_scene(rows, label, low=0.0, high=100.0, with_mean=False, right_in=RIGHT_IN)
    most = _most(scene, LOOKS)
    used = {part: look for part, look in LOOKS.items() if most[part] > 0}
    lines = legend_lines([look.name for part, look in used.items() if most[part] > NAMED_PCT], scene.width_in)
    unnamed = [look.name for part, look in used.items() if most[part] <= NAMED_PCT]
    scene = replace(scene, notes=(NOTE, *_unnamed_notes(unnamed, scene), *scene.notes), legend_lines=max(1, len(lines)))
    with style():
        figure, plots = empty_plots(scene)
        for plot in plots:
            prepare(plot)
            plot.axes.set_yticks(range(0, 101, 25))
            for group, case in enumerate(plot.panel.cases):
                draw_stacks(plot, group, case, used, _height)
                name_scales(plot, group, case)
                _write_largest(plot, group, case, used)
        legend(figure, scene, *entries(lines, swatches(used.values())))
    return figure


def share(row: Row, part: str) -> float:
    """Give a part of a row's NFP cycles in percent, NaN without cycles."""
    whole = number(row, "nfp_cycles")
    return 100 * number(row, part) / whole if whole > 0 else nan


def _height(row: Row, part: str) -> float:
    height = share(row, part)
    return 0.0 if isnan(height) else height


def _most(scene: Scene, parts: Iterable[str]) -> dict[str, float]:
    """Largest share of each part in any bar shown."""
    shown = [row for panel in scene.panels for row in panel.rows if row_scale(row) in scene.scales]
    return {part: max((_height(row, part) for row in shown), default=0.0) for part in parts}


def _unnamed_notes(names: Sequence[str], scene: Scene) -> list[str]:
    if not names:
        return []
    note = f"drawn but nowhere above {NAMED_PCT} %: {', '.join(names)}"
    return folded(note, scene.width_in - 2 * CHARACTER_IN).splitlines()


def _write_largest(plot: Plot, group: int, case: str, looks: Mapping[str, Look]) -> None:
    """Write the share of the largest stall into each bar of a case, where it has room."""
    pitch = plot.scene.pitch_pt(plot.panel)
    pt_per_percent = PT_PER_IN * PLOT_IN / (plot.scene.high - plot.scene.low)
    for centre, row in zip(plot.scene.centres(group), rows_of(plot, case), strict=True):
        heights = {part: _height(row, part) for part in looks if part != COMPUTING} if row else {}
        largest = max(heights, key=heights.__getitem__, default="")
        height = heights.get(largest, 0.0)
        written = f"{height:.0f}"
        if height * pt_per_percent < FIGURE_PT + 2 or DIGIT_PT * len(written) + 1 > pitch:
            continue
        below = sum(_height(row, part) for part in list(looks)[: list(looks).index(largest)]) if row else 0.0
        _write_on(plot, centre, below + height / 2, written, looks[largest].colour)


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
