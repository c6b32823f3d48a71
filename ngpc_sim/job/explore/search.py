"""The search: bounds of many designs, replays of the few that may be on the front.

First comes the pool, designs with their bounds: the whole space where that is small, else what a sampler proposes
(:mod:`ngpc_sim.job.explore.proposals`). Then designs are replayed, ``at_once`` at a time. The first ones are drawn.
Then a guess of each replay is made from its bound and from the replays so far, and next comes the design whose guess is
furthest before the front. A design is left out when its bound shows that it cannot be on the front; only columns count
for which no replay beats the bound. The search ends with the budget, or when no design is left.

Everything follows from the space, the goals, the seed and the answers of the replays. A search that was stopped goes on
when it is run again with answers that were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngpc_sim.job.explore.fronts import lead
from ngpc_sim.job.explore.goals import Limit, Objective, Row, is_proven
from ngpc_sim.job.explore.space import Design, Space
from ngpc_sim.job.explore.surrogate import Surrogate
from ngpc_sim.results.fronts import front_of

Array = np.ndarray[Any, Any]
#: of so many replays one is chosen from all designs, the others from those that differ in one key from the front
#: (calibrated on the two spaces of docs/sweeps.md)
TURNS = 3
#: designs that are drawn first, or a quarter of the budget where that is less (calibrated as TURNS)
FIRST = 16
#: share of the space that a balance e times as large is away (assumed)
BALANCE_SPAN = 0.25
#: least number whose logarithm is taken
TINY = 1e-300


@dataclass(frozen=True)
class Goals:
    """Objectives, limits, and how many distinct designs may be replayed, so many at a time.

    ``seed`` is that of what is drawn.
    """

    objectives: Sequence[Objective]
    limits: Sequence[Limit] = ()
    budget: int = 100
    at_once: int = 4
    seed: int = 0

    @property
    def columns(self) -> list[str]:
        """Columns that decide, each once."""
        names = [objective.column for objective in self.objectives] + [limit.column for limit in self.limits]
        return list(dict.fromkeys(names))

    def costs(self, row: Row) -> list[float]:
        """Objectives of a row, all to be minimized."""
        return [objective.cost(row) for objective in self.objectives]

    def excesses(self, row: Row) -> list[float]:
        """How far a row is beyond each limit."""
        return [limit.excess(row) for limit in self.limits]

    def is_feasible(self, row: Row) -> bool:
        """Whether a row is within all limits."""
        return all(excess <= 0 for excess in self.excesses(row))


@dataclass(frozen=True)
class Trial:
    """A design that was replayed: its row or why it has none, and the row of its bound."""

    design: Design
    bound: Row
    row: Row
    refused: str = ""


@dataclass
class Search:
    """State of a search over a ``pool`` of designs with the rows of their bounds."""

    space: Space
    goals: Goals
    pool: Sequence[tuple[Design, Row]]
    trials: list[Trial] = field(default_factory=list)
    proven: bool = False

    def __post_init__(self) -> None:
        designs = [design for design, _ in self.pool]
        self._places = self.space.places(designs)
        balance = np.array([_balance(bound) for _, bound in self.pool])
        self._surrogates = [Surrogate(np.column_stack([self._places, balance])) for _ in range(2)]
        self._order = np.random.default_rng(self.goals.seed).permutation(len(designs))
        bounds = [bound for _, bound in self.pool]
        self._costs = self._table(bounds, self.goals.costs)
        self._excesses = self._table(bounds, self.goals.excesses)
        signs = np.array([objective.sign for objective in self.goals.objectives])
        #: objectives whose values are all above 0, so that their logarithms can be compared
        self._positive = (self._costs * signs > 0).all(axis=0)
        self._known: list[int] = []

    def run(self, replay: Callable[[Sequence[Design]], list[Row | str]], done: Callable[[int], None]) -> None:
        """Replay designs until the budget is spent or none is left; ``done`` is told how many."""
        while not self.proven and len(self.trials) < self.goals.budget:
            chosen = self._next(min(self.goals.at_once, self.goals.budget - len(self.trials)))
            self.proven = not chosen
            for index, row in zip(chosen, replay([self.pool[index][0] for index in chosen]), strict=True):
                design, bound = self.pool[index]
                self._known.append(index)
                self.trials.append(Trial(design, bound, {}, row) if isinstance(row, str) else Trial(design, bound, row))
            done(len(chosen))

    @property
    def feasible(self) -> list[int]:
        """Numbers of the trials that are within all limits."""
        return [n for n, trial in enumerate(self.trials) if not trial.refused and self.goals.is_feasible(trial.row)]

    @property
    def front(self) -> list[int]:
        """Numbers of the trials on the front."""
        feasible = self.feasible
        return [feasible[index] for index in front_of(self.costs(feasible))]

    def costs(self, trials: Sequence[int]) -> Array:
        """Objectives of trials, all to be minimized: (trials, objectives)."""
        return self._table([self.trials[n].row for n in trials], self.goals.costs)

    @staticmethod
    def _table(rows: Sequence[Row], values: Callable[[Row], list[float]]) -> Array:
        """Values (rows, columns), of no row too."""
        return np.array([values(row) for row in rows], float).reshape(len(rows), len(values({})))

    def _compared(self, costs: Array) -> Array:
        """Costs as they are compared: in ratios, where all are above 0."""
        logs = np.sign(costs) * np.log(np.maximum(np.abs(costs), TINY))
        return np.where(self._positive, logs, costs)

    def _next(self, count: int) -> list[int]:
        """Indices of the designs to replay next."""
        open_ = self._possible(self.costs(self.front))
        open_[self._known] = False
        drawn = min(FIRST, self.goals.budget // 4) - len(self._known)
        if drawn > 0:
            return [int(index) for index in self._order if open_[index]][: min(count, drawn)]
        bounds = self._compared(self._costs)
        costs = self._guessed(self._surrogates[0], bounds, lambda row: self._compared(np.array(self.goals.costs(row))))
        excesses = self._guessed(self._surrogates[1], self._excesses, self.goals.excesses)
        over = np.maximum(excesses, 0).sum(axis=1)
        best = [self._known[n] for n in self.front]
        near = self._neighbours(best)
        front = costs[best]
        among = costs[open_][front_of(costs[open_])]
        spans = np.ptp(among, axis=0) if len(among) else np.ones(costs.shape[1])
        spans[spans == 0] = 1.0
        chosen: list[int] = []
        while len(chosen) < count and open_.any():
            left = np.flatnonzero(open_)
            within = left[over[left] <= 0]
            if len(within):
                is_near = (len(self._known) + len(chosen)) % TURNS != 0
                one = _furthest(costs / spans, within, front / spans, near if is_near else None)
                front = np.vstack([front, costs[one]])
            else:
                one = int(left[np.argmin(over[left])])
            chosen.append(one)
            open_[one] = False
        return chosen

    def _neighbours(self, best: Sequence[int]) -> Array:
        """Whether each design differs in one key from one of the ``best``."""
        near = np.zeros(len(self.pool), bool)
        for place in self._places[best]:
            near |= (self._places != place).sum(axis=1) == 1
        return near

    def _possible(self, front: Array) -> Array:
        """Whether each design may be on the front for all that its bound shows."""
        limits = [is_proven(limit.column, limit.sign) for limit in self.goals.limits]
        possible = ~(self._excesses[:, limits] > 0).any(axis=1)
        proven = [is_proven(objective.column, objective.sign) for objective in self.goals.objectives]
        best = np.where(proven, self._costs, -np.inf)
        for point in front:
            possible &= ~(point <= best).all(axis=1)
        return np.asarray(possible)

    def _guessed(self, surrogate: Surrogate, bounds: Array, values: Callable[[Row], Any]) -> Array:
        """Values (designs, columns) guessed, or those of the replay where there was one."""
        pairs = zip(self._known, self.trials, strict=True)
        replayed = {index: values(trial.row) for index, trial in pairs if not trial.refused}
        replayed = {index: own for index, own in replayed.items() if np.isfinite(own).all()}
        replays = np.array(list(replayed.values()), float).reshape(len(replayed), bounds.shape[1])
        return surrogate.guesses(np.nan_to_num(bounds, posinf=0.0), np.array(list(replayed), int), replays)


def _balance(bound: Row) -> float:
    """Logarithm of the NGPC's bound over the time of the rest of kernels: waits are longest where both take as long."""
    ngpc_ms, rest_ms = (float(bound.get(name) or TINY) for name in ("ngpc_bound_ms", "rest_ms"))
    return BALANCE_SPAN * float(np.log(ngpc_ms / rest_ms))


def _furthest(costs: Array, designs: Array, front: Array, near: Array | None) -> int:
    """The one of ``designs`` whose costs are furthest before the front; without a front, a middle one.

    It is one of the ``near`` ones where any of them is before the front.
    """
    own = costs[designs]
    if not len(front):
        return int(designs[np.argmin(own.sum(axis=1))])
    leads = lead(own, front)
    close = np.where(near[designs], leads, -np.inf) if near is not None else leads
    return int(designs[np.argmax(close if close.max() > 0 else leads)])
