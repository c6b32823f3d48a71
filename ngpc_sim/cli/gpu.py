"""``ngpc-sim gpu``: the cards that have files, and the card of this machine."""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from ngpc_sim.cli.options import Encodings
from ngpc_sim.cli.progress import Bar
from ngpc_sim.cli.values import Command, Group

app = typer.Typer(cls=Group, help="List GPUs; measure the one of this machine.", rich_markup_mode=None)


@app.callback()
def gpu() -> None:
    """List GPUs; measure the one of this machine."""


@app.command("list", cls=Command)
def gpu_list() -> None:
    """List the built-in GPUs, with power and area, and the adapters of this machine, by number."""
    from ngpc_sim.architecture.arch import descriptions
    from ngpc_sim.config.errors import UserError
    from ngpc_sim.gpu.measured.adapters import adapters

    for name, text in descriptions("GPU").items():
        sys.stdout.write(f"{name:<18} {text}\n")
    try:
        found = adapters()
    except UserError as error:
        sys.stdout.write(f"adapters           not listed: {error}\n")
        return
    for one in found:
        sys.stdout.write(f"adapter {one.number:<10} {one.text}\n")
    if not found:
        sys.stdout.write("adapters           none: no driver for Vulkan, Metal or Direct3D 12 is here\n")


@app.command("measure", cls=Command)
def measure(
    out: Annotated[Path, typer.Option(help="The GPU file to write, for instance my-gpu.yaml.")],
    adapter: Annotated[int, typer.Option(help="Number of the adapter, as gpu list has it.")] = 0,
    apps: Annotated[str, typer.Option("--app", help="nerf, nsdf, gia, nvr, workload files, or all.")] = "all",
    encodings: Encodings = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Snapshot of instant-ngp, of a NeRF, whose frame is measured too.")
    ] = None,
    like: Annotated[str | None, typer.Option(help="GPU name or file of this very card, to extend.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=NUMBER", help="What cannot be measured, for instance die_mm2=628.4."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes and few turns.")] = False,  # noqa: FBT002
    quiet: Annotated[bool, typer.Option("--quiet", help="No text, no progress bar.")] = False,  # noqa: FBT002
) -> None:
    """Measure the card of this machine, and write a GPU file for --gpu."""
    from ngpc_sim.gpu.measured.adapters import chosen
    from ngpc_sim.gpu.measured.card_file import (
        chart_file,
        chart_path,
        check_file,
        file_bytes,
        given_numbers,
        known_of,
        lines_of,
        table_bytes,
        table_path,
    )
    from ngpc_sim.gpu.measured.effort import FULL, QUICK
    from ngpc_sim.gpu.measured.frames.trained import trained
    from ngpc_sim.gpu.measured.measuring import measure as measured
    from ngpc_sim.gpu.measured.power import nvml_of
    from ngpc_sim.job.works import Asked
    from ngpc_sim.report.folder import write_set

    check_file(out)
    works = list(chain.from_iterable(Asked(apps, encodings, None, None).works().values()))
    own = None if snapshot is None else trained(snapshot, works)
    card, given = chosen(adapter), given_numbers(settings or ())
    known = known_of(out, like, given, has_power=nvml_of(card.device) is not None)
    for note in own.notes if own else ():
        sys.stderr.write(f"ngpc-sim: note: {note}\n")
    with closing(Bar(1.0, "measuring", shown=not quiet)) as bar:
        found = measured(card, QUICK if quick or card.is_cpu else FULL, works, bar.advance, own)
    kernels, chart = table_path(out), chart_path(out)
    contents = {
        out: file_bytes(found, like, given, out),
        kernels: table_bytes(found, known),
        chart: chart_file(found, known, out),
    }
    write_set(out.parent, {path.name: content for path, content in contents.items()})
    if not quiet:
        wrote = f"Wrote {out}, kernel by kernel {kernels}, and {chart}.\n"
        sys.stdout.write("\n".join([*lines_of(found, like), wrote]))
