"""``ngpc-sim warmup``: compile kernels ahead of the first run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def warmup(
    scenes: Annotated[bool, typer.Option("--scenes", help="Also the kernels of trace record.")] = False,  # noqa: FBT002
    services: Annotated[  # noqa: FBT002
        bool, typer.Option("--services", help="Also keep on disk what bundled traces ask of the engines.")
    ] = False,
) -> None:
    """Compile all kernels of simulations, so that no run waits for them; optional."""
    from ngpc_sim.job.warmup import warm_up
    from ngpc_sim.machine import disk_cache

    for done in warm_up(scenes=scenes, services=services):
        known = f"{done.compiled} compiled, {done.loaded} ready before"
        sys.stdout.write(f"{done.name + ':':<28}{known} in {done.seconds:.1f} s\n")
    if services:
        sys.stdout.write(f"kept in {disk_cache.folder() or 'no folder: NGPC_SIM_CACHE_MIB is 0'}\n")
