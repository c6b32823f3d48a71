"""Replays of the commands of a frame, kept for the next design point that asks for the same ones.

What a command costs the NFPs depends on the NFPs, their dispatch, the latencies of the memory, and the queries. It does
not depend on bandwidths, on the rest of kernels, on launches and submission, or on the GPU's own frame time. Design
points that differ only in those share their replays.
"""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.commands import AnyCluster, Commands, build_commands
from ngpc_sim.frame.memory import miss_path
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.machine.store import Store
from ngpc_sim.workloads.workload import Workload

#: bytes of all replays that are kept
KEPT_BYTES = 1 << 27
#: bytes of a command's objects beside its arrays (measured: tracemalloc, nerf-hashgrid and nsdf-densegrid)
OBJECT_BYTES = 980


def replays_of(
    arch: Arch, work: Workload, services: Sequence[Service], plan: FramePlan, cluster: AnyCluster
) -> Commands:
    """The commands of a plan, each on the network of ``work`` that it asks; ``services`` are those of all networks."""
    parts = [
        (numbers, _replays_of(arch, work.sections[network], services[network], part, cluster))
        for network, numbers, part in plan.parts
    ]
    return parts[0][1] if len(parts) == 1 else Commands.merged(parts)


def _replays_of(arch: Arch, work: Workload, service: Service, plan: FramePlan, cluster: AnyCluster) -> Commands:
    """What :func:`build_commands` gives; of the fast cluster it is kept, the reference always replays."""
    if type(cluster) is not Cluster:
        return build_commands(arch, work, service, plan, cluster)
    specs = (arch.cluster.model_dump_json(), arch.nfp.model_dump_json())
    key = *specs, miss_path(arch), arch.scale, work, plan, service
    return REPLAYS.get(key, lambda: build_commands(arch, work, service, plan, cluster))


def _bytes(commands: Commands) -> int:
    """Bytes of commands."""
    own = OBJECT_BYTES * len(commands)
    for run in commands.runs:
        own += run.end_cycles.nbytes + run.occupancy_cycles.nbytes + run.waits.nbytes + run.busy_cycles.nbytes
        own += run.done_cycles.nbytes + (run.lines.nbytes if run.lines is not None else 0)
    return own + commands.end_ps.nbytes + commands.occupancy_ps.nbytes


REPLAYS: Store[Commands] = Store(room=KEPT_BYTES, size=_bytes)
