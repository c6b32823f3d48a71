"""Speedup over the GPU by scale and app under its Amdahl bound, for the three encodings, beside the published means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.charts.rates import speedup_chart
from ngpc_sim.report.panels import Row, app_rank, number, row_scale, text
from ngpc_sim.report.paper.rows import ENCODINGS, MEAN, Table, archs, mean_of_apps, named, of, pick, scales
from ngpc_sim.results.published import CONFIDENCE_WORDS, published_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


def table(rows: Sequence[Row]) -> Table:
    """Speedups and bounds (x), a row an encoding, architecture, scale and app, and the means of the four apps."""
    found: Table = []
    for encoding in ENCODINGS:
        of_encoding = pick(rows, encoding=encoding)
        for arch in archs(of_encoding):
            for scale in scales(of_encoding):
                apps = [row for row in of(of_encoding, arch=arch) if row_scale(row) == scale]
                found += _of_scale(sorted(apps, key=lambda row: app_rank(text(row, "app"))), encoding, scale)
    return found


def chart(table: Table) -> Figure:
    """Draw the speedups as the main job does: an encoding a row of plots, an architecture a column."""
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


def _of_scale(apps: Sequence[Row], encoding: str, scale: int) -> Table:
    """Rows of one architecture, encoding and scale."""
    found: Table = [
        {
            **named(row),
            "encoding": encoding,
            "resolution": text(row, "resolution"),
            "scale": scale,
            "app": text(row, "app"),
            "speedup": number(row, "speedup"),
            "speedup_bound": number(row, "speedup_bound"),
            "published": None,
            "confidence": None,
        }
        for row in apps
    ]
    mean = mean_of_apps(apps, "speedup")
    if mean is not None:
        published = published_mean(encoding, scale)
        told = (published.value, CONFIDENCE_WORDS[published.confidence]) if published else (None, None)
        own = {"app": MEAN, "speedup": mean, "speedup_bound": None, "published": told[0], "confidence": told[1]}
        found.append({**found[0], **own})
    return found
