"""Lookups of each query: its entries, banks and initiation intervals."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.service import Misses, Service, Subgrids
from ngpc_sim.engines.table_fit import spilled_levels
from ngpc_sim.reference.caches import Asked, reference_misses
from ngpc_sim.reference.subgrids import cut_levels, fill_bytes, subgrid
from ngpc_sim.reference.windows import in_windows
from ngpc_sim.workloads.grids import LINEAR_CAP, GridEncoding, GridLevel, grid_levels

Array = np.ndarray[Any, Any]
#: primes of the coherent-prime hash, tiny-cuda-nn common_device.h:767-791
HASH_PRIMES = (1, 2654435761, 805459861, 3674653429)


@dataclass(frozen=True)
class Lookup:
    """One query on one level: cycles of its interval, entries read, and their lines, which may be of a ``block``."""

    cycles: int
    reads: int
    lines: tuple[int, ...] = ()
    block: int | None = None


def lookups(spec: EncodingSpec, encoding: GridEncoding, positions: Array) -> list[list[Lookup]]:
    """Interval and reads of every query (outer) and level (inner)."""
    columns = [_level_lookups(spec, encoding, number, positions) for number in range(encoding.n_levels)]
    return [list(row) for row in zip(*columns, strict=True)]


def _level_lookups(spec: EncodingSpec, encoding: GridEncoding, number: int, positions: Array) -> list[Lookup]:
    level, in_blocks = grid_levels(encoding)[number], is_in_blocks(spec, encoding, number)
    if number in cut_levels(spec, encoding):
        level = replace(level, entries=level.entries // spec.subgrids)
    engines = max(1, spec.engines // encoding.n_levels)
    parts = engines if spec.sharing == "partition" else 1
    side_by_side = engines // parts
    in_line = max(1, spec.line_bytes // (encoding.n_features_per_level * spec.feature_bytes))
    scaled = (positions.astype(np.float64) * np.float64(level.scale) + 0.5).astype(np.float32)
    whole = np.clip(np.floor(scaled.astype(np.float64)), -(2.0**31), 2.0**31 - 1).astype(np.int64)
    cells = [tuple(int(c) % 2**32 for c in cell) for cell in whole]
    index_cycles = base_cycles(spec, encoding, number)
    answers: list[Lookup] = []
    reads: list[tuple[list[int], dict[int, tuple[int, int]]]] = []
    for i, cell in enumerate(cells):
        before = cells[i - side_by_side] if i >= side_by_side else None
        if spec.reuse == "last_voxel" and cell == before:
            answers.append(Lookup(index_cycles, 0))
            reads.append(([], {}))
            continue
        corners = [_entry(encoding, level, cell, corner) for corner in range(2**encoding.n_dims)]
        if in_blocks:
            block = sum(c % level.resolution * level.resolution**axis for axis, c in enumerate(cell))
            answers.append(Lookup(1, len(corners), tuple(entry // in_line for entry in corners), block))
            continue
        lines = tuple(dict.fromkeys(entry // in_line for entry in corners))
        banks = {entry: (entry // in_line % parts, _bank(spec, entry)) for entry in corners}
        cycles = index_cycles if spec.banks == "ideal" else _queued(corners, banks, parts * spec.corner_lanes, spec)
        answers.append(Lookup(cycles, len(set(corners)), lines))
        reads.append((corners, banks))
    if spec.reorder_window == 1 or spec.banks == "ideal" or in_blocks:
        return answers
    cycles_of = in_windows(spec, side_by_side, index_cycles, parts * spec.corner_lanes, reads)
    return [replace(answer, cycles=cycles) for answer, cycles in zip(answers, cycles_of, strict=True)]


def is_in_blocks(spec: EncodingSpec, encoding: GridEncoding, number: int) -> bool:
    """Whether all corners of a voxel are one block on a level."""
    return spec.layout == "voxel_block" and number not in cut_levels(spec, encoding)


def slot_base_cycles(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Cycles of a query on every engine of its group without a conflict."""
    levels = range(encoding.n_levels)
    slots = range(min(spec.engines, encoding.n_levels))
    return [sum(base_cycles(spec, encoding, level) for level in levels[slot :: spec.engines]) for slot in slots]


def base_cycles(spec: EncodingSpec, encoding: GridEncoding, number: int) -> int:
    """Cycles of a query and level without a conflict."""
    if is_in_blocks(spec, encoding, number):
        return 1
    engines = max(1, spec.engines // encoding.n_levels) if spec.sharing == "partition" else 1
    return len(range(0, 2**encoding.n_dims, engines * spec.corner_lanes))


def _entry(encoding: GridEncoding, level: GridLevel, cell: tuple[int, ...], corner: int) -> int:
    """Table entry of a corner: linear where the table holds the grid, else hashed; always modulo."""
    moved = [(c + (corner >> axis) % 2) % 2**32 for axis, c in enumerate(cell)]
    index = 0
    if level.hashed:
        for c, prime in zip(moved, HASH_PRIMES, strict=False):
            index ^= c * prime % 2**32
    elif level.resolution <= LINEAR_CAP[encoding.n_dims]:
        index = sum(c * level.resolution**axis for axis, c in enumerate(moved)) % 2**32
    return index % level.entries


def _queued(corners: list[int], banks: dict[int, tuple[int, int]], lanes: int, spec: EncodingSpec) -> int:
    """Cycle by cycle: a group of corners enters the queues of its banks, which serve what their ports can."""
    waiting = dict.fromkeys(banks.values(), 0)
    asked: set[int] = set()
    for cycle in itertools.count(1):
        for entry in corners[(cycle - 1) * lanes : cycle * lanes]:
            waiting[banks[entry]] += entry not in asked
            asked.add(entry)
        waiting = {bank: max(0, queue - spec.read_ports) for bank, queue in waiting.items()}
        if cycle * lanes >= len(corners) and not any(waiting.values()):
            return cycle
    raise AssertionError


def _bank(spec: EncodingSpec, entry: int) -> int:
    if spec.banks == "ideal" or spec.layout == "feature_major":
        return 0  # each bank of a feature has all entries, and they all do the same
    banks = spec.banks
    if spec.bank_map == "low_bits" or banks == 1:
        return entry % banks
    bank = 0
    while entry:
        entry, group = divmod(entry, banks)
        bank ^= group
    return bank


def reference_service(
    spec: EncodingSpec, encoding: GridEncoding, positions: Array, l2: L2Shape | None = None
) -> Service:
    """Intervals, reads and misses of a stream, as the cluster takes them."""
    queries = lookups(spec, encoding, positions)
    cut = cut_levels(spec, encoding)
    spilled = spilled_levels(spec, encoding) if spec.table_policy == "cache" else []
    service = service_with(spec, encoding, queries, spilled, asked_lines(spec, encoding, queries, l2))
    if not cut:
        return service
    numbers = np.array([subgrid(spec, position) for position in positions], np.int32)
    slots = min(spec.engines, encoding.n_levels)
    streamed = np.array([any(level % slots == slot for level in cut) for slot in range(slots)])
    return replace(service, subgrids=Subgrids(numbers, streamed, fill_bytes(spec, encoding)))


def service_with(
    spec: EncodingSpec, encoding: GridEncoding, queries: list[list[Lookup]], cached: list[int], asked: list[list[Asked]]
) -> Service:
    """The service of ``queries`` of which the lines ``asked`` are missing on ``cached`` levels."""
    slots = min(spec.engines, encoding.n_levels)
    return Service(
        slot_cycles=np.array(slot_cycles(spec, queries), np.uint16).reshape(-1, slots),
        reads=np.array([sum(level.reads for level in row) for row in queries], np.int32),
        base_cycles=np.array(slot_base_cycles(spec, encoding), np.int64),
        misses=_misses(spec, encoding, queries, cached, asked) if cached else None,
    )


def asked_lines(
    spec: EncodingSpec, encoding: GridEncoding, queries: list[list[Lookup]], l2: L2Shape | None
) -> list[list[Asked]]:
    """Misses of every query (outer list) on every level (inner list); none where grid_sram is no cache."""
    if spec.table_policy != "cache":
        return [[Asked()] * encoding.n_levels for _ in queries]
    lines, blocks = ([[getattr(level, name) for level in row] for row in queries] for name in ("lines", "block"))
    return reference_misses(spec, encoding, lines, blocks, l2)


def by_slot(spec: EncodingSpec, row: list[Asked]) -> tuple[Asked, ...]:
    """Lines by engine: levels of one engine are added up."""
    slots = range(min(spec.engines, len(row)))
    return tuple(
        Asked(sum(a.missing for a in row[slot :: spec.engines]), sum(a.far for a in row[slot :: spec.engines]))
        for slot in slots
    )


def _misses(
    spec: EncodingSpec, encoding: GridEncoding, queries: list[list[Lookup]], cached: list[int], asked: list[list[Asked]]
) -> Misses:
    lines = [[len(level.lines) if n in cached else 0 for n, level in enumerate(row)] for row in queries]
    slots = [by_slot(spec, row) for row in asked]
    levels, width = encoding.n_levels, min(spec.engines, encoding.n_levels)
    return Misses(
        lines=np.array(lines, np.uint8).reshape(-1, levels),
        missing=np.array([[level.missing for level in row] for row in asked], np.uint8).reshape(-1, levels),
        far=np.array([[level.far for level in row] for row in asked], np.uint8).reshape(-1, levels),
        slot_missing=np.array([[slot.missing for slot in row] for row in slots], np.uint16).reshape(-1, width),
        slot_far=np.array([[slot.far for slot in row] for row in slots], np.uint16).reshape(-1, width),
        addresses=np.zeros(0, np.int64),
    )


def slot_cycles(spec: EncodingSpec, queries: list[list[Lookup]]) -> list[tuple[int, ...]]:
    """Cycles of every query on every engine of its group; levels of one engine are served in turn."""
    return [
        tuple(sum(level.cycles for level in row[slot :: spec.engines]) for slot in range(min(spec.engines, len(row))))
        for row in queries
    ]
