"""What validation, calibration and ladder all read: the scales of the published means, workloads and their traces."""

from __future__ import annotations

from functools import lru_cache

from ngpc_sim.trace import Trace, load_trace
from ngpc_sim.workloads.workload import Workload, load_workload

#: scales of the published means
SCALES = (8, 16, 32, 64)


@lru_cache(maxsize=16)
def workload_and_trace(name: str) -> tuple[Workload, Trace]:
    """A workload such as ``nerf-hashgrid`` and the trace that it names, read once."""
    work = load_workload(name)
    return work, load_trace(work.trace)
