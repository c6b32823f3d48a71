"""ngpc-sim: a cycle-approximate, trace-driven simulator of the Neural Graphics Processing Cluster (NGPC).

The public names; each is imported when it is first used, so that ``import ngpc_sim`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ngpc_sim.architecture.arch import Arch, load_arch
    from ngpc_sim.config.errors import UserError
    from ngpc_sim.engines.grid_index import grid_index
    from ngpc_sim.report.rows import Rows
    from ngpc_sim.results.result import Result
    from ngpc_sim.simulation.design import Options, Sequence
    from ngpc_sim.simulation.points import sweep
    from ngpc_sim.simulation.simulate import simulate
    from ngpc_sim.trace import Trace, load_trace
    from ngpc_sim.trace.renderer import TraceWriter
    from ngpc_sim.workloads.grids import GridEncoding, GridLevel, grid_levels
    from ngpc_sim.workloads.workload import Workload, load_workload

__version__ = "0.1.0"

__all__ = [
    "Arch",
    "GridEncoding",
    "GridLevel",
    "Options",
    "Result",
    "Rows",
    "Sequence",
    "Trace",
    "TraceWriter",
    "UserError",
    "Workload",
    "grid_index",
    "grid_levels",
    "load_arch",
    "load_trace",
    "load_workload",
    "simulate",
    "sweep",
]

#: public names by the module in which each lives
_MODULES = {
    "architecture.arch": ("Arch", "load_arch"),
    "config.errors": ("UserError",),
    "engines.grid_index": ("grid_index",),
    "report.rows": ("Rows",),
    "results.result": ("Result",),
    "simulation.design": ("Options", "Sequence"),
    "simulation.points": ("sweep",),
    "simulation.simulate": ("simulate",),
    "trace": ("Trace", "load_trace"),
    "trace.renderer": ("TraceWriter",),
    "workloads.grids": ("GridEncoding", "GridLevel", "grid_levels"),
    "workloads.workload": ("Workload", "load_workload"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _HOMES:
        raise AttributeError(f"module 'ngpc_sim' has no attribute '{name}'")
    value = getattr(importlib.import_module(f"ngpc_sim.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
