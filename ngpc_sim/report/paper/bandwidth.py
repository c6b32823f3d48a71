"""Bandwidth of the NGPC's inputs and outputs at 4K and 60 FPS: a table, as the paper has one.

The bandwidth is what the target needs, whether it is reached or not: bytes of a query x queries of a pixel x pixels of
a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import SOURCE_WORDS
from ngpc_sim.report.files import markdown_table
from ngpc_sim.report.panels import Row, number, text
from ngpc_sim.report.paper.rows import Table, arch_title, named, of, pick, scales, titles
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.workloads.apps import APPS, app_title
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE, FPS = "4k", 60
LEAST = "least of the apps"
#: decimals of the bytes of a query: a whole number, computed back from GB/s
DECIMALS = 6


def table(rows: Sequence[Row]) -> Table:
    """Bytes, queries and GB/s, one row for each architecture and app; then what is published."""
    chosen = pick(rows, resolution=SIZE, scale=min(scales(rows)))
    found: Table = [_row(row) for arch in titles(chosen) for app in APPS for row in of(chosen, arch=arch, app=app)]
    published = PUBLISHED["io_gbps"]
    source = {"arch": f"published ({SOURCE_WORDS[published.confidence]})", "calibrated": False}
    blank = {"bytes_per_query": None, "queries_per_pixel": None, "bytes_per_pixel": None}
    ends = {"nerf": published.high, LEAST: published.value}
    return [*found, *({**source, "app": app, **blank, "gbps_4k60": value} for app, value in ends.items())]


def markdown(table: Table) -> str:
    """The table in Markdown."""
    heads = ("architecture", "app", "bytes per query", "queries per pixel", "bytes per pixel", "GB/s at 4K, 60 FPS")
    decimals = {"bytes_per_query": 0, "queries_per_pixel": 3, "bytes_per_pixel": 1, "gbps_4k60": 1}
    names = [[arch_title(row), app_title(text(row, "app"))] for row in table]
    figures = [[_figure(row, column, places) for column, places in decimals.items()] for row in table]
    return markdown_table(heads, [[*name, *own] for name, own in zip(names, figures, strict=True)]) + "\n"


def finding(table: Table) -> str:
    """What the table says, in one sentence."""
    told = []
    own = [row for row in table if row["bytes_per_query"] is not None]
    for arch in titles(own):
        found = [(number(row, "gbps_4k60"), text(row, "app")) for row in of(own, arch=arch)]
        least, most = (f"{gbps:.0f} ({app_title(app)})" for gbps, app in (min(found), max(found)))
        told.append(f"{least} to {most} by {arch}")
    published = PUBLISHED["io_gbps"]
    quoted = f"{published.value:g} to {published.high:g} (NeRF) quoted"
    return f"GB/s that 4K at 60 FPS asks for: {', '.join([*told, quoted])}."


def _row(row: Row) -> dict[str, object]:
    queries = number(row, "queries_per_pixel")
    size = round(number(row, "io_gbps") * number(row, "frame_ms") * 1e6 / number(row, "queries"), DECIMALS)
    width, height = RESOLUTIONS[SIZE]
    return {
        **named(row),
        "app": text(row, "app"),
        "bytes_per_query": size,
        "queries_per_pixel": queries,
        "bytes_per_pixel": size * queries,
        "gbps_4k60": size * queries * width * height * FPS / 1e9,
    }


def _figure(row: Row, column: str, decimals: int) -> str:
    return "-" if row[column] is None else f"{number(row, column):.{decimals}f}"
