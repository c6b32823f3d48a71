"""The ladder on the command line: ``ngpc-sim validate --ladder``."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.written import wrote

if TYPE_CHECKING:
    from ngpc_sim.paper.ladder import Climb


def run_ladder(folder: Path, *, quiet: bool, jobs: int | None = None, asked: Climb | None = None) -> None:
    """Climb the ladder, write ``ladder.csv``, ``.json``, ``.png`` and ``.svg`` to ``folder``, and print it.

    ``jobs`` are worker processes, by default one a core; ``asked`` is another ladder than the whole one.
    """
    from ngpc_sim.paper.ladder import Climb, climb
    from ngpc_sim.paper.ladder.files import files, footer
    from ngpc_sim.report.folder import check_writable, write_set
    from ngpc_sim.report.tables.ladder import print_ladder

    check_writable(folder)
    with closing(Bar(1.0, "climbing", shown=not quiet)) as bar:
        climbed = climb(asked or Climb(), jobs, lambda known, total: bar.to(known / total))
    written = write_set(folder, files(climbed))
    if not quiet:
        print_ladder(climbed.rows(), [*footer(climbed), wrote(written, folder)])
        sys.stdout.flush()
