"""``ngpc-sim validate``: every published number beside ours, with a verdict."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.written import wrote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngpc_sim.paper.validation.table import Row


def validate(
    out: Annotated[Path, typer.Option(help="Folder of validation.csv, .md and .html.")] = Path("out/validation"),
    ladder: Annotated[  # noqa: FBT002
        bool, typer.Option("--ladder", help="Then go from ngpc-paper to ngpc one assumption at a time.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(help="Worker processes (default 1; for --ladder one a core).")] = None,
    gpu: Annotated[
        str | None, typer.Option(help="File of a GPU that gpu measure wrote: rows of its frames too.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Set every published number beside ours; exit 1 where one that must hold does not."""
    from ngpc_sim.paper.validation.cards import measured_cards, rows_of_cards
    from ngpc_sim.paper.validation.pages import page_files
    from ngpc_sim.paper.validation.table import broken
    from ngpc_sim.report.folder import check_writable, write_set

    check_writable(out)
    cards = measured_cards(gpu)
    rows = [*_rows(1 if jobs is None else jobs, quiet=quiet), *rows_of_cards(cards)]
    written = write_set(out, page_files(rows))
    if not quiet:
        _print(rows, written)
    if ladder:
        from ngpc_sim.cli.ladder import run_ladder

        run_ladder(out, quiet=quiet, jobs=jobs)
    failed = broken(rows)
    if failed:
        sys.stderr.write(f"ngpc-sim: must hold and does not: {'; '.join(row.what for row in failed)}\n")
        sys.exit(1)


def _rows(jobs: int, *, quiet: bool) -> list[Row]:
    """Simulate; a bar on a terminal once that has taken a second."""
    from ngpc_sim.paper.validation.runs import frames
    from ngpc_sim.paper.validation.table import validate as validated

    with closing(Bar(len(frames()), "simulating", shown=not quiet, unit="points")) as bar:
        return validated(jobs, bar.advance)


def _print(rows: Sequence[Row], written: Sequence[Path]) -> None:
    from ngpc_sim.paper.validation.pages import display, remarks, summary
    from ngpc_sim.paper.validation.verdicts import CONSTRUCTED, CONTRADICTED, NOT_CHECKABLE
    from ngpc_sim.report.tables.verdicts import print_verdicts

    reasons = [f"{word}: {line}" for word in (CONTRADICTED, CONSTRUCTED, NOT_CHECKABLE) for line in remarks(rows, word)]
    lines = [*reasons, summary(rows), wrote(written, written[0].parent)]
    print_verdicts([display(row) | {"section": row.published.section} for row in rows], lines)
