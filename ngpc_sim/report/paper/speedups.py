"""Speedup over the GPU by scale and app under its Amdahl bound, for the three encodings, beside the published means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.canvas import SOURCE_WORDS
from ngpc_sim.report.charts.rates import speedup_chart
from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.paper.rows import MEAN, Table, groups, named, of, pick, scales, with_mean
from ngpc_sim.results.published import published_mean
from ngpc_sim.workloads.apps import ENCODINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


def table(rows: Sequence[Row]) -> Table:
    """Speedups and bounds (x) by encoding, architecture, scale and app, and the means of the four apps."""
    return [
        line
        for encoding in ENCODINGS
        for apps in groups(pick(rows, encoding=encoding), "arch", "scale")
        for line in with_mean([_row(row) for row in apps], "speedup", speedup_bound=None, **_published(apps[0]))
    ]


def chart(table: Table) -> Figure:
    """Draw the speedups as the main job does: plots in a row for each encoding, in a column for each architecture."""
    return speedup_chart([row for row in table if row["app"] != MEAN])


def finding(table: Table) -> str:
    """What the figure says, in one sentence."""
    last = max(scales(table))
    means = [
        f"{row['encoding']} {number(row, 'speedup'):.1f} by {row['arch']}{_told(row)}"
        for row in of(table, app=MEAN, scale=last)
    ]
    return f"Mean speedups at {last} NFPs: {', '.join(means)}."


def _told(row: Row) -> str:
    """The published mean and how sure it is, in brackets."""
    if row["published"] is None:
        return ""
    return f" ({number(row, 'published'):g} {row['confidence']})"


def _published(row: Row) -> dict[str, object]:
    """The published mean at the encoding and scale of a row."""
    published = published_mean(text(row, "encoding"), row_scale(row))
    if published is None:
        return {}
    return {"published": published.value, "confidence": SOURCE_WORDS[published.confidence]}


def _row(row: Row) -> dict[str, object]:
    return {
        **named(row),
        "encoding": text(row, "encoding"),
        "resolution": text(row, "resolution"),
        "scale": row_scale(row),
        "app": text(row, "app"),
        "speedup": number(row, "speedup"),
        "speedup_bound": number(row, "speedup_bound"),
        "published": None,
        "confidence": None,
    }
