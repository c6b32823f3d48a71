"""The folder of the paper's figures: PNG, SVG and CSV of each, the bandwidth table, and an index of them all.

``index.md`` beside this module is the index without its numbers: what each figure shows, and what in it is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.charts.canvas import chart_bytes
from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import write_set
from ngpc_sim.report.panels import Row, text
from ngpc_sim.report.paper import area_power, bandwidth, frame_rates, gap, kernel_shares, kernel_speedups, speedups
from ngpc_sim.report.paper.rows import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

INDEX = Path(__file__).with_name("index.md")


@dataclass(frozen=True)
class Counterpart:
    """One figure of the paper, or a table where nothing is drawn: its numbers, what they say, and its drawing."""

    name: str
    table: Callable[[Sequence[Row]], Table]
    finding: Callable[[Table], str]
    chart: Callable[[Table], Figure] | None = None


COUNTERPARTS = (
    Counterpart("kernel_shares", kernel_shares.table, kernel_shares.finding, kernel_shares.chart),
    Counterpart("speedup", speedups.table, speedups.finding, speedups.chart),
    Counterpart("kernel_speedups", kernel_speedups.table, kernel_speedups.finding, kernel_speedups.chart),
    Counterpart("fps_by_app", frame_rates.table_by_app, frame_rates.finding_by_app, frame_rates.chart_by_app),
    Counterpart("fps_by_scale", frame_rates.table_by_scale, frame_rates.finding_by_scale, frame_rates.chart_by_scale),
    Counterpart("area_power", area_power.table, area_power.finding, area_power.chart),
    Counterpart("gap", gap.table, gap.finding, gap.chart),
    Counterpart("bandwidth", bandwidth.table, bandwidth.finding),
)


def write_paper(folder: Path | str, rows: Sequence[Row]) -> list[Path]:
    """Write all figures of ``rows`` into ``folder`` as one set and return their paths; same rows, same bytes."""
    return write_set(Path(folder), paper_files(rows))


def paper_files(rows: Sequence[Row]) -> dict[str, bytes]:
    """Draw all figures: file name to content."""
    if not rows:
        raise UserError("there are no result rows to draw; run at least one design point")
    tables = {counterpart.name: counterpart.table(rows) for counterpart in COUNTERPARTS}
    bandwidth_table = bandwidth.markdown(tables["bandwidth"])
    files = {"index.md": _index(rows, tables, bandwidth_table).encode()}
    for counterpart in COUNTERPARTS:
        name, table = counterpart.name, tables[counterpart.name]
        if counterpart.chart:
            files |= chart_bytes({name: counterpart.chart(table)})
        files |= table_files({f"{name}.csv": table})
    return files | {"bandwidth.md": bandwidth_table.encode()}


def _index(rows: Sequence[Row], tables: dict[str, Table], bandwidth_table: str) -> str:
    """The index in Markdown, with the numbers of these rows."""
    labels = {text(row, "arch"): text(row, "calibrated") for row in rows}
    fitted = (f"* `{arch}`: {label or 'nothing is fitted.'}" for arch, label in labels.items())
    findings = {counterpart.name: counterpart.finding(tables[counterpart.name]) for counterpart in COUNTERPARTS}
    page = INDEX.read_text(encoding="utf-8")
    return page.format(architectures="\n".join(fitted), bandwidth_table=bandwidth_table.rstrip(), **findings)
