"""Commands with cached levels replayed batch by batch: only the queries that miss lines are looked at one by one.

Between two misses of an engine its cycles add up as in :mod:`ngpc_sim.engines.batch_sums`, so a batch whose queries
have all come costs a sum for every engine, and the recurrence of the window (:func:`ngpc_sim.kernels.nfp.fetch`)
for every query that misses. Neither the sums nor the misses depend on the number of NFPs or on the memory. Where a
query of a batch may come late, the batch is replayed query by query.

Features of a batch are there when those of an engine's last query are, or the last missing line: a line comes no
sooner than it enters the window, and the engine goes on no sooner either, so no query before the last one is later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.engines.batch_sums import BatchSums
from ngpc_sim.engines.service import Misses, folded
from ngpc_sim.kernels.miss_replay import add_lines, add_misses, count_misses
from ngpc_sim.machine.threads import map_threads

Array = np.ndarray[Any, Any]

#: queries and engines that miss, of all commands of a frame, up to which they are kept: 64 MiB
MOST_MISSES = 1 << 22


@dataclass(frozen=True)
class MissSums:
    """What all commands of a frame miss, beside their :class:`BatchSums`.

    ``ends`` (batches, groups, slots) int64 and ``found`` (misses, 4) int32 as :func:`add_misses` fills them, over all
    commands; ``lines`` (batches, 3, slots) int64: asked, missing and far; ``of_commands`` (S, 3, slots) their sums.
    """

    ends: Array
    found: Array
    lines: Array
    of_commands: Array

    @classmethod
    def of(cls, sums: BatchSums, misses: Misses) -> MissSums | None:
        """The misses of the service of ``sums``, kept with them; ``None`` if too many or past 32 bits."""
        if "misses" not in sums.kept:
            sums.kept["misses"] = cls._of(sums, misses)
        kept: MissSums | None = sums.kept["misses"]
        return kept

    @classmethod
    def _of(cls, sums: BatchSums, misses: Misses) -> MissSums | None:
        missing, far, streams = misses.slot_missing, misses.slot_far, sums.streams
        counts = map_threads(lambda stream: count_misses(stream, missing), streams)
        firsts = np.cumsum([0, *counts])
        if firsts[-1] > MOST_MISSES or int(sums.sums.max()) >= 1 << 31:
            return None
        ends, found = np.zeros_like(sums.sums), np.zeros((int(firsts[-1]), 4), np.int32)
        lines = np.zeros((len(ends), 3, missing.shape[1]), np.int64)
        asked = folded(misses.lines, missing.shape[1])

        def add(i: int) -> None:
            own = slice(sums.batch_firsts[i], sums.batch_firsts[i + 1])
            add_misses(
                streams[i], sums.slot_cycles, missing, far, sums.batch_queries, sums.groups, firsts[i], ends[own],
                found[firsts[i] : firsts[i + 1]],
            )  # fmt: skip
            for column, each in enumerate((asked, missing, far)):
                add_lines(streams[i], each, sums.batch_queries, column, lines[own])

        map_threads(add, range(len(streams)))
        return cls(ends, found, lines, np.add.reduceat(lines, sums.batch_firsts[:-1], axis=0))
