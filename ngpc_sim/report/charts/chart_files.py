"""Files of all charts of a run."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.report.charts.canvas import KINDS, chart_bytes
from ngpc_sim.report.charts.costs import area_chart, energy_chart
from ngpc_sim.report.charts.level_panels import any_cached
from ngpc_sim.report.charts.misses import misses_chart
from ngpc_sim.report.charts.rates import fps_chart, speedup_chart
from ngpc_sim.report.charts.stalls import stalls_chart
from ngpc_sim.report.panels import Row

#: charts of every run, by the names of their files
CHARTS = {
    "speedup": speedup_chart,
    "fps": fps_chart,
    "energy": energy_chart,
    "area": area_chart,
    "stalls": stalls_chart,
}
#: those that a part of a frame has not
OF_WHOLE_FRAMES = ("speedup", "fps")
CHART_FILES = tuple(f"{name}.{kind}" for name in CHARTS for kind in KINDS)
MISS_FILES = tuple(f"misses.{kind}" for kind in KINDS)


def chart_files(rows: Sequence[Row], level_rows: Sequence[Row] = ()) -> dict[str, bytes]:
    """Draw all charts of ``rows``: file name to content, PNG (300 dots an inch) and SVG.

    ``level_rows`` (see `level_panels`) give the chart of misses where grid_sram is the cache of any level.
    """
    of_parts = any("cycles" in row for row in rows)
    figures = {name: draw(rows) for name, draw in CHARTS.items() if not (of_parts and name in OF_WHOLE_FRAMES)}
    if any_cached(level_rows):
        figures["misses"] = misses_chart(level_rows)
    return chart_bytes(figures)
