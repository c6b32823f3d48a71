"""Commands replayed batch by batch instead of query by query: the same cycles from sums that no number of NFPs changes.

Holds where granules are handed out in turn and are whole batches. An engine whose queries have all come serves them
one behind the other, which is the recurrence of :mod:`ngpc_sim.engines.nfp` written out. So a batch costs a sum for
every engine, and the recurrence of the window (:func:`ngpc_sim.kernels.nfp.fetch`) for every query that misses lines.
Neither sums nor misses depend on the number of NFPs or on the memory. Where a query of a batch may come late, the batch
is replayed query by query.

Features of a batch are there when those of an engine's last query are, or the last missing line: a line comes no
sooner than it enters the window, and the engine goes on no sooner either, so no query before the last one is later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.engines.service import Misses, Service, folded
from ngpc_sim.kernels.batches import Batches, add_batches, add_lines, add_misses, count_misses
from ngpc_sim.machine.threads import map_threads

Array = np.ndarray[Any, Any]

#: queries and engines that miss, of all commands of a frame, up to which they are kept: 64 MiB
MOST_MISSES = 1 << 22


@dataclass(frozen=True)
class BatchSums:
    """What all commands of a frame, which ask the queries ``streams`` of ``service``, ask batch by batch.

    Slots of which no number ever counts are left out (:attr:`Service.leading`). ``actions`` by what has counted them.
    """

    streams: tuple[Array, ...]
    service: Service
    batch_queries: int
    groups: int
    actions: dict[Any, list[Mapping[str, int]]] = field(default_factory=dict, compare=False)

    @cached_property
    def batches(self) -> Batches | None:
        """As the kernels take them; ``None`` where queries miss more than is kept."""
        leading, every = self.service.leading, self.service.slot_cycles
        slot_cycles = every if len(leading) == every.shape[1] else np.ascontiguousarray(every[:, leading])
        counts = [-(-len(stream) // self.batch_queries) for stream in self.streams]
        batch_firsts = np.cumsum([0, *counts])
        sums = np.zeros((int(batch_firsts[-1]), self.groups, len(leading)), np.int64)

        def add(i: int) -> None:
            own = sums[batch_firsts[i] : batch_firsts[i + 1]]
            add_batches(self.streams[i], slot_cycles, self.batch_queries, own)

        map_threads(add, range(len(self.streams)))
        misses = self._misses(self.service.misses, batch_firsts, sums)
        if misses is None:
            return None
        firsts = np.cumsum([0, *map(len, self.streams)])
        least = int(slot_cycles.min(initial=np.iinfo(np.uint16).max))
        return Batches(np.concatenate(self.streams), firsts, batch_firsts, slot_cycles, sums, least, *misses)

    def _misses(self, misses: Misses | None, batch_firsts: Array, sums: Array) -> tuple[Array, Array, Array] | None:
        """Ends, misses and lines as :class:`Batches` has them; ``None`` where they are too many or past 32 bits."""
        if misses is None:
            return np.zeros_like(sums), np.zeros((0, 4), np.int32), np.zeros((len(sums), 3, 0), np.int64)
        missing, far, streams = misses.slot_missing, misses.slot_far, self.streams
        firsts = np.cumsum([0, *map_threads(lambda stream: count_misses(stream, missing), streams)])
        if firsts[-1] > MOST_MISSES or int(sums.max()) >= 1 << 31:
            return None
        ends, found = np.zeros_like(sums), np.zeros((int(firsts[-1]), 4), np.int32)
        lines = np.zeros((len(sums), 3, missing.shape[1]), np.int64)
        asked = folded(misses.lines, missing.shape[1])
        slot_cycles = self.service.slot_cycles

        def add(i: int) -> None:
            own = slice(batch_firsts[i], batch_firsts[i + 1])
            add_misses(streams[i], slot_cycles, missing, far, self.batch_queries, firsts[i], ends[own], found)
            for column, counts in enumerate((asked, missing, far)):
                add_lines(streams[i], counts, self.batch_queries, column, lines[own])

        map_threads(add, range(len(streams)))
        return ends, found, lines

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """(S,) table entries read."""
        return tuple(int(self.service.reads[stream].sum(dtype=np.int64)) for stream in self.streams)
