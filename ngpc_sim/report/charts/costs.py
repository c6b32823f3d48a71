"""Charts of what a run costs: energy of a frame and area of the NGPC, both stacked by block.

Energy stands as percent of what the GPU alone needs for the same frame, so that apps compare: all of it above, and
below what is not the GPU's, which is too little to be seen beside it. Area stands as mm² and as percent of the GPU's
die. Blocks differ in lightness as well as in colour, and keep their order in the stack and in the legend.
"""

from __future__ import annotations

from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.report.charts.canvas import SOURCE_WORDS, draw_published
from ngpc_sim.report.charts.curves import INTERVAL, Kind, curves_chart
from ngpc_sim.report.charts.palette import INTERVAL_COLOUR
from ngpc_sim.report.charts.plots import RIGHT_IN, column_of, row_values
from ngpc_sim.report.charts.stacks import HEAD_SHARE, Look, Stack, stacks_chart, top_of
from ngpc_sim.report.charts.sweeps import MAX_STACKS, SCALE, Layout, Plot, Sweep, sweep_of
from ngpc_sim.report.panels import Row, another_gpu, condition_columns, number, row_scale, text, texts
from ngpc_sim.results.columned_rows import ColumnedRows
from ngpc_sim.results.columns import AREA_MODELS
from ngpc_sim.results.names import CASE_COLUMNS, POINT_COLUMNS
from ngpc_sim.results.published import PUBLISHED, Published

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]

ENERGY_BLOCKS = {
    "gpu": Look("GPU at work", "#4d4d4d"),
    "gpu_idle": Look("GPU waiting", "#b3b3b3"),
    "memory": Look("L2, DRAM", "#e6e6e6"),
    "leakage": Look("leakage", "#d55e00", "xxxx"),
    "idle": Look("idle clock", "#f6c48f"),
    "grid_sram": Look("grid_sram", "#08306b"),
    "encoding": Look("encoding", "#3c82bd"),
    "buffers": Look("buffers", "#a6cbe6"),
    "mlp": Look("MLP", "#009e73", "////"),
}
OF_GPU = ("gpu", "gpu_idle")
AREA_BLOCKS = {name: ENERGY_BLOCKS[name] for name in ("grid_sram", "encoding", "buffers", "mlp")}
#: area models in words
MODEL_WORDS = {
    "stillmaker_uniform": "45 nm scaled, as in the paper",
    "n7_bitcell": "SRAM of bit cells",
    "n7_product": "SRAM as in products",
}
PAPERS_MODEL = MODEL_WORDS["stillmaker_uniform"]
#: columns that area does not depend on
NOT_AREA = ("encoding", "resolution", *CASE_COLUMNS, "detail", "calibrated")
DIE_IN = 0.5  # right of the plots, for the axis in percent of the GPU's die
ENERGY, WITHOUT_GPU = "energy of a frame (% of the GPU alone)", "without the GPU (% of the GPU alone)"
AREA = "area (mm²)"


def energy_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the energy of a frame by block, in percent of the GPU alone, and below that what is not the GPU's."""
    sweep = sweep_of(rows)
    base = row_values(sweep.rows, column_of("gpu_energy_mj")) / 100
    base[base <= 0] = nan
    shares = row_values(sweep.rows, *(column_of(f"energy_{block}_mj") for block in ENERGY_BLOCKS)) / base
    layout = sweep.stacks(shares)
    if len(layout.plots) > MAX_STACKS:
        kind = Kind(ENERGY, _percent("energy_mj", "gpu_energy_mj"), is_log=False)
        return curves_chart(rows, kind, width_in)
    looks = list(ENERGY_BLOCKS.values())
    used = [part for part in range(len(looks)) if np.nansum(shares[:, part]) > 0]
    own = [part for part in used if list(ENERGY_BLOCKS)[part] not in OF_GPU]
    ends = row_values(sweep.rows, column_of("ci_low_energy_mj"), column_of("ci_high_energy_mj")) / base
    high = max(top_of(shares, used), HEAD_SHARE * float(np.nan_to_num(ends).max(initial=0.0)))

    def finish(axes: Axes, plot: Plot, where: Array) -> Mapping[str, Any]:
        return _draw_intervals(axes, where[layout.x.places[plot.rows]], ends[plot.rows])

    stacks = [Stack(ENERGY, used, high), Stack(WITHOUT_GPU, own, top_of(shares, own))]
    names = [looks[part].name for part in used] + [INTERVAL] * bool(np.isfinite(ends).any())
    return stacks_chart(layout, looks, shares, stacks, names=names, finish=finish, width_in=width_in)


def area_chart(rows: Sequence[Row], width_in: float | None = None) -> Figure:
    """Draw the area of the NGPC by block, a plot a model, and what is published beside the paper's own model."""
    sweep = sweep_of(_area_rows(rows))
    areas = row_values(sweep.rows, *(column_of(f"area_{block}") for block in AREA_BLOCKS))
    layout = sweep.stacks(areas)
    if len(layout.plots) > MAX_STACKS:
        return curves_chart(sweep.rows, Kind(AREA, column_of("area"), is_log=False), width_in)
    looks = list(AREA_BLOCKS.values())
    used = [part for part in range(len(looks)) if np.nansum(areas[:, part]) > 0]
    dies = {die for row in rows if not isnan(die := _die(row))}
    die = dies.pop() if len(dies) == 1 else nan
    marked = {} if isnan(die) or not _as_published(rows) else _published(sweep, layout)
    high = max([top_of(areas, used), *(HEAD_SHARE * die * row.value / 100 for row in marked.values())])

    def finish(axes: Axes, plot: Plot, where: Array) -> Mapping[str, Any]:
        if not isnan(die):
            _add_percents(axes, die)
        return _draw_published(axes, layout, plot, where, sweep, marked, die)

    names = [looks[part].name for part in used] + list(dict.fromkeys(map(_published_name, marked.values())))
    return stacks_chart(
        layout,
        looks,
        areas,
        [Stack(AREA, used, high, RIGHT_IN if isnan(die) else DIE_IN)],
        names=names,
        finish=finish,
        width_in=width_in,
    )


def _percent(column: str, whole: str) -> Callable[[Row], float]:
    def share(row: Row) -> float:
        base = number(row, whole)
        return 100 * number(row, column) / base if base > 0 else nan

    return share


def _draw_intervals(axes: Axes, places: Array, ends: Array) -> dict[str, Any]:
    known = np.isfinite(ends).all(axis=1)
    if not known.any():
        return {}
    low, high = ends[known].T
    look: dict[str, Any] = {"fmt": "none", "ecolor": INTERVAL_COLOUR, "elinewidth": 0.7, "capsize": 1.6}
    return {
        INTERVAL: axes.errorbar(places[known], (low + high) / 2, (high - low) / 2, label=INTERVAL, zorder=3, **look)
    }


def _area_rows(rows: Sequence[Row]) -> ColumnedRows:
    """One row for each area of an architecture by scale, model and overridden values."""
    settings = [name for name in condition_columns(rows) if name != "area_model"]  # all are drawn
    told = dict.fromkeys(("arch", "scale", "gpu", *POINT_COLUMNS, *settings))
    found, seen = ColumnedRows(), set[tuple[object, ...]]()
    for row in rows:
        for prefix, model in AREA_MODELS.items():
            blocks = {f"area_{block}": number(row, f"area_{prefix}_{block}_mm2") for block in AREA_BLOCKS}
            whole = sum(area for area in blocks.values() if not isnan(area)) or nan
            key = (text(row, "arch"), row_scale(row), model, *texts(row, settings), str(whole))
            if key not in seen:
                seen.add(key)
                own = {name: row[name] for name in told if name in row} | dict.fromkeys(NOT_AREA, "")
                found.add({**own, **blocks, "area": whole, "app": MODEL_WORDS[model]})
    return found


def _die(row: Row) -> float:
    """Area of the GPU's die, mm²."""
    percent = number(row, "area_pct_gpu")
    return round(100 * number(row, "area_mm2") / percent, 3) if percent > 0 else nan


def _as_published(rows: Sequence[Row]) -> bool:
    """Whether areas may be held against the published ones: the paper's GPU, and nothing overridden."""
    return not another_gpu(rows) and not condition_columns(rows)


def _published(sweep: Sweep, layout: Layout) -> dict[int, Published]:
    """Published areas, in percent of the GPU, by the scales that are drawn."""
    if layout.x.name != SCALE:
        return {}
    scales = {row_scale(row) for row in sweep.rows}
    return {scale: PUBLISHED[f"area_pct_gpu/{scale}"] for scale in (8, 64) if scale in scales}


def _published_name(row: Published) -> str:
    return SOURCE_WORDS[row.confidence]


def _draw_published(
    axes: Axes, layout: Layout, plot: Plot, where: Array, sweep: Sweep, marked: Mapping[int, Published], die: float
) -> dict[str, Any]:
    """Mark the published areas in the plot of the model that the paper used."""
    if text(sweep.rows[plot.rows[0]], "app") != PAPERS_MODEL:
        return {}
    at = dict(zip(layout.x.values, where, strict=True))
    return {
        _published_name(row): draw_published(axes, at[scale], die * row.value / 100, row, _published_name(row))
        for scale, row in marked.items()
    }


def _add_percents(axes: Axes, die: float) -> None:
    """Add an axis in percent of the GPU's die at the right of the last plot of a row."""
    spec = axes.get_position()
    figure = axes.get_figure()
    if figure is None or any(
        other.get_position().x0 > spec.x1 and abs(other.get_position().y0 - spec.y0) < 1e-6 for other in figure.axes
    ):
        return

    def percent(area: Any) -> Any:  # noqa: ANN401 - numbers or arrays
        return 100 * area / die

    def area(share: Any) -> Any:  # noqa: ANN401 - numbers or arrays
        return die * share / 100

    right = axes.secondary_yaxis("right", functions=(percent, area))
    right.set_ylabel("area (% of the GPU's die)")
    right.spines["right"].set_visible(True)
