"""Charts of what a run costs: energy of a frame and area of the NGPC, both stacked by block.

Energy stands as percent of what the GPU alone needs for the same frame, area as percent of the GPU's die, so that
apps and architectures compare; the figures at the bars are mJ and mm2. Blocks differ in lightness as well as in
colour, and keep their order in the stack and in the legend.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import (
    Plot,
    draw_intervals,
    empty_plots,
    entries,
    interval_names,
    legend,
    legend_lines,
    style,
)
from ngpc_sim.report.charts.scene import choose_scene
from ngpc_sim.report.charts.stacks import (
    LEAST_PITCH_PT,
    LEVEL_PITCH_PT,
    Look,
    draw_stacks,
    name_scales,
    prepare,
    rows_of,
    swatches,
    write,
)
from ngpc_sim.report.panels import Row, another_gpu, condition_columns, number, row_scale, text
from ngpc_sim.results.columns import AREA_MODELS
from ngpc_sim.results.published import PUBLISHED, Published

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

RIGHT_IN = 0.06
HEAD_SHARE = 1.22  # value axis over the highest bar, for the figures above it
GAP_PT, MARK_PT = 1.5, 3.6  # below the figures, size of what marks published values

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


def energy_chart(rows: Sequence[Row]) -> Figure:
    """Draw the energy of a frame by block, case and scale, in percent of the GPU alone."""
    shares = [_as_share(row, {b: f"energy_{b}_mj" for b in ENERGY_BLOCKS}, "gpu_energy_mj") for row in rows]
    label, note = "energy (% of the GPU alone)", "above: mJ a frame; below: NFPs"
    return _stacked(shares, ENERGY_BLOCKS, label, note, intervals="energy_mj")


def area_chart(rows: Sequence[Row]) -> Figure:
    """Draw the area of the NGPC by block, model and scale, in percent of the GPU, and what is published."""
    label, note = "area (% of the GPU)", "above: mm2; below: NFPs"
    return _stacked(_area_rows(rows), AREA_BLOCKS, label, note, published={} if another_gpu(rows) else _published())


def _as_share(row: Row, columns: Mapping[str, str], whole: str) -> dict[str, object]:
    """Row with its parts in percent of a whole, and their sum."""
    parts = {block: number(row, column) for block, column in columns.items()}
    total = fsum(value for value in parts.values() if not isnan(value))
    base = number(row, whole)
    shares = {f"part_{block}": 100 * value / base if base > 0 else nan for block, value in parts.items()}
    return {**row, **shares, "total": total if total > 0 and base > 0 else nan}


def _area_rows(rows: Sequence[Row]) -> list[dict[str, object]]:
    """One row for each architecture, scale and area model, and for each overridden value where any changes an area."""
    settings = [name for name in condition_columns(rows) if name != "area_model"]  # both are drawn
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        percent = number(row, "area_pct_gpu")
        die = {"die": 100 * number(row, "area_mm2") / percent if percent > 0 else nan}
        for short, model in AREA_MODELS.items():
            columns = {block: f"area_{short}_{block}_mm2" for block in AREA_BLOCKS}
            area = _as_share({**row, **die}, columns, "die") | dict.fromkeys(NOT_AREA, "") | {"app": model}
            area.pop("area_model", None)
            found.setdefault((text(row, "arch"), row_scale(row), model, *(text(row, s) for s in settings)), area)
    built = {key[:3]: number(area, "total") for key, area in found.items()}
    if all(_same(built[key[:3]], number(area, "total")) for key, area in found.items()):
        dropped = set(settings) - {"gpu"}  # of which all is in percent
        plain = {key[:3]: {n: v for n, v in area.items() if n not in dropped} for key, area in found.items()}
        return list(plain.values())
    return list(found.values())


def _same(one: float, two: float) -> bool:
    return one == two or (isnan(one) and isnan(two))


#: columns that area does not depend on
NOT_AREA = ("encoding", "resolution", "trace", "detail", "calibrated")


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
    published = published or {}
    used = {b: look for b, look in blocks.items() if any(number(row, f"part_{b}") > 0 for row in rows)}
    heights = [fsum(_part(row, block) for block in used) for row in rows]
    high = HEAD_SHARE * max([*heights, *(one.value for one in published.values()), 1e-9])
    scene = choose_scene(rows, label, low=0.0, high=high, with_mean=False, right_in=RIGHT_IN)
    others = [*(["published"] if published else []), *(interval_names(rows, intervals) if intervals else [])]
    lines = legend_lines([*(look.name for look in used.values()), *others], scene.width_in)
    scene = replace(scene, notes=(note, *scene.notes), legend_lines=len(lines))
    with style():
        figure, plots = empty_plots(scene)
        mark: dict[str, Any] = {}
        for plot in plots:
            prepare(plot)
            for group, case in enumerate(plot.panel.cases):
                _write_totals(plot, group, case, draw_stacks(plot, group, case, used, _part), published)
                name_scales(plot, group, case)
            mark |= _draw_published(plot, published)
            mark |= draw_intervals(plot, intervals, _percent_of_gpu) if intervals else {}
        legend(figure, scene, *entries(lines, swatches(used.values()) | mark))
    return figure


def _percent_of_gpu(row: Row) -> float:
    return number(row, "gpu_energy_mj") / 100


def _part(row: Row, block: str) -> float:
    value = number(row, f"part_{block}")
    return 0.0 if isnan(value) else value


def _published() -> dict[int, Published]:
    """Published areas by scale."""
    return {scale: PUBLISHED[f"area_pct_gpu/{scale}"] for scale in (8, 64)}


def _write_totals(plot: Plot, group: int, case: str, tops: Sequence[float], published: Mapping[int, Published]) -> None:
    """Write the sum of each stack of one case above it, and above what is marked there."""
    pitch = plot.scene.pitch_pt(plot.panel)
    if pitch < LEAST_PITCH_PT:
        return
    bars = zip(plot.scene.centres(group), plot.scene.scales, rows_of(plot, case), tops, strict=True)
    for centre, scale, row, top in bars:
        if row is None:
            continue
        place, gap = top, GAP_PT
        if scale in published:
            place, gap = max(top, published[scale].value), GAP_PT + MARK_PT / 2
        write(plot, centre, place, gap, _short(number(row, "total")), level=pitch >= LEVEL_PITCH_PT)


def _short(value: float) -> str:
    if isnan(value):
        return "-"
    return f"{value:.{2 if value < 1 else 1 if value < 100 else 0}f}"


def _draw_published(plot: Plot, published: Mapping[int, Published]) -> dict[str, Any]:
    """Mark the published areas over the bars of their scales; return the mark by its label."""
    found: dict[str, Any] = {}
    for group in range(len(plot.panel.cases)):
        for centre, scale in zip(plot.scene.centres(group), plot.scene.scales, strict=True):
            if scale in published:
                found["published"] = plot.axes.plot(
                    centre,
                    published[scale].value,
                    "D",
                    markersize=MARK_PT,
                    markerfacecolor="white",
                    markeredgecolor="black",
                    markeredgewidth=0.5,
                    label="published",
                    zorder=4,
                    linestyle="none",
                )[0]
    return found
