"""Rows of a trace counted by invocation and part of the frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.kernels.compiled import kernel

Array = np.ndarray[Any, Any]


@kernel
def count_rows(invocations: Array, tiles: Array, n_tiles: int, last: Array, counts: Array) -> int:
    """Count rows into ``counts`` (invocations, parts); ``last`` (2,) is the row before. Returns a number of FLAWS.

    Tile t of n lies in part t * parts // n.
    """
    parts = counts.shape[1]
    for i in range(len(invocations)):
        invocation, tile = np.int64(invocations[i]), np.int64(tiles[i])
        if not 0 <= invocation < counts.shape[0]:
            return 1
        if not 0 <= tile < n_tiles:
            return 2
        if invocation < last[0] or (invocation == last[0] and tile < last[1]):
            return 3
        last[0], last[1] = invocation, tile
        counts[invocation, tile * parts // n_tiles] += 1
    return 0
