"""``ngpc-sim sensitivity``: which keys of an architecture matter."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli import completing
from ngpc_sim.cli.completing import one_of
from ngpc_sim.cli.options import (
    Apps,
    Archs,
    Detail,
    Encodings,
    Gpu,
    Html,
    LimitQueries,
    Plugins,
    Resolutions,
    Settings,
    Traces,
)
from ngpc_sim.cli.page import check_html, write_html
from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.written import wrote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngpc_sim.job.ranges import Range
    from ngpc_sim.job.request import Request
    from ngpc_sim.job.sensitivity import Design, Run
    from ngpc_sim.job.sensitivity_question import Question
    from ngpc_sim.simulation.design import Point

#: options that describe the design, each a field of a request of the same name
OF_DESIGN = (
    "scale", "apps", "encodings", "resolutions", "archs", "gpu", "traces", "settings", "detail", "limit_queries",
    "allow_plugins",
)  # fmt: skip
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="KEY[=a..b]",
        help="A key and its range, else from half to double; can be repeated.",
        autocompletion=one_of(completing.keys),
    ),
]


def sensitivity(
    scale: Annotated[str | None, typer.Option(help="Number of NFPs (default: the architecture's).")] = None,
    apps: Apps = "all",
    encodings: Encodings = None,
    resolutions: Resolutions = "fhd",
    archs: Archs = "ngpc",
    gpu: Gpu = None,
    traces: Traces = None,
    settings: Settings = None,
    detail: Detail = None,
    limit_queries: LimitQueries = None,
    keys: Keys = None,
    method: Annotated[
        str,
        typer.Option(
            help="one-at-a-time, or sobol: shares of the variance.", autocompletion=one_of(completing.methods)
        ),
    ] = "one-at-a-time",
    samples: Annotated[int | None, typer.Option(help="With sobol: samples N of N (keys + 2) designs (64).")] = None,
    seed: Annotated[int | None, typer.Option(help="With sobol: seed of the samples (default 0).")] = None,
    column: Annotated[
        str, typer.Option(help="The result that is looked at.", autocompletion=one_of(completing.columns))
    ] = "frame_ms",
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder of the table and the chart.")] = Path("out/sensitivity"),
    html: Html = False,  # noqa: FBT002
    allow_plugins: Plugins = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Say how much a result changes with each key of an architecture: ngpc-sim sensitivity --app nerf."""
    given = locals()
    from ngpc_sim.job.request import Request
    from ngpc_sim.job.sensitivity_question import Question

    question = Question(keys, method, samples, seed, column)
    question.check()
    if html:
        check_html(out)
    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    asked = Request(**{name: given[name] for name in OF_DESIGN}, out=out, jobs=jobs, quiet=quiet)
    answer(asked, question)
    if html:
        write_html([out], quiet=quiet)


def answer(asked: Request, question: Question, recorded: Sequence[Point] | None = None) -> None:
    """Simulate, write, print; ``recorded`` are the cases of an earlier sensitivity that is repeated."""
    from ngpc_sim.job.run_folder import OF_SENSITIVITY, check_no_results, has_manifest, old_pages
    from ngpc_sim.job.sensitivity import Design, check_sampling, in_processes
    from ngpc_sim.job.sensitivity_question import SOBOL, check_unchanged, manifest
    from ngpc_sim.report.files import manifest_file
    from ngpc_sim.report.folder import check_writable, write_set
    from ngpc_sim.report.tables.terminal import print_tables
    from ngpc_sim.simulation.store import NAME, PointStore

    began, out = time.monotonic(), asked.folder
    check_no_results(out)
    design = Design(asked)
    if recorded is not None:
        check_unchanged(design.cases, recorded)
    ranges = design.ranges(question.keys or ())
    sampling, is_sobol = question.sampling, question.method == SOBOL
    if is_sobol:
        check_sampling(*sampling, len(design.cases) * (len(ranges) + 2))
    check_writable(out)
    stale = OF_SENSITIVITY if has_manifest(out) else ()
    designs = sampling[0] * (len(ranges) + 2) if is_sobol else 1 + sum(len(own.ends) for own in ranges)
    bar = Bar(designs * len(design.cases), "simulating", shown=not asked.quiet)
    answered = _sobol if is_sobol else _one_at_a_time
    with closing(bar), PointStore.open(out / NAME) as store:
        run = in_processes(asked.jobs, bar.advance, store)
        files, lines = answered(design, ranges, question.column, sampling, run)
    files |= manifest_file(manifest(asked, question, design.cases, time.monotonic() - began))
    written = write_set(out, files, (*stale, *old_pages(out)))
    if not asked.quiet:
        print_tables(lambda _: [], [*lines, wrote(written, out)], None)


def _one_at_a_time(
    design: Design, ranges: Sequence[Range], column: str, _: tuple[int, int], run: Run
) -> tuple[dict[str, bytes], list[str]]:
    """Files and sentences of keys that go to the ends of their ranges one at a time."""
    from ngpc_sim.job.sensitivity import effect_rows, one_at_a_time, sentences
    from ngpc_sim.report.charts.canvas import chart_bytes
    from ngpc_sim.report.charts.tornado import tornado_chart
    from ngpc_sim.report.files import table_files

    found = one_at_a_time(design, ranges, column, run)
    rows = effect_rows(found, column)
    charts = chart_bytes({"tornado": tornado_chart(rows, column)})
    return table_files({"sensitivity.csv": rows}) | charts, sentences(found, column)


def _sobol(
    design: Design, ranges: Sequence[Range], column: str, sampling: tuple[int, int], run: Run
) -> tuple[dict[str, bytes], list[str]]:
    """Files and sentences of Sobol indices."""
    from ngpc_sim.job.sensitivity import sobol_indices, sobol_sentences
    from ngpc_sim.report.charts.canvas import chart_bytes
    from ngpc_sim.report.charts.indices import indices_chart
    from ngpc_sim.report.files import table_files

    rows = sobol_indices(design, ranges, column, sampling, run)
    charts = chart_bytes({"sobol": indices_chart(rows, column)})
    return table_files({"sobol.csv": rows}) | charts, sobol_sentences(rows)
