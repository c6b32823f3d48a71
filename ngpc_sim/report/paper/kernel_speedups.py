"""Speedup of the encoding kernels and of the MLP kernels alone, by app and scale.

GPU time of the kernel over the time that the NFPs' engines are at work on it, had they nothing else to do and equal
parts of it: their cycles over all NFP cycles of the frame, times the frame. Two speedups of this kind are published
without the scale that they belong to, and contradict the published plateaus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ngpc_sim.report.charts.canvas import legend, style
from ngpc_sim.report.charts.scene import APP_NAMES
from ngpc_sim.report.panels import Row, app_rank, number, row_scale, text
from ngpc_sim.report.paper.page import (
    APP_LOOKS,
    FIGURE_PT,
    Page,
    draw_level,
    draw_line,
    empty,
    log_places,
    log_values,
    name_values,
)
from ngpc_sim.report.paper.rows import MEAN, Table, mean_of_apps, named, of, pick, scales, titles, values
from ngpc_sim.results.published import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

KERNELS = {"encoding": "encoding", "mlp": "MLP"}
PAGE = Page(columns=4, rows=1, title_lines=2)


def table(rows: Sequence[Row]) -> Table:
    """Times (ms) and speedups (x), a row an architecture, kernel, scale and app, and the means of the four apps."""
    found: Table = []
    chosen = pick(rows)
    for arch in titles(chosen):
        for kernel in KERNELS:
            for scale in scales(chosen):
                apps = [row for row in of(chosen, arch=arch) if row_scale(row) == scale]
                own = [_row(row, kernel) for row in sorted(apps, key=lambda row: app_rank(text(row, "app")))]
                mean = mean_of_apps(own, "speedup")
                found += own
                if mean is not None:
                    found.append({**own[0], "app": MEAN, "gpu_ms": None, "ngpc_ms": None, "speedup": mean})
    return found


def chart(table: Table) -> Figure:
    """Draw a line an app and their mean, a plot a kernel and architecture, and the published number across it."""
    known = [*values(table, "speedup"), *values(table, "published")]
    names = titles(table)
    panels = [(arch, kernel) for arch in names for kernel in KERNELS]
    with style():
        figure, plots = empty(PAGE, [f"{names[arch]},\n{KERNELS[kernel]} kernels" for arch, kernel in panels])
        marks: dict[str, Any] = {}
        for index, (axes, (arch, kernel)) in enumerate(zip(plots, panels, strict=True)):
            own = of(table, arch=arch, kernel=kernel)
            places = scales(own)
            name_values(PAGE, axes, index, "speedup over the GPU (x)")
            log_values(axes, 0.6 * min(known), 2.2 * max(known))
            log_places(axes, {float(scale): str(scale) for scale in places}, "NFPs")
            for app in dict.fromkeys(text(row, "app") for row in own):
                name = APP_NAMES.get(app, app)
                heights = values(of(own, app=app), "speedup")
                marks[name] = draw_line(axes, [float(scale) for scale in places], heights, name, APP_LOOKS[app])
            published = number(own[0], "published")
            marks["secondary, of unknown scale"] = draw_level(axes, published, "published")
            axes.annotate(
                f"{published:g}", (places[0], published), (0, 1.5), textcoords="offset points", size=FIGURE_PT
            )
        legend(figure, PAGE, marks)
    return figure


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    last = max(scales(table))
    means = [
        f"{KERNELS[text(row, 'kernel')]} {number(row, 'speedup'):.0f} by {row['arch']} ({number(row, 'published'):g})"
        for row in of(table, app=MEAN, scale=last)
    ]
    return f"Mean speedups of kernels at {last} NFPs, and the quoted ones: {', '.join(means)}."


def _row(row: Row, kernel: str) -> dict[str, object]:
    """Times of a kernel on the GPU and on the NFPs of a result row, and their ratio."""
    gpu_ms = number(row, f"gpu_{kernel}_ms")
    ngpc_ms = number(row, f"{kernel}_cycles") / number(row, "nfp_cycles") * number(row, "frame_ms")
    return {
        **named(row),
        "kernel": kernel,
        "scale": row_scale(row),
        "app": text(row, "app"),
        "gpu_ms": gpu_ms,
        "ngpc_ms": ngpc_ms,
        "speedup": gpu_ms / ngpc_ms,
        "published": PUBLISHED[f"{kernel}_speedup"].value,
    }
