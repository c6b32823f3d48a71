"""Charts of how fast a run is: speedup over the GPU, and frames per second."""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.canvas import MARK_PT, SOURCE_WORDS, draw_published
from ngpc_sim.report.charts.curves import Kind, curves_chart
from ngpc_sim.report.charts.palette import DASHED
from ngpc_sim.report.charts.plots import column_of
from ngpc_sim.report.charts.sweeps import CASE, SCALE, Layout, Plot, Sweep, sweep_of
from ngpc_sim.report.panels import Row, is_below_bound, number, row_scale, split_panels
from ngpc_sim.results.frames import RATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ngpc_sim.results.published import Published

Array = np.ndarray[Any, Any]

BOUND, GPU_ALONE = "Amdahl's bound (an NGPC that takes no time)", "GPU alone"
MEAN = "arithmetic mean of the apps"
BELOW_BOUND = "published GPU time is below its own lower bound"


def speedup_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the speedup over the GPU (x), its bound, and the arithmetic means, ours and published."""
    sweep = sweep_of(rows)
    speedup, bound = column_of("speedup"), column_of("speedup_bound")
    published = _published_means(rows)
    names = [MEAN] * bool(_has_mean(sweep)) + [*dict.fromkeys(map(_mean_name, published)), *_below_names(rows)]

    def finish(axes: Axes, layout: Layout, plot: Plot, where: Array) -> Mapping[str, Any]:
        return _draw_means(axes, layout, plot, where, sweep.rows) | _draw_below(
            axes, layout, plot, where, sweep.rows, speedup
        )

    kind = Kind(
        "speedup over the GPU (x)",
        speedup,
        column="speedup",
        level=(BOUND, bound),
        seen=[mean.value for mean in published],
        names=names,
        finish=finish,
    )
    return curves_chart(rows, kind, width_in)


def fps_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw frames per second, the GPU alone, and lines at 30, 60, 90 and 120 FPS."""
    sweep = sweep_of(rows)

    def finish(axes: Axes, layout: Layout, plot: Plot, where: Array) -> Mapping[str, Any]:
        return _draw_below(axes, layout, plot, where, sweep.rows, _gpu_fps)

    kind = Kind(
        "frames per second (FPS)",
        column_of("fps"),
        column="fps",
        level=(GPU_ALONE, _gpu_fps),
        across={f"{fps} FPS": float(fps) for fps in RATES},
        names=_below_names(rows),
        finish=finish,
    )
    return curves_chart(rows, kind, width_in)


def _gpu_fps(row: Row) -> float:
    frame_ms = number(row, "gpu_frame_ms")
    return 1000 / frame_ms if frame_ms > 0 else nan


def _has_mean(sweep: Sweep) -> bool:
    """Whether lines of a chart are the cases, which have a mean: several, and no key along another axis."""
    many = {axis.name for axis in sweep.axes if len(axis.values) > 1 and axis.is_number}
    return many <= {SCALE} and any(axis.name == CASE and len(axis.values) > 1 for axis in sweep.axes)


def _draw_means(axes: Axes, layout: Layout, plot: Plot, where: Array, rows: Sequence[Row]) -> dict[str, Any]:
    """Draw the arithmetic means of the cases of each scale, and the published ones; return the marks by their names."""
    if layout.y is None or layout.y.name != CASE or layout.x.name != SCALE:
        return {}
    panel = split_panels([rows[index] for index in plot.rows])[0]  # of several, which have the same speedups
    at = dict(zip(layout.x.values, where, strict=True))
    means = {scale: panel.mean_speedup(scale) for scale in panel.scales}
    known = [scale for scale, mean in means.items() if not isnan(mean)]
    places, heights = [at[scale] for scale in known], [means[scale] for scale in known]
    look: dict[str, Any] = {"color": "black", "linewidth": 1.2, "linestyle": DASHED}
    marks = {MEAN: axes.plot(places, heights, label=MEAN, zorder=3.5, **look)[0]}
    for scale in panel.scales:
        published = panel.published_mean(scale)
        if published is not None:
            name = _mean_name(published)
            marks[name] = draw_published(axes, at[scale], published.value, published, name)
    return marks


def _draw_below(
    axes: Axes, layout: Layout, plot: Plot, where: Array, rows: Sequence[Row], value: Callable[[Row], float]
) -> dict[str, Any]:
    """Mark what follows from a published time that is below its own lower bound; return the mark by its name."""
    found = [index for index in plot.rows if is_below_bound(rows[index]) and not isnan(value(rows[index]))]
    if not found:
        return {}
    places, heights = where[layout.x.places[found]], [value(rows[index]) for index in found]
    marks = axes.plot(places, heights, "^", label=BELOW_BOUND, clip_on=False, zorder=4)
    marks[0].set(markersize=MARK_PT, markerfacecolor="white", markeredgecolor="black", markeredgewidth=0.5)
    return {BELOW_BOUND: marks[0]}


def _below_names(rows: Sequence[Row]) -> list[str]:
    return [BELOW_BOUND] if any(map(is_below_bound, rows)) else []


def _published_means(rows: Sequence[Row]) -> list[Published]:
    """Published means that are marked beside those of ``rows``."""
    if not _has_mean(sweep_of(rows)) or len({row_scale(row) for row in rows}) < 2:
        return []
    means = [panel.published_mean(scale) for panel in split_panels(rows) for scale in panel.scales]
    return [mean for mean in means if mean is not None]


def _mean_name(published: Published) -> str:
    """Name in the legend of a published mean, by how sure it is."""
    return f"{SOURCE_WORDS[published.confidence]}: mean of the apps"
