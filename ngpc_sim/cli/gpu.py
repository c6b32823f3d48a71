"""``ngpc-sim gpu``: the cards that have files, and the card of this machine."""

from __future__ import annotations

import sys

import typer

from ngpc_sim.cli.values import Group

app = typer.Typer(cls=Group, help="List GPUs; measure the one of this machine.", rich_markup_mode=None)


@app.callback()
def gpu() -> None:
    """List GPUs; measure the one of this machine."""


@app.command("list")
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
