"""pos_fract and grid_index: positions to cells, fractions and table entries.

The stages ``pos_fract`` and ``grid_index`` of the paper's encoding engine. Semantics, bit for bit, of
tiny-cuda-nn at 6ee3546 (encodings/grid.h:53-171, common_device.h:767-884): ``p = fma(scale, x, 0.5)`` in
float32, cell = floor(p) as uint32 with wrap-around, linear index where it fits the table, else the
"coherent prime" hash, and a modulo by the table's entries always. A conversion that overflows int32
saturates, as on the GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.errors import UserError
from ngpc_sim.workload import LINEAR_CAP, GridEncoding, grid_levels

#: primes of the coherent-prime hash, one an axis (common_device.h:767-791)
PRIMES = (1, 2654435761, 805459861, 3674653429)
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


def level_arguments(encoding: GridEncoding) -> list[Any]:
    """``(scale, hashed, factors, entries)`` of every level, as the kernels take them.

    ``factors``: primes of a hashed level, strides of a linear one, 0 where the grid exceeds uint32; a tuple of D
    uint64, so that the number of dimensions is a constant of the compiled kernel.
    """
    arguments: list[Any] = []
    for level in grid_levels(encoding):
        if level.hashed:
            numbers = list(PRIMES[: encoding.n_dims])
        else:
            fits = level.resolution <= LINEAR_CAP[encoding.n_dims]
            numbers = [pow(level.resolution, d, 2**32) if fits else 0 for d in range(encoding.n_dims)]
        factors = tuple(np.uint64(number) for number in numbers)
        arguments.append((np.float32(level.scale), level.hashed, factors, np.uint64(level.entries)))
    return arguments


def checked_positions(encoding: GridEncoding, positions: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - array-like
    """``positions`` as a contiguous (n, D) float32 array, refused where it cannot be one."""
    try:
        array = np.ascontiguousarray(positions, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise UserError("positions must be numbers in an array of shape (n, n_dims).") from error
    if array.ndim != 2 or array.shape[1] != encoding.n_dims:
        raise UserError(f"positions have shape {array.shape}, but the encoding needs (n, {encoding.n_dims}).")
    if not np.isfinite(array).all():
        raise UserError("positions contain a value that is not finite.")
    return array


def grid_index(encoding: GridEncoding, positions: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:  # noqa: ANN401
    """Table entries and interpolation fractions of every query, level and corner.

    Parameters
    ----------
    encoding
        The grid.
    positions
        (n, D) float32.

    Returns
    -------
    index, frac
        (n, L, 2^D) uint32 entry inside its level (bit d of the corner is +1 on axis d), and
        (n, L, D) float32 after the interpolation function.
    """
    array = checked_positions(encoding, positions)
    n, levels = len(array), encoding.n_levels
    index = np.empty((n, levels, encoding.corners), np.uint32)
    frac = np.empty((n, levels, encoding.n_dims), np.float32)
    smooth = encoding.interpolation == "smoothstep"
    for number, arguments in enumerate(level_arguments(encoding)):
        level_index = np.empty((n, encoding.corners), np.uint32)
        level_frac = np.empty((n, encoding.n_dims), np.float32)
        index_level(array, *arguments, smooth, level_index, level_frac)
        index[:, number], frac[:, number] = level_index, level_frac
    return index, frac
