"""What every render loop yields: one call of the network on a batch of positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ngpc_sim.trace.loops.kernel_types import Array

BATCH_QUERIES = 256
"""Query batches are padded to a multiple of this (tiny-cuda-nn 6ee3546, common.h:246)."""
NOT_RECORDED = -1
"""Pixel of a slot that is evaluated although no ray wrote it."""

Network = Callable[[npt.NDArray[np.float32]], Array]
"""(n, D) float32 network positions -> (n,) floating-point values, in the same order."""


@dataclass(frozen=True)
class Invocation:
    """One network call, yielded before the loop goes on with its results."""

    phase: str
    launched: int
    """Queries the call evaluates, padding included."""
    positions: npt.NDArray[np.float32]
    """(n, D) in slot order, n <= launched."""
    pixels: npt.NDArray[np.int32]
    """(n,) row-major pixel whose ray wrote the slot, or ``NOT_RECORDED``."""
    done: float
    """Share of the frame that is finished, 0..1, from the rays that have ended."""


def padded(queries: int) -> int:
    """Next multiple of ``BATCH_QUERIES``."""
    return -(-queries // BATCH_QUERIES) * BATCH_QUERIES
