"""What a stream of queries asks of the encoding engines: cycles, reads, and lines that a cached level misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.kernels.batches import Recorded
from ngpc_sim.kernels.sums import add_up, add_up_lines, extremes
from ngpc_sim.machine.store import Store

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Misses:
    """What queries ask of cached levels and do not find there.

    ``lines``, ``missing``, ``far`` (n, L) uint8: lines asked of a cached level, those of them not in grid_sram, and
    those of these not in L2 either. ``slot_missing``, ``slot_far`` (n, slots) uint16: the latter two by engine slot.
    ``addresses`` int64: of the first lines that come from DRAM, in bytes from the start of the tables.
    """

    lines: Array
    missing: Array
    far: Array
    slot_missing: Array
    slot_far: Array
    addresses: Array

    def rows(self, chosen: Array) -> Misses:
        """The misses of some queries."""
        return Misses(
            self.lines[chosen],
            self.missing[chosen],
            self.far[chosen],
            self.slot_missing[chosen],
            self.slot_far[chosen],
            self.addresses,
        )


@dataclass(frozen=True)
class Subgrids:
    """Subgrids of queries: ``numbers`` (n,) int32; ``slots`` (slots,) bool that read subtables; ``bytes`` of a fill."""

    numbers: Array
    slots: Array
    bytes: int


@dataclass(frozen=True, eq=False)
class Service:
    """What the engines need for a stream of queries.

    ``slot_cycles`` (n, slots) uint16: interval of every engine that works on a query, levels of one
    engine added up; ``reads`` (n,) int32: entries read over all levels; ``base_cycles`` (slots,) int64:
    the interval without bank conflicts; ``misses``: what is fetched from L2, ``None`` where every level fits
    or counts as if it did; ``subgrids``: subtables that they read, ``None`` where no table is cut.
    """

    slot_cycles: Array
    reads: Array
    base_cycles: Array
    misses: Misses | None = None
    subgrids: Subgrids | None = None
    kept: Store[Recorded] = field(default_factory=lambda: Store(1), repr=False, compare=False)

    def rows(self, chosen: Array) -> Service:
        """The service of some queries."""
        misses = self.misses.rows(chosen) if self.misses else None
        cut = replace(self.subgrids, numbers=self.subgrids.numbers[chosen]) if self.subgrids else None
        return Service(self.slot_cycles[chosen], self.reads[chosen], self.base_cycles, misses, cut)

    @cached_property
    def leading(self) -> Array:
        """(k,) int64, ascending: the only slots whose features a batch can wait for, all that miss lines among them.

        Another slot takes at least as long for every query as the slots left out: it is never done sooner, and where
        both are done together a batch waits for the first of them, so a slot in front of it must take less. Lines that
        it misses keep it longer still.
        """
        slots = self.slot_cycles.shape[1]
        if not len(self.slot_cycles):
            return np.arange(slots)
        least, most = self._extremes
        led = [(least[:slot] >= most[slot]).any() or (least[slot + 1 :] > most[slot]).any() for slot in range(slots)]
        misses = self.misses.slot_missing.any(axis=0) if self.misses else np.zeros(slots, np.bool_)
        return np.flatnonzero(~np.array(led) | misses)

    @cached_property
    def alike(self) -> int | None:
        """Cycles that every query takes on the one leading slot; ``None`` where they differ, or more slots lead."""
        if self.misses is not None or len(self.leading) > 1 or not len(self.slot_cycles):
            return None
        least, most = (int(cycles[self.leading[0]]) for cycles in self._extremes)
        return most if least == most else None

    @cached_property
    def _extremes(self) -> tuple[Array, Array]:
        """Least and most cycles of every slot, (slots,) uint16 each."""
        least, most = self.slot_cycles[0].copy(), self.slot_cycles[0].copy()
        extremes(self.slot_cycles, least, most)
        return least, most

    def lines_by_slot(self) -> tuple[Array, Array]:
        """Missing lines, and those not in L2 either, (n, slots) uint16; no slots where nothing can miss."""
        none = np.zeros((len(self.slot_cycles), 0), np.uint16)
        return (self.misses.slot_missing, self.misses.slot_far) if self.misses else (none, none)

    @cached_property
    def line_counts(self) -> Array:
        """(columns,) int64: which of lines asked, missing and far by slot, 3 x slots, are not 0 for all queries."""
        return np.flatnonzero(self._lines_by_slot().any(axis=0))

    def _lines_by_slot(self) -> Array:
        """(n, 3 x slots) uint16: lines asked, missing and far of every slot; no columns where nothing can miss."""
        misses, slots = self.misses, self.slot_cycles.shape[1]
        if misses is None:
            return np.zeros((len(self.reads), 0), np.uint16)
        return np.concatenate([folded(misses.lines, slots), misses.slot_missing, misses.slot_far], axis=1)

    def recorded(self, groups: int) -> Recorded:
        """Running sums over the queries on the leading slots of so many ``groups`` of engines side by side; kept."""
        return self.kept.get(groups, lambda: self._recorded(groups))

    def _recorded(self, groups: int) -> Recorded:
        own = np.ascontiguousarray(self.slot_cycles[:, self.leading])
        shape = len(own) + groups, own.shape[1]
        cycles, places = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        add_up(own, cycles)
        found = np.zeros((0, 4), np.int64)
        if self.misses is not None:
            missing, far = (counts[:, self.leading] for counts in self.lines_by_slot())
            row, slot = np.nonzero(missing)
            row, slot = (order[np.lexsort((row, row % groups, slot))] for order in (row, slot))
            found = np.stack(
                [row, cycles[row + groups, slot], missing[row, slot], far[row, slot]], axis=1, dtype=np.int64
            )
            np.add.at(places, (row % groups, slot), 1)
            firsts = np.cumsum(places[:groups].T).reshape(shape[1], groups).T
            places[:groups] = firsts - places[:groups]
            add_up((missing > 0).astype(np.uint16), places)
        lines = self._lines_by_slot()[:, self.line_counts]
        running = np.zeros((len(lines) + 1, lines.shape[1]), np.int64)
        add_up(np.ascontiguousarray(lines), running)
        return Recorded(cycles, found, places, running, int(own.min(initial=np.iinfo(np.uint16).max)))

    def running_cycles(self) -> Array:
        """(n + 1, slots) int64: cycles of every slot over the first 0, 1, ... n queries."""
        running = np.zeros((len(self.slot_cycles) + 1, self.slot_cycles.shape[1]), np.int64)
        add_up(self.slot_cycles, running)
        return running

    def running_lines(self) -> Array:
        """(n + 1, 3, L) uint32: lines asked, missing and far over the first queries; L = 0 where nothing can miss."""
        counts = (self.misses.lines, self.misses.missing, self.misses.far) if self.misses else ()
        levels = self.misses.lines.shape[1] if self.misses else 0
        running = np.zeros((len(self.reads) + 1, 3, levels), np.uint32)
        for column, array in enumerate(counts):
            add_up_lines(array, column, running)
        return running


def joined(services: Sequence[Service]) -> Service:
    """Services of one network's queries, one behind the other; addresses are those of the last."""
    cycles, reads = (np.concatenate([getattr(one, name) for one in services]) for name in ("slot_cycles", "reads"))
    missed = [service.misses for service in services if service.misses]
    if not missed:
        return Service(cycles, reads, services[0].base_cycles)
    names = ("lines", "missing", "far", "slot_missing", "slot_far")
    counts = {name: np.concatenate([getattr(one, name) for one in missed]) for name in names}
    return Service(cycles, reads, services[0].base_cycles, Misses(**counts, addresses=missed[-1].addresses))


def folded(by_level: Array, slots: int) -> Array:
    """(n, slots) uint16 of (n, L): the levels of every engine slot added up."""
    if by_level.shape[1] == slots:
        return np.ascontiguousarray(by_level, np.uint16)
    sums = np.zeros((len(by_level), slots), np.uint16)
    for level in range(by_level.shape[1]):
        sums[:, level % slots] += by_level[:, level]
    return sums
