"""The main job: ``ngpc-sim --scale 8..64``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim import __version__
from ngpc_sim.cli.options import Settings
from ngpc_sim.cli.progress import Bar
from ngpc_sim.config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngpc_sim.job.request import Request
    from ngpc_sim.report.folder import Content
    from ngpc_sim.results.result import Result
    from ngpc_sim.simulation.design import Point


def run(
    context: typer.Context,
    scale: Annotated[str | None, typer.Option(help="NFPs: 8, 8..64 (doubles), 8..64:8 (steps), 8,12,64.")] = None,
    apps: Annotated[str, typer.Option("--app", help="nerf, nsdf, gia, nvr, workload files, or all.")] = "all",
    encoding: Annotated[str, typer.Option(help="hashgrid, densegrid, lowres, or all.")] = "hashgrid",
    resolution: Annotated[str, typer.Option(help="fhd, 4k, 8k, hd or WIDTHxHEIGHT; a list.")] = "fhd",
    arch: Annotated[str, typer.Option(help="Architecture name or file; a list.")] = "ngpc",
    gpu: Annotated[str | None, typer.Option(help="GPU name or file instead of the architecture's.")] = None,
    trace: Annotated[str | None, typer.Option(help="Trace names, files or URLs instead of the workloads' own.")] = None,
    settings: Settings = None,
    detail: Annotated[
        str | None,
        typer.Option(
            help="bound (closed form), cycle (replay), sampled (part of it, intervals) or reference (slow); "
            "sampled for traces of whole frames, else cycle."
        ),
    ] = None,
    relative_error: Annotated[float, typer.Option(help="With sampled: half of the interval of the frame time.")] = 0.01,
    seed: Annotated[int, typer.Option(help="With sampled: seed of what is drawn.")] = 0,
    limit_queries: Annotated[int | None, typer.Option(help="Replay only the first N recorded queries.")] = None,
    power_budget: Annotated[
        str | None, typer.Option(help="Watts of the NFPs, for instance 1.9,5: also say what fits.")
    ] = None,
    scenes: Annotated[
        int | None, typer.Option(help="Scenes, each with its table load; rows are the mean frame.")
    ] = None,
    frames_per_scene: Annotated[int | None, typer.Option(help="Frames of each scene.")] = None,
    what_if: Annotated[  # noqa: FBT002
        bool, typer.Option("--what-if/--no-what-if", help="Run again with what limits a frame doubled.")
    ] = True,
    export: Annotated[
        tuple[str, Path] | None,
        typer.Option(metavar="accelergy DIR | ramulator FILE", help="Also write Accelergy's YAML, or DRAM loads."),
    ] = None,
    waveform: Annotated[
        Path | None, typer.Option(help="Also write a VCD waveform of the --limit-queries of one design point.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder of the result files (default out/ARCH).")] = None,
    allow_plugins: Annotated[  # noqa: FBT002
        bool, typer.Option("--allow-plugins", help="Let the architecture name classes to import and run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No table, no progress bar.")] = False,  # noqa: FBT002
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    """Simulate frames: ngpc-sim --scale 8..64."""
    if version:
        sys.stdout.write(f"ngpc-sim {__version__}\n")
        return
    if context.invoked_subcommand is not None:
        _refuse_stray_option(context.invoked_subcommand)
        return
    if len(sys.argv) == 1:
        sys.stdout.write(context.get_help() + "\n")
        return
    from ngpc_sim.job import request

    asked = request.Request(
        scale=scale,
        apps=apps,
        encodings=encoding,
        resolutions=resolution,
        archs=arch,
        gpu=gpu,
        traces=trace,
        settings=tuple(settings or ()),
        detail=detail,
        relative_error=relative_error,
        seed=seed,
        limit_queries=limit_queries,
        power_budget=power_budget,
        scenes=scenes,
        frames_per_scene=frames_per_scene,
        what_if=what_if,
        allow_plugins=allow_plugins,
    )
    if allow_plugins:
        sys.path.insert(0, str(Path.cwd()))
    folder = out or Path("out") / asked.archs.replace(",", "_").replace("/", "_")
    _main_job(asked, folder, jobs=jobs, quiet=quiet, export=export, waveform=waveform)


def _refuse_stray_option(command: str) -> None:
    first = sys.argv[1]
    if first.startswith("-"):
        raise UserError(f"option {first} stands before {command}, where only the main job has options.")


def _main_job(
    asked: Request, folder: Path, *, jobs: int, quiet: bool, export: tuple[str, Path] | None, waveform: Path | None
) -> None:
    """Check everything that can be refused, simulate, write, print."""
    from ngpc_sim.job import budgets, exports, request
    from ngpc_sim.job.run_folder import write_results
    from ngpc_sim.machine.threads import beside
    from ngpc_sim.report.charts import canvas
    from ngpc_sim.report.files import table_files
    from ngpc_sim.report.folder import check_writable
    from ngpc_sim.report.stall_file import stall_file

    started = time.monotonic()
    points = request.points(asked)
    check_writable(folder)
    watts = budgets.parse_budgets(asked.power_budget) if asked.power_budget is not None else []
    if export is not None:
        exports.check_format(export[0], points)
        check_writable(export[1] if export[0] == "accelergy" else export[1].parent)
    if waveform is not None:
        from ngpc_sim.job.waveform import write_waveform

        check_writable(waveform.parent)
        write_waveform(waveform, points)
    began = time.monotonic()
    loaded = beside(canvas.load)
    results = _with_progress(points, jobs, quiet=quiet)
    loaded()
    speed = request.speed(results, time.monotonic() - began)
    manifest = request.manifest(asked, points, time.monotonic() - started) | speed
    fits = budgets.fit(watts, points, results)
    extra: dict[str, Content] = {**table_files({"budgets.csv": fits} if fits else {})}
    level_rows = [row for result in results for row in result.level_rows()]
    extra |= table_files({"levels.csv": level_rows})
    extra |= stall_file(results)
    rows = [result.row() for result in results]
    written = write_results(folder, rows, manifest, charts=True, extra=extra, level_rows=level_rows)
    if export is not None:
        exports.write(*export, points, results)
    if not quiet:
        _print(points, results, written, budgets.sentences(fits) if fits else [], speed)


def _print(
    points: Sequence[Point], results: Sequence[Result], written: list[Path], more: list[str], speed: dict[str, float]
) -> None:
    from ngpc_sim.job.footer import footer, speed_line
    from ngpc_sim.report.tables.results import print_results

    names = ", ".join(path.name for path in written)
    lines = [*footer(points, results), *more, speed_line(speed), f"Wrote {names} to {written[0].parent}."]
    print_results([result.row() for result in results], lines)


def _with_progress(points: Sequence[Point], jobs: int, *, quiet: bool) -> list[Result]:
    """Run the points; a bar on a terminal once that has taken a second."""
    from ngpc_sim.simulation.points import run_points

    bar = Bar(len(points), "simulating", shown=not quiet)
    try:
        return run_points(points, jobs, bar.advance)
    finally:
        bar.close()
