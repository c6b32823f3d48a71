"""Completions: the frame with every share that was not drawn replaced by one that was.

Given what was drawn, the rest of a stratum is another draw from the same shares (finite-population Bayesian bootstrap,
Lo 1988): weights of the drawn ones come from a Dirichlet distribution, then every other share takes one of them, whole,
by these weights. With (k - 2) / k as its parameter the mean of a stratum of k drawn varies as the classical variance
of a mean has it. The frame runs on each completion as it would on the truth, so that maxima over NFPs, queues and
waits are what they are; how completions differ says how far the truth may be from them. Every other completion draws
from two neighbouring strata together, so that they also show what the grouping decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ngpc_sim.arch import Arch
from ngpc_sim.commands import FramePlan, line_efficiency_of, plan_frame
from ngpc_sim.engines.cluster import Cluster, ClusterRun
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.statistics.drawing import Strata, draw
from ngpc_sim.statistics.replays import Recorded, Records, Replayer, all_counted
from ngpc_sim.statistics.shares import Shares, shares_of
from ngpc_sim.system import Command, as_command, command_work
from ngpc_sim.trace.store import Trace
from ngpc_sim.workload import Workload

Array = np.ndarray[Any, Any]

#: completions of a frame; the t quantile allows for so few
COMPLETIONS = 16
REACHES = ("stratum", "wide", "narrow", "wide")
#: least parameter of the Dirichlet distribution, for strata of two or three
LEAST_PARAMETER = 0.3


@dataclass(frozen=True)
class Completion:
    """All commands of a frame; ``timing`` is equal for completions that take the same times."""

    plan: FramePlan
    commands: list[Command]
    timing: bytes


class SampledFrame:
    """A frame of which some shares are replayed; :meth:`enlarge` replays as many again."""

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
        self.strata: Strata = draw(self.shares, self._rates(), self.plan.queries, np.random.default_rng(seed))
        self.records = Records.none(self.shares.count)
        self._replay()

    def _rates(self) -> Array:
        """(streams, k) what shares of a cell have in common: rates of the ports, where no lines share the link."""
        if self.counted:
            return np.zeros((len(self.works), 0), np.int64)
        return np.array([self.replayer.cluster.port_rates(work) for work in self.works], np.int64)

    @property
    def complete(self) -> bool:
        """Whether every share is replayed."""
        return self.strata.complete

    @property
    def replayed_queries(self) -> int:
        """Queries that passed through an NFP, those that only warm it up included."""
        return 2 * int(self.shares.queries[self.records.place >= 0].sum())

    def fewest_reads(self, actions: Mapping[str, int]) -> dict[str, int]:
        """Actions with as few reads of grid_sram as what was drawn does not exclude.

        Corners of a query that share an entry are read once, which is so rare that a draw may not meet it. Of m
        queries and levels of which none had it, at most 3 / m have it with 95 % confidence (rule of three; assumed:
        one tells nothing of another), and such a one saves at most all corners but one.
        """
        if self.counted or self.complete:
            return dict(actions)
        drawn = int(self.shares.queries[self.records.place >= 0].sum())
        saved = min(3 * self.plan.queries * (self.work.encoding.corners - 1) // drawn, actions["grid_sram_read"])
        entry_bytes = self.work.encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes
        fewer = {"grid_sram_read": saved, "grid_sram_read_bytes": saved * entry_bytes}
        return {name: number - fewer.get(name, 0) for name, number in actions.items()}

    def enlarge(self) -> None:
        """Replay twice as many shares of every stratum."""
        self.strata = self.strata.doubled()
        self._replay()

    def _replay(self) -> None:
        drawn = np.sort(self.strata.members[self.strata.is_drawn])
        self.records = self.replayer.replay(self.shares, drawn[self.records.place[drawn] < 0], self.records)

    def completions(self) -> list[Completion]:
        """Completions of the frame; one where every one would be the same."""
        return [self._as_recorded(source) for source in self._sources(1 if self.without_spread() else COMPLETIONS)]

    def halves(self) -> list[Completion]:
        """Completions from half of what was drawn, another half each time; none where all would be the same."""
        return [self._as_recorded(source) for source in self._sources(0 if self.without_spread() else COMPLETIONS, 1)]

    def _as_recorded(self, source: Array) -> Completion:
        return self._completed(source, self.records.end[source], self.records.occupancy[source])

    def _sources(self, count: int, halvings: int = 0) -> list[Array]:
        """(U,) record that stands for every share, ``count`` times."""
        rng = np.random.default_rng([self.seed, int(self.strata.taken.sum()), halvings])
        sources = []
        for number in range(count):
            strata = self.strata.halved(rng) if halvings else self.strata
            sources.append(stand_ins(strata, self.shares.stream, rng, REACHES[number % len(REACHES)]))
        return [self.records.place[source] for source in sources]

    def without_spread(self) -> bool:
        """Whether the drawn shares of every stratum, and of its neighbour, take the same times and reads."""
        strata, records = self.strata, self.records
        still_open = strata.taken < strata.sizes
        first = records.place[strata.members[strata.firsts[:-1]]]
        columns = (records.end, records.occupancy, *(() if self.counted else (records.reads,)))
        return not any(
            (still_open & ((self._differences(column) > 0) | (column[first] != column[first[strata.neighbour]]))).any()
            for column in columns
        )

    def degrees(self, *, times_only: bool = False) -> float:
        """Degrees of freedom of what the drawn shares say of their spread, by Satterthwaite; the least of all costs."""
        strata, records = self.strata, self.records
        donors, known = _donors(strata)
        rows = records.place[donors]
        asked = np.where(known, np.array(self.plan.multiplicity())[self.shares.stream[donors]], 0)
        often = asked.sum(axis=1) / strata.taken
        least = math.inf
        reads = () if self.counted or times_only else (records.reads,)
        for column in (records.end, records.occupancy, *reads):
            values = np.where(known, column[rows], 0.0)
            mean = values.sum(axis=1) / strata.taken
            squares = np.where(known, values - mean[:, None], 0.0) ** 2 * often[:, None]
            free = np.maximum(strata.taken - 1, 1)
            parts = squares.sum(axis=1) / free * strata.sizes * (strata.sizes - strata.taken) / strata.taken
            if parts.any():
                least = min(least, float(parts.sum() ** 2 / (parts**2 / free).sum()))
        return least

    def overlooked(self) -> Completion:
        """The frame as the first completion has it, with what the draw may have overlooked.

        In a stratum whose drawn shares take equal times another may still be slower. One of the most frequent command
        then is: by the largest difference inside any stratum, or where there is none, as much as a batch far from the
        mean is slower than the mean batch of the slowest engine.
        """
        source = self._sources(1)[0]
        costs = self.records.end[source], self.records.occupancy[source]
        for column, recorded in zip(costs, (self.records.end, self.records.occupancy), strict=True):
            differences = self._differences(recorded)
            excess = int(differences.max()) or (0 if self.counted else self.records.excess_cycles())
            if excess and not self.complete:
                column[self._overlooked_in(differences)] += excess
        return self._completed(source, *costs)

    def _overlooked_in(self, differences: Array) -> Array:
        """(1,) a share of the most frequent command that was not drawn, of a stratum without differences; or none."""
        strata = self.strata
        stratum = np.empty(self.shares.count, np.int64)
        stratum[strata.members] = strata.of_member
        possible = np.flatnonzero((self.records.place < 0) & (differences == 0)[stratum])
        often = np.array(self.plan.multiplicity())[self.shares.stream[possible]]
        return possible[np.argsort(-often, kind="stable")[:1]]

    def _differences(self, recorded: Array) -> Array:
        """(H,) largest difference between drawn shares of a stratum in a column of the records."""
        drawn = self.strata.is_drawn
        values = recorded[self.records.place[self.strata.members[drawn]]]
        starts = np.r_[0, np.cumsum(self.strata.taken)[:-1]]
        return np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts)

    def _completed(self, source: Array, end: Array, occupancy: Array) -> Completion:
        """The frame in which every share costs what the record ``source`` (U,) of it says, and takes these cycles."""
        streams, commands = [], []
        groups = encoding_engine(self.arch.nfp.encoding).side_by_side(self.work.encoding)
        for number, stream in enumerate(self.plan.streams):
            rows = source[self.shares.of(number)]
            if not self.counted:
                issued = self.records.cycles[rows].sum(axis=0)
                reads = int(self.records.reads[rows].sum())
                cycles = int(-(-issued.max() // groups)), int(issued.sum())
                stream = replace(stream, reads=reads, issue_cycles=cycles[0], interval_cycles=cycles[1])  # noqa: PLW2901
            streams.append(stream)
            run = self._run(number, rows, stream.reads)
            own = self.shares.of(number)
            nfps = self.shares.nfp[own]
            run.end_cycles[nfps], run.occupancy_cycles[nfps] = end[own], occupancy[own]
            commands.append(as_command(self.arch, run))
        timing = np.concatenate([end, occupancy]).tobytes()
        return Completion(replace(self.plan, streams=tuple(streams)), commands, timing)

    def _run(self, number: int, rows: Array, reads: int) -> ClusterRun:
        """The replay of a whole command, share by share from ``rows`` of the records."""
        cluster, records, work = self.replayer.cluster, self.records, self.works[number]
        shares = self.shares.of(number)
        nfps, queries = self.shares.nfp[shares], self.shares.queries[shares]
        batches = int((-(-queries // cluster.nfp.spec.mlp.batch_queries)).sum())

        def spread(values: Array) -> Array:
            whole = np.zeros((self.arch.scale, *values.shape[1:]), np.int64)
            whole[nfps] = values[rows]
            return whole

        return ClusterRun(
            end_cycles=spread(records.end),
            occupancy_cycles=spread(records.occupancy),
            level_stalls=spread(records.stalls),
            busy_cycles=spread(records.busy),
            n_queries=len(work.stream),
            actions=cluster.nfp.actions(self.work, len(work.stream), reads, batches),
            done_cycles=np.zeros(0, np.int64),
            lines=self.lines[number],
        )


def stand_ins(strata: Strata, stream: Array, rng: np.random.Generator, reach: str) -> Array:
    """(U,) share that stands for every share: itself where it was drawn, else one drawn near it.

    ``reach``: ``stratum``, or ``wide``, the stratum or its neighbour, or ``narrow``, those of the stratum that are of
    the same ``stream`` (U,), where any is.
    """
    donors, known = _donors(strata)
    if reach == "wide":
        beside = strata.neighbour
        other = known[beside] & (beside != np.arange(len(beside)))[:, None]
        donors, known = np.hstack([donors, donors[beside]]), np.hstack([known, other])
    numbers = known.sum(axis=1, keepdims=True)
    parameter = np.maximum((numbers - 2) / numbers, LEAST_PARAMETER)
    weights = np.where(known, rng.gamma(np.broadcast_to(parameter, known.shape)), 0.0)
    drawn = strata.is_drawn
    answer = np.empty(len(strata.members), np.int64)
    answer[strata.members[drawn]] = strata.members[drawn]
    rest, where = strata.members[~drawn], strata.of_member[~drawn]
    own = weights[where]
    if reach == "narrow":
        same = known[where] & (stream[donors[where]] == stream[rest][:, None])
        own = np.where(same | ~same.any(axis=1, keepdims=True), own, 0.0)
    below = np.cumsum(own, axis=1)
    chosen = (rng.random(len(rest))[:, None] * below[:, -1:] >= below).sum(axis=1)
    answer[rest] = donors[where, np.minimum(chosen, known.shape[1] - 1)]
    return answer


def _donors(strata: Strata) -> tuple[Array, Array]:
    """(H, most drawn of a stratum) drawn shares, and which of the places hold one."""
    slot = np.arange(int(strata.taken.max()))
    known = slot < strata.taken[:, None]
    places = np.minimum(strata.firsts[:-1, None] + slot, len(strata.members) - 1)
    return np.where(known, strata.members[places], 0), known
