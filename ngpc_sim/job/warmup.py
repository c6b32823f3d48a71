"""Compiling every kernel before it is needed: small frames that pass through all of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.frame.services import service_of
from ngpc_sim.simulation.simulate import simulate
from ngpc_sim.trace import load_trace
from ngpc_sim.trace.inputs.fields_of_files import nerf_of_mesh, nsdf_of_mesh, nvr_of_volume
from ngpc_sim.trace.inputs.meshes import Mesh
from ngpc_sim.trace.inputs.volumes import Volume
from ngpc_sim.trace.record import record
from ngpc_sim.workloads.apps import APPS, ENCODINGS
from ngpc_sim.workloads.workload import load_workload

#: queries of a small frame: fewer than anything keeps on disk
QUERIES = 512
#: designs that between them use every kernel of a replay
DESIGNS: tuple[dict[str, Any], ...] = (
    {},
    {"cluster.dispatch": "least_loaded"},
    {"nfp.encoding.feature_bytes": 2},
    {"nfp.encoding.feature_bytes": 2, "nfp.encoding.sharing": "partition", "nfp.encoding.reuse": "last_voxel"},
    {"nfp.encoding.bank_map": "xor_fold", "nfp.encoding.reuse": "last_voxel"},
)
#: one scene an app, in the smallest frame that has every kernel's work
SCENES = ("nerf-room", "nsdf-object", "gia-plane", "nvr-cloud")
SIZE = (64, 32)
#: a tetrahedron, which is what no file is called by
CORNERS, FACES = np.eye(4, 3), np.array([[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]], np.int32)
NOWHERE = Path("tetrahedron")


@dataclass(frozen=True)
class Warmed:
    """What a warm-up did: a name, the time it took, kernels compiled and kernels read from numba's cache."""

    name: str
    seconds: float
    compiled: int
    loaded: int


def warm_up(*, scenes: bool, services: bool) -> Iterator[Warmed]:
    """Compile the kernels of simulations, with ``scenes`` of recorders too; with ``services`` serve bundled traces."""
    yield _timed("kernels of simulations", _frames)
    if scenes:
        yield _timed("kernels of recorders", _recorders)
    if services:
        yield _timed("services of bundled traces", _services)


def _frames() -> None:
    for app in APPS:
        for encoding in ENCODINGS:
            work = load_workload(f"{app}-{encoding}")
            trace = load_trace(work.trace)
            archs = [load_arch("ngpc-paper"), *(load_arch("ngpc", overrides=values) for values in DESIGNS)]
            for arch in archs:
                simulate(arch, work, trace, limit_queries=QUERIES)


def _recorders() -> None:
    for scene in SCENES:
        record(scene, *SIZE, seed=0)
    mesh, volume = Mesh(CORNERS, FACES).normalised(), Volume(np.ones((4, 4, 4), np.float32), 1.0)
    for subject in (nsdf_of_mesh(mesh, NOWHERE), nerf_of_mesh(mesh, NOWHERE), nvr_of_volume(volume, NOWHERE)):
        record(subject, *SIZE)


def _services() -> None:
    for app in APPS:
        for encoding in ENCODINGS:
            work = load_workload(f"{app}-{encoding}")
            service_of(load_arch("ngpc"), work.encoding, load_trace(work.trace))


def _timed(name: str, do: Any) -> Warmed:  # noqa: ANN401 - a function without arguments
    before, started = kernels(), time.monotonic()
    do()
    after = kernels()
    return Warmed(name, time.monotonic() - started, after[0] - before[0], after[1] - before[1])


def kernels() -> tuple[int, int]:
    """Kernels of ours that this process has compiled, and read from numba's cache, a signature each."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "ngpc_sim"]
    found = {id(value): value for module in modules for value in vars(module).values() if hasattr(value, "py_func")}
    stats = [value.stats for value in found.values()]
    return sum(sum(s.cache_misses.values()) for s in stats), sum(sum(s.cache_hits.values()) for s in stats)
