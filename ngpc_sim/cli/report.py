"""``ngpc-sim report``: a sweep so far, and figures from runs of their own."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli.progress import Bar
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from ngpc_sim.simulation.design import Point


def report(
    sweep: Annotated[
        Path | None, typer.Argument(metavar="[OUT]", help="Folder of a sweep: write what it has finished so far.")
    ] = None,
    paper: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Draw the counterparts of the paper's figures into this folder.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Write what a sweep has finished, also while it runs: ngpc-sim report OUT. Draw figures: --paper OUT."""
    if (sweep is None) == (paper is None):
        raise UserError("report needs --paper OUT for the paper's figures, or the folder of a sweep; one of the two.")
    said = _so_far(sweep) if sweep is not None else ""
    if paper is not None:
        said = _paper(paper, jobs, quiet=quiet)
    if not quiet:
        sys.stdout.write(f"{said}\n")


def _so_far(folder: Path) -> str:
    """Write the table of a sweep, and say where and of how much."""
    from ngpc_sim.job.so_far import write_so_far

    path, found = write_so_far(folder)
    return f"{found.sentence()} Wrote {path.name} to {folder}."


def _paper(folder: Path, jobs: int, *, quiet: bool) -> str:
    """Simulate and draw, and say what was written."""
    from ngpc_sim.report.folder import check_writable
    from ngpc_sim.report.paper.files import write_paper
    from ngpc_sim.simulation.points import run_points

    check_writable(folder)
    points = _points()
    with closing(Bar(len(points), "simulating", shown=not quiet, unit="points")) as bar:
        results = run_points(points, jobs, bar.advance)
    written = write_paper(folder, [result.row() for result in results])
    return f"Wrote {', '.join(path.name for path in written)} to {folder}."


def _points() -> list[Point]:
    """Design points of all figures, as the main job would make them."""
    from ngpc_sim.job import request as job
    from ngpc_sim.report.paper.rows import ARCHS, REQUESTS, SCALES

    asked = [
        job.Request(scale=SCALES, archs=ARCHS, resolutions=resolutions, encodings=encodings, what_if=False)
        for resolutions, encodings in REQUESTS
    ]
    return [point for request in asked for point in job.points(request)]
