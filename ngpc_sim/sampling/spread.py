"""How much the costs of drawn shares differ, and how well that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.sampling.drawing import Strata

Array = np.ndarray[Any, Any]


def donors_of(strata: Strata) -> tuple[Array, Array]:
    """(H, most drawn of a stratum) drawn shares, and which of the places hold one."""
    slot = np.arange(int(strata.taken.max()))
    known = slot < strata.taken[:, None]
    places = np.minimum(strata.firsts[:-1, None] + slot, len(strata.members) - 1)
    return strata.members[places], known


def differences(strata: Strata, place: Array, costs: Array) -> Array:
    """(H,) largest difference between drawn shares of a stratum; share u has the cost ``costs[place[u]]``."""
    values = costs[place[strata.members[strata.is_drawn]]]
    starts = np.r_[0, np.cumsum(strata.taken)[:-1]]
    found: Array = np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts)
    return found


def without_spread(strata: Strata, place: Array, columns: Sequence[Array]) -> bool:
    """Whether the drawn shares of every stratum, and of its neighbour, have the same costs in all ``columns``."""
    still_open = strata.taken < strata.sizes
    first = place[strata.members[strata.firsts[:-1]]]
    return not any(
        (
            still_open & ((differences(strata, place, costs) > 0) | (costs[first] != costs[first[strata.neighbour]]))
        ).any()
        for costs in columns
    )


def degrees_of(strata: Strata, place: Array, columns: Sequence[Array], often: Array) -> float:
    """Degrees of freedom of what the drawn shares say of their spread, by Satterthwaite; the least of all columns.

    ``often`` (U,): how much a share counts in the frame.
    """
    donors, known = donors_of(strata)
    rows = place[donors]
    asked = np.where(known, often[donors], 0)
    mean_often = asked.sum(axis=1) / strata.taken
    free = np.maximum(strata.taken - 1, 1)
    least = math.inf
    for costs in columns:
        values = np.where(known, costs[rows], 0.0)
        mean = values.sum(axis=1) / strata.taken
        squares = np.where(known, values - mean[:, None], 0.0) ** 2 * mean_often[:, None]
        parts = squares.sum(axis=1) / free * strata.sizes * (strata.sizes - strata.taken) / strata.taken
        if parts.any():
            least = min(least, float(parts.sum() ** 2 / (parts**2 / free).sum()))
    return least
