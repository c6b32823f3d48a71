"""Chart of where the NFP cycles of a frame go: computing, and every cause of a stall, stacked to 100 %.

Parts keep their order in the stack and in the legend, in four families of hues: computing (green), encoding side
(blues), MLP side (purples), supply of work (browns, then grey for the GPU). What is close in lightness differs in
hatch, so that grey print tells any part from any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ngpc_sim.report.charts.maps import largest_chart
from ngpc_sim.report.charts.plots import column_of, row_values
from ngpc_sim.report.charts.stacks import Look, Stack, stacks_chart
from ngpc_sim.report.charts.sweeps import sweep_of
from ngpc_sim.results.stall_causes import STALL_CAUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ngpc_sim.report.panels import Row

NAMED_PCT = 0.5  # parts that are nowhere above this share of a stack stay out of the legend
COMPUTING = "mlp_cycles"
LABEL = "NFP cycles of a frame (%)"

#: how each part looks, from the foot of the stack up
LOOKS = {
    COMPUTING: Look("computing", "#cfeadd"),
    **{
        f"stall_{cause.name}": Look(cause.label, cause.colour, cause.hatch)
        for cause in sorted(STALL_CAUSES, key=lambda cause: cause.stack)
    },
}


def stalls_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the NFP cycles of a frame by what they went to, in percent; of many plots a map of the largest parts."""
    sweep = sweep_of(rows)
    whole = row_values(sweep.rows, column_of("nfp_cycles"))
    cycles = row_values(sweep.rows, *map(column_of, LOOKS))
    shares = np.divide(100 * cycles, whole, out=np.zeros_like(cycles), where=(cycles > 0) & (whole > 0))
    layout = sweep.stacks(shares)
    looks = list(LOOKS.values())
    if layout.is_cut:
        note = "what takes the largest part of the NFP cycles"
        return largest_chart(sweep.map(shares), looks, shares, note, width_in)
    most = shares.max(axis=0)
    used = [part for part in range(len(looks)) if most[part] > 0]
    named = [looks[part].name for part in used if most[part] > NAMED_PCT]
    small = [looks[part].name for part in used if most[part] <= NAMED_PCT]
    notes = [f"drawn but nowhere above {NAMED_PCT} %: {', '.join(small)}"] if small else []
    return stacks_chart(layout, looks, shares, [Stack(LABEL, used, 100.0)], names=named, notes=notes, width_in=width_in)
