"""Services of traces, and DRAM's efficiency on them, kept on disk for the next run.

The key has everything that they follow from: the trace, the encoding, its engines, the memory behind them, and the
sources and packages that computed them. So an edited kernel or another version never reads what an older one left.
Nothing is kept of plug-ins, of short traces and of tables that are cut into subtables.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.plugins import BUILTIN, is_plugin
from ngpc_sim.engines.service import Misses, Service
from ngpc_sim.frame.memory import ADDRESSES, l2_shape
from ngpc_sim.machine import disk_cache
from ngpc_sim.machine.sources import made_by
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.grids import GridEncoding

FORMAT = 1
#: rooms whose sources compute what is kept
ROOMS = ("config", "kernels", "workloads", "engines", "architecture", "frame")
#: packages whose versions can change what is kept
PACKAGES = ("ngpc-sim", "numpy", "numba")
#: shorter traces are served sooner than read
LEAST_QUERIES = 4096


def service_key(arch: Arch, encoding: GridEncoding, trace: Trace) -> str | None:
    """Everything that a service follows from; ``None`` where it is not kept."""
    spec = arch.nfp.encoding
    if spec.model != BUILTIN or spec.subgrids > 1 or len(trace.positions) < LEAST_QUERIES:
        return None
    below = repr(l2_shape(arch)) if spec.table_policy == "cache" else ""
    own = f"format {FORMAT}", made_by(ROOMS, PACKAGES)
    parts = ["service", *own, spec.model_dump_json(), encoding.model_dump_json(), below, ADDRESSES, trace.sha256]
    return json.dumps([*parts, len(trace.positions)])


def kept_service(arch: Arch, encoding: GridEncoding, trace: Trace, make: Callable[[], Service]) -> Service:
    """The service that ``make`` gives, from disk where an earlier run left it."""
    key = service_key(arch, encoding, trace)
    if key is None:
        return make()
    n, levels = len(trace.positions), encoding.n_levels
    for expected in _shapes(n, min(arch.nfp.encoding.engines, levels), levels):
        arrays = disk_cache.load(_of_shape(key, expected), expected)
        if arrays is not None:
            return _service(arrays)
    service = make()
    arrays = _arrays(service)
    for expected in _shapes(n, service.slot_cycles.shape[1], levels):
        if expected.keys() == arrays.keys():
            disk_cache.save(_of_shape(key, expected), arrays)
    return service


def kept_efficiency(arch: Arch, encoding: GridEncoding, trace: Trace, make: Callable[[], float]) -> float:
    """DRAM's efficiency on the missing lines of a service, likewise."""
    key = service_key(arch, encoding, trace)
    if key is None or is_plugin(arch.memory.dram_model):
        return make()
    dram = arch.gpu.dram.model_dump_json() if arch.gpu.dram else ""
    key = json.dumps(["efficiency", key, arch.memory.model_dump_json(), dram])
    arrays = disk_cache.load(key, {"efficiency": ("f8", (1,))})
    if arrays is None:
        arrays = {"efficiency": np.array([make()])}
        disk_cache.save(key, arrays)
    return float(arrays["efficiency"][0])


def _of_shape(key: str, expected: dict[str, Any]) -> str:
    return json.dumps([key, sorted(expected)])


def _shapes(n: int, slots: int, levels: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Dtypes and shapes of a service that misses nothing, and of one that may miss."""
    fits = {
        "slot_cycles": ("u2", (n, slots)),
        "reads": ("i4", (n,)),
        "base_cycles": ("i8", (slots,)),
    }
    by_level, by_slot = ("u1", (n, levels)), ("u2", (n, slots))
    misses = {"lines": by_level, "missing": by_level, "far": by_level, "slot_missing": by_slot, "slot_far": by_slot}
    return fits, fits | misses | {"addresses": ("i8", (None,))}


def _arrays(service: Service) -> dict[str, Any]:
    misses = vars(service.misses) if service.misses else {}
    own = {name: getattr(service, name) for name in ("slot_cycles", "reads", "base_cycles")}
    return own | dict(misses)


def _service(arrays: dict[str, Any]) -> Service:
    own = {name: arrays.pop(name) for name in ("slot_cycles", "reads", "base_cycles")}
    return Service(**own, misses=Misses(**arrays) if arrays else None)
