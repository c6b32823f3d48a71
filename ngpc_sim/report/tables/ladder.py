"""The ladder on a terminal: a line a step; for each scale mean speedup, gain of the step, Shapley value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngpc_sim.report.panels import Row, number, row_scale, text
from ngpc_sim.report.tables.results import default_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

HEADS = ("mean\nx", "gain\nx", "Shap-\nley x")
SCALE_WIDTH, NAMES_WIDTH = 19, 42  # characters of a scale's columns; of the steps


def ladder_tables(rows: Sequence[Row], width: int) -> list[Table]:
    """Tables of the ladder's ``rows``, each with as many scales as ``width`` characters hold."""
    scales = sorted({row_scale(row) for row in rows})
    beside = max(1, (width - NAMES_WIDTH) // SCALE_WIDTH)
    return [_table(rows, scales[start : start + beside]) for start in range(0, len(scales), beside)]


def _table(rows: Sequence[Row], scales: Sequence[int]) -> Table:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - heavy
    from rich.table import Table  # noqa: PLC0415 - heavy

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, header_style="bold")
    table.add_column("step", vertical="bottom", overflow="fold")
    for scale in scales:
        mean, *others = HEADS
        for head in (f"{scale} NFPs\n{mean}", *others):
            table.add_column(head, justify="right", vertical="bottom", overflow="fold")
    for step in dict.fromkeys(text(row, "step") for row in rows):
        same = {row_scale(row): row for row in rows if text(row, "step") == step}
        table.add_row(text(same[scales[0]], "title"), *(cell for scale in scales for cell in _cells(same[scale])))
    return table


def print_ladder(rows: Sequence[Row], footer: Sequence[str], console: Console | None = None) -> None:
    """Print the tables of ``rows`` and the ``footer`` lines to ``console`` (default: stdout)."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    target = console or default_console()
    for table in ladder_tables(rows, target.width):
        target.print(table, crop=False)
        target.print()
    for line in footer:
        target.print(Text(line), overflow="fold")


def _cells(row: Row) -> tuple[str, str, str]:
    mean = f"  {number(row, 'speedup'):.2f}"
    if row.get("gain") is None:
        return mean, "", ""
    return mean, _factor(number(row, "gain")), _factor(number(row, "shapley"))


def _factor(value: float) -> str:
    """A factor in three digits, nothing where it is 1: the step has no effect."""
    return "-" if value == 1.0 else f"{value:.3f}"
