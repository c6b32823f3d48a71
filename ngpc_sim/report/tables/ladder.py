"""The ladder on a terminal: a line a step; for each scale mean speedup, gain of the step, Shapley value."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.tables.terminal import add_column, empty_table, print_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

HEADS = ("mean\nx", "gain\nx", "Shap-\nley x")
SCALE_WIDTH, NAMES_WIDTH = 19, 42  # characters of a scale's columns; of the steps


def print_ladder(rows: Sequence[Row], footer: Sequence[str], console: Console | None = None) -> None:
    """Print the tables of ``rows`` and the ``footer`` lines to ``console`` (default: stdout)."""
    print_tables(partial(_tables, rows), footer, console)


def _tables(rows: Sequence[Row], console: Console) -> Iterator[RenderableType]:
    """Tables of the ladder, each with as many scales as the width holds."""
    scales = sorted({row_scale(row) for row in rows})
    beside = max(1, (console.width - NAMES_WIDTH) // SCALE_WIDTH)
    for start in range(0, len(scales), beside):
        yield _table(rows, scales[start : start + beside], console)
        yield ""


def _table(rows: Sequence[Row], scales: Sequence[int], console: Console) -> Table:
    table = empty_table(console, (0, 0, 0, 0))
    add_column(table, "step", left=True)
    mean, *others = HEADS
    for head in (head for scale in scales for head in (f"{scale} NFPs\n{mean}", *others)):
        add_column(table, head)
    for step in dict.fromkeys(text(row, "step") for row in rows):
        same = {row_scale(row): row for row in rows if text(row, "step") == step}
        table.add_row(text(same[scales[0]], "title"), *(cell for scale in scales for cell in _cells(same[scale])))
    return table


def _cells(row: Row) -> tuple[str, str, str]:
    mean = f"  {number(row, 'speedup'):.2f}"
    if row.get("gain") is None:
        return mean, "", ""
    return mean, _factor(number(row, "gain")), _factor(number(row, "shapley"))


def _factor(value: float) -> str:
    """A factor in three digits, nothing where it is 1: the step has no effect."""
    return "-" if value == 1.0 else f"{value:.3f}"
