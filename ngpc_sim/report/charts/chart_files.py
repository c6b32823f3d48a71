"""Files of all charts of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import KINDS, blank, chart_bytes, style
from ngpc_sim.report.charts.costs import area_chart, energy_chart
from ngpc_sim.report.charts.frames import frames_chart
from ngpc_sim.report.charts.level_panels import any_cached
from ngpc_sim.report.charts.misses import misses_chart
from ngpc_sim.report.charts.rates import fps_chart, speedup_chart
from ngpc_sim.report.charts.sheet import COLUMN_IN
from ngpc_sim.report.charts.stalls import stalls_chart
from ngpc_sim.report.panels import Row
from ngpc_sim.results.frames import of_design_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Chart = Callable[[Sequence[Row], "float | None"], "Figure"]

#: what charts of whole frames say of parts of one, and the height of that note
NO_VALUES = "A part of a frame has no frames per second and no speedup.\nresults.csv has its cycles and ns a query."
NOTE_IN = 0.7

#: charts of every run, by the names of their files
CHARTS: Mapping[str, Chart] = {
    "speedup": speedup_chart,
    "fps": fps_chart,
    "energy": energy_chart,
    "area": area_chart,
    "stalls": stalls_chart,
}
#: charts of what only a whole frame has
OF_WHOLE_FRAMES = ("speedup", "fps")
#: charts of some runs: of sequences of frames, and of grid_sram as a cache
FRAMES, MISSES = "frames", "misses"
CHART_FILES = tuple(f"{name}.{kind}" for name in CHARTS for kind in KINDS)
MISS_FILES = tuple(f"{MISSES}.{kind}" for kind in KINDS)
FRAME_FILES = tuple(f"{FRAMES}.{kind}" for kind in KINDS)


def chart_files(rows: Sequence[Row], level_rows: Sequence[Row] = ()) -> dict[str, bytes]:
    """Draw all charts of ``rows``: file name to content, PNG (300 dots an inch) and SVG.

    ``level_rows`` (see `level_panels`) give the chart of misses where grid_sram is the cache of any level. A sequence
    of frames has a chart of its own; the others show its summary.
    """
    return chart_bytes({name: draw(None) for name, draw in charts_of(rows, level_rows).items()})


def charts_of(rows: Sequence[Row], level_rows: Sequence[Row]) -> dict[str, Callable[[float | None], Figure]]:
    """Charts that a run has, by name; each is drawn at a width (inches), or at the one that fits it."""
    points = of_design_points(rows)
    parts = any(row.get("cycles") is not None for row in points)
    charts = {
        name: _no_values if parts and name in OF_WHOLE_FRAMES else _of(draw, points) for name, draw in CHARTS.items()
    }
    if len(points) < len(rows):
        charts[FRAMES] = _of(frames_chart, rows)
    if any_cached(level_rows):
        charts[MISSES] = _of(misses_chart, level_rows)
    return charts


def _of(draw: Chart, rows: Sequence[Row]) -> Callable[[float | None], Figure]:
    return lambda width_in: draw(rows, width_in)


def _no_values(width_in: float | None) -> Figure:
    """What stands in the place of a chart that parts of a frame do not have."""
    with style():
        note = blank(width_in or COLUMN_IN, NOTE_IN)
        note.text(0.5, 0.5, NO_VALUES, ha="center", va="center")
    return note
