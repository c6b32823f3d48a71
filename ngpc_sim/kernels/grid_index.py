"""pos_fract and grid_index as kernels: cells, fractions and table entries of positions, bit for bit as tiny-cuda-nn."""

from __future__ import annotations

import numpy as np
from numba import njit

MASK32 = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
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


@njit(cache=True, nogil=True, inline="always")
def cell_of(p):
    """floor(p) as uint32 in a uint64, saturating at the ends of int32."""
    whole = np.floor(np.float64(p))
    whole = min(max(whole, -2147483648.0), 2147483647.0)
    return np.uint64(np.int64(whole)) & MASK32


@njit(cache=True, nogil=True, inline="always")
def axis_terms(cell, factors, terms):
    """Fill ``terms`` (D, 2): what each axis adds to an index at the cell's lower and upper corner."""
    for d in range(len(factors)):
        terms[d, 0] = (cell[d] * factors[d]) & MASK32
        terms[d, 1] = (((cell[d] + np.uint64(1)) & MASK32) * factors[d]) & MASK32


@njit(cache=True, nogil=True, inline="always")
def corner_entry(terms, dims, corner, hashed, entries):
    """Entry of one corner in its level's table; bit d of ``corner`` is +1 on axis d."""
    index = np.uint64(0)
    for d in range(dims):
        term = terms[d, (corner >> d) & 1]
        index = index ^ term if hashed else (index + term) & MASK32
    if index >= entries:
        index %= entries
    return index


@njit(cache=True, nogil=True)
def index_level(positions, scale, hashed, factors, entries, smooth, index, frac):
    """Fill ``index`` (n, 2^D) uint32 and ``frac`` (n, D) float32 of one level."""
    dims = len(factors)
    cell = np.empty(dims, np.uint64)
    terms = np.empty((dims, 2), np.uint64)
    for i in range(positions.shape[0]):
        for d in range(dims):
            p = fma_half(scale, positions[i, d])
            cell[d] = cell_of(p)
            w = np.float32(p - np.float32(np.floor(p)))
            if smooth:
                w = np.float32(np.float32(w * w) * np.float32(np.float32(3.0) - np.float32(np.float32(2.0) * w)))
            frac[i, d] = w
        axis_terms(cell, factors, terms)
        for corner in range(1 << dims):
            index[i, corner] = corner_entry(terms, dims, corner, hashed, entries)
