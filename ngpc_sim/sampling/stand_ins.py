"""Which drawn share stands for which share that was not drawn, and where drawn shares differ at all.

Given what was drawn, the rest of a stratum is another draw from the same shares (finite-population Bayesian bootstrap,
Lo 1988). Weights of the drawn ones come from a Dirichlet distribution, then every other share takes one of them, whole,
by these weights. With (k - 2) / k as the parameter of the distribution, the mean of a stratum of k drawn varies as the
classical variance of a mean has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ngpc_sim.sampling.drawing import Strata

Array = np.ndarray[Any, Any]

#: least parameter of the Dirichlet distribution, for strata of two or three
LEAST_PARAMETER = 0.3


def stand_ins(strata: Strata, group: Array, rng: np.random.Generator, reach: str) -> Array:
    """(U,) share that stands for every share: itself where it was drawn, else one drawn near it.

    ``reach``: ``stratum``, or ``wide``, the stratum or its neighbour, or ``narrow``, those of the stratum that are of
    the same ``group`` (U,), where any is. With ``command`` or ``part`` behind it, one for all of a stratum's ``group``.
    """
    donors, known = _donors(strata)
    if reach.startswith("wide"):
        beside = strata.neighbour
        other = known[beside] & (beside != np.arange(len(beside)))[:, None]
        donors, known = np.hstack([donors, donors[beside]]), np.hstack([known, other])
    numbers = known.sum(axis=1, keepdims=True)
    parameter = np.maximum((numbers - 2) / numbers, LEAST_PARAMETER)
    weights = np.where(known, rng.gamma(np.broadcast_to(parameter, known.shape)), 0.0)
    drawn = strata.is_drawn
    answer = np.empty(len(strata.members), np.int64)
    answer[strata.members[drawn]] = strata.members[drawn]
    rest, where = strata.members[~drawn], strata.of_member[~drawn]
    own = weights[where]
    if reach == "narrow":
        same = known[where] & (group[donors[where]] == group[rest][:, None])
        own = np.where(same | ~same.any(axis=1, keepdims=True), own, 0.0)
    below = np.cumsum(own, axis=1)
    chance = rng.random(len(rest))
    if reach.endswith(("command", "part")):
        chance = rng.random(int(group.max()) + 1)[group[rest]]
    chosen = (chance[:, None] * below[:, -1:] >= below).sum(axis=1)
    answer[rest] = donors[where, np.minimum(chosen, known.shape[1] - 1)]
    return answer


def _donors(strata: Strata) -> tuple[Array, Array]:
    """(H, most drawn of a stratum) drawn shares, and which of the places hold one."""
    slot = np.arange(int(strata.taken.max()))
    known = slot < strata.taken[:, None]
    places = np.minimum(strata.firsts[:-1, None] + slot, len(strata.members) - 1)
    return strata.members[places], known


def differences(strata: Strata, place: Array, costs: Array) -> Array:
    """(H,) largest difference between drawn shares of a stratum; share u has the cost ``costs[place[u]]``."""
    values, starts = _drawn_costs(strata, place, costs)
    found: Array = np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts)
    return found


def _drawn_costs(strata: Strata, place: Array, costs: Array) -> tuple[Array, Array]:
    """Costs of drawn shares, stratum after stratum, and where (H,) each stratum begins."""
    return costs[place[strata.drawn]], np.cumsum(strata.taken) - strata.taken


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


def degrees_of(strata: Strata, place: Array, columns: Sequence[Array]) -> float:
    """Degrees of freedom of what drawn shares say of their spread (Satterthwaite); the least of all ``columns``."""
    free = np.maximum(strata.taken - 1, 1)
    least = math.inf
    for costs in columns:
        values, starts = _drawn_costs(strata, place, costs)
        mean = np.add.reduceat(values, starts) / strata.taken
        squares = np.add.reduceat((values - np.repeat(mean, strata.taken)) ** 2, starts)
        parts = squares / free * strata.sizes * (strata.sizes - strata.taken) / strata.taken
        if parts.any():
            least = min(least, float(parts.sum() ** 2 / (parts**2 / free).sum()))
    return least
