"""Commands replayed batch by batch instead of query by query: the same cycles from sums over recorded queries.

Holds where granules are handed out in turn and are whole batches. An engine whose queries have all come serves them
one behind the other, which is the recurrence of :mod:`ngpc_sim.engines.nfp` written out. A command asks recorded
queries in runs of consecutive ones, so what an engine serves of a run is a difference of running sums. A batch costs a
difference for every run and engine, and the recurrence of the window (:func:`ngpc_sim.kernels.nfp.fetch`) for every
query that misses lines. Where a query of a batch may come late, its queries are replayed one by one.

Features of a batch are there when those of an engine's last query are, or the last missing line: a line comes no
sooner than it enters the window, and the engine goes on no sooner either, so no query before the last one is later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.service import Service
from ngpc_sim.kernels.batches import Batches

Array = np.ndarray[Any, Any]

#: bytes of a visit: where it begins, and its first row
VISIT_BYTES = 8 + 4
#: visits and batches of all commands of a frame: below 1 GiB (assumed: a computer can spare it)
MAX_PARTS = 1 << 26


@dataclass(frozen=True)
class BatchSums:
    """What all commands of a frame ask of ``service``, batch by batch.

    ``pieces`` by command, (4, pieces) int64 each: recorded queries in turn, from the first of them on, so many; how
    often all of them are asked, and how many of them once more. ``reads`` (S,) table entries. ``actions`` by what has
    counted them.
    """

    pieces: tuple[Array, ...]
    reads: tuple[int, ...]
    service: Service
    batch_queries: int
    groups: int
    actions: dict[Any, list[Mapping[str, int]]] = field(default_factory=dict, compare=False)

    @cached_property
    def queries(self) -> Array:
        """(S,) int64 queries of every command."""
        return np.array([(sizes * rounds + rest).sum() for _, sizes, rounds, rest in self.pieces], np.int64)

    @cached_property
    def batches(self) -> Batches:
        """As the kernels take them."""
        batch_firsts, firsts = (np.r_[0, np.cumsum(n)] for n in (-(-self.queries // self.batch_queries), self.queries))
        begins, sizes, rounds, rest = np.concatenate(self.pieces, axis=1)
        times = rounds + (rest > 0)
        if times.sum() + batch_firsts[-1] > MAX_PARTS:
            raise UserError(
                f"commands of {firsts[-1]:,} queries in all do not fit in memory: raise frame.tiles, lower the "
                "resolution, or use detail bound."
            )
        lengths = np.repeat(sizes, times)
        lengths[np.cumsum(times)[rest > 0] - 1] = rest[rest > 0]
        places = np.r_[0, np.cumsum(lengths)]
        command = np.repeat(np.arange(len(self.pieces)), np.diff(batch_firsts))
        batch_places = firsts[command] + (np.arange(len(command)) - batch_firsts[command]) * self.batch_queries
        visits = (np.searchsorted(places, batch_places, side="right") - 1).astype(np.int32)
        rows = np.repeat(begins, times).astype(np.int32)
        return Batches(firsts, batch_firsts, rows, places, visits, self.service.recorded(self.groups))
