"""Encoding engine: one level of the grid, 2^D lookups a query from a banked grid_sram.

Blocks pos_fract, grid_index, grid_sram and interpol_weights of the paper's figure, fully pipelined.
Per query and level::

    index cycles = ceil(2^D / corner_lanes)
    bank cycles  = max over banks of ceil(distinct entries in that bank / read_ports)
    interval     = max(index cycles, bank cycles, 1)

Equal entries of one query are read once (broadcast). ``bank_map``: ``low_bits`` is entry mod banks,
``xor_fold`` the xor of all log2(banks)-bit groups of the entry. ``banks: ideal`` never conflicts.
``reuse: last_voxel``: a query in the voxel of the query before it on that engine reads nothing new (its
index cycles remain). Levels to engines: with L <= E, floor(E/L) queries go side by side, query i on
group i mod P; with L > E an engine serves levels e, e+E, ... one after another.

Left out here: whether the table fits (see :func:`spilled_levels`), and interpolation arithmetic beyond
its latency. Sources of the defaults: ``arch_configs/ngpc.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numba import njit

from ngpc_sim.engines.grid_index import axis_terms, cell_of, checked_positions, corner_entry, fma_half, level_arguments
from ngpc_sim.engines.timing import Timing
from ngpc_sim.errors import UserError
from ngpc_sim.plugins import BUILTIN, build, checked
from ngpc_sim.schema import Field, Spec, field_validator
from ngpc_sim.threads import map_threads
from ngpc_sim.workload import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]


class LatencySpec(Spec):
    """Pipeline latency of each stage, in cycles."""

    pos_fract: int = Field(ge=0, le=1000, description="cycles of stage pos_fract")
    grid_index: int = Field(ge=0, le=1000, description="cycles of stage grid_index")
    grid_sram: int = Field(ge=0, le=1000, description="cycles of a grid_sram read")
    interpol_weights: int = Field(ge=0, le=1000, description="cycles of stage interpol_weights")

    @property
    def total(self) -> int:
        """Cycles of all four stages."""
        return self.pos_fract + self.grid_index + self.grid_sram + self.interpol_weights


class EncodingSpec(Spec):
    """All encoding engines of one NFP."""

    model: str = Field(default=BUILTIN, description="builtin, or package.module:Class of a plug-in")
    options: dict[str, int | float | str | bool] = Field(default={}, description="values for a plug-in")
    engines: int = Field(ge=1, le=256, description="encoding engines in an NFP")
    corner_lanes: int = Field(ge=1, le=64, description="corners whose index is computed in one cycle")
    banks: int | Literal["ideal"] = Field(description="banks of a grid_sram, a power of two, or ideal")
    read_ports: int = Field(ge=1, le=64, description="reads of one bank in one cycle")
    bank_map: Literal["low_bits", "xor_fold"] = Field(description="how an entry finds its bank")
    grid_sram_kib: int = Field(ge=1, le=1 << 20, description="capacity of one engine's grid_sram in KiB")
    feature_bytes: int = Field(ge=1, le=4, description="bytes of one feature in grid_sram")
    table_policy: Literal["assume_fit", "reject"] = Field(description="what happens to a level that does not fit")
    line_bytes: int = Field(ge=1, le=4096, description="bytes of a line when grid_sram is a cache")
    ways: int = Field(ge=1, le=1024, description="ways when grid_sram is a cache")
    outstanding_lines: int = Field(ge=1, le=65536, description="misses in flight when grid_sram is a cache")
    reuse: Literal["none", "last_voxel"] = Field(description="whether a query in the last voxel reads again")
    latency_cycles: LatencySpec = Field(description="latency of the four stages in cycles")

    @field_validator("model")
    @classmethod
    def _model_name(cls, model: str) -> str:
        return checked(model, BUILTIN)

    @field_validator("banks", mode="before")
    @classmethod
    def _power_of_two(cls, banks: object) -> object:
        whole = isinstance(banks, int) and not isinstance(banks, bool)
        if banks != "ideal" and not (whole and 1 <= banks <= 4096 and not banks & (banks - 1)):  # type: ignore[operator]
            raise ValueError("it should be a power of two from 1 to 4096, or ideal")
        return banks

    @property
    def grid_sram_bytes(self) -> int:
        """Capacity of one engine's grid_sram."""
        return self.grid_sram_kib * 1024


@njit(cache=True, nogil=True, inline="always")
def bank_of(entry, bits, mask, xor_fold):
    """Bank of an entry: its low bits, or the xor of all its groups of ``bits`` bits."""
    if not xor_fold or bits == 0:
        return entry & mask
    bank = np.uint64(0)
    while entry != 0:
        bank ^= entry & mask
        entry >>= bits
    return bank


@njit(cache=True, nogil=True, inline="always")
def same_entry_twice(entries, corners):
    """Whether two of the first ``corners`` entries are the same."""
    twice = False
    for k in range(1, corners):
        for j in range(k):
            twice |= entries[j] == entries[k]
    return twice


@njit(cache=True, nogil=True, inline="always")
def most_in_one_bank(banks, corners):
    """How often the most frequent of the first ``corners`` banks occurs; a bank counts in a byte where it can."""
    worst: Any = 0
    few = True
    counts = np.uint64(0)
    for k in range(corners):
        few &= banks[k] < np.uint64(8)
        counts += np.uint64(1) << (np.uint64(8) * (banks[k] & np.uint64(7)))
    if few:
        for byte in range(8):
            worst = max(worst, np.int64((counts >> np.uint64(8 * byte)) & np.uint64(255)))
        return worst
    for k in range(corners):
        same = 0
        for j in range(corners):
            same += banks[j] == banks[k]
        worst = max(worst, same)
    return worst


@njit(cache=True, nogil=True)
def keep_distinct(entries, corners):
    """Move the distinct ones of the first ``corners`` entries to the front; returns how many there are."""
    distinct = 0
    for k in range(corners):
        new = True
        for j in range(distinct):
            new = new and entries[j] != entries[k]
        if new:
            entries[distinct] = entries[k]
            distinct += 1
    return distinct


@njit(cache=True, nogil=True)
def service_level(
    positions, scale, hashed, factors, entries, bits, xor_fold, ports, index_cycles, reuse_distance, interval, reads
):  # fmt: skip
    """Fill the initiation intervals (n,) and entries read (n,), 0 before, of one level.

    ``bits`` is log2(banks), or -1 for ideal banks; ``reuse_distance`` is how many queries back the
    engine's last query lies, 0 without reuse.
    """
    dims = len(factors)
    corners = 1 << dims
    cell = np.empty(dims, np.uint64)
    terms = np.empty((dims, 2), np.uint64)
    history = np.zeros((max(reuse_distance, 1), dims), np.uint64)
    table_entries = np.empty(corners, np.uint64)
    banks = np.empty(corners, np.uint64)
    mask = np.uint64((1 << max(bits, 0)) - 1)
    shift = np.uint64(max(bits, 0))
    for i in range(positions.shape[0]):
        for d in range(dims):
            cell[d] = cell_of(fma_half(scale, positions[i, d]))
        if reuse_distance:
            slot = i % reuse_distance
            same = i >= reuse_distance
            for d in range(dims):
                same = same and history[slot, d] == cell[d]
                history[slot, d] = cell[d]
            if same:
                interval[i] = index_cycles
                continue
        axis_terms(cell, factors, terms)
        for corner in range(corners):
            table_entries[corner] = corner_entry(terms, dims, corner, hashed, entries)
        distinct = corners
        if same_entry_twice(table_entries, corners):
            distinct = keep_distinct(table_entries, corners)
        reads[i] = distinct
        if bits < 0:
            interval[i] = index_cycles
            continue
        for k in range(distinct):
            banks[k] = bank_of(table_entries[k], shift, mask, xor_fold)
        bank_cycles = (most_in_one_bank(banks, distinct) + ports - 1) // ports
        interval[i] = max(index_cycles, bank_cycles)


@njit(cache=True, nogil=True)
def add_up(slot_cycles, running):
    """Fill ``running`` (n + 1, slots) with the sums over the first queries, from 0."""
    for i in range(slot_cycles.shape[0]):
        for slot in range(slot_cycles.shape[1]):
            running[i + 1, slot] = running[i, slot] + slot_cycles[i, slot]


@dataclass(frozen=True)
class EncodingWork:
    """Queries for the encoding engines: a grid and (n, D) float32 positions."""

    encoding: GridEncoding
    positions: Array


@dataclass(frozen=True)
class Service:
    """What the engines need for a stream of queries.

    ``slot_cycles`` (n, slots) uint16: interval of every engine that works on a query, levels of one
    engine added up; ``reads`` (n,) int32: entries read over all levels; ``base_cycles`` (slots,) int64:
    the interval without bank conflicts; ``uniform``: whether every query is known to take the same cycles.
    """

    slot_cycles: Array
    reads: Array
    base_cycles: Array
    uniform: bool = False

    def running_cycles(self) -> Array:
        """(n + 1, slots) int64: cycles of every slot over the first 0, 1, ... n queries."""
        running = np.zeros((len(self.slot_cycles) + 1, self.slot_cycles.shape[1]), np.int64)
        add_up(self.slot_cycles, running)
        return running


class EncodingEngine:
    """The encoding engines of one NFP as a pure function of their spec."""

    def __init__(self, spec: EncodingSpec) -> None:
        self.spec = spec

    @property
    def latency_cycles(self) -> int:
        """From a query's last index cycle to its features, all four stages."""
        return self.spec.latency_cycles.total

    def side_by_side(self, encoding: GridEncoding) -> int:
        """Queries encoded at once, P = floor(E / L), at least 1."""
        return max(1, self.spec.engines // encoding.n_levels)

    def index_cycles(self, encoding: GridEncoding) -> int:
        """Cycles to compute the indices of one query and level."""
        return -(-encoding.corners // self.spec.corner_lanes)

    def service_cycles(self, encoding: GridEncoding, positions: Array) -> Array:
        """(n, L) int64 initiation intervals of every query and level, in cycles."""
        return self._levels(encoding, positions)[0].astype(np.int64)

    def service(self, encoding: GridEncoding, positions: Array) -> Service:
        """Intervals by engine slot, and entries read, of a stream of queries."""
        intervals, reads = self._levels(encoding, positions)
        slots = min(self.spec.engines, encoding.n_levels)
        rounds = -(-encoding.n_levels // slots)
        base = np.array(
            [sum(1 for level in range(slot, encoding.n_levels, slots)) for slot in range(slots)],
            dtype=np.int64,
        ) * self.index_cycles(encoding)
        if rounds > 1:
            folded = np.zeros((len(intervals), slots), np.uint16)
            for level in range(encoding.n_levels):
                folded[:, level % slots] += intervals[:, level]
            intervals = folded
        uniform = bool((intervals == intervals[:1]).all())
        return Service(np.ascontiguousarray(intervals), reads, base, uniform)

    def _levels(self, encoding: GridEncoding, positions: Array) -> tuple[Array, Array]:
        array = checked_positions(encoding, positions)
        spec = self.spec
        bits = -1 if spec.banks == "ideal" else int(spec.banks).bit_length() - 1
        distance = self.side_by_side(encoding) if spec.reuse == "last_voxel" else 0
        intervals = np.empty((encoding.n_levels, len(array)), np.uint16)
        reads = np.zeros((encoding.n_levels, len(array)), np.uint8)
        arguments = level_arguments(encoding)

        def level(number: int) -> None:
            service_level(
                array, *arguments[number], bits, spec.bank_map == "xor_fold", spec.read_ports,
                self.index_cycles(encoding), distance, intervals[number], reads[number],
            )  # fmt: skip

        map_threads(level, range(encoding.n_levels))
        return intervals.T, reads.sum(axis=0, dtype=np.int32)

    def timing(self, work: EncodingWork) -> Timing:
        """Cycles and actions of a stream that never waits for its inputs or its buffer."""
        n = len(work.positions)
        if n == 0:
            return Timing(0, 0, dict.fromkeys(self.actions(work.encoding, 0, 0), 0))
        service = self.service(work.encoding, work.positions)
        groups = self.side_by_side(work.encoding)
        cycles = service.slot_cycles.astype(np.int64)
        busy = max(int(cycles[group::groups].sum(axis=0).max()) for group in range(min(groups, n)))
        latency = busy - 1 + self.latency_cycles
        return Timing(latency, busy, self.actions(work.encoding, n, int(service.reads.sum())))

    @staticmethod
    def actions(encoding: GridEncoding, n_queries: int, entries_read: int) -> Mapping[str, int]:
        """Counted actions of ``n_queries`` that read ``entries_read`` table entries."""
        per_level = n_queries * encoding.n_levels
        return {
            "pos_fract": per_level * encoding.n_dims,
            "grid_index": per_level * encoding.corners,
            "grid_sram_read": entries_read,
            "interpol_weights": per_level * encoding.corners * encoding.n_features_per_level,
        }


#: what a class in the place of the encoding engines must have
NEEDS = ("side_by_side", "index_cycles", "latency_cycles", "service", "timing", "actions")


def encoding_engine(spec: EncodingSpec) -> EncodingEngine:
    """The encoding engines that a spec names, built in or a plug-in."""
    if spec.model == BUILTIN:
        return EncodingEngine(spec)
    engine: EncodingEngine = build(spec.model, NEEDS, spec)
    return engine


def spilled_levels(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Levels whose tables do not fit the grid_sram of their engine.

    With more levels than engines, the tables of one engine share its grid_sram, and all of them spill
    together.
    """
    entry_bytes = encoding.n_features_per_level * spec.feature_bytes
    sizes = [level.entries * entry_bytes for level in grid_levels(encoding)]
    slots = min(spec.engines, encoding.n_levels)
    needed = [sum(sizes[slot::slots]) for slot in range(slots)]
    return [level for level in range(encoding.n_levels) if needed[level % slots] > spec.grid_sram_bytes]


def check_tables(spec: EncodingSpec, encoding: GridEncoding, workload: str) -> list[int]:
    """Spilled levels; with ``table_policy: reject`` they are an error that names them."""
    spilled = spilled_levels(spec, encoding)
    if spilled and spec.table_policy == "reject":
        raise UserError(
            f"{workload}: levels {level_ranges(spilled)} do not fit a grid_sram of {spec.grid_sram_kib} KiB with "
            f"{spec.feature_bytes}-byte features, and nfp.encoding.table_policy is reject."
        )
    return spilled


def level_ranges(levels: list[int]) -> str:
    """Ascending level numbers as text, ``4-15`` or ``0-1 5``; empty for none."""
    runs: list[list[int]] = []
    for level in levels:
        if runs and level == runs[-1][-1] + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
