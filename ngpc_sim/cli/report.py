"""``ngpc-sim report``: a page of folders of results, a sweep so far, and figures from runs of their own."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli.progress import Bar
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from ngpc_sim.simulation.design import Point


def report(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[OUT...]", help="Folders of results, or of a sweep that still runs.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The page, by default report.html in the first folder; or a folder.",
        ),
    ] = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,  # noqa: FBT002
    paper: Annotated[
        Path | None, typer.Option(metavar="OUT", help="Draw the counterparts of the paper's figures into this folder.")
    ] = None,
    chart: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Draw charts of OUT for a paper into OUT/figures: speedup,fps."),
    ] = None,
    formats: Annotated[
        str | None, typer.Option("--format", metavar="NAMES", help="Of the charts: pdf,png,svg (default pdf).")
    ] = None,
    width: Annotated[
        str | None, typer.Option(help="Of the charts: column (default, 3.5 in) or page (7.16 in).")
    ] = None,
    accelerators: Annotated[  # noqa: FBT002
        bool, typer.Option("--compare-accelerators", help="Set the NGPC beside other accelerators on one workload.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Write a page of results, side by side those of several folders: ngpc-sim report OUT... [--open].

    Of a sweep, also while it runs, the table of what it has finished is written too. Draw figures for a paper: OUT...
    --chart NAMES. Draw those of the NGPC's paper: --paper OUT.
    """
    if accelerators:
        _check_alone(
            folders, {"--paper": paper, "--chart": chart, "--format": formats, "--width": width, "--open": browse}
        )
        _accelerators(page or Path("out/accelerators"), jobs, quiet=quiet)
        return
    if bool(folders) == (paper is not None):
        raise UserError("report needs folders of results, or --paper OUT for the paper's figures; one of the two.")
    _check_once(folders or [])
    if paper is not None and chart is not None:
        raise UserError("--chart draws charts of results: leave --paper or --chart out.")
    given = {"--out": page is not None, "--open": browse, "--format": formats is not None, "--width": width is not None}
    _check_options(given, of_page=paper is None and chart is None, of_charts=chart is not None)
    if paper is not None:
        lines = iter([_paper(paper, jobs, quiet=quiet)])
    elif chart is not None:
        lines = (_figures(folder, chart, formats or "pdf", width or "column") for folder in folders or [])
    else:
        lines = _pages(folders or [], page, browse=browse)
    for line in lines:
        if not quiet:
            sys.stdout.write(f"{line}\n")


def _accelerators(folder: Path, jobs: int, *, quiet: bool) -> None:
    """Simulate all accelerators, and write and print the table."""
    from ngpc_sim.paper.accelerators import MACHINES, compared, notes
    from ngpc_sim.report.files import table_files
    from ngpc_sim.report.folder import check_writable, write_set
    from ngpc_sim.report.tables.accelerators import print_accelerators

    check_writable(folder)
    with closing(Bar(len(MACHINES), "simulating", shown=not quiet, unit="points")) as bar:
        rows = compared(jobs, bar.advance)
    write_set(folder, table_files({"accelerators.csv": rows}))
    if not quiet:
        print_accelerators(rows, [*notes(rows), f"Wrote accelerators.csv to {folder}."])


def _check_alone(folders: list[Path] | None, others: Mapping[str, object]) -> None:
    """Refuse what does nothing for the table of accelerators; ``others`` are options by name."""
    typed = ["folders of results"] if folders else [name for name, value in others.items() if value]
    if typed:
        raise UserError(f"--compare-accelerators stands alone: leave out {typed[0]}.")


def _check_options(given: Mapping[str, object], *, of_page: bool, of_charts: bool) -> None:
    """Refuse options, by name, of what is not asked for; ``given`` says which were typed."""
    for names, asked, need in (
        (("--out", "--open"), of_page, "of the page: leave --chart and --paper out"),
        (("--format", "--width"), of_charts, "of charts: add --chart NAMES"),
    ):
        typed = [name for name in names if given[name]]
        if typed and not asked:
            raise UserError(f"{typed[0]} is {need}.")


def _check_once(folders: list[Path]) -> None:
    """Refuse a folder that is named twice."""
    seen: dict[Path, Path] = {}
    for folder in folders:
        first = seen.setdefault(folder.resolve(), folder)
        if first is not folder:
            raise UserError(f"{first} and {folder} are the same folder: name every folder once.")


def _pages(folders: list[Path], page: Path | None, *, browse: bool) -> Iterator[str]:
    """Write tables of sweeps, then the page, and say so; without its packages the tables are there all the same."""
    from ngpc_sim.job.page import check_page, write_page
    from ngpc_sim.job.run_folder import PAGE

    check_page(folders[0] / PAGE if page is None else page)
    for folder in folders:
        if line := _table(folder):
            yield line
    path = write_page(folders, page)
    if browse:
        webbrowser.open(path.resolve().as_uri())
    yield f"Wrote {path}."


def _table(folder: Path) -> str:
    """Write the table of a sweep so far, and say so; a store that is damaged beside results is only said."""
    from ngpc_sim.job.finished_runs import MANIFEST, RESULTS
    from ngpc_sim.job.page import unusable
    from ngpc_sim.job.so_far import write_so_far

    try:
        written = write_so_far(folder)
    except UserError:
        if not all((folder / name).is_file() for name in (MANIFEST, RESULTS)):
            raise
        return unusable(folder)
    return "" if written is None else f"{written[1].sentence()} Wrote {written[0].name} to {folder}."


def _figures(folder: Path, chart: str, formats: str, width: str) -> str:
    """Draw charts for a paper, and say what was written."""
    from ngpc_sim.job.figures import write_figures

    written = write_figures(folder, chart, formats, width)
    return f"Wrote {', '.join(path.name for path in written)} to {written[0].parent}."


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
