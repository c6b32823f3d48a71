"""How well rows determine parameters: rank, free directions, pairs that trade for each other, profile intervals.

*Free directions* are directions in which the parameters can move while the rows stay where they are. They are the right
singular vectors of the Jacobian (rows in uncertainties by logarithms of parameters) whose singular values are below
``RANK`` of the largest, or for which there are no rows. P is the projector on them. A parameter takes part in the free
directions when P_ii is at least ``TAKES_PART``. Two such parameters cannot be told apart when |P_ij| / sqrt(P_ii P_jj)
is at least ``TOGETHER``. Each such pair is tried: both are moved along the direction, one by ``TRY``, and held there,
while all others are fitted again. The pair is confirmed when the chi-square rises by less than ``SAME``.

A *profile interval* holds the values at which one parameter can be held, all others fitted again, without the
chi-square rising by more than ``CHI_SQUARE`` over the best. An end that reaches its bound before that is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt

import numpy as np

from ngpc_sim.paper.calibration.least_squares import Solution, solve
from ngpc_sim.paper.calibration.problem import EXACT, Array, Problem

#: 95 % of the chi-square distribution of one degree of freedom
CHI_SQUARE = 3.841458820694124
RANK = 1e-3
TAKES_PART = 0.01
TOGETHER = 0.5
TRY = log(1.02)
SAME = 1.0
#: first step away from the best in logarithms, how steps grow, and how well an end is known, as a share of the interval
FIRST_STEP, GROWTH, FINEST = 0.01, 1.6, 1e-3


@dataclass(frozen=True)
class Pair:
    """Two parameters that trade for each other.

    ``correlation`` along the free directions; ``rise`` of the chi-square at ``moved``, (n,) logarithms with both moved.
    """

    first: str
    second: str
    correlation: float
    rise: float
    moved: Array

    @property
    def confirmed(self) -> bool:
        """Whether the move left the rows where they were."""
        return self.rise < SAME


@dataclass(frozen=True)
class Directions:
    """Singular values (largest first), rank, and the (n - rank, n) free directions, each of length 1."""

    singular_values: Array
    rank: int
    free: Array

    @property
    def projector(self) -> Array:
        """(n, n) projector on the free directions."""
        found: Array = self.free.T @ self.free
        return found


@dataclass(frozen=True)
class End:
    """An end of an interval: the refitted (n,) logarithms there, and whether only its bound stops it."""

    solution: Solution
    is_open: bool


def directions(jacobian: Array) -> Directions:
    """Rank and free directions of an (m, n) Jacobian."""
    _, values, rows = np.linalg.svd(jacobian, full_matrices=True)
    rank = int((values > RANK * values[0]).sum()) if values.size and values[0] > 0 else 0
    free = rows[rank:]
    signs = [1.0 if row[np.abs(row).argmax()] > 0 else -1.0 for row in free]
    return Directions(values, rank, free * np.array(signs).reshape(-1, 1))


def pairs(problem: Problem, best: Solution, found: Directions) -> list[Pair]:
    """Pairs that cannot be told apart, the strongest correlation first; each has been tried."""
    projector = found.projector
    numbers = range(len(problem.names))
    inside = [number for number in numbers if found.free.size and projector[number, number] >= TAKES_PART]
    pairs_found = []
    for one, other in combinations(inside, 2):
        correlation = float(projector[one, other] / sqrt(projector[one, one] * projector[other, other]))
        if abs(correlation) >= TOGETHER:
            pairs_found.append(_tried(problem, best, projector, (one, other), correlation))
    return sorted(pairs_found, key=lambda pair: (-round(abs(pair.correlation), 6), pair.first, pair.second))


def _tried(problem: Problem, best: Solution, projector: Array, pair: tuple[int, int], correlation: float) -> Pair:
    one, other = pair
    tries = []
    for sign in (1.0, -1.0):
        moved = np.clip(best.x + sign * TRY * projector[one] / projector[one, one], problem.low, problem.high)
        tries.append(solve(problem, moved, held={n: float(moved[n]) for n in pair}, stages=(EXACT,)))
    least = min(tries, key=lambda solution: solution.objective)
    rise = least.objective - best.objective
    return Pair(problem.names[one], problem.names[other], correlation, rise, least.x)


def profile(
    problem: Problem, best: Solution, number: int, seen: Callable[[float, float], None] | None = None
) -> tuple[End, End]:
    """Both ends of the interval of parameter ``number``; ``seen`` is told each logarithm tried and its chi-square."""
    below, above = (_end(problem, best, number, sign, seen or (lambda *_: None)) for sign in (-1, 1))
    return below, above


def _end(problem: Problem, best: Solution, number: int, sign: int, seen: Callable[[float, float], None]) -> End:
    bound = float(problem.low[number] if sign < 0 else problem.high[number])
    limit = best.objective + CHI_SQUARE
    inside, step = best, FIRST_STEP

    def refitted(value: float) -> Solution:
        held = {number: value}
        found = solve(problem, inside.x, held=held, stages=(EXACT,))
        if found.objective > limit and len(problem.stages) > 1:
            found = min(found, solve(problem, inside.x, held=held), key=lambda one: one.objective)
        seen(value, found.objective)
        return found

    while True:
        value = float(inside.x[number] + sign * step)
        value = bound if sign * (value - bound) >= 0 else value
        tried = refitted(value)
        if tried.objective > limit:
            break
        inside = tried
        if value == bound:
            return End(inside, is_open=True)
        step *= GROWTH
    outside = value
    while abs(outside - inside.x[number]) > FINEST * abs(outside - best.x[number]):
        value = (outside + float(inside.x[number])) / 2
        tried = refitted(value)
        if tried.objective > limit:
            outside = value
        else:
            inside = tried
    return End(inside, is_open=False)
