"""``ngpc-sim report``: figures from runs of their own."""

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
    paper: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Draw the counterparts of the paper's figures into this folder.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Draw figures: ngpc-sim report --paper OUT."""
    if paper is None:
        raise UserError("report needs --paper OUT, the folder for the counterparts of the paper's figures.")
    from ngpc_sim.report.folder import check_writable
    from ngpc_sim.report.paper.files import write_paper
    from ngpc_sim.simulation.points import run_points

    check_writable(paper)
    points = _points()
    with closing(Bar(len(points), "simulating", shown=not quiet)) as bar:
        results = run_points(points, jobs, bar.advance)
    written = write_paper(paper, [result.row() for result in results])
    if not quiet:
        sys.stdout.write(f"Wrote {', '.join(path.name for path in written)} to {paper}.\n")


def _points() -> list[Point]:
    """Design points of all figures, as the main job would make them."""
    from ngpc_sim.job import request as job
    from ngpc_sim.report.paper.rows import ARCHS, REQUESTS, SCALES

    asked = [
        job.Request(scale=SCALES, archs=ARCHS, resolutions=resolutions, encodings=encodings, what_if=False)
        for resolutions, encodings in REQUESTS
    ]
    return [point for request in asked for point in job.points(request)]
