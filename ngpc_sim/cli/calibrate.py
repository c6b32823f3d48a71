"""``ngpc-sim calibrate``: fit free numbers of an architecture to published rows."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import one_of
from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.written import wrote


def calibrate(
    arch: Annotated[
        str, typer.Option(help="Architecture name or file.", autocompletion=one_of(completing.archs))
    ] = "ngpc-paper",
    free: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=LOW..HIGH]", help="A free number; repeat, or list. default: the seven of ngpc-paper."
        ),
    ] = None,
    rows: Annotated[str | None, typer.Option(help="Published rows, a list (default: those of ngpc-paper).")] = None,
    tolerance: Annotated[
        float, typer.Option(help="Least uncertainty of a row, as a share of it; the last digit printed is the other.")
    ] = 1e-3,
    seed: Annotated[int, typer.Option(help="Seed of the random starts.")] = 0,
    starts: Annotated[int, typer.Option(help="Random starts, to see whether they find the same objective.")] = 5,
    profiles: Annotated[  # noqa: FBT002
        bool, typer.Option("--profiles/--no-profiles", help="How far each number can go with the others refitted.")
    ] = True,
    out: Annotated[Path, typer.Option(help="Folder of the result files.")] = Path("out/calibration"),
    quiet: Annotated[bool, typer.Option("--quiet", help="No text, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Fit free numbers to published rows, and say how well the rows determine them."""
    from ngpc_sim.paper.calibration import run, tables
    from ngpc_sim.paper.calibration.files import write
    from ngpc_sim.report.folder import check_writable

    asked = run.Request(arch, tuple(free or ("default",)), rows, tolerance, seed, starts, profiles)
    steps = run.steps_of(asked)
    check_writable(out)
    with closing(Bar(steps, "calibrating", shown=not quiet)) as bar:
        found = run.calibrate(asked, bar.advance)
    written = write(found, out)
    if not quiet:
        sys.stdout.write(f"{tables.text(found)}\n{wrote(written, out)}\n")
