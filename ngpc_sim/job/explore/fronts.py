"""Fronts of points whose every coordinate is to be small: their hypervolume, and how far a point is before one.

A point dominates another when it is nowhere larger and somewhere smaller. Of equal points only the first is on the
front.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.results.fronts import front_of

Array = np.ndarray[Any, Any]


def lead(points: Array, front: Array) -> Array:
    """How far each point (n, d) is before a front (m, d): the least shift of all its coordinates that dominates it.

    It is infinite before an empty front, and at most 0 for what the front dominates already.
    """
    before = np.full(len(points), np.inf)
    for one in front:
        np.minimum(before, (one - points).max(axis=1), out=before)
    return before


def hypervolume(points: Array, reference: Array) -> float:
    """Volume that points (n, d) dominate of the space before ``reference`` (d,); exact, by slices of the last axis."""
    inside = points[(points < reference).all(axis=1)]
    return _volume(inside[front_of(inside)], reference) if len(inside) else 0.0


def _volume(front: Array, reference: Array) -> float:
    if front.shape[1] == 1:
        return float(reference[0] - front[:, 0].min())
    ordered = front[np.argsort(front[:, -1], kind="stable")]
    if front.shape[1] == 2:
        lows = np.minimum.accumulate(ordered[:, 0])
        return float(((reference[0] - lows) * np.diff(ordered[:, 1], append=reference[1])).sum())
    depths = np.diff(ordered[:, -1], append=reference[-1])
    volume, slab = 0.0, ordered[:0, :-1]
    for point, depth in zip(ordered[:, :-1], depths, strict=True):
        slab = np.vstack([slab, point])
        slab = slab[front_of(slab)]
        if depth > 0:
            volume += _volume(slab, reference[:-1]) * float(depth)
    return volume


def grown_volumes(points: Array, reference: Array) -> list[float]:
    """Hypervolume of the first 1, 2, ... of the points (n, d).

    A point adds its own box less what those before it already dominate of that box.
    """
    volumes, volume = [], 0.0
    for index, point in enumerate(points):
        if (point < reference).all():
            overlaps = hypervolume(np.maximum(points[:index], point), reference)
            volume += max(0.0, float(np.prod(reference - point)) - overlaps)
        volumes.append(volume)
    return volumes
