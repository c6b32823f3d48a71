"""``ngpc-sim compare A B``: two result folders beside each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli.options import Html
from ngpc_sim.cli.page import check_html, write_html
from ngpc_sim.cli.written import wrote

Folder = Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)]


def compare(
    first: Folder,
    second: Folder,
    tolerance: Annotated[
        str | None, typer.Option(metavar="SHARE", help="1% or 0.01: end with 1 where a result differs by more.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of compare.csv and the chart of ratios.")] = Path("out/compare"),
    html: Html = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,  # noqa: FBT002
) -> None:
    """Join the rows of two runs, and say what differs in configuration and results: ngpc-sim compare A B."""
    from ngpc_sim.job.compare import RATIO, Comparison, parse_tolerance, ratio_rows
    from ngpc_sim.job.finished_runs import read_run
    from ngpc_sim.job.run_folder import PAGE, old_pages
    from ngpc_sim.report.charts.canvas import KINDS, chart_bytes
    from ngpc_sim.report.charts.ratios import ratios_chart
    from ngpc_sim.report.files import table_files
    from ngpc_sim.report.folder import check_writable, write_set
    from ngpc_sim.report.tables.terminal import print_tables
    from ngpc_sim.results.frames import of_design_points

    if html:
        check_html(out)
    most = None if tolerance is None else parse_tolerance(tolerance)
    compared = Comparison(read_run(first), read_run(second))
    check_writable(out)
    drawn = of_design_points(ratio_rows(compared.pairs))
    folders = [path.resolve().name for path in (second, first)]
    names = folders if folders[0] != folders[1] else [str(second), str(first)]
    note = f"frame time of {names[0]} over that of {names[1]}"
    charts = chart_bytes({"ratios": ratios_chart(drawn, RATIO, note)} if drawn else {})
    charts_before = [f"ratios.{kind}" for kind in KINDS if (out / "compare.csv").is_file()]
    stale = [*charts_before, *old_pages(out)]
    written = write_set(out, table_files({"compare.csv": list(compared.rows())}) | charts, stale)
    if not quiet:
        print_tables(lambda _: [], [*compared.sentences(), wrote(written, out)], None)
    if html:
        write_html([first, second], out / PAGE, quiet=quiet)
    beyond = "" if most is None else compared.broken(most)
    if beyond:
        sys.stderr.write(f"ngpc-sim: {beyond}\n")
        sys.exit(1)
