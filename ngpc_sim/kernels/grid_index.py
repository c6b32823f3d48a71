"""pos_fract and grid_index as kernels: cells, fractions and table entries of positions, bit for bit as tiny-cuda-nn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import inlined, kernel

Array = np.ndarray[Any, Any]

MASK32 = np.uint64(0xFFFFFFFF)


class Level(NamedTuple):
    """One level of a grid.

    ``scale`` float32 and ``hashed``; ``factors`` (D,) uint64: primes of a hashed level, strides of a linear one;
    ``entries`` of its table, uint64.
    """

    scale: Any
    hashed: bool
    factors: Array
    entries: Any


@kernel
def fma_half(scale, x):
    """fma(scale, x, 0.5) in float32: the product is exact in float64, a tie is broken by the sum's error."""
    product = np.float64(scale) * np.float64(x)
    total = product + 0.5
    rounded = np.float32(total)
    part = total - product
    error = (product - (total - part)) + (0.5 - part)
    if error != 0.0 and np.float64(rounded) != total:
        toward = np.float32(np.inf) if total > np.float64(rounded) else np.float32(-np.inf)
        other = np.nextafter(rounded, toward)
        if (np.float64(rounded) + np.float64(other)) * 0.5 == total:
            return max(rounded, other) if error > 0.0 else min(rounded, other)
    return rounded


@inlined
def cell_of(p):
    """floor(p) as uint32 in a uint64, saturating at the ends of int32."""
    whole = np.floor(np.float64(p))
    whole = min(max(whole, -2147483648.0), 2147483647.0)
    return np.uint64(np.int64(whole)) & MASK32


@inlined
def fill_entries(cell, hashed, factors, entries, changes, table_entries):
    """Fill ``table_entries`` (2^D,) uint64: entries of a cell's corners; bit d of a corner is +1 on axis d.

    ``changes`` (D,) uint64 is room for what that adds to an index, or changes in it where it is ``hashed``.
    """
    lowest = np.uint64(0)
    for d in range(factors.shape[0]):
        low = (cell[d] * factors[d]) & MASK32
        lowest = lowest ^ low if hashed else (lowest + low) & MASK32
        changes[d] = low ^ ((low + factors[d]) & MASK32) if hashed else factors[d]
    table_entries[0] = lowest
    for d in range(factors.shape[0]):
        for corner in range(1 << d):
            index = table_entries[corner]
            index = index ^ changes[d] if hashed else (index + changes[d]) & MASK32
            table_entries[corner + (1 << d)] = index
    for corner in range(table_entries.shape[0]):
        if table_entries[corner] >= entries:
            table_entries[corner] %= entries


@kernel
def index_level(positions, level, smooth, index, frac):
    """Fill ``index`` (n, 2^D) uint32 and ``frac`` (n, D) float32 of one level."""
    dims = level.factors.shape[0]
    cell, changes = np.empty(dims, np.uint64), np.empty(dims, np.uint64)
    table_entries = np.empty(1 << dims, np.uint64)
    for i in range(positions.shape[0]):
        for d in range(dims):
            p = fma_half(level.scale, positions[i, d])
            cell[d] = cell_of(p)
            w = np.float32(p - np.float32(np.floor(p)))
            if smooth:
                w = np.float32(np.float32(w * w) * np.float32(np.float32(3.0) - np.float32(np.float32(2.0) * w)))
            frac[i, d] = w
        fill_entries(cell, level.hashed, level.factors, level.entries, changes, table_entries)
        for corner in range(1 << dims):
            index[i, corner] = table_entries[corner]
