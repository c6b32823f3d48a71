"""``ngpc-sim warmup``: compile kernels ahead of the first run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from ngpc_sim.cli.progress import Bar

if TYPE_CHECKING:
    from ngpc_sim.job.warmup import Warmed


def warmup(
    scenes: Annotated[bool, typer.Option("--scenes", help="Also the kernels of trace record.")] = False,  # noqa: FBT002
    services: Annotated[  # noqa: FBT002
        bool, typer.Option("--services", help="Also keep on disk what bundled traces ask of the engines.")
    ] = False,
) -> None:
    """Compile all kernels of simulations, so that no run waits for them; optional."""
    from ngpc_sim.job.warmup import warm_up
    from ngpc_sim.machine import disk_cache

    steps = warm_up(scenes=scenes, services=services)
    while (done := _next(steps)) is not None:
        known = f"{done.compiled} compiled, {done.loaded} ready before"
        sys.stdout.write(f"{done.name + ':':<28}{known} in {done.seconds:.1f} s\n")
    if services:
        sys.stdout.write(f"kept in {disk_cache.folder() or 'no folder: NGPC_SIM_CACHE_MIB is 0'}\n")


def _next(steps: Iterator[Warmed]) -> Warmed | None:
    """Take the next step; a bar shows that it goes on."""
    with closing(Bar(1.0, "compiling", shown=True)):
        return next(steps, None)
