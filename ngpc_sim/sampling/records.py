"""What replayed shares cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.engines.cluster import Cluster, ClusterWork

Array = np.ndarray[Any, Any]
#: standard deviations that are far from the mean: one of 30,000 batches is beyond, if they are normal
FAR = 4.0


@dataclass(frozen=True)
class Records:
    """Costs of replayed shares; ``place`` (U,) says which row is a share's, -1 where it was not replayed.

    ``end``, ``occupancy``, ``busy``, ``reads`` (R,), ``stalls`` (R, slots + 1, causes), ``cycles`` (R, slots) that its
    queries take the engine slots. ``batches`` (R, 3, slots) of the share's whole batches: how many, the cycles of each
    added up, and their squares added up.
    """

    place: Array
    end: Array
    occupancy: Array
    stalls: Array
    busy: Array
    cycles: Array
    reads: Array
    batches: Array

    @classmethod
    def none(cls, count: int) -> Records:
        """Nothing replayed of ``count`` shares."""
        empty = np.zeros(0, np.int64)
        return cls(np.full(count, -1, np.int64), *[empty] * 7)

    def and_more(self, chosen: Array, found: list[tuple[Array, ...]]) -> Records:
        """With the costs ``found`` of the shares ``chosen``."""
        place = self.place.copy()
        place[chosen] = len(self.end) + np.arange(len(chosen))
        columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        old = (self.end, self.occupancy, self.stalls, self.busy, self.cycles, self.reads, self.batches)
        if len(self.end):
            columns = [np.concatenate(pair) for pair in zip(old, columns, strict=True)]
        return Records(place, *columns)

    @cached_property
    def shares(self) -> Array:
        """(R,) the share of every row."""
        return np.argsort(self.place)[-len(self.end) :]

    @cached_property
    def waits(self) -> tuple[Array, Array]:
        """(R + 1, K) waits of the rows, the first one of nothing, and the columns (K,) of ``stalls`` that they fill."""
        flat = self.stalls.reshape(len(self.stalls), -1)
        columns = np.flatnonzero(flat.any(axis=0))
        return np.concatenate([np.zeros((1, len(columns)), np.int64), flat[:, columns]]), columns

    def excess_cycles(self) -> int:
        """By how much a batch far from the mean may take longer than the slowest engine's mean batch, 0 or more."""
        number, *sums = self.batches.sum(axis=0)
        if number[0] < 2:
            return 0
        mean, square = sums / number
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
        return math.ceil(max(0.0, float((mean + FAR * deviation).max() - mean.max())))


def costs_of(cluster: Cluster, work: ClusterWork, nfps: Array) -> tuple[Array, ...]:
    """Columns of :class:`Records` of what the NFPs ``nfps`` (k,), ascending, get of a command."""
    run = cluster.run_shares(work, nfps)
    owners = np.arange(len(work.stream)) // cluster.spec.dispatch_queries % cluster.scale
    own = [work.stream[owners == nfp] for nfp in nfps]
    cycles = np.array([work.service.slot_cycles[rows].sum(axis=0, dtype=np.int64) for rows in own])
    reads = np.array([work.service.reads[rows].sum(dtype=np.int64) for rows in own])
    batches = np.array([_batches(work, rows, cluster.nfp.spec.mlp.batch_queries) for rows in own])
    return run.end_cycles, run.occupancy_cycles, run.level_stalls, run.busy_cycles, cycles, reads, batches


def _batches(work: ClusterWork, rows: Array, size: int) -> Array:
    """(3, slots) of whole batches of ``size`` queries: how many, their cycles added up, and the squares of these."""
    slot_cycles = work.service.slot_cycles
    whole = slot_cycles[rows[: len(rows) // size * size]].reshape(-1, size, slot_cycles.shape[1])
    cycles = whole.sum(axis=1, dtype=np.int64)
    return np.array([(cycles**power).sum(axis=0) for power in range(3)])
