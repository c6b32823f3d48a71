"""How many queries of a full-frame trace belong to each part of its frame, by invocation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.kernels.rows_by_part import count_rows
from ngpc_sim.trace.contents import Trace

Array = np.ndarray[Any, Any]
#: laws that rows break, as the end of a sentence about the trace; 0 for none
FLAWS = (
    "",
    "has a query of an invocation that its profile does not know",
    "has a query of a tile that has no weight",
    "has invocations that do not ascend, or tiles that do not ascend inside an invocation",
)


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
