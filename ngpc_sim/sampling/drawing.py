"""Which shares are drawn: strata, how many of each, and in which order.

A cell holds shares of which one can stand for another: of a recorded sample those of equally many queries on ports of
equal rates, of a whole frame those of about as many on ports about as fast. Inside a cell they are in the order of the
frame: invocation after invocation, and in an invocation chunk after chunk, which is screen tile after screen tile. Runs
of that order are the strata.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: part of the frame's queries that the first draw replays, both copies counted
FIRST_DRAW = 0.018
#: shares drawn of a cell at least, fewer where so many would exceed the first draw, but two
LEAST_OF_CELL = 4
#: shares drawn of a stratum, at least: their spread must tell something
LEAST_OF_STRATUM = 6
BISECTIONS = 40


@dataclass(frozen=True)
class Strata:
    """Shares by stratum, in random order inside each: the first ``taken`` of a stratum are drawn.

    ``members`` (U,); ``firsts`` (H + 1,) where each stratum begins; ``taken`` (H,); ``neighbour`` (H,) another
    stratum of the same cell beside it, or itself where there is none.
    """

    members: Array
    firsts: Array
    taken: Array
    neighbour: Array

    @property
    def sizes(self) -> Array:
        """(H,) shares of every stratum."""
        sizes: Array = np.diff(self.firsts)
        return sizes

    @property
    def of_member(self) -> Array:
        """(U,) stratum of each entry of ``members``."""
        return np.repeat(np.arange(len(self.taken)), self.sizes)

    @property
    def is_drawn(self) -> Array:
        """(U,) of each entry of ``members``."""
        stratum = self.of_member
        drawn: Array = np.arange(len(self.members)) - self.firsts[stratum] < self.taken[stratum]
        return drawn

    @property
    def drawn(self) -> Array:
        """Shares that are drawn, stratum after stratum."""
        drawn: Array = self.members[self.is_drawn]
        return drawn

    @property
    def complete(self) -> bool:
        """Whether every share is drawn."""
        return bool((self.taken == self.sizes).all())

    def doubled(self) -> Strata:
        """Twice as many of every stratum, those drawn before among them."""
        return replace(self, taken=np.minimum(2 * self.taken, self.sizes))

    def halved(self, rng: np.random.Generator) -> Strata:
        """As if only every second of the shares drawn had been, at least two of a stratum that has them."""
        order = np.lexsort((rng.random(len(self.members)), ~self.is_drawn, self.of_member))
        least = np.minimum(self.taken, 2)
        return replace(self, members=self.members[order], taken=np.maximum(self.taken // 2, least))


def draw(
    keys: Array, queries: Array, frame_queries: int, rng: np.random.Generator, along: Array | None = None
) -> Strata:
    """Strata of shares of ``queries`` (U,) each, in a frame of ``frame_queries``; equal ``keys`` (U, k) make a cell.

    ``along`` (U,): what orders the shares of a cell, and then their numbers do; without it these alone.
    """
    _, cell = np.unique(keys, axis=0, return_inverse=True)
    order = np.lexsort((np.zeros(len(queries)) if along is None else along, cell.ravel()))
    sizes = np.bincount(cell.ravel())
    mean_queries = np.bincount(cell.ravel(), weights=queries) / sizes
    wanted = _allocated(sizes, mean_queries, FIRST_DRAW * frame_queries)
    parts: list[Array] = []
    taken: list[int] = []
    neighbour: list[int] = []
    for members, number in zip(np.split(order, np.cumsum(sizes)[:-1]), wanted.tolist(), strict=True):
        runs = max(1, number // LEAST_OF_STRATUM)
        here = len(parts)
        neighbour += [here + (run ^ 1 if run ^ 1 < runs else run) for run in range(runs)]
        parts += [rng.permutation(run) for run in np.array_split(members, runs)]
        taken += [len(run) for run in np.array_split(np.arange(number), runs)]
    firsts = np.r_[0, np.cumsum([len(part) for part in parts])]
    limited = np.minimum(np.array(taken, np.int64), np.diff(firsts))
    return Strata(np.concatenate(parts), firsts, limited, np.array(neighbour, np.int64))


def _allocated(sizes: Array, queries: Array, budget: float) -> Array:
    """(cells,) how many to draw of cells of ``sizes`` shares of ``queries`` each, to replay ``budget`` queries.

    In proportion to the shares over the root of their queries, as is best where shares differ alike and cost what
    they have queries; each share is replayed twice.
    """
    weight = sizes / np.sqrt(queries)

    def numbers(factor: float, least: int) -> Array:
        return np.minimum(sizes, np.maximum(least, np.ceil(factor * weight))).astype(np.int64)

    def fits(factor: float, least: int) -> bool:
        return 2 * int((numbers(factor, least) * queries).sum()) <= budget

    least = next((number for number in range(LEAST_OF_CELL, 2, -1) if fits(0.0, number)), 2)
    low, high = 0.0, float((sizes / weight).max())
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle, least) else (low, middle)
    return numbers(low, least)
