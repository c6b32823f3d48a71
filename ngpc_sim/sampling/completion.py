"""Completions: the frame with every share that was not drawn replaced by one that was.

Given what was drawn, the rest of a stratum is another draw from the same shares (finite-population Bayesian bootstrap,
Lo 1988): weights of the drawn ones come from a Dirichlet distribution, then every other share takes one of them, whole,
by these weights. With (k - 2) / k as its parameter the mean of a stratum of k drawn varies as the classical variance
of a mean has it. The frame runs on each completion as it would on the truth, so that maxima over NFPs, queues and
waits are what they are; how completions differ says how far the truth may be from them. Every other completion draws
from two neighbouring strata together, so that they also show what the grouping decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import Cluster, ClusterRun
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.frame.commands import Command, Commands, command_work
from ngpc_sim.frame.plan import FramePlan, Stream, line_efficiency_of, plan_frame
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.added import Added
from ngpc_sim.sampling.drawing import draw
from ngpc_sim.sampling.draws import Draw
from ngpc_sim.sampling.replays import Recorded, Records, Replayer, all_counted
from ngpc_sim.sampling.shares import Shares, shares_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Completion:
    """All commands of a frame; ``timing`` is equal for completions that take the same times.

    ``added`` is what they add up to, where that is not seen from them.
    """

    plan: FramePlan
    commands: Sequence[Command]
    timing: bytes
    added: Added | None = None


class SampledFrame:
    """A frame of which some shares are replayed, those of :class:`Draw`."""

    #: of freedom, below which a spread is not trusted and more is drawn: none, the t quantile widens intervals of few
    #: and more would replay above 2 % of the frame (assumed)
    LEAST_DEGREES = 0

    def __init__(self, arch: Arch, work: Workload, trace: Trace, pixels: int, seed: int) -> None:
        self.arch, self.work, self.seed = arch, work, seed
        self.counted = all_counted(arch, work.encoding)
        self.plan = plan_frame(arch, work, trace, pixels, counted=self.counted)
        cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
        measured = arch.memory.dram_efficiency
        self.efficiency = line_efficiency_of(arch, work.encoding, trace) if self.counted else measured
        self.replayer = Replayer(arch, work, trace, self.plan, cluster, self.efficiency)
        self.shares: Shares = shares_of(self.plan, cluster)
        first = Recorded.of(arch, work.encoding, trace, np.zeros(1, np.int64)).service
        self.works = [
            command_work(arch, work, first, self.plan, number, stream.rows, self.efficiency)
            for number, stream in enumerate(self.plan.streams)
        ]
        self.lines = [cluster.lines(work) if self.counted else None for work in self.works]
        batches = np.add.reduceat(
            -(-self.shares.queries // cluster.nfp.spec.mlp.batch_queries), self.shares.firsts[:-1]
        )
        self.actions = [
            cluster.nfp.actions(work, len(stream.rows), stream.reads, n_batches)
            for stream, n_batches in zip(self.plan.streams, batches.tolist(), strict=True)
        ]
        keys = np.column_stack([self.shares.queries, self._rates()[self.shares.stream]])
        strata = draw(keys, self.shares.queries, self.plan.queries, np.random.default_rng(seed))
        often = np.array(self.plan.multiplicity())[self.shares.stream]
        self.draw = Draw(self.shares, strata, often, seed, self._replay, self._costs)

    def _rates(self) -> Array:
        """(streams, k) what shares of a cell have in common: rates of the ports, where no lines share the link."""
        if self.counted:
            return np.zeros((len(self.works), 0), np.int64)
        return np.array([self.replayer.cluster.port_rates(work) for work in self.works], np.int64)

    def enlarge(self) -> bool:
        """Draw twice as many; whether it was done."""
        self.draw.enlarge()
        return True

    def fewest_reads(self, actions: Mapping[str, int]) -> dict[str, int]:
        """Actions with as few reads of grid_sram as what was drawn does not exclude."""
        if self.counted or self.draw.complete:
            return dict(actions)
        encoding = self.work.encoding
        entry_bytes = encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes
        return self.draw.fewest_reads(actions, self.plan.queries, encoding.corners, entry_bytes)

    def _replay(self, chosen: Array, before: Records) -> Records:
        return self.replayer.replay(self.shares, chosen, before)

    def _costs(self, records: Records) -> tuple[Array, ...]:
        return (records.end, records.occupancy, *(() if self.counted else (records.reads,)))

    def completions(self) -> list[Completion]:
        """Completions of the frame; one where every one would be the same."""
        return [self._as_recorded(source) for source in self.draw.sources()]

    def halves(self) -> list[Completion]:
        """Completions from half of what was drawn, another half each time; none where all would be the same."""
        return [self._as_recorded(source) for source in self.draw.halves()]

    def _as_recorded(self, source: Array) -> Completion:
        records = self.draw.records
        rows = records.place[source]
        return self._completed(rows, records.end[rows], records.occupancy[rows])

    def overlooked(self) -> Completion:
        """The frame as the first completion has it, with what the draw may have overlooked.

        Of the shares as many as may be dearer than all drawn ones, see :meth:`Draw.dearer`, cost as much more.
        """
        records = self.draw.records
        rows = records.place[self.draw.sources()[0]]
        costs = records.end[rows], records.occupancy[rows]
        chosen = self.draw.dearer()
        for column, recorded in zip(costs, (records.end, records.occupancy), strict=True):
            column[chosen] += self.draw.excess(recorded, all_known=self.counted)
        return self._completed(rows, *costs)

    def _completed(self, source: Array, end: Array, occupancy: Array) -> Completion:
        """The frame in which every share costs what the record ``source`` (U,) of it says, and takes these cycles."""
        records, n_nfps = self.draw.records, self.arch.scale
        streams = self.plan.streams if self.counted else self._streams(source)

        def of_commands(values: Array) -> Array:
            """(S, N) of values (U,) of shares, 0 where a command has none for an NFP."""
            spread = np.zeros((len(streams), n_nfps), np.int64)
            spread[self.shares.stream, self.shares.nfp] = values
            return spread

        ends, occupancies, busy = of_commands(end), of_commands(occupancy), of_commands(records.busy[source])
        kinds = of_commands(source + 1).astype(np.min_scalar_type(len(records.waits[0])))
        shape, none = records.stalls.shape[1:], np.zeros(0, np.int64)
        runs = [
            ClusterRun(
                end_cycles=ends[number],
                occupancy_cycles=occupancies[number],
                waits=NfpCounts(kinds[number], *records.waits, shape),
                busy_cycles=busy[number],
                n_queries=len(stream.rows),
                actions=self._actions(number, stream.reads),
                done_cycles=none,
                lines=self.lines[number],
            )
            for number, stream in enumerate(streams)
        ]
        commands = Commands.from_cycles(self.arch, runs, ends, occupancies)
        timing = np.concatenate([end, occupancy]).tobytes()
        return Completion(replace(self.plan, streams=tuple(streams)), commands, timing)

    def _streams(self, source: Array) -> list[Stream]:
        """Streams that read and take cycles of the engines as the records ``source`` (U,) of their shares did."""
        records, firsts = self.draw.records, self.shares.firsts[:-1]
        groups = encoding_engine(self.arch.nfp.encoding).side_by_side(self.work.encoding)
        cycles = np.add.reduceat(records.cycles[source], firsts, axis=0)
        columns = np.add.reduceat(records.reads[source], firsts), -(-cycles.max(axis=1) // groups), cycles.sum(axis=1)
        return [
            replace(stream, reads=reads, issue_cycles=issue, interval_cycles=interval)
            for stream, reads, issue, interval in zip(
                self.plan.streams, *(column.tolist() for column in columns), strict=True
            )
        ]

    def _actions(self, number: int, reads: int) -> Mapping[str, int]:
        """Actions of a command that reads so many entries."""
        actions = self.actions[number]
        if self.counted:
            return actions
        encoding = self.work.encoding
        entry_bytes = encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes
        return {**actions, "grid_sram_read": reads, "grid_sram_read_bytes": reads * entry_bytes}
