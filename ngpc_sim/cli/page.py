"""``--html`` of commands that write results: the page of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def check_html(folder: Path) -> None:
    """Refuse ``--html`` before anything runs where its packages are missing, or another file has the page's place."""
    from ngpc_sim.job.page import check_page
    from ngpc_sim.job.run_folder import PAGE
    from ngpc_sim.report.page.document import check_packages

    check_packages()
    check_page(folder / PAGE)


def write_html(folders: Sequence[Path], target: Path | None = None, *, quiet: bool) -> None:
    """Write the page of folders, by default into the first of them, and say so."""
    from ngpc_sim.job.page import write_page

    path = write_page(folders, target)
    if not quiet:
        sys.stdout.write(f"Wrote {path}.\n")
