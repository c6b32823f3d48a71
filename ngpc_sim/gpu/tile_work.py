"""What the GPU does in a tile before, between and behind its calls of the network: dispatches, bytes and arithmetic.

Kernels of the rest run by name, on the items of their tile. All that stands between two calls is a *gap*. Unfused, each
kernel of a gap is a dispatch. Fused, the gap is one dispatch: it reads a record once if it touches it first by a read,
writes it once if it is read later, and keeps the rest in registers. Everything passes the link; records of a ray's
state, scratch and stored ones go to DRAM, and of the network's inputs and outputs what L2 does not hold (frame_loop).

A kernel's bytes and flops are linear in the items of its gap. Gaps of one *kind*, with the same kernels, share the
coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.gpu.ray_counts import NORMALS, RayCounts
from ngpc_sim.workloads.gpu_kernels import BEFORE, FIRST, LAST, POST, PRE, GpuKernels, Kernel, Record

Array = np.ndarray[Any, Any]
#: items of a gap: one, those of the tile's frame, and those of the calls before and behind it
FRAME_ITEMS = ("one", "pixels", "rays", "hits")
CALL_ITEMS = ("alive", "queries")
ITEMS = (*FRAME_ITEMS, *(f"{items} {side}" for side in ("before", "behind") for items in CALL_ITEMS))
#: what a dispatch moves and computes: bytes over the link; in DRAM, whatever L2 holds; of inputs written and read, and
#: of outputs read; floating-point operations
FIELDS = LINK, SURE, IN_WRITTEN, IN_READ, OUT_READ, FLOPS = range(6)


class Kind(NamedTuple):
    """What tells gaps apart: phases of the calls before and behind, ``None`` at an end of the tile.

    ``rounds`` whether rays are compacted for each of them, and ``enters`` whether the call behind is the first one of
    its phase in the tile.
    """

    before: str | None
    behind: str | None
    rounds: tuple[bool, bool]
    enters: bool


@dataclass(frozen=True)
class TileWork:
    """Dispatches of all gaps: of gap g those from ``firsts[g]`` to before ``firsts[g + 1]``.

    ``rows`` (dispatches, FIELDS) float64; ``reads_outputs`` (dispatches,) bool: the last one of its gap that does.
    """

    firsts: Array
    rows: Array
    reads_outputs: Array


@dataclass(frozen=True)
class Calls:
    """Calls of the network, tile after tile: of tile t those from ``firsts[t]`` to before ``firsts[t + 1]``.

    ``numbers`` (C,) invocation of each, ``queries`` (C,).
    """

    firsts: Array
    numbers: Array
    queries: Array


def one_tile(counts: RayCounts) -> Calls:
    """All calls of a frame as one tile."""
    asking = np.flatnonzero(counts.queries)
    return Calls(np.array([0, len(asking)]), asking, counts.queries[asking])


def tile_work(
    listed: GpuKernels, counts: RayCounts, calls: Calls, *, fused: bool, registers: bool, ends: bool = False
) -> TileWork:
    """Dispatches of every gap of the tiles, those of a tile one behind the other.

    With ``ends`` no fused dispatch writes what a later gap reads, as if its tile ended behind it.
    """
    items, kinds = _items(counts, calls), _kinds(counts, calls)
    known = {kind: _coefficients(listed, kind, fused, registers, ends) for kind in dict.fromkeys(kinds)}
    sizes = np.array([len(known[kind][0]) for kind in kinds])
    firsts = np.r_[0, np.cumsum(sizes)]
    rows, reads = np.empty((firsts[-1], len(FIELDS))), np.empty(firsts[-1], np.bool_)
    numbers = {kind: number for number, kind in enumerate(known)}
    of_gap = np.array([numbers[kind] for kind in kinds])
    for kind, (coefficients, last) in known.items():
        gaps = np.flatnonzero(of_gap == numbers[kind])
        places = firsts[gaps][:, np.newaxis] + np.arange(len(coefficients))
        rows[places] = np.einsum("dfi,gi->gdf", coefficients, items[gaps])
        reads[places] = last
    return TileWork(firsts, rows, reads)


def dispatch_names(listed: GpuKernels, counts: RayCounts, calls: Calls, *, fused: bool) -> list[str]:
    """Name of every dispatch of :func:`tile_work`: its kernels, those of one launch joined."""
    return [" + ".join(own) for own in kernels_of_dispatches(listed, counts, calls, fused=fused)]


def kernels_of_dispatches(listed: GpuKernels, counts: RayCounts, calls: Calls, *, fused: bool) -> list[list[str]]:
    """Kernels of every dispatch of :func:`tile_work`; un-fused, the first one is launched, others are parts of it."""
    return [own for kind in _kinds(counts, calls) for own in _names(listed, kind, fused=fused)]


def _names(listed: GpuKernels, kind: Kind, *, fused: bool) -> list[list[str]]:
    """Kernels of the dispatches of a kind of gap."""
    kernels = [kernel for kernel, _ in _kernels(listed, kind)]
    names = {id(kernel): name for name, kernel in listed.kernels.items()}
    launches: list[tuple[list[str], int]] = []
    for kernel in kernels:
        if not launches or (kernel.launches and not fused):
            launches.append(([], 1 if fused else max(1, kernel.launches)))
        launches[-1][0].append(names[id(kernel)])
    return [own for own, count in launches for _ in range(count)]


def _kinds(counts: RayCounts, calls: Calls) -> list[Kind]:
    """Kind of every gap, one more than calls in each tile."""
    found = []
    for first, end in zip(calls.firsts[:-1].tolist(), calls.firsts[1:].tolist(), strict=True):
        numbers = calls.numbers[first:end].tolist()
        seen: set[str] = set()
        for before, behind in zip([None, *numbers], [*numbers, None], strict=True):
            phases = [None if number is None else counts.phases[number] for number in (before, behind)]
            rounds = [number is not None and bool(counts.rounds[number]) for number in (before, behind)]
            enters = phases[1] is not None and phases[1] not in seen
            found.append(Kind(phases[0], phases[1], (rounds[0], rounds[1]), enters))
            seen |= {phase for phase in phases if phase is not None}
    return found


def _items(counts: RayCounts, calls: Calls) -> Array:
    """(gaps, ITEMS) float64."""
    tiles = len(calls.firsts) - 1
    gaps = np.arange(len(calls.numbers)) + np.repeat(np.arange(tiles), np.diff(calls.firsts))  # before each call
    items = np.zeros((len(calls.numbers) + tiles, len(ITEMS)))
    alive = counts.alive[calls.numbers] / counts.queries[calls.numbers] * calls.queries
    for at, column in ((gaps, 6), (gaps + 1, 4)):
        items[at, column], items[at, column + 1] = alive, calls.queries
    entering = calls.queries[calls.firsts[:-1]].astype(np.float64)
    hitting = np.zeros(tiles)
    normals = np.flatnonzero(counts.of_phase(NORMALS)[calls.numbers])
    tile_of = np.searchsorted(calls.firsts, normals, side="right") - 1
    hitting[tile_of[::-1]] = calls.queries[normals[::-1]]  # of several of a tile the first one stays
    frame = [np.ones(tiles), np.full(tiles, counts.pixels / tiles)]
    frame += [total * part / max(1.0, part.sum()) for total, part in ((counts.rays, entering), (counts.hits, hitting))]
    items[:, : len(frame)] = np.repeat(np.stack(frame, axis=1), np.diff(calls.firsts) + 1, axis=0)
    return items


def _coefficients(listed: GpuKernels, kind: Kind, fused: bool, registers: bool, ends: bool) -> tuple[Array, Array]:  # noqa: FBT001
    """(dispatches, FIELDS, ITEMS) of a kind of gap, and (dispatches,) whether it is the last to read outputs."""
    kernels = [(kernel, side) for kernel, side in _kernels(listed, kind)]
    if fused:
        rows = [_fused(listed, kernels, is_last=ends or kind.behind is None, registers=registers)] if kernels else []
    else:
        rows = list(_unfused(listed, kernels))
    found = np.array(rows).reshape(len(rows), len(FIELDS), len(ITEMS))
    reading = np.flatnonzero(found[:, OUT_READ].any(axis=1))
    return found, np.arange(len(rows)) == (reading[-1] if len(reading) else -1)


def _kernels(listed: GpuKernels, kind: Kind) -> Iterator[tuple[Kernel, str]]:
    """Kernels of a gap in their order, with the side whose items they work on."""
    rest = [kernel for kernel in listed.kernels.values() if kernel.part == "rest"]
    once = [FIRST] if kind.before is None else []
    once += [f"{BEFORE}{kind.behind}"] if kind.enters else []
    once += [LAST] if kind.behind is None else []
    yield from ((kernel, "before") for kernel in _of_call(rest, POST, kind.before, rounds=kind.rounds[0]))
    yield from ((kernel, "behind") for name in once for kernel in rest if kernel.when == name)
    yield from ((kernel, "behind") for kernel in _of_call(rest, PRE, kind.behind, rounds=kind.rounds[1]))


def _of_call(rest: Sequence[Kernel], when: str, phase: str | None, *, rounds: bool) -> Iterator[Kernel]:
    """Kernels that run ``when`` a call of a phase is made; ``rounds``: rays are compacted for it."""
    for kernel in rest:
        of_phase = phase is not None and (not kernel.phases or phase in kernel.phases)
        if kernel.when == when and of_phase and (rounds or kernel.per == "invocation"):
            yield kernel


def _column(items: str, side: str) -> int:
    return ITEMS.index(items if items in FRAME_ITEMS else f"{items} {side}")


def _move(row: Array, record: Record, column: int, *, writes: bool) -> None:
    """Add a record that is read or written once an item."""
    row[LINK, column] += record.bytes
    if record.kind == "input":
        row[IN_WRITTEN if writes else IN_READ, column] += record.bytes
    elif record.kind == "output":
        row[OUT_READ, column] += record.bytes
    else:
        row[SURE, column] += record.bytes


def _unfused(listed: GpuKernels, kernels: Sequence[tuple[Kernel, str]]) -> Iterator[Array]:
    """Dispatches one a launch; a kernel without a launch of its own is part of the one before it."""
    rows: list[tuple[Array, int]] = []
    for kernel, side in kernels:
        own = kernel.launches or not rows
        row = np.zeros((len(FIELDS), len(ITEMS))) if own else rows[-1][0]
        for items, work in kernel.work.items():
            column = _column(items, side)
            row[FLOPS, column] += work.flops
            for names, writes in ((work.reads, False), (work.writes, True)):
                for name in names:
                    _move(row, listed.records[name], column, writes=writes)
        if own:
            rows.append((row, max(1, kernel.launches)))
    for row, launches in rows:
        yield from [row / launches] * launches


def _fused(listed: GpuKernels, kernels: Sequence[tuple[Kernel, str]], *, is_last: bool, registers: bool) -> Array:
    """The one dispatch that does the work of all."""
    row = np.zeros((len(FIELDS), len(ITEMS)))
    first: dict[str, tuple[bool, list[int]]] = {}
    written: dict[str, list[int]] = {}
    for kernel, side in kernels:
        reads, writes = _touched(kernel, side)
        for items, work in kernel.work.items():
            row[FLOPS, _column(items, side)] += work.flops
        for touched, by_read in ((reads, True), (writes, False)):
            for name, columns in touched.items():
                first.setdefault(name, (by_read, columns))
        written |= writes
    for name, (by_read, columns) in first.items():
        record = listed.records[name]
        in_registers = registers and record.kind in {"state", "input"}
        if by_read and record.kind != "scratch" and not in_registers:
            _move_all(row, record, columns, writes=False)
    for name, columns in written.items():
        record = listed.records[name]
        is_read_later = not is_last and (record.kind == "input" or (record.kind == "state" and not registers))
        if is_read_later or record.kind == "stored":
            _move_all(row, record, columns, writes=True)
    return row


def _touched(kernel: Kernel, side: str) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Columns of the items for which a kernel reads records, and writes them."""
    reads: dict[str, list[int]] = {}
    writes: dict[str, list[int]] = {}
    for items, work in kernel.work.items():
        for names, touched in ((work.reads, reads), (work.writes, writes)):
            for name in names:
                touched.setdefault(name, []).append(_column(items, side))
    return reads, writes


def _move_all(row: Array, record: Record, columns: Sequence[int], *, writes: bool) -> None:
    """Add a record that is read or written once an item, of several kinds of item."""
    for column in columns:
        _move(row, record, column, writes=writes)
