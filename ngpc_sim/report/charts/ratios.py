"""Chart of two runs: the frame time of the second over that of the first, by case and scale.

Dots below 1 are faster in the second run. The axis is logarithmic: twice as fast and half as fast look the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.curves import Kind, curves_chart
from ngpc_sim.report.charts.plots import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from ngpc_sim.report.panels import Row

LEAST_RATIO = 1.25  # ends of the axis are at least so far from 1


def ratios_chart(rows: Sequence[Row], column: str, note: str) -> Figure:
    """Draw the ratio in a ``column`` of rows; ``note`` says of what it is."""
    seen = [1 / LEAST_RATIO, LEAST_RATIO]
    kind = Kind("ratio of frame times", column_of(column), across={"equal": 1.0}, seen=seen, notes=[note])
    return curves_chart(rows, kind)
