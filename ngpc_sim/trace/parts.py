"""How many queries of a full-frame trace belong to each part of its frame, by invocation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.errors import UserError
from ngpc_sim.trace.contents import Trace

Array = np.ndarray[Any, Any]
#: laws that rows break, as the end of a sentence about the trace; 0 for none
FLAWS = (
    "",
    "has a query of an invocation that its profile does not know",
    "has a query of a tile that has no weight",
    "has invocations that do not ascend, or tiles that do not ascend inside an invocation",
)


@njit(cache=True, nogil=True)
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


def recorded_by_part(trace: Trace, parts: int) -> Array:
    """Recorded queries by invocation and part, (n_invocations, parts) int64: tiles in order, evenly divided.

    Raises
    ------
    UserError
        Where the rows break a law of traces, which for one that is streamed is seen only now.
    """
    counts = np.zeros((trace.n_invocations, parts), np.int64)
    last = np.zeros(2, np.int64)
    for invocations, tiles in trace.blocks(positions=False):
        fault = FLAWS[count_rows(invocations, tiles, len(trace.tile_weights), last, counts)]
        if fault:
            raise UserError(f"The trace {trace.name} {fault}.")
    if (counts.sum(axis=1) > trace.profile).any():
        raise UserError(f"The trace {trace.name} records more queries of an invocation than its profile counts.")
    return counts
