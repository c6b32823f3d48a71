"""Speedup of the encoding kernels and of the MLP kernels alone, by app and scale.

A speedup is the GPU time of the kernel over the time that the NFPs' engines would take for it, with nothing else to do
and equal parts of the work. That time is the engines' share of all NFP cycles of the frame, times the frame time. Two
speedups of this kind are published, without their scale. They contradict the published plateaus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import FIGURE_PT, SOURCE_WORDS
from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.paper.page import draw_level, drawing, log_places, log_values, page
from ngpc_sim.report.paper.rows import MEAN, Table, groups, named, of, pick, scales, titles, values, with_mean
from ngpc_sim.results.published import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

KERNELS = {"encoding": "encoding", "mlp": "MLP"}
PAGE = page(columns=4, rows=1, title_lines=2)


def table(rows: Sequence[Row]) -> Table:
    """Times (ms) and speedups (x) by architecture, kernel, scale and app, and the means of the four apps."""
    chosen = pick(rows)
    return [
        line
        for arch in titles(chosen)
        for kernel in KERNELS
        for apps in groups(of(chosen, arch=arch), "scale")
        for line in with_mean([_row(row, kernel) for row in apps], "speedup", gpu_ms=None, ngpc_ms=None)
    ]


def chart(table: Table) -> Figure:
    """Draw a line for each app and their mean, in a plot for each kernel and architecture, and the published number."""
    known = [*values(table, "speedup"), *values(table, "published")]
    names, places = titles(table), {float(scale): str(scale) for scale in scales(table)}
    panels = [(arch, kernel) for arch in names for kernel in KERNELS]
    heads = [f"{names[arch]},\n{KERNELS[kernel]} kernels" for arch, kernel in panels]
    with drawing(PAGE, heads, "speedup over the GPU (x, log scale)") as made:
        for axes, (arch, kernel) in zip(made.plots, panels, strict=True):
            own = of(table, arch=arch, kernel=kernel)
            log_values(axes, 0.6 * min(known), 2.2 * max(known))
            log_places(axes, places, "NFPs (log scale)")
            made.draw_apps(axes, own, "speedup", row_scale)
            published = number(own[0], "published")
            made.mark(f"{SOURCE_WORDS['S']}, of unknown scale", draw_level(axes, published, "published"))
            where = (min(places), published)
            axes.annotate(f"{published:g}", where, (0, 1.5), textcoords="offset points", size=FIGURE_PT)
    return made.figure


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
