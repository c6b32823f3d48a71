"""A frame of which some shares are replayed: who stands for the others, and how sure that is.

A completion is the frame with every share that was not drawn replaced by one that was. It runs as the true frame would,
so that maxima over NFPs, queues and waits are what they are. How completions differ says how far the truth may be from
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.results.result import Result
from ngpc_sim.sampling.drawing import Strata
from ngpc_sim.sampling.interval import COMPLETIONS, estimate
from ngpc_sim.sampling.partial_frame import PartialFrame
from ngpc_sim.sampling.population import Completion, Population
from ngpc_sim.sampling.records import Records
from ngpc_sim.sampling.shares import can_sample
from ngpc_sim.sampling.stand_ins import degrees_of, differences, stand_ins, without_spread
from ngpc_sim.sampling.whole_frame import WholeFrame
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]

#: of what none of K drawn has, up to this over K of all have it, with 95 % confidence: -ln 0.05 is 2.996
RULE_OF_THREE = 3


def draw_frame(
    arch: Arch, work: Workload, trace: Trace, pixels: int, seed: int, *, recorded_whole: bool
) -> SampledFrame | None:
    """A frame after its first draw; ``None`` where all of it has to be replayed, or so much that all may be.

    All of it is where the workload has several networks, whose commands cannot stand for one another (assumed).
    """
    if not can_sample(arch) or work.others:
        return None
    population: Population = (
        WholeFrame(arch, work, trace) if recorded_whole else PartialFrame(arch, work, trace, pixels)
    )
    if population.needs_all:
        return None
    replayer, strata = population.replayer, population.strata(seed)
    if replayer.shares.queries[strata.drawn].sum() > population.most_drawn * replayer.plan.queries:
        return None
    return SampledFrame(population, strata, seed)


class SampledFrame:
    """The drawn shares of a population, with their costs; :meth:`enlarge` replays as many again."""

    def __init__(self, population: Population, strata: Strata, seed: int) -> None:
        self.population, self.strata, self.seed = population, strata, seed
        self.replayer, self.shares = population.replayer, population.replayer.shares
        self.records = Records.none(self.shares.count)
        self._replay_drawn()
        population.learn(self.records)

    def _replay_drawn(self) -> None:
        drawn = np.sort(self.strata.drawn)
        self.records = self.replayer.replay(drawn[self.records.place[drawn] < 0], self.records)

    @property
    def complete(self) -> bool:
        """Whether every share is replayed."""
        return self.strata.complete

    @property
    def replayed_queries(self) -> int:
        """Queries that passed through an NFP, those that only warm it up included."""
        return 2 * self._drawn_queries

    @property
    def _drawn_queries(self) -> int:
        return int(self.shares.queries[self.strata.drawn].sum())

    def enlarge(self) -> bool:
        """Draw twice as many, where that is not so much that all may be replayed; whether it was done."""
        doubled = self.strata.doubled()
        most = self.population.most_drawn * self.replayer.plan.queries
        if self.shares.queries[doubled.drawn].sum() > most:
            return False
        self.strata = doubled
        self._replay_drawn()
        return True

    def estimate(self, run: Callable[[Completion], Result]) -> Result:
        """The completion in the middle, with intervals; ``run`` gives the row of a completion."""
        varies = not self._without_spread()
        frames = [run(self._completed(source)) for source in self._sources(COMPLETIONS if varies else 1)]
        halves = [run(self._completed(source)) for source in self._sources(COMPLETIONS if varies else 0, 1)]
        return estimate(frames, halves, run(self._overlooked()))

    @property
    def is_large_enough(self) -> bool:
        """Whether the drawn shares say well enough how much times differ, if they do."""
        times = self.population.costs(self.records)[:2]
        return degrees_of(self.strata, self.records.place, times) >= self.population.least_degrees

    def _without_spread(self) -> bool:
        return without_spread(self.strata, self.records.place, self.population.costs(self.records))

    def _sources(self, count: int, halvings: int = 0) -> list[Array]:
        """(U,) share that stands for every share, ``count`` times; from half of the draw with ``halvings``."""
        rng = np.random.default_rng([self.seed, int(self.strata.taken.sum()), halvings])
        answer = []
        for number in range(count):
            strata = self.strata.halved(rng) if halvings else self.strata
            reach = self.population.reaches[number % len(self.population.reaches)]
            group = self.population.part if reach.endswith("part") else self.shares.stream
            answer.append(stand_ins(strata, group, rng, reach))
        return answer

    def _completed(self, source: Array, more: Array | None = None) -> Completion:
        none = np.zeros((2, 1), np.int64)
        return self.population.completed(self.records, source, none if more is None else more)

    def _overlooked(self) -> Completion:
        """The frame as the first completion has it, with what the draw may have overlooked.

        Of K drawn shares none costs more than the dearest; of all then up to 3 / K do, with 95 % confidence (rule of
        three): so many, by chance, cost more here, by :meth:`_excess`. Reads are fewer here, by :meth:`_fewer_reads`.
        """
        replayed = len(self.records.end)
        undrawn = np.flatnonzero(self.records.place < 0)
        number = min(len(undrawn), math.ceil(RULE_OF_THREE * self.shares.count / replayed))
        chosen = np.random.default_rng([self.seed, replayed, 2]).choice(undrawn, number, replace=False)
        more = np.zeros((2, self.shares.count), np.int64)
        for column, costs in zip(more, self.population.costs(self.records), strict=False):
            column[chosen] = self._excess(costs)
        slower = self._completed(self._sources(1)[0], more)
        return replace(slower, fewer_reads=self._fewer_reads())

    def _excess(self, costs: Array) -> int:
        """By how many cycles an overlooked share may cost more, in a column ``costs`` (R,) of the records.

        By the largest difference inside any stratum, or as much as a batch far from the mean is slower than the mean
        batch of the slowest engine, if that is more and the engines have not seen all queries.
        """
        far = 0 if self.replayer.remembered is None else self.records.excess_cycles()
        return max(int(differences(self.strata, self.records.place, costs).max()), far)

    def _fewer_reads(self) -> dict[str, int]:
        """Reads of grid_sram of which the draw may have overlooked that they do not happen; none where all are counted.

        Corners of a query that share an entry read it once, which is so rare that a draw may not meet it. Of m queries
        and levels of which none had it, at most 3 / m have it, again by the rule of three (assumed: one tells nothing
        of another). Such a one saves at most the reads of all corners but one.
        """
        if self.complete or self.replayer.remembered is None:
            return {}
        fewer = RULE_OF_THREE * self.replayer.plan.queries * (self.replayer.work.encoding.corners - 1)
        return self.replayer.reads(fewer // self._drawn_queries)
