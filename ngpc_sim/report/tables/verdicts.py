"""Table of a validation for a terminal or a pipe: numbers beside numbers, and the verdict in words.

Where it is too wide, columns fold at their words and only the first one gives way further; no column is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ngpc_sim.report.tables.terminal import add_column, empty_table, print_tables, writable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

#: column of the rows -> heading
COLUMNS = {
    "what": "what",
    "published": "published",
    "paper_mode": "paper\nmode",
    "mechanistic": "mechanistic",
    "error": "error",
    "verdict": "verdict",
}
#: columns that stand behind "mechanistic" where any row has them
OF_CARDS = {"measured": "measured", "roofline": "roofline"}
LEFT = ("what", "verdict")
STYLES = {
    "reproduced": "green",
    "reproduced by calibration": "blue",
    "consistent by construction": "magenta",
    "contradicted": "red",
    "not checkable": "dim",
}
#: characters between columns
GAP = 2

Cells = Mapping[str, str]


def print_verdicts(rows: Sequence[Cells], lines: Sequence[str], console: Console | None = None) -> None:
    """Print ``rows`` (cells by ``COLUMNS`` and ``OF_CARDS``, with their ``section``), then ``lines``, wrapped."""
    print_tables(partial(_tables, rows), lines, console)


def _tables(rows: Sequence[Cells], console: Console) -> Iterator[RenderableType]:
    """One table, with an empty line between sections."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    table, columns = empty_table(console, (0, 1, 0, 0)), _columns(rows)
    for column, width in _widths(rows, columns, console.width).items():
        add_column(table, columns[column], left=column in LEFT, width=width)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        cells = [Text(writable(row.get(column, ""), console.encoding)) for column in columns]
        cells[-1].stylize(STYLES.get(row["verdict"], ""))
        table.add_row(*cells, end_section=following is None or following["section"] != row["section"])
    yield table
    yield Text()


def _columns(rows: Sequence[Cells]) -> dict[str, str]:
    """Headings of the columns that some row has."""
    found: dict[str, str] = {}
    for column, head in COLUMNS.items():
        found[column] = head
        if column == "mechanistic":
            found |= {name: own for name, own in OF_CARDS.items() if any(name in row for row in rows)}
    return found


def _widths(rows: Sequence[Cells], columns: Mapping[str, str], total: int) -> dict[str, int]:
    """Width of every column: whole cells where they fit, else the longest word, and what is left for the first."""
    first, *others = columns
    room = total - GAP * len(others)
    texts = {column: [*head.split("\n"), *(row.get(column, "") for row in rows)] for column, head in columns.items()}
    whole = {column: max(map(len, found)) for column, found in texts.items()}
    words = {column: max(len(word) for text in found for word in text.split()) for column, found in texts.items()}
    narrow = words if room - sum(whole[column] for column in others) < min(whole[first], room // 2) else whole
    left = room - sum(narrow[column] for column in others)
    return {first: max(words[first], min(whole[first], left)), **{column: narrow[column] for column in others}}
