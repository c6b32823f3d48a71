"""The gap: how many times faster a frame would have to be for 4K at 60, 8K at 120 and virtual reality at 90 FPS.

Above 1 the target is missed. The published range is that of the GPU alone at 4K and 60 FPS, over the apps. Its ends are
NVR and NeRF, which follows from their frame times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.paper.page import GPU_COLOUR, Drawing, draw_level, drawing, log_values, page, scale_look
from ngpc_sim.report.paper.rows import VR, Table, named, of, ordered, pick, scales, titles, values
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.workloads.apps import APPS, app_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GPU, NGPC = "GPU alone", "with NGPC"
PAGE = page(columns=3, rows=2, title_lines=2, foot_in=0.24)
#: published ends of the range at 4K and 60 FPS: the app, and which end
ENDS = {"nvr": "value", "nerf": "high"}


class Target(NamedTuple):
    """A frame size and rate to reach, and how it is called."""

    name: str
    resolution: str
    fps: int
    title: str


TARGETS = (
    Target("4k60", "4k", 60, "4K, 60 FPS"),
    Target("8k120", "8k", 120, "8K, 120 FPS"),
    Target("vr90", VR, 90, "VR (2 x 1832x1920), 90 FPS"),
)


def table(rows: Sequence[Row]) -> Table:
    """Gaps (x) by target, architecture, app and scale; scale 0 is the GPU alone."""
    found: Table = []
    for target in TARGETS:
        chosen = ordered(pick(rows, resolution=target.resolution), "arch", "app", "scale")
        for row in chosen:
            if row_scale(row) == min(scales(chosen)):
                found.append(_row(row, target, GPU))
            found.append(_row(row, target, NGPC))
    return found


def chart(table: Table) -> Figure:
    """Draw the gaps of each app as marks on a logarithmic axis: plots by architecture (rows) and target (columns)."""
    names, known = titles(table), values(table, "gap")
    every = [scale for scale in scales(table) if scale]
    panels = [(arch, target) for arch in names for target in TARGETS]
    heads = [f"{names[arch]}:\n{target.title}" for arch, target in panels]
    with drawing(PAGE, heads, "frame over target time (x, log scale)") as made:
        for axes, (arch, target) in zip(made.plots, panels, strict=True):
            log_values(axes, 0.5 * min(known), 2 * max(known))
            axes.set_xlim(-0.6, len(APPS) - 0.4)
            axes.set_xticks(range(len(APPS)), [app_title(app) for app in APPS])
            level = draw_level(axes, 1.0, "target met below")
            for place, app in enumerate(APPS):
                _draw_app(made, axes, place, of(table, arch=arch, target=target.name, app=app), every)
            made.mark("target met below", level)
    return made.figure


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    last = max(scales(table))
    told = []
    for arch in titles(table):
        for target in TARGETS:
            own = of(table, arch=arch, target=target.name, scale=last)
            missed = [app_title(text(row, "app")) for row in own if number(row, "gap") > 1]
            told.append(f"{arch} misses {target.title} in {' and '.join(missed) or 'no app'}")
    return f"With {last} NFPs {'; '.join(told)}."


def _row(row: Row, target: Target, system: str) -> dict[str, object]:
    app = text(row, "app")
    end = ENDS.get(app) if (target.name, system) == ("4k60", GPU) else None
    return {
        "target": target.name,
        "resolution": target.resolution,
        "fps": target.fps,
        **named(row),
        "app": app,
        "system": system,
        "scale": 0 if system == GPU else row_scale(row),
        "gap": number(row, f"{'gpu_' if system == GPU else ''}gap_{target.name}"),
        "published": getattr(PUBLISHED["gpu_gap_4k60"], end) if end else None,
    }


def _draw_app(made: Drawing, axes: Axes, place: int, rows: Sequence[Row], every: Sequence[int]) -> None:
    """Draw the gaps of an app over a thin line from the GPU alone to the largest scale, and the published one."""
    gaps = values(rows, "gap")
    axes.vlines(place, min(gaps), max(gaps), color="#999999", linewidth=0.6, zorder=2)
    for row in rows:
        scale = row_scale(row)
        look: dict[str, Any] = {"color": GPU_COLOUR, "marker": "_", "markersize": 10, "markeredgewidth": 1.6}
        label = f"{scale} NFPs" if scale else GPU
        if scale:
            look = scale_look(every, scale) | {"markersize": 4, "markeredgecolor": "white", "markeredgewidth": 0.3}
        made.mark(label, axes.plot(place, number(row, "gap"), linestyle="none", label=label, zorder=3, **look)[0])
        if row["published"] is not None:
            made.draw_published(axes, place, PUBLISHED["gpu_gap_4k60"], number(row, "published"))
