"""What a design point follows from, and the key under which a store has its result."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.machine.sources import made_by
from ngpc_sim.simulation.design import Point
from ngpc_sim.workloads.workload import Workload

#: rooms whose sources compute a result
ROOMS = (
    *("config", "kernels", "workloads", "results", "trace", "engines", "architecture", "gpu", "power", "frame"),
    *("reference", "sampling", "simulation"),
)
#: packages whose versions can change a result
PACKAGES = ("ngpc-sim", "numpy", "numba", "simpy", "pydantic")


def contents(point: Point) -> tuple[Any, ...]:
    """Everything that the result of a point follows from: points of equal contents are one design point.

    What a workload or a trace is called is no part of it; overrides only repeat what the architecture has.
    """
    trace, options = point.trace, point.options
    drawn = (options.relative_error, options.seed) if point.detail == "sampled" else ()
    asked = (point.resolution, point.detail, options.limit_queries, options.sequence, options.rest_factor, *drawn)
    return point.arch.digest, point.work.sha256, trace.sha256, len(trace.positions), *asked


def key_of(point: Point) -> str:
    """Key of a point's result: SHA-256 of its contents and of the sources that compute it, 64 hexadecimal digits."""
    doubled = point.what_if and point.detail == "cycle"
    return key_from(point.arch, point.work, "point", *contents(point), doubled)


def key_from(arch: Arch, work: Workload, *parts: object) -> str:
    """Key of what follows from ``parts``, from the sources of this package, and from those of the plug-ins."""
    plugins = [_plugin_sha256(model.partition(":")[0].partition(".")[0]) for _, model in arch.file.plugins()]
    made = made_by(ROOMS, PACKAGES)
    return hashlib.sha256(json.dumps([made, plugins, work.is_built_in, *parts], default=repr).encode()).hexdigest()


@cache
def _plugin_sha256(package: str) -> str:
    """Digest of a plug-in's module, or of all modules of its package; what these import is not looked at."""
    spec = find_spec(package)
    folders = [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    own = [Path(spec.origin)] if spec and spec.has_location and spec.origin else []
    digest = hashlib.sha256()
    for path in files or own:  # a folder without __init__.py has no origin
        digest.update(path.read_bytes())
    return digest.hexdigest()
