"""The page's tables that sort and filter: what DataTables is given, through itables."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ngpc_sim.report.page.axes import NAMED, swept
from ngpc_sim.report.page.run import Run
from ngpc_sim.report.page.specs import brief
from ngpc_sim.report.panels import Row, condition_columns
from ngpc_sim.results.columns import COLUMNS

#: columns of results that the table of a page has, as far as a run has them; results.csv has them all
RESULTS = (
    *("app", "scale", "frame_ms", "fps", "speedup", "speedup_modelled", "bottleneck", "doubled", "doubled_gain"),
    *("ngpc_ms", "rest_ms", "hit_rate", "dram_gbps", "ngpc_power_w", "total_power_w", "energy_mj", "energy_gain"),
    *("area_mm2", "area_pct_gpu", "power_over_board", "frame", "frame_ms_p95", "frame_ms_worst", "worst_frame"),
    *("feasible", "infeasible_by"),
)
#: rows of a page of a table
PAGE_ROWS = 16
#: columns that fit beside one another
FITTING = 8


@dataclass(frozen=True)
class Table:
    """Rows of a table that the page's script fills; ``columns`` are names with their units."""

    key: str
    title: str
    summary: str
    names: Sequence[str]
    rows: Sequence[Row]

    def arguments(self) -> dict[str, Any]:
        """What the script gives to itables: texts are escaped, for DataTables takes them for HTML."""
        numbers = [all(_is_number(row.get(name)) for row in self.rows) for name in self.names]
        return {
            "columns": [
                {"title": html.escape(_heading(name)), "type": "num" if number else "html", "defaultContent": ""}
                for name, number in zip(self.names, numbers, strict=True)
            ],
            "data_json": json.dumps([[_cell(row.get(name)) for name in self.names] for row in self.rows]),
            "pageLength": PAGE_ROWS,
            "lengthMenu": [PAGE_ROWS, 50, 200],
            "order": [],
            "deferRender": True,
            "autoWidth": False,
            "classes": ["display", "compact", "nowrap"],
        }


def tables_of(run: Run) -> list[Table]:
    """Tables of a run: its rows, and the designs of a search."""
    found = []
    if run.rows:
        names = _columns(run.rows)
        said = f"{len(run.rows):,} rows. results.csv has all columns, and ngpc-sim explain says what they mean."
        if len(names) > FITTING:
            said += " Scroll sideways for the columns on the right."
        found.append(Table("rows", "Design points", said, names, run.rows))
    for file, title in (("trials.csv", "Designs that were replayed"), ("compare.csv", "Rows of both runs")):
        rows = run.tables.get(file, ())
        if rows:
            found.append(Table(file.partition(".")[0], title, f"{len(rows):,} rows of {file}.", list(rows[0]), rows))
    return found


def _columns(rows: Sequence[Row]) -> list[str]:
    """Columns of results, with those that tell the rows apart behind the app and the scale."""
    present = {name for row in rows for name, value in row.items() if value not in (None, "")}
    keys = [*swept(rows, [name for name in (*NAMED, "workload", "trace") if name in present]), *condition_columns(rows)]
    shown = [name for name in RESULTS if name in present]
    return list(dict.fromkeys([*shown[:2], *keys, *shown[2:]]))


def _heading(name: str) -> str:
    unit = COLUMNS[name].unit if name in COLUMNS else ""
    return f"{name} [{unit}]" if unit else name


def _cell(value: object) -> object:
    plain = brief(value)
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return html.escape(plain) if isinstance(plain, str) else plain


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
