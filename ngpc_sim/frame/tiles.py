"""How many tiles a frame has: the fewest whose frame is within half a percent of the shortest.

Candidates are ranked on commands that are counted, not replayed: each NFP takes the queries of its granules at the
steady rate of its slowest part. The chosen number of tiles is then replayed exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterRun
from ngpc_sim.frame.commands import Commands, cycles_to_ps_array
from ngpc_sim.frame.memory import miss_path
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.machine import disk_cache
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
CANDIDATES = (1, 2, 4, 8, 16, 32, 64)
#: of the shortest frame, by which a frame of fewer tiles may be longer
NEAR = 0.005


class Choice(NamedTuple):
    """A number of tiles, and how many times as long the frame takes with the most that can be chosen."""

    tiles: int
    with_most: float


def fewest(frame_ps: Callable[[int], int | None]) -> Choice:
    """The fewest tiles near the shortest frame; ``frame_ps`` is ``None`` for a number that cannot be replayed."""
    found = {tiles: frame_ps(tiles) for tiles in CANDIDATES}
    times = {tiles: time for tiles, time in found.items() if time is not None} or {CANDIDATES[-1]: 1}
    chosen = next(tiles for tiles, time in times.items() if time <= min(times.values()) * (1 + NEAR))
    return Choice(chosen, times[max(times)] / times[chosen])


def kept_choice(key: str | None, choose: Callable[[], Choice]) -> Choice:
    """The number of tiles that ``choose`` gives, from disk where an earlier run left it; ``None`` keeps nothing."""
    arrays = None if key is None else disk_cache.load(key, {"choice": ("f8", (2,))})
    if arrays is not None:
        return Choice(int(arrays["choice"][0]), float(arrays["choice"][1]))
    choice = choose()
    if key is not None:
        disk_cache.save(key, {"choice": np.array(choice)})
    return choice


def counted_commands(arch: Arch, work: Workload, plan: FramePlan, cluster: Cluster) -> Commands:
    """The commands of a plan without a replay: queries of every NFP at the steady rate of its slowest part."""
    inside, path = cluster.inside, miss_path(arch)
    spec, batch = inside.spec, inside.spec.mlp.batch_queries
    sizes = np.array([stream.queries for stream in plan.streams], np.int64)
    queries = np.array([cluster.shares(int(n)) for n in sizes], np.int64)
    fixed = max(
        inside.mlp.busy_cycles(work, batch) / batch,
        work.input_bytes / spec.io.input_bytes_per_cycle,
        work.output_bytes / spec.io.output_bytes_per_cycle,
    )
    issue = np.array([stream.issue_cycles for stream in plan.streams]) / sizes
    slots = min(spec.encoding.engines, work.encoding.n_levels)
    window = spec.encoding.outstanding_lines * inside.encoding.side_by_side(work.encoding)
    waits = [_window_cycles(stream.lines, slots, path.latencies, window) for stream in plan.streams]
    steady = np.maximum(np.maximum(fixed, issue), np.array(waits) / sizes)[:, np.newaxis]
    occupancy = np.ceil(queries * steady).astype(np.int64)
    first = (
        np.minimum(queries, batch) * np.maximum(issue, work.input_bytes / spec.io.input_bytes_per_cycle)[:, np.newaxis]
    )
    fill = np.ceil(first).astype(np.int64) + inside.encoding.latency_cycles + inside.mlp.tail_cycles
    ends = np.where(queries > 0, occupancy + fill, 0)
    hz = arch.clock_hz
    granules = -(-sizes // arch.cluster.dispatch_queries)
    runs: list[ClusterRun] = []
    return Commands(runs, cycles_to_ps_array(ends, hz), cycles_to_ps_array(occupancy, hz), granules)


def _window_cycles(lines: Array, slots: int, latencies: Array, window: int) -> float:
    """Cycles that the missing lines of a command keep the windows of its busiest level full.

    ``window``: lines that all engines of a level may wait for.
    """
    if not lines.shape[1]:
        return 0.0
    by_slot = [lines[:, slot::slots].sum(axis=1) for slot in range(slots)]
    return max(float(missing * latencies[0] + far * latencies[1]) / window for _, missing, far in by_slot)
