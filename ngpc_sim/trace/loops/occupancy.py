"""Occupancy bits: cascades of 128^3 cells, one bit each, Morton order, least significant bit first.

Cascade m covers [0.5 - 2^(m-1), 0.5 + 2^(m-1)]^3 (instant-ngp abe236e, testbed_nerf.cu).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Real, Truth, Whole

GRID_CELLS = 128
"""Cells per side of a cascade."""
CASCADE_BYTES = GRID_CELLS**3 // 8
_SLAB = 8
"""Cell layers whose centres are made at once, so that a cascade needs a few megabytes."""
Bits = npt.NDArray[np.uint8]
"""(n_cascades, CASCADE_BYTES)."""
Predicate = Callable[[npt.NDArray[np.float64], int], npt.NDArray[Any]]
"""(n, 3) cell centres in world space, cascade -> (n,) bool."""


@loop
def spread(value: Whole) -> Whole:
    """Put bit i of a 10-bit number at bit 3i."""
    value = (value | (value << 16)) & 0x030000FF
    value = (value | (value << 8)) & 0x0300F00F
    value = (value | (value << 4)) & 0x030C30C3
    return (value | (value << 2)) & 0x09249249


@loop
def morton(x: Whole, y: Whole, z: Whole) -> Whole:
    """Interleave three cell numbers, x in bit 0."""
    return spread(x) | (spread(y) << 1) | (spread(z) << 2)


@loop
def bit_at(bits: Array, cascade: Whole, x: Whole, y: Whole, z: Whole) -> Truth:
    """Whether the cell (integers) of a cascade is on; cells outside it are off."""
    last = GRID_CELLS - 1
    if x < 0 or y < 0 or z < 0 or x > last or y > last or z > last:
        return False
    index = morton(x, y, z)
    return (bits[cascade, index >> 3] >> (index & 7)) & 1 != 0


@loop
def occupied_at(bits: Array, cascade: Whole, x: Real, y: Real, z: Real) -> Truth:
    """Whether the cascade's cell at a world position is on."""
    scale = GRID_CELLS / (1 << cascade)
    half = GRID_CELLS // 2
    return bit_at(
        bits,
        cascade,
        np.int64(np.floor((x - 0.5) * scale)) + half,
        np.int64(np.floor((y - 0.5) * scale)) + half,
        np.int64(np.floor((z - 0.5) * scale)) + half,
    )


@loop
def _pack_slab(on: Array, first: Whole, row: Array) -> None:
    """Set the bits of ``on`` (layers, 128, 128) bool, indexed [z - first, y, x], in a cascade's row."""
    for z in range(on.shape[0]):
        for y in range(GRID_CELLS):
            for x in range(GRID_CELLS):
                if on[z, y, x]:
                    index = morton(x, y, z + first)
                    row[index >> 3] |= np.uint8(1 << (index & 7))


@loop
def add_finer(bits: Array, cascade: Whole) -> None:
    """Switch on each cell of a cascade that holds one of the next finer cascade's cells."""
    quarter, half = GRID_CELLS // 4, GRID_CELLS // 2
    for z in range(half):
        for y in range(half):
            for x in range(half):
                if bits[cascade - 1, morton(x, y, z)]:
                    index = morton(x + quarter, y + quarter, z + quarter)
                    bits[cascade, index >> 3] |= np.uint8(1 << (index & 7))


def cell_centres(cascade: int, first: int, layers: int) -> npt.NDArray[np.float64]:
    """(layers * 128 * 128, 3) world centres of z layers ``first`` .., x fastest."""
    side = float(1 << cascade)
    axis = (np.arange(GRID_CELLS) + 0.5) / GRID_CELLS * side + 0.5 - side / 2
    z, y, x = np.meshgrid(axis[first : first + layers], axis, axis, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)


def packed(on: npt.NDArray[np.bool_]) -> Bits:
    """Bits of one cascade from (128, 128, 128) bool by [z, y, x]."""
    bits = np.zeros((1, CASCADE_BYTES), np.uint8)
    _pack_slab(on, 0, bits[0])
    return bits


def build(predicate: Predicate, n_cascades: int) -> Bits:
    """Bits of every cascade from a predicate on cell centres; coarser cascades take all finer cells."""
    bits = np.zeros((n_cascades, CASCADE_BYTES), np.uint8)
    for cascade in range(n_cascades):
        for first in range(0, GRID_CELLS, _SLAB):
            on = np.asarray(predicate(cell_centres(cascade, first, _SLAB), cascade), dtype=np.bool_)
            _pack_slab(on.reshape(_SLAB, GRID_CELLS, GRID_CELLS), first, bits[cascade])
        if cascade:
            add_finer(bits, cascade)
    return bits
