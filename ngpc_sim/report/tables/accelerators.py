"""Accelerators side by side on a terminal: what is simulated, and behind it what is published."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ngpc_sim.report.panels import Row, text
from ngpc_sim.report.tables.terminal import add_column, empty_table, print_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType

HEADS = {"fps": "FPS", "power_w": "W", "area_mm2": "mm2", "fps_per_w": "FPS/W", "fps_per_mm2": "FPS/mm2"}


def print_accelerators(rows: Sequence[Row], lines: Sequence[str], console: Console | None = None) -> None:
    """Print the table of ``rows`` and ``lines`` below it to ``console`` (default: stdout)."""
    print_tables(partial(_tables, rows), lines, console)


def _tables(rows: Sequence[Row], console: Console) -> Iterator[RenderableType]:
    table = empty_table(console, (0, 1, 0, 0))
    add_column(table, "machine", left=True)
    for head in HEADS.values():
        add_column(table, head)
        add_column(table, "publ.")
    for row in rows:
        cells = (_cell(row.get(f"{side}{name}")) for name in HEADS for side in ("", "published_"))
        table.add_row(text(row, "machine"), *cells)
    yield table
    yield ""


def _cell(value: object) -> str:
    """A number with four digits, nothing where there is none."""
    return f"{value:.4g}" if isinstance(value, float) else ""
