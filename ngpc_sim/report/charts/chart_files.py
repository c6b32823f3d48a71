"""Files of all charts of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import KINDS, blank, chart_bytes, style
from ngpc_sim.report.charts.costs import area_chart, energy_chart
from ngpc_sim.report.charts.frames import frames_chart
from ngpc_sim.report.charts.level_panels import any_cached
from ngpc_sim.report.charts.misses import misses_chart
from ngpc_sim.report.charts.rates import fps_chart, speedup_chart
from ngpc_sim.report.charts.stalls import stalls_chart
from ngpc_sim.report.charts.sweep_charts import KINDS_OF_CHARTS, stalls_sweep_chart, sweep_chart
from ngpc_sim.report.charts.sweeps import Sweep, large_sweep
from ngpc_sim.report.panels import Row
from ngpc_sim.results.frames import of_design_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: what charts of whole frames say of parts of one, and the size of that note
NO_VALUES = "A part of a frame has no frames per second and no speedup.\nresults.csv has its cycles and ns a query."
NOTE_IN = 4.2, 0.7


#: charts of every run, by the names of their files
CHARTS: Mapping[str, Callable[[Sequence[Row]], Figure]] = {
    "speedup": speedup_chart,
    "fps": fps_chart,
    "energy": energy_chart,
    "area": area_chart,
    "stalls": stalls_chart,
}
#: the same charts of a large sweep
SWEEP_CHARTS: Mapping[str, Callable[[Sweep], Figure]] = {
    **{name: partial(sweep_chart, name=name) for name in KINDS_OF_CHARTS},
    "stalls": stalls_sweep_chart,
}
#: charts of what only a whole frame has
OF_WHOLE_FRAMES = ("speedup", "fps")
CHART_FILES = tuple(f"{name}.{kind}" for name in CHARTS for kind in KINDS)
MISS_FILES = tuple(f"misses.{kind}" for kind in KINDS)
FRAME_FILES = tuple(f"frames.{kind}" for kind in KINDS)


def chart_files(rows: Sequence[Row], level_rows: Sequence[Row] = ()) -> dict[str, bytes]:
    """Draw all charts of ``rows``: file name to content, PNG (300 dots an inch) and SVG.

    ``level_rows`` (see `level_panels`) give the chart of misses where grid_sram is the cache of any level. A sequence
    of frames has a chart of its own; the others show its summary.
    """
    points = of_design_points(rows)
    figures = _figures(points)
    if len(points) < len(rows):
        figures["frames"] = frames_chart(rows)
    if any_cached(level_rows):
        figures["misses"] = misses_chart(level_rows)
    return chart_bytes(figures)


def _figures(points: Sequence[Row]) -> dict[str, Figure]:
    """The charts of every run."""
    sweep, parts = large_sweep(points), any("cycles" in row for row in points)
    figures = {}
    for name, draw in CHARTS.items():
        if parts and name in OF_WHOLE_FRAMES:
            figures[name] = _no_values()
        else:
            figures[name] = draw(points) if sweep is None else SWEEP_CHARTS[name](sweep)
    return figures


def _no_values() -> Figure:
    """What stands in the place of a chart that parts of a frame do not have."""
    with style():
        note = blank(*NOTE_IN)
        note.text(0.5, 0.5, NO_VALUES, ha="center", va="center")
    return note
