"""Charts of what a run costs: energy of a frame and area of the NGPC, both stacked by block.

Energy stands as percent of what the GPU alone needs for the same frame, area as percent of the GPU's die, so that
apps and architectures compare. The figures at the bars are mJ and mm2. Blocks differ in lightness as well as in
colour, and keep their order in the stack and in the legend.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.bars import (
    LEAST_PITCH_PT,
    LEVEL_PITCH_PT,
    Plot,
    draw_intervals,
    interval_names,
    short,
    write,
)
from ngpc_sim.report.charts.canvas import MARK_PT, draw_published
from ngpc_sim.report.charts.scene import choose_scene
from ngpc_sim.report.charts.stacks import Look, or_none, stacked_chart
from ngpc_sim.report.panels import Row, another_gpu, condition_columns, number, row_scale, text, texts
from ngpc_sim.results.columns import AREA_MODELS
from ngpc_sim.results.names import CASE_COLUMNS
from ngpc_sim.results.published import PUBLISHED, Published

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

HEAD_SHARE = 1.22  # value axis over the highest bar, for the figures above it
GAP_PT = 1.5  # below the figures

ENERGY_BLOCKS = {
    "gpu": Look("GPU at work", "#4d4d4d"),
    "gpu_idle": Look("GPU waiting", "#b3b3b3"),
    "memory": Look("L2, DRAM", "#e6e6e6"),
    "leakage": Look("leakage", "#d55e00"),
    "idle": Look("idle clock", "#f6c48f"),
    "grid_sram": Look("grid_sram", "#08306b"),
    "encoding": Look("encoding", "#3c82bd"),
    "buffers": Look("buffers", "#a6cbe6"),
    "mlp": Look("MLP", "#009e73"),
}
AREA_BLOCKS = {name: ENERGY_BLOCKS[name] for name in ("grid_sram", "encoding", "buffers", "mlp")}
#: columns that area does not depend on
NOT_AREA = ("encoding", "resolution", *CASE_COLUMNS, "detail", "calibrated")
PUBLISHED_AREA = "published"


def energy_chart(rows: Sequence[Row]) -> Figure:
    """Draw the energy of a frame by block, case and scale, in percent of the GPU alone."""
    shares = [_as_share(row, {b: f"energy_{b}_mj" for b in ENERGY_BLOCKS}, "gpu_energy_mj") for row in rows]
    label, note = "energy (% of the GPU alone)", "above: mJ a frame; below: NFPs"
    return _stacked(shares, ENERGY_BLOCKS, label, note, intervals="energy_mj")


def area_chart(rows: Sequence[Row]) -> Figure:
    """Draw the area of the NGPC by block, model and scale, in percent of the GPU, and what is published."""
    published = {} if another_gpu(rows) else {scale: PUBLISHED[f"area_pct_gpu/{scale}"] for scale in (8, 64)}
    return _stacked(
        _area_rows(rows), AREA_BLOCKS, "area (% of the GPU)", "above: mm2; below: NFPs", published=published
    )


def _as_share(row: Row, columns: Mapping[str, str], whole: str) -> dict[str, object]:
    """Row with its parts in percent of a whole, and their sum."""
    parts = {block: number(row, column) for block, column in columns.items()}
    total = fsum(value for value in parts.values() if not isnan(value))
    base = number(row, whole)
    shares = {f"part_{block}": 100 * value / base if base > 0 else nan for block, value in parts.items()}
    return {**row, **shares, "total": total if total > 0 and base > 0 else nan}


def _area_rows(rows: Sequence[Row]) -> list[dict[str, object]]:
    """One row for each area of an architecture by scale and model, by overridden values where any changes an area."""
    settings = [name for name in condition_columns(rows) if name != "area_model"]  # both are drawn
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        percent = number(row, "area_pct_gpu")
        die = {"die": 100 * number(row, "area_mm2") / percent if percent > 0 else nan}
        for prefix, model in AREA_MODELS.items():
            columns = {block: f"area_{prefix}_{block}_mm2" for block in AREA_BLOCKS}
            area = _as_share({**row, **die}, columns, "die") | dict.fromkeys(NOT_AREA, "") | {"app": model}
            area.pop("area_model", None)
            place = text(row, "arch"), row_scale(row), model
            found.setdefault((*place, *texts(row, settings), str(area["total"])), area)
    built = {key[:3]: number(area, "total") for key, area in found.items()}
    if all(_same(built[key[:3]], number(area, "total")) for key, area in found.items()):
        dropped = set(settings) - {"gpu"}  # of which all is in percent
        plain = {key[:3]: {n: v for n, v in area.items() if n not in dropped} for key, area in found.items()}
        return list(plain.values())
    return list(found.values())


def _same(one: float, two: float) -> bool:
    return one == two or (isnan(one) and isnan(two))


def _stacked(
    rows: Sequence[Row],
    blocks: Mapping[str, Look],
    label: str,
    note: str,
    *,
    published: Mapping[int, Published] | None = None,
    intervals: str = "",
) -> Figure:
    """Stacks of ``blocks``; marks at what is ``published`` by scale, or the intervals of a column."""
    marked = published or {}
    used = {b: look for b, look in blocks.items() if any(number(row, f"part_{b}") > 0 for row in rows)}
    heights = [fsum(_part(row, block) for block in used) for row in rows]
    high = HEAD_SHARE * max([*heights, *(one.value for one in marked.values()), 1e-9])
    scene = choose_scene(rows, label, 0.0, high)
    scene = replace(scene, notes=(note, *scene.notes))
    names = [look.name for look in used.values()] + [PUBLISHED_AREA] * bool(marked)

    def finish(plot: Plot, tops: Sequence[float]) -> dict[str, Any]:
        _write_totals(plot, tops, marked)
        drawn = draw_intervals(plot, intervals, _percent_of_gpu) if intervals else {}
        for centre, scale, _ in plot.bars():
            if scale in marked:
                mark = draw_published(plot.axes, centre, marked[scale].value, marked[scale], PUBLISHED_AREA)
                drawn[PUBLISHED_AREA] = mark
        return drawn

    return stacked_chart(scene, used, _part, names + (interval_names(rows, intervals) if intervals else []), finish)


def _percent_of_gpu(row: Row) -> float:
    return number(row, "gpu_energy_mj") / 100


def _part(row: Row, block: str) -> float:
    return or_none(number(row, f"part_{block}"))


def _write_totals(plot: Plot, tops: Sequence[float], published: Mapping[int, Published]) -> None:
    """Write the sum of each stack above it, and above what is marked there."""
    if plot.pitch_pt < LEAST_PITCH_PT:
        return
    for (centre, scale, row), top in zip(plot.bars(), tops, strict=True):
        place, gap = top, GAP_PT
        if scale in published:
            place, gap = max(top, published[scale].value), GAP_PT + MARK_PT / 2
        write(plot, centre, place, gap, short(number(row, "total")), level=plot.pitch_pt >= LEVEL_PITCH_PT)
