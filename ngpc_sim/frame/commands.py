"""The distinct commands of a frame, and what each costs every NFP, in ps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, overload

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.engines.cluster import Cluster, ClusterRun, ClusterWork
from ngpc_sim.engines.command_replays import in_batches, replay_together
from ngpc_sim.engines.service import Service
from ngpc_sim.frame.memory import miss_path
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.machine.threads import map_threads
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Command:
    """A distinct command: its replay, and its cost on every NFP in ps."""

    run: ClusterRun
    end_ps: Array
    occupancy_ps: Array
    granules: int


@dataclass(frozen=True)
class Commands(Sequence[Command]):
    """Distinct commands of a frame, with the times of all together.

    ``runs`` (S,); ``end_ps``, ``occupancy_ps`` (S, N) as in :class:`Command`; ``granules`` (S,) int64.
    """

    runs: Sequence[ClusterRun]
    end_ps: Array
    occupancy_ps: Array
    granules: Array

    @classmethod
    def of(cls, commands: Sequence[Command]) -> Commands:
        """The same commands."""
        if isinstance(commands, Commands):
            return commands
        ends, occupancy = (np.array([getattr(one, name) for one in commands]) for name in ("end_ps", "occupancy_ps"))
        granules = np.array([command.granules for command in commands], np.int64)
        return cls([command.run for command in commands], ends, occupancy, granules)

    @classmethod
    def from_cycles(cls, arch: Arch, runs: Sequence[ClusterRun], ends: Array, occupancy: Array) -> Commands:
        """Commands of ``runs`` that take ``ends`` and ``occupancy`` (S, N) cycles."""
        granules = [-(-run.n_queries // arch.cluster.dispatch_queries) for run in runs]
        hz = arch.clock_hz
        times = cycles_to_ps_array(ends, hz), cycles_to_ps_array(occupancy, hz)
        return cls(runs, *times, np.array(granules, np.int64))

    @classmethod
    def merged(cls, parts: Sequence[tuple[Array, Commands]]) -> Commands:
        """Commands of several networks as one: those of each stand in the places (k,) given with them.

        The engine slots of all are those of the network with most of them.
        """
        count = sum(len(places) for places, _ in parts)
        slots = max(commands.runs[0].waits.shape[0] for _, commands in parts) - 1
        runs: list[Any] = [None] * count
        for places, commands in parts:
            for place, run in zip(places.tolist(), commands.runs, strict=True):
                runs[place] = run.with_slots(slots)
        shape = count, parts[0][1].end_ps.shape[1]
        ends, occupancy, granules = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(count, np.int64)
        for places, commands in parts:
            ends[places], occupancy[places] = commands.end_ps, commands.occupancy_ps
            granules[places] = commands.granules
        return cls(runs, ends, occupancy, granules)

    def __len__(self) -> int:
        return len(self.runs)

    @overload
    def __getitem__(self, number: int) -> Command: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Command]: ...
    def __getitem__(self, number: int | slice) -> Command | Sequence[Command]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        run, granules = self.runs[number], int(self.granules[number])
        return Command(run, self.end_ps[number], self.occupancy_ps[number], granules)

    @cached_property
    def shares(self) -> Array:
        """(S,) int64 how many NFPs each command takes from its first one on."""
        shares: Array = self.end_ps.shape[1] - (self.end_ps[:, ::-1] > 0).argmax(axis=1)
        return shares

    @cached_property
    def slowest_ps(self) -> Array:
        """(S,) the longest time of an NFP."""
        slowest: Array = np.maximum(self.end_ps.max(axis=1), self.occupancy_ps.max(axis=1))
        return slowest

    @cached_property
    def queries(self) -> tuple[int, ...]:
        """(S,) queries of each command."""
        return tuple([run.n_queries for run in self.runs])


class AnyCluster(Protocol):
    """What replays a command: the fast cluster, or the reference."""

    def run(self, work: ClusterWork) -> ClusterRun:
        """Replay one command, alone and behind itself."""


def build_commands(arch: Arch, work: Workload, service: Service, plan: FramePlan, cluster: AnyCluster) -> Commands:
    """Replay every distinct command of the frame on ``cluster``."""
    path = miss_path(arch)
    if isinstance(cluster, Cluster) and in_batches(cluster):
        batch, groups = cluster.inside.spec.mlp.batch_queries, cluster.inside.encoding.side_by_side(work.encoding)
        runs = replay_together(cluster, work, path, plan.batch_sums(service, batch, groups))
    else:
        runs = map_threads(lambda stream: cluster.run(ClusterWork(work, service, stream.rows, path)), plan.streams)
    ends, occupancy = np.array([run.end_cycles for run in runs]), np.array([run.occupancy_cycles for run in runs])
    return Commands.from_cycles(arch, runs, ends, occupancy)


def cycles_to_ps_array(cycles: Array, hz: int) -> Array:
    """Picoseconds of cycle counts, each rounded up, exactly."""
    shared = math.gcd(units.PS_PER_S, hz)
    times, parts = units.PS_PER_S // shared, hz // shared
    if int(cycles.max(initial=0)) * times < 1 << 62:
        answer: Array = cycles * times if parts == 1 else -(-cycles * times // parts)
        return answer
    exact = [units.cycles_to_ps(int(c), hz) for c in cycles.ravel()]
    units.check_fits(max(exact))
    return np.array(exact, np.int64).reshape(cycles.shape)
