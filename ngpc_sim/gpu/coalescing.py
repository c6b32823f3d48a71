"""How many 32-byte sectors a GPU fetches for the table entries that neighbouring queries ask for.

A warp of 32 consecutive queries loads one corner at a time and fetches each sector that these loads touch once. A
block of 512 consecutive queries of one level shares an L1 cache: what it fetches from L2 is at least each sector once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.engines.grid_index import checked_positions, level_arguments
from ngpc_sim.kernels.grid_index import index_level
from ngpc_sim.kernels.sectors import sectors_of
from ngpc_sim.workloads.grids import GridEncoding

Array = np.ndarray[Any, Any]
SECTOR_BYTES = 32
WARP_QUERIES = 32
#: queries of a block of tiny-cuda-nn's kernel_grid (grid.h:769-787)
BLOCK_QUERIES = 512
#: entries are fp16 on the GPU
FEATURE_BYTES = 2


def sectors_per_query(encoding: GridEncoding, positions: Array, firsts: Array, weights: Array) -> Array:
    """(L, 2) sectors of a query on each level: fetched by its warp from L1, and by its block from L2, on average.

    Parameters
    ----------
    encoding
        The grid; its tables hold fp16 features.
    positions
        (n, D) float32 in the order asked.
    firsts
        (s,) first row of each run of neighbouring queries, ascending, the first one 0; a warp or block never spans two.
    weights
        (s,) how many such runs each stands for.
    """
    array = checked_positions(encoding, positions)
    ends = np.append(firsts[1:], len(array)).astype(np.int64)
    asked = float(((ends - firsts) * weights).sum())
    entry_bytes = encoding.n_features_per_level * FEATURE_BYTES
    per_sector = np.uint32(max(SECTOR_BYTES // entry_bytes, 1))
    smooth = encoding.interpolation == "smoothstep"
    index = np.empty((len(array), encoding.corners), np.uint32)
    frac = np.empty((len(array), encoding.n_dims), np.float32)
    result = np.empty((encoding.n_levels, 2))
    for number, level in enumerate(level_arguments(encoding)):
        index_level(array, level, smooth, index, frac)
        for column, (queries, by_corner) in enumerate(((WARP_QUERIES, True), (BLOCK_QUERIES, False))):
            seen = np.full(int(level.entries) // int(per_sector) + 1, -1, np.int64)
            counts = np.empty(len(firsts), np.int64)
            sectors_of(index, firsts, ends, queries, by_corner, per_sector, seen, counts)
            result[number, column] = float((counts * weights).sum()) / asked
    return result
