"""How many tiles a frame has: the fewest whose frame is within half a percent of the shortest.

Candidates are ranked on commands that are counted, not replayed: each NFP takes the queries of its granules at a rate
of the invocation. That is what they ask of the slowest part of an NFP; where lines miss, it is what a replay of the
most tiles takes. The chosen number of tiles is then replayed exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterRun
from ngpc_sim.frame.commands import Commands, cycles_to_ps_array
from ngpc_sim.frame.memory import miss_path
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
CANDIDATES = (1, 2, 4, 8, 16, 32, 64)
#: of the shortest frame, by which a frame of fewer tiles may be longer
NEAR = 0.005


class Choice(NamedTuple):
    """A number of tiles, and at least how many times as long the frame takes with the most that can be chosen."""

    tiles: int
    with_most: float


class Trial(NamedTuple):
    """A frame with a number of tiles: no less than ``least_ps``, and ``frame_ps`` runs it."""

    least_ps: float
    frame_ps: Callable[[], float]


def fewest(trial: Callable[[int], Trial | None]) -> Choice:
    """The fewest tiles near the shortest frame; ``trial`` is ``None`` for a number that cannot be replayed.

    A frame whose least time is no longer near the shortest one so far is not run.
    """
    times: dict[int, float] = {}
    shortest = math.inf
    for tiles in CANDIDATES:
        tried = trial(tiles)
        if tried is not None:
            near = tried.least_ps <= shortest * (1 + NEAR)
            times[tiles] = tried.frame_ps() if near else tried.least_ps
            shortest = min(shortest, times[tiles])
    chosen = next((tiles for tiles, time in times.items() if time <= shortest * (1 + NEAR)), CANDIDATES[-1])
    return Choice(chosen, times[max(times)] / times[chosen] if shortest < math.inf else 1.0)


class Rates(NamedTuple):
    """What queries cost an NFP in commands of the invocations ``rounds`` (S,): cycles of a query and of a fill (S,)."""

    rounds: Array
    steady: Array
    fill: Array

    def of(self, plan: FramePlan) -> Rates:
        """Those of the streams of another plan of the same frame."""
        rounds = np.array(plan.rounds, np.int64)
        own = np.searchsorted(self.rounds, rounds)
        return Rates(rounds, self.steady[own], self.fill[own])


def replayed_rates(plan: FramePlan, commands: Commands) -> Rates:
    """What queries cost in a plan whose ``commands`` were replayed, mean over its NFPs."""
    occupancy = np.array([run.occupancy_cycles.sum() for run in commands.runs], np.float64)
    fill = np.array([(run.end_cycles - run.occupancy_cycles).max() for run in commands.runs], np.float64)
    return Rates(np.array(plan.rounds, np.int64), occupancy / plan.sizes, fill)


def counted_rates(arch: Arch, work: Workload, plan: FramePlan, cluster: Cluster) -> Rates:
    """What queries cost by what they ask of the slowest part of an NFP, without a replay."""
    steady, fill = np.zeros(len(plan.streams)), np.zeros(len(plan.streams))
    for network, numbers, part in plan.parts:
        steady[numbers], fill[numbers] = _counted_rates(arch, work.sections[network], part, cluster)
    return Rates(np.array(plan.rounds, np.int64), steady, fill)


def _counted_rates(arch: Arch, work: Workload, plan: FramePlan, cluster: Cluster) -> tuple[Array, Array]:
    """Cycles of a query and of a fill (S,) in the streams of one network."""
    inside, latencies = cluster.inside, miss_path(arch).latencies
    spec, batch = inside.spec, inside.spec.mlp.batch_queries
    inputs = work.input_bytes / spec.io.input_bytes_per_cycle
    outputs = work.output_bytes / spec.io.ports[1]
    issue = plan.issue_cycles / plan.sizes
    slots = min(spec.encoding.engines, work.encoding.n_levels)
    window = spec.encoding.outstanding_lines * inside.encoding.side_by_side(work.encoding)
    waits = plan.stream_lines[:, 1] * latencies[0] + plan.stream_lines[:, 2] * latencies[1]
    by_slot = [waits[:, slot::slots].sum(axis=1) for slot in range(slots)]
    misses = np.max(by_slot, axis=0) / window / plan.sizes
    steady = np.maximum(np.maximum(issue, misses), max(inside.mlp.busy_cycles(work, batch) / batch, inputs, outputs))
    fill = batch * np.maximum(issue, inputs) + inside.encoding.latency_cycles + inside.mlp.tail_cycles
    return steady, fill


def counted_commands(arch: Arch, plan: FramePlan, cluster: Cluster, rates: Rates) -> Commands:
    """The commands of a plan without a replay: queries of every NFP at the rates of their streams."""
    queries = cluster.shares(plan.sizes)
    occupancy = np.ceil(queries * rates.steady[:, np.newaxis]).astype(np.int64)
    ends = np.where(queries > 0, occupancy + np.ceil(rates.fill).astype(np.int64)[:, np.newaxis], 0)
    hz, granules = arch.clock_hz, -(-plan.sizes // arch.cluster.dispatch_queries)
    runs: list[ClusterRun] = []
    return Commands(runs, cycles_to_ps_array(ends, hz), cycles_to_ps_array(occupancy, hz), granules)
