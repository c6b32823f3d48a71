"""Which points, whose every coordinate is to be small, no other dominates."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def front_of(points: Array) -> Array:
    """Indices of the points (n, d) on the front, ascending; a point with an infinite coordinate is not on it."""
    kept: list[int] = []
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    # in the order of their coordinates, none is dominated by a later one
    for index in finite[np.lexsort(points[finite, ::-1].T)]:
        if not kept or not (points[kept] <= points[index]).all(axis=1).any():
            kept.append(int(index))
    return np.array(sorted(kept), int)
