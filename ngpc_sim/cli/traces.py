"""``ngpc-sim trace``: record traces; ``trace_files.py`` has the commands that read them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli import trace_files
from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.values import Command, Group
from ngpc_sim.config.errors import UserError

app = typer.Typer(cls=Group, help="Record, list, describe and verify traces.", rich_markup_mode=None)


app.command("list", cls=Command)(trace_files.trace_list)
app.command("info", cls=Command)(trace_files.trace_info)
app.command("verify", cls=Command)(trace_files.trace_verify)


@app.command("record", cls=Command)
def trace_record(
    name: Annotated[str, typer.Argument(help="Scene, for instance nerf-room.")],
    resolution: Annotated[str, typer.Option(help="Size of the frame.")] = "fhd",
    seed: Annotated[int | None, typer.Option(help="Seed of jitter and sampling.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write (default NAME.trace.parquet here).")] = None,
    tiles: Annotated[str | None, typer.Option(help="Screen tiles to record: a number, or all of the frame.")] = None,
    profiles: Annotated[
        str, typer.Option(help="Other frame sizes whose queries are counted too, such as hd,4k,8k.", show_default=False)
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Record a trace from a scene; with --profiles hd,4k,8k a bundled one comes out byte for byte."""
    from ngpc_sim.report.folder import check_writable
    from ngpc_sim.trace import write_trace
    from ngpc_sim.trace.record import DEFAULT_SEED, SCENES, record, record_to
    from ngpc_sim.workloads.frame_sizes import parse_resolution

    label, width, height = parse_resolution(resolution)
    scene = name.removesuffix(f"-{label}") if name not in SCENES else name
    target = out or Path(f"{scene}-{label}.trace.parquet")
    check_writable(target.parent)
    frame = scene, width, height, DEFAULT_SEED if seed is None else seed
    number, also = _number_of_tiles(tiles), _sizes(profiles)
    bar = Bar(1.0, f"recording {scene}", shown=not quiet)
    try:
        if tiles is not None:
            queries, rows = record_to(target, *frame, number, bar.to, also)
        else:
            trace = record(*frame, bar.to, also)
            write_trace(trace, target)
            queries, rows = trace.queries, trace.recorded
    finally:
        bar.close()
    sys.stdout.write(f"{target}: {queries:,} queries, {rows:,} of them recorded\n")


def _sizes(text: str) -> list[tuple[int, int]]:
    """Widths and heights that ``--profiles`` asks for."""
    from ngpc_sim.job.options import parse_list
    from ngpc_sim.workloads.frame_sizes import parse_resolution

    return [parse_resolution(size)[1:] for size in parse_list(text, "--profiles")] if text else []


def _number_of_tiles(text: str | None) -> int | None:
    """Tiles that ``--tiles`` asks for; ``None`` for all of them."""
    if text is None or text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"--tiles is '{text}', which should be a number of screen tiles from 1, or all.")
    return int(text)
