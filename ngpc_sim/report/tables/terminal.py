"""Tables on a terminal or in a pipe, with lines of text below them; all is ASCII where the stream can do no more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

PIPE_WIDTH = 120


def print_tables(
    tables: Callable[[Console], Iterable[RenderableType]], lines: Sequence[str], console: Console | None
) -> None:
    """Print the tables made for a console, an empty line below each, then ``lines``, wrapped (default: to stdout)."""
    from rich.text import Text  # noqa: PLC0415 - heavy

    target = console or default_console()
    for table in tables(target):
        target.print(table, crop=False)
    for line in lines:
        target.print(Text(writable(line, target.encoding)), overflow="fold")


def default_console() -> Console:
    """Give a console on stdout that leaves text alone and is 120 wide where no terminal says otherwise."""
    from rich.console import Console  # noqa: PLC0415 - heavy

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def empty_table(console: Console, padding: tuple[int, int, int, int]) -> Table:
    """Give a table with a rule under its head and an empty line between blocks, ``padding`` around its cells."""
    from rich.box import SIMPLE_HEAD, Box  # noqa: PLC0415 - heavy
    from rich.table import Table  # noqa: PLC0415 - heavy

    blank = "    \n"
    box = Box(blank * 2 + " -- \n" + blank * 5, ascii=True) if console.options.ascii_only else SIMPLE_HEAD
    return Table(box=box, show_edge=False, pad_edge=False, padding=padding, header_style="bold")


def add_column(table: Table, head: str, *, left: bool = False, width: int | None = None) -> None:
    """Add a column of text at the left or of numbers at the right, whose cells fold where they are too wide."""
    table.add_column(head, justify="left" if left else "right", vertical="bottom", overflow="fold", width=width)


def writable(content: str, encoding: str) -> str:
    """Replace what the stream's encoding cannot write by '?'."""
    return content.encode(encoding, "replace").decode(encoding)
