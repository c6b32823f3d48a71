"""Frames per second against resolution: by app at the largest scale, and by scale for each app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.curves import ACROSS
from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.paper.page import (
    GPU_COLOUR,
    Drawing,
    draw_level,
    drawing,
    log_places,
    log_values,
    page,
    scale_look,
)
from ngpc_sim.report.paper.rows import FRAME_SIZES, Table, named, of, ordered, pick, scales, titles, values
from ngpc_sim.results.frames import RATES
from ngpc_sim.results.published import PUBLISHED, Published
from ngpc_sim.workloads.apps import APPS, app_title
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ngpc_sim.report.charts.sheet import Sheet

BY_APP = page(columns=2, rows=1, legend_lines=2, plot_in=1.6)
BY_SCALE = page(columns=4, rows=2, legend_lines=2, title_lines=2)
PIXELS = {name: float(RESOLUTIONS[name][0] * RESOLUTIONS[name][1]) for name in FRAME_SIZES}
LABEL, PLACES = "frames per second (FPS, log scale)", "frame size (by pixels, log scale)"


def table_by_scale(rows: Sequence[Row]) -> Table:
    """FPS by architecture, app, scale and resolution, beside the GPU's own and the published one."""
    every = [row for name in FRAME_SIZES for row in pick(rows, resolution=name)]
    return [_row(row) for row in ordered(every, "arch", "app", "scale")]


def table_by_app(rows: Sequence[Row]) -> Table:
    """FPS at the largest scale."""
    every = table_by_scale(rows)
    last = max(scales(every))
    return [row for row in every if row["scale"] == last]


def chart_by_app(table: Table) -> Figure:
    """Draw a line for each app, in a plot for each architecture."""
    names = titles(table)
    scale = max(scales(table))
    with drawing(BY_APP, [f"{name}, {scale} NFPs" for name in names.values()], LABEL) as made:
        for axes, arch in zip(made.plots, names, strict=True):
            own = of(table, arch=arch)
            _prepare(BY_APP, axes, table)
            made.draw_apps(axes, own, "fps", _pixels)
            _draw_published(made, axes, own)
        made.new_line()
        for axes in made.plots:
            _draw_rates(made, axes)
    return made.figure


def chart_by_scale(table: Table) -> Figure:
    """Draw a line for each scale and one for the GPU alone: plots by architecture (rows) and app (columns)."""
    names, every = titles(table), scales(table)
    panels = [(arch, app) for arch in names for app in APPS]
    alone = {"color": GPU_COLOUR, "linestyle": (0, (2, 1))}
    with drawing(BY_SCALE, [f"{names[arch]},\n{app_title(app)}" for arch, app in panels], LABEL) as made:
        for axes, (arch, app) in zip(made.plots, panels, strict=True):
            own = of(table, arch=arch, app=app)
            places = [_pixels(row) for row in of(own, scale=every[-1])]
            _prepare(BY_SCALE, axes, table)
            made.draw_line(axes, places, values(of(own, scale=every[-1]), "gpu_fps"), "GPU alone", alone)
            for scale in every:
                heights = values(of(own, scale=scale), "fps")
                made.draw_line(axes, places, heights, f"{scale} NFPs", scale_look(every, scale))
            _draw_published(made, axes, own)
        made.new_line()
        for axes in made.plots:
            _draw_rates(made, axes)
    return made.figure


def finding_by_app(table: Table) -> str:
    """What the figure by app says, in one sentence."""
    told = [
        f"{_case(row)} {number(row, 'fps'):.0f} FPS by {row['arch']} ({number(row, 'published_fps'):g} published)"
        for row in table
        if row["published_fps"] is not None
    ]
    return f"At {max(scales(table))} NFPs: {', '.join(told)}."


def finding_by_scale(table: Table) -> str:
    """What the figure by scale says, in one sentence: the fewest NFPs that reach what is published."""
    least: dict[str, str] = {}
    for row in table:
        if row["published_fps"] is not None:
            case = f"{_case(row)} at {number(row, 'published_fps'):g} FPS, {row['arch']}"
            reached = number(row, "fps") >= number(row, "published_fps")
            if least.get(case, "none") == "none":
                least[case] = f"{row_scale(row)} NFPs" if reached else "none"
    return f"Fewest NFPs of those drawn: {'; '.join(f'{case}: {scale}' for case, scale in least.items())}."


def _case(row: Row) -> str:
    return f"{app_title(text(row, 'app'))} {text(row, 'resolution')}"


def _row(row: Row) -> dict[str, object]:
    app, size = text(row, "app"), text(row, "resolution")
    published = _reached(size, app)
    return {
        **named(row),
        "app": app,
        "scale": row_scale(row),
        "resolution": size,
        "fps": number(row, "fps"),
        "gpu_fps": 1000 / number(row, "gpu_frame_ms"),
        "published_fps": published.value if published else None,
    }


def _reached(size: str, app: str) -> Published | None:
    """The frame rate that is said to be reached."""
    key = f"fps_{size}/{app}"
    if key not in PUBLISHED:
        return None
    return PUBLISHED[key]


def _pixels(row: Row) -> float:
    return PIXELS[text(row, "resolution")]


def _prepare(sheet: Sheet, axes: Axes, table: Table) -> None:
    """Give a plot axes that hold all numbers of the table."""
    known = [*values(table, "fps"), *(values(table, "gpu_fps") if sheet is BY_SCALE else [])]
    log_values(axes, 0.6 * min([*known, 30.0]), 1.7 * max([*known, 120.0]))
    names = {pixels: name for name, pixels in PIXELS.items()}
    log_places(axes, names, PLACES if sheet is BY_APP else "frame size (log scale)")


def _draw_rates(made: Drawing, axes: Axes) -> None:
    """Draw the usual frame rates across a plot."""
    for fps, dashes in zip(RATES, ACROSS, strict=True):
        made.mark(f"{fps} FPS", draw_level(axes, fps, f"{fps} FPS", dashes))


def _draw_published(made: Drawing, axes: Axes, rows: Sequence[Row]) -> None:
    """Mark the published frame rates of these rows, each once."""
    for app, size in dict.fromkeys((text(row, "app"), text(row, "resolution")) for row in rows):
        published = _reached(size, app)
        if published:
            made.draw_published(axes, PIXELS[size], published, note=": reached at least")
