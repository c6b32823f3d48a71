"""The main job: ``ngpc-sim --scale 8..64``."""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim import __version__
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
from ngpc_sim.cli.simulating import Simulated, simulated
from ngpc_sim.cli.written import wrote
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngpc_sim.job.notes.note import Note
    from ngpc_sim.job.request import Plan, Request
    from ngpc_sim.job.timeline import Timeline
    from ngpc_sim.report.folder import Content
    from ngpc_sim.results.result import Result
    from ngpc_sim.simulation.design import Point


RelativeError = Annotated[
    float | None, typer.Option(help="With sampled: half of the interval of the frame time (default 0.01).")
]
PowerBudget = Annotated[str | None, typer.Option(help="Watts of the NFPs, for instance 1.9,5: also say what fits.")]
Target = Annotated[
    str | None, typer.Option(metavar="APP@SIZEFPS", help="nerf@4k30: also name the smallest scale that reaches it.")
]
Scenes = Annotated[int | None, typer.Option(help="Scenes, each with its table load; rows are the mean frame.")]
WhatIf = Annotated[bool, typer.Option("--what-if/--no-what-if", help="Run again with what limits a frame doubled.")]
Export = Annotated[
    tuple[str, Path] | None,
    typer.Option(metavar="accelergy DIR | ramulator FILE", help="Also write Accelergy's YAML, or DRAM loads."),
]
Waveform = Annotated[
    Path | None, typer.Option(help="Also write a VCD waveform of the --limit-queries of one design point.")
]
TimelineFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.pftrace", help="Also write one design point's frame as a Perfetto trace (ui.perfetto.dev)."
    ),
]
TimelineWindow = Annotated[
    str | None,
    typer.Option(
        metavar="2ms..4ms | 3..5", help="Times or invocations that it shows batch by batch (default the slowest)."
    ),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        envvar="NGPC_SIM_DEBUG",
        help="With the error of a run of one point, also print its cause's traceback.",
    ),
]
Cluster = Annotated[
    str | None, typer.Option(metavar="URL", help="Scheduler whose workers run the points, such as tcp://head:8786.")
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Forget what earlier runs into this folder have finished.")]
OnlyFailed = Annotated[bool, typer.Option("--only-failed", help="Run again what failed, and nothing else.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say how many design points, how long and how much disk; run no more.")
]


def run(
    context: typer.Context,
    scale: Annotated[str | None, typer.Option(help="NFPs: 8, 8..64 (doubles), 8..64:8 (steps), 8,12,64.")] = None,
    apps: Apps = "all",
    encodings: Encodings = None,
    resolutions: Resolutions = "fhd",
    archs: Archs = "ngpc",
    gpu: Gpu = None,
    traces: Traces = None,
    settings: Settings = None,
    detail: Detail = None,
    relative_error: RelativeError = None,
    seed: Annotated[int | None, typer.Option(help="With sampled: seed of what is drawn (default 0).")] = None,
    limit_queries: LimitQueries = None,
    power_budget: PowerBudget = None,
    target: Target = None,
    scenes: Scenes = None,
    frames_per_scene: Annotated[int | None, typer.Option(help="Frames of each scene.")] = None,
    what_if: WhatIf = True,  # noqa: FBT002
    export: Export = None,
    waveform: Waveform = None,
    timeline: TimelineFile = None,
    timeline_window: TimelineWindow = None,
    dry_run: DryRun = False,  # noqa: FBT002
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    cluster: Cluster = None,
    fresh: Fresh = False,  # noqa: FBT002
    only_failed: OnlyFailed = False,  # noqa: FBT002
    out: Annotated[Path | None, typer.Option(help="Folder of the result files (default out/ARCH).")] = None,
    html: Html = False,  # noqa: FBT002
    allow_plugins: Plugins = False,  # noqa: FBT002
    debug: Debug = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No table, no progress bar.")] = False,  # noqa: FBT002
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    """Simulate frames: ngpc-sim --scale 8..64."""
    given = locals()
    if version:
        sys.stdout.write(f"ngpc-sim {__version__}\n")
        return
    if context.invoked_subcommand is not None:
        _refuse_stray_option(context.invoked_subcommand)
        return
    if len(sys.argv) == 1:
        sys.stdout.write(context.get_help() + "\n")
        return
    from ngpc_sim.job.request import Request
    from ngpc_sim.job.targets import with_target

    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    # the request has a field of the same name for every option that it takes
    asked = Request(**{option.name: given[option.name] for option in fields(Request) if option.name in given})
    try:
        main_job(with_target(asked), cluster=cluster, fresh=fresh, only_failed=only_failed, html=html)
    except UserError as error:
        if debug and error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        raise


def _refuse_stray_option(command: str) -> None:
    first = sys.argv[1]
    if first.startswith("-"):
        raise UserError(f"option {first} stands before {command}, where only the main job has options.")


def main_job(
    asked: Request,
    *,
    fresh: bool,
    only_failed: bool,
    repeated: Plan | None = None,
    cluster: str | None = None,
    html: bool = False,
) -> None:
    """Check everything that can be refused, simulate, write, print; ``repeated`` are the points of an earlier run."""
    from ngpc_sim.job import request

    if html:
        check_html(asked.folder)

    started = time.monotonic()
    if asked.dry_run and (only_failed or cluster is not None):
        left_out = "--only-failed" if only_failed else "--cluster"
        raise UserError(f"--dry-run runs the first few points on this machine: leave out {left_out}.")
    noted = _record_files(asked)
    if asked.dry_run:
        from ngpc_sim.job.dry_run import dry_run

        sys.stdout.write("".join(f"{line}\n" for line in dry_run(asked, request.plan(asked), fresh=fresh)))
        return
    planned = request.plan(asked) if repeated is None else repeated
    points = planned.points
    watts = _check(asked, points)
    began = time.monotonic()
    run = simulated(asked, points, cluster, fresh=fresh, only_failed=only_failed)
    if run.results:
        _write(asked, run, watts, planned, noted, (started, began))
        if html:
            write_html([asked.folder], quiet=asked.quiet)
    if not run.whole:
        run.say_what_is_missing()
        sys.exit(1)


def _write(
    asked: Request,
    run: Simulated,
    watts: Sequence[float],
    planned: Plan,
    noted: Sequence[Note],
    since: tuple[float, float],
) -> None:
    """Write and print what worked; ``since`` is when the run began, and when its simulation did."""
    from ngpc_sim.job import budgets, exports, request
    from ngpc_sim.job.feasible import marked
    from ngpc_sim.job.notes.note import Note, notes_file
    from ngpc_sim.job.run_folder import write_results
    from ngpc_sim.report.files import table_files
    from ngpc_sim.report.level_file import drawn_levels, level_file
    from ngpc_sim.report.stall_file import stall_file
    from ngpc_sim.report.traffic_file import traffic_file
    from ngpc_sim.results.frames import of_single_frames

    started, began = since
    points, results, briefs = run.points, run.results, run.briefs
    rows, broken = marked(run.rows, (point.arch for point in points), asked.constraints)
    speed = {} if run.kept else request.speed(of_single_frames(rows), time.monotonic() - began)
    fits = budgets.fit(watts, points, results) if watts else []
    notes = [*_notes(asked, run, broken), *planned.notes(), *noted, *budgets.budget_notes(fits)]
    manifest = request.manifest(asked, points, time.monotonic() - started) | speed
    if planned.pruned:
        manifest |= {request.PRUNED: planned.pruned}
    if not run.whole:
        manifest |= {"failed_points": len(run.failures), "missing_points": run.missing}
    timeline = _timeline(asked, points, results)
    notes += [Note("run", "the timeline", sentence) for sentence in timeline.sentences]
    tables = table_files(({"budgets.csv": fits} if fits else {}) | timeline.tables)
    extra: dict[str, Content] = {**tables, **notes_file(notes), **level_file(briefs), **stall_file(results, briefs)}
    extra |= traffic_file(results, briefs)
    levels = drawn_levels(briefs)
    written = write_results(asked.folder, rows, manifest, charts=True, extra=extra, level_rows=levels)
    if asked.export is not None:
        exports.write(*asked.export, points, results)
    if not asked.quiet:
        from ngpc_sim.job.notes.ending import ending
        from ngpc_sim.report.tables.results import print_results

        lines = [*budgets.table_lines(fits), *ending(notes, briefs, wrote(written, asked.folder), asked.folder)]
        print_results(rows, [*lines, *timeline.sentences])
    if timeline.refused is not None:
        raise timeline.refused


def _timeline(asked: Request, points: Sequence[Point], results: Sequence[Result]) -> Timeline:
    """Write the timeline that is asked for; what refuses it is said when the results are written."""
    from ngpc_sim.job import timeline

    if asked.timeline is None:
        return timeline.Timeline()
    try:
        return timeline.write_timeline(asked.timeline, asked.timeline_window, points[0], results[0])
    except UserError as error:
        return timeline.Timeline(refused=error)


def _notes(asked: Request, run: Simulated, broken: Sequence[str]) -> list[Note]:
    """Notes on what was typed, on what failed, and on the results."""
    from ngpc_sim.job.differences import differences
    from ngpc_sim.job.notes.collecting import notes_of
    from ngpc_sim.job.notes.warnings import broken_notes, failure_notes, without_effect
    from ngpc_sim.job.options import range_ends
    from ngpc_sim.job.targets import target_notes

    points, results = run.points, run.briefs
    return [
        *failure_notes(run.failures, len(points) + len(run.failures) + run.missing),
        *map(without_effect, range_ends(asked.scale, asked.settings or ())),
        *broken_notes(broken),
        *target_notes(asked, results),
        *notes_of(points, results, differences(points, results)),
        *run.about_frames,
    ]


def _record_files(asked: Request) -> list[Note]:
    """Record the users' files that are to be replayed, and give what should be known of them."""
    from ngpc_sim.job.notes.note import Note
    from ngpc_sim.job.options import parse_list
    from ngpc_sim.trace.loading import users_file

    noted: list[Note] = []
    for name in parse_list(asked.traces, "--trace") if asked.traces is not None else []:
        path = users_file(name)
        if path is not None:
            from ngpc_sim.trace.kept_recordings import recorded

            with closing(Bar(1.0, f"recording {path.name}", shown=not asked.quiet)) as bar:
                found = recorded(path, bar.to).notes
            noted += [Note("traces", path.name, text, source="the file that was recorded") for text in found]
    return noted


def _check(asked: Request, points: Sequence[Point]) -> list[float]:
    """Refuse what cannot be written, write the waveform that needs no results, and give the power budgets in W."""
    from ngpc_sim.job import budgets, exports
    from ngpc_sim.job.run_folder import has_manifest
    from ngpc_sim.report.folder import check_writable

    check_writable(asked.folder)
    has_manifest(asked.folder)
    watts = budgets.parse_budgets(asked.power_budget) if asked.power_budget is not None else []
    if asked.export is not None:
        kind, path = asked.export
        exports.check_format(kind, points)
        check_writable(path if kind == "accelergy" else path.parent)
    if asked.timeline is not None:
        from ngpc_sim.job.timeline import check_timeline, check_timeline_file

        check_timeline_file(asked.timeline)
        check_timeline(asked.timeline_window, points)
    elif asked.timeline_window is not None:
        raise UserError("--timeline-window needs --timeline FILE.pftrace.")
    if asked.waveform is not None:
        from ngpc_sim.job.waveform import write_waveform

        check_writable(asked.waveform.parent)
        write_waveform(asked.waveform, points)
    return watts
