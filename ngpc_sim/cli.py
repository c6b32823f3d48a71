"""Command line: flags to calls to print; no arithmetic.

Exit status 0, 2 for a user's error (one sentence on stderr), 1 for a failure of ours. Everything heavy is
imported inside the command that needs it.
"""

from __future__ import annotations

import errno
import io
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ngpc_sim import __version__
from ngpc_sim.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ngpc_sim.job import Request
    from ngpc_sim.points import Point
    from ngpc_sim.result import Result

#: typer's own mistakes in usage, whatever package it takes them from
UsageError: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Simulate a neural graphics processing cluster (NGPC) beside a GPU on recorded query streams.",
    epilog="Try: ngpc-sim --scale 8..64",
)
trace_app = typer.Typer(help="Record, list and describe traces.", rich_markup_mode=None)
arch_app = typer.Typer(help="Show architectures.", rich_markup_mode=None)
workload_app = typer.Typer(help="Show workloads.", rich_markup_mode=None)
app.add_typer(trace_app, name="trace")
app.add_typer(arch_app, name="arch")
app.add_typer(workload_app, name="workload")

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE[,VALUE]", help="Override a key; a list sweeps it."),
]


def main() -> None:
    """Entry point of the ``ngpc-sim`` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="ngpc-sim", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        _fail(str(error))
    except UsageError as error:
        _fail(error.format_message())
    except BrokenPipeError:
        _forget_stdout()
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _forget_stdout()
        _fail("the output cannot be written: the disk is full.")
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("ngpc-sim: interrupted\n")
        sys.exit(130)


def _forget_stdout() -> None:
    """Let what is left in the buffer go nowhere, so that the interpreter does not fail on it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str) -> None:
    line = " ".join(sentence.split())
    sys.stderr.write(f"ngpc-sim: error: {line}{'' if line.endswith('.') else '.'}\n")
    sys.exit(2)


@app.callback(invoke_without_command=True)
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
        str, typer.Option(help="bound (closed form), cycle (replay) or reference (slow replay).")
    ] = "cycle",
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
    from ngpc_sim import job

    asked = job.Request(
        scale=scale,
        apps=apps,
        encodings=encoding,
        resolutions=resolution,
        archs=arch,
        gpu=gpu,
        traces=trace,
        settings=tuple(settings or ()),
        detail=detail,
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
    from ngpc_sim import budgets, exports, job
    from ngpc_sim.report.files import check_writable, table_files, write_results

    started = time.monotonic()
    points = job.points(asked)
    check_writable(folder)
    watts = budgets.parse_budgets(asked.power_budget) if asked.power_budget is not None else []
    if export is not None:
        exports.check_format(export[0], points)
        check_writable(export[1] if export[0] == "accelergy" else export[1].parent)
    if waveform is not None:
        from ngpc_sim.waveform import write_waveform

        check_writable(waveform.parent)
        write_waveform(waveform, points)
    results = _with_progress(points, jobs, quiet=quiet)
    manifest = job.manifest(asked, points, time.monotonic() - started)
    fits = budgets.fit(watts, points, results)
    extra = {"budgets.csv": budgets.csv_bytes(fits)} if fits else {}
    level_rows = [row for result in results for row in result.level_rows()]
    extra |= table_files(
        {"levels.csv": level_rows, "stalls.csv": [row for result in results for row in result.stall_rows()]}
    )
    rows = [result.row() for result in results]
    written = write_results(folder, rows, manifest, charts=True, extra=extra, level_rows=level_rows)
    if export is not None:
        exports.write(*export, points, results)
    if not quiet:
        _print(points, results, written, budgets.sentences(fits) if fits else [])


def _print(points: Sequence[Point], results: Sequence[Result], written: list[Path], more: list[str]) -> None:
    from ngpc_sim.footer import footer
    from ngpc_sim.report.table import print_results

    names = ", ".join(path.name for path in written)
    lines = [*footer(points, results), *more, f"Wrote {names} to {written[0].parent}."]
    print_results([result.row() for result in results], lines)


def _with_progress(points: Sequence[Point], jobs: int, *, quiet: bool) -> list[Result]:
    """Run the points; a bar on a terminal once that has taken a second."""
    from ngpc_sim.points import run_points

    bar = _Bar(len(points), "simulating", shown=not quiet)
    try:
        return run_points(points, jobs, bar.advance)
    finally:
        bar.close()


class _Bar:
    """A progress bar on stderr that appears after a second, on a terminal only."""

    def __init__(self, total: float, label: str, *, shown: bool) -> None:
        self.total, self.label = total, label
        self.shown = shown and sys.stderr.isatty()
        self.done = 0.0
        self.started = time.monotonic()
        self.close: Callable[[], None] = lambda: None
        self.update: Callable[[float], None] | None = None

    def advance(self, amount: float) -> None:
        """Count ``amount`` as done."""
        self.to(self.done + amount)

    def to(self, done: float) -> None:
        """Set what is done."""
        self.done = done
        if self.update is None and self.shown and time.monotonic() - self.started > 1.0:
            self._open()
        if self.update is not None:
            self.update(done)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        progress = Progress(console=Console(stderr=True), transient=True)
        task = progress.add_task(self.label, total=self.total)
        progress.start()
        self.close = progress.stop
        self.update = lambda done: progress.update(task, completed=done)


@trace_app.command("list")
def trace_list() -> None:
    """List the bundled traces and the scenes that can be recorded."""
    from ngpc_sim.trace.record import SCENES
    from ngpc_sim.trace.store import bundled_traces

    for name in bundled_traces():
        sys.stdout.write(f"{name}\n")
    for name, scene in sorted(SCENES.items()):
        sys.stdout.write(f"scene {name}: {scene.description}\n")


@trace_app.command("info")
def trace_info(source: Annotated[str, typer.Argument(help="Bundled name, file or URL.")]) -> None:
    """Describe a trace."""
    from ngpc_sim.trace.store import load_trace

    trace = load_trace(source)
    facts = {
        "name": trace.name,
        "app": trace.app,
        "scene": trace.scene,
        "camera": trace.camera,
        "resolution": f"{trace.width}x{trace.height}",
        "seed": trace.seed,
        "tool version": trace.tool_version,
        "queries of the frame": f"{trace.queries:,}",
        "queries per pixel": f"{trace.queries_per_pixel:.3f}",
        "invocations": trace.n_invocations,
        "recorded queries": f"{len(trace.positions):,}",
        "sampled tiles": f"{len(trace.tile_weights)} of {trace.tile_pixels[0]}x{trace.tile_pixels[1]} pixels",
        "sha256": trace.sha256,
    }
    for name, value in facts.items():
        sys.stdout.write(f"{name + ':':<22}{value}\n")


@trace_app.command("record")
def trace_record(
    name: Annotated[str, typer.Argument(help="Scene, for instance nerf-room.")],
    resolution: Annotated[str, typer.Option(help="Size of the frame.")] = "fhd",
    seed: Annotated[int | None, typer.Option(help="Seed of jitter and sampling.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write (default NAME.trace.parquet here).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Record a trace from a scene; a bundled one comes out byte for byte."""
    from ngpc_sim.report.files import check_writable
    from ngpc_sim.resolution import parse_resolution
    from ngpc_sim.trace.record import DEFAULT_SEED, SCENES, record
    from ngpc_sim.trace.store import write_trace

    label, width, height = parse_resolution(resolution)
    scene = name.removesuffix(f"-{label}") if name not in SCENES else name
    target = out or Path(f"{scene}-{label}.trace.parquet")
    check_writable(target.parent)
    bar = _Bar(1.0, f"recording {scene}", shown=not quiet)
    try:
        trace = record(scene, width, height, DEFAULT_SEED if seed is None else seed, progress=bar.to)
    finally:
        bar.close()
    write_trace(trace, target)
    sys.stdout.write(f"{target}: {trace.queries:,} queries, {len(trace.positions):,} of them recorded\n")


@arch_app.command("show")
def arch_show(
    name: Annotated[str, typer.Argument(help="Architecture name or file.")] = "ngpc",
    settings: Settings = None,
) -> None:
    """Print an architecture with everything resolved: extends, overrides, GPU, technology, sources."""
    from ngpc_sim.arch import load_arch
    from ngpc_sim.options import parse_overrides
    from ngpc_sim.schema import dump_yaml

    documents = [dump_yaml(load_arch(name, overrides=values).resolved()) for values in parse_overrides(settings or ())]
    sys.stdout.write("---\n".join(documents))


@arch_app.command("schema")
def arch_schema() -> None:
    """Print the JSON Schema of an architecture file."""
    import json

    from ngpc_sim.arch import arch_schema as schema

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")


@workload_app.command("show")
def workload_show(
    name: Annotated[str, typer.Argument(help="Workload, for instance nerf-hashgrid, or all.")] = "all",
) -> None:
    """Print a workload with its derived levels, matrices and table sizes."""
    from ngpc_sim.schema import dump_yaml
    from ngpc_sim.workload import describe, load_workload, workload_names

    names = workload_names() if name == "all" else [name]
    sys.stdout.write("---\n".join(dump_yaml(describe(load_workload(one))) for one in names))


@app.command("explain")
def explain(name: Annotated[str, typer.Argument(help="Result column or configuration key.")]) -> None:
    """Print unit, formula and meaning of a result column, or meaning and source of a configuration key."""
    from ngpc_sim.explain import explain as text

    sys.stdout.write(text(name))
