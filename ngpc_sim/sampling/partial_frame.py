"""A frame of which some screen tiles were recorded: commands of equally many queries on equal ports are alike.

A drawn share stands for another one as it is, to the cycle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.frame.commands import Commands
from ngpc_sim.frame.plan import Stream, plan_frame
from ngpc_sim.frame.services import line_efficiency_of
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.drawing import Strata, draw
from ngpc_sim.sampling.population import Completion
from ngpc_sim.sampling.records import Records
from ngpc_sim.sampling.replays import Replayer, all_counted
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]


class PartialFrame:
    """The shares of a frame that was recorded in part."""

    needs_all = False
    most_drawn = 1.0
    least_degrees = 0.0
    reaches: tuple[str, ...] = ("stratum", "wide", "narrow", "wide")

    def __init__(self, arch: Arch, work: Workload, trace: Trace, pixels: int) -> None:
        self.arch, self.work = arch, work
        self.counted = all_counted(arch, work.encoding)
        self.plan = plan_frame(arch, work, trace, pixels, counted=self.counted)
        measured = arch.memory.dram_efficiency
        efficiency = line_efficiency_of(arch, work.encoding, trace) if self.counted else measured
        self.replayer = Replayer(arch, work, trace, self.plan, self._rows, efficiency)
        self.shares, self.cluster = self.replayer.shares, self.replayer.cluster
        self.part = np.zeros(0, np.int64)
        batches = self.shares.batches(self.cluster.nfp.spec.mlp.batch_queries).tolist()
        self.actions = [
            dict(self.cluster.nfp.actions(work, stream.queries, stream.reads, n_batches))
            for stream, n_batches in zip(self.plan.streams, batches, strict=True)
        ]
        service = self.replayer.first_service()
        self.lines = [
            self.cluster.lines(self.replayer.command(service, stream.rows)) if self.counted else None
            for stream in self.plan.streams
        ]

    def _rows(self, number: int, asked: Array) -> Array:
        rows: Array = self.plan.streams[number].rows[asked]
        return rows

    def strata(self, seed: int) -> Strata:
        """The first draw: cells of equally many queries."""
        keys = self.shares.queries[:, None]
        return draw(keys, self.shares.queries, self.plan.queries, np.random.default_rng(seed))

    def learn(self, records: Records) -> None:
        """Nothing: a drawn share stands for another one as it is."""

    def costs(self, records: Records) -> tuple[Array, ...]:
        """Times, and reads where these are not counted."""
        return (records.end, records.occupancy, *(() if self.counted else (records.reads,)))

    def completed(self, records: Records, source: Array, more: Array) -> Completion:
        """The frame in which every share costs what ``source`` (U,) of it costs, and takes ``more`` cycles."""
        rows, by_command = records.place[source], self.shares.by_command
        end, occupancy = records.end[rows] + more[0], records.occupancy[rows] + more[1]
        n_nfps = self.arch.scale
        ends, occupancies = by_command(end, n_nfps), by_command(occupancy, n_nfps)
        busy = by_command(records.busy[rows], n_nfps)
        kinds = by_command(rows + 1, n_nfps).astype(np.min_scalar_type(len(records.waits[0])))
        streams = self.plan.streams if self.counted else self._streams(records, rows)
        shape, none = records.stalls.shape[1:], np.zeros(0, np.int64)
        runs = [
            ClusterRun(
                end_cycles=ends[number],
                occupancy_cycles=occupancies[number],
                waits=NfpCounts(kinds[number], *records.waits, shape),
                busy_cycles=busy[number],
                n_queries=stream.queries,
                actions=self.actions[number]
                if self.counted
                else self.actions[number] | self.replayer.reads(stream.reads),
                done_cycles=none,
                lines=self.lines[number],
            )
            for number, stream in enumerate(streams)
        ]
        commands = Commands.from_cycles(self.arch, runs, ends, occupancies)
        timing = np.concatenate([end, occupancy]).tobytes()
        return Completion(replace(self.plan, streams=tuple(streams)), commands, timing)

    def _streams(self, records: Records, rows: Array) -> list[Stream]:
        """Streams that read and take cycles of the engines as the records ``rows`` (U,) of their shares did."""
        groups = encoding_engine(self.arch.nfp.encoding).side_by_side(self.work.encoding)
        cycles, reads = self.shares.sums(records.cycles[rows]), self.shares.sums(records.reads[rows])
        columns = reads, -(-cycles.max(axis=1) // groups), cycles.sum(axis=1)
        return [
            replace(stream, reads=reads, issue_cycles=issue, interval_cycles=interval)
            for stream, reads, issue, interval in zip(
                self.plan.streams, *(column.tolist() for column in columns), strict=True
            )
        ]
