"""Commands replayed batch by batch instead of query by query: the same cycles from sums that no number of NFPs changes.

Holds where granules are handed out in turn, are whole batches, and nothing can miss. An engine that serves the
queries k of its group in a batch, intervals c(k), from ``begin`` on, is then free at

    max(begin + C, max over k of a(k) + S(k)),    C the sum of all c, S(k) the sum from k on,

which is the recurrence of :mod:`ngpc_sim.engines.nfp` written out. C depends on the rows alone, so it is summed once
for all scales. Queries come at even spaces of ``in_bytes / in_rate``, so that the second part is the time of the
batch's first query plus a number that depends on rows and rate alone; both copies of a command share it, and it is
summed up only where queries can come late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.engines.service import Service
from ngpc_sim.kernels.batch_replay import add_batches, add_corners
from ngpc_sim.machine.threads import map_threads

Array = np.ndarray[Any, Any]

#: replays of the same commands before their hulls are worth their making, and rows of commands at most
HULL_USES, HULL_ROWS = 3, 1 << 23
#: numbers below this are far from the end of 64 bits
SAFE = 1 << 61


@dataclass(frozen=True)
class BatchSums:
    """What all commands of a frame, which ask the queries ``streams`` of ``service``, ask batch by batch.

    Slots of which no number ever counts are left out (:attr:`Service.leading`). ``actions`` by what has counted them.
    """

    streams: tuple[Array, ...]
    service: Service
    batch_queries: int
    groups: int
    actions: dict[Any, Any] = field(default_factory=dict, compare=False)
    kept: dict[str, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def rows(self) -> Array:
        """Rows of every command behind each other, from :attr:`firsts` on."""
        return np.concatenate(self.streams)

    @cached_property
    def firsts(self) -> Array:
        """(S + 1,) where the rows of every command begin."""
        return np.cumsum([0, *map(len, self.streams)])

    @cached_property
    def batch_firsts(self) -> Array:
        """(S + 1,) where the batches of every command begin."""
        return np.cumsum([0, *(-(-len(stream) // self.batch_queries) for stream in self.streams)])

    @cached_property
    def slot_cycles(self) -> Array:
        """(n, slots) cycles of the service's queries, leading slots alone."""
        every, leading = self.service.slot_cycles, self.service.leading
        return every if len(leading) == every.shape[1] else np.ascontiguousarray(every[:, leading])

    @cached_property
    def sums(self) -> Array:
        """(batches, groups, slots) int64 cycles of every command, from :attr:`batch_firsts` on."""
        sums = np.zeros((int(self.batch_firsts[-1]), self.groups, self.slot_cycles.shape[1]), np.int64)

        def add(number: int) -> None:
            own = sums[self.batch_firsts[number] : self.batch_firsts[number + 1]]
            add_batches(self.streams[number], self.slot_cycles, self.batch_queries, self.groups, own)

        map_threads(add, range(len(self.streams)))
        return sums

    @cached_property
    def least(self) -> int:
        """Least interval of a query."""
        return int(self.slot_cycles.min(initial=np.iinfo(np.uint16).max))

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """(S,) table entries read."""
        return tuple(int(self.service.reads[stream].sum(dtype=np.int64)) for stream in self.streams)

    def hulls(self) -> tuple[Array, Array, Array]:
        """What :func:`add_corners` says of every command, from its place in the last array on.

        Empty for the first few numbers of NFPs, which are sooner served without, and where it would take much memory.
        """
        self.kept["uses"] = self.kept.get("uses", 0) + 1
        none: tuple[Array, Array, Array] = (self.sums[:0], np.zeros((0, 2), np.int32), np.zeros(1, np.int64))
        small = len(self.rows) <= HULL_ROWS and int(self.sums.max()) < 1 << 31
        if self.kept["uses"] <= HULL_USES or not small:
            return none
        if "hulls" not in self.kept:
            self.kept["hulls"] = self._hulls()
        answer: tuple[Array, Array, Array] = self.kept["hulls"]
        return answer

    def _hulls(self) -> tuple[Array, Array, Array]:
        slot_cycles, ends = self.slot_cycles, np.zeros_like(self.sums)

        def corners(number: int) -> Array:
            own = self.rows[self.firsts[number] : self.firsts[number + 1]]
            found = np.zeros((len(own) * slot_cycles.shape[1], 2), np.int32)
            of_batches = ends[self.batch_firsts[number] : self.batch_firsts[number + 1]]
            count = add_corners(own, slot_cycles, self.batch_queries, self.groups, of_batches, found)
            return found[:count].copy()

        every = map_threads(corners, range(len(self.streams)))
        return ends, np.concatenate(every), np.cumsum([0, *map(len, every)])
