"""The search: bounds of many designs, replays of the few that may be on the front.

First comes the pool, designs with their bounds: the whole space where that is small, else what a sampler proposes
(:mod:`ngpc_sim.job.explore.proposals`). Then designs are replayed, ``at_once`` at a time. A guess of each replay is
made from its bound and from the replays so far; next comes the design whose guess is furthest before the front. A
design is left out when its bound shows that it cannot be on the front: only columns count for which no replay beats the
bound. The search ends with the budget, or when no design is left.

Everything follows from the space, the goals, the seed and the answers of the replays. A search that was stopped goes on
when it is run again with answers that were kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngpc_sim.job.explore.fronts import front_of, lead
from ngpc_sim.job.explore.goals import Limit, Objective, Row, is_proven
from ngpc_sim.job.explore.space import Design, Space
from ngpc_sim.job.explore.surrogate import guesses

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Goals:
    """Objectives, limits, and how many distinct designs may be replayed, so many at a time."""

    objectives: Sequence[Objective]
    limits: Sequence[Limit] = ()
    budget: int = 100
    at_once: int = 4

    @property
    def columns(self) -> list[str]:
        """Columns that decide, each once."""
        return list(dict.fromkeys(each.column for each in (*self.objectives, *self.limits)))

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
        self._places = self.space.places([design for design, _ in self.pool])
        self._costs = self._matrix(self.goals.objectives, "cost")
        self._excesses = self._matrix(self.goals.limits, "excess")
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
        rows = [self.goals.costs(self.trials[n].row) for n in trials]
        return np.array(rows, float).reshape(len(rows), len(self.goals.objectives))

    def _matrix(self, wanted: Sequence[Any], value: str) -> Array:
        """Values (designs, wanted) of the bounds."""
        rows = [[getattr(each, value)(bound) for each in wanted] for _, bound in self.pool]
        return np.array(rows, float).reshape(len(self.pool), len(wanted))

    def _next(self, count: int) -> list[int]:
        """Indices of the designs to replay next, the one that is furthest before the front first."""
        front = self.costs(self.front)
        open_ = self._possible(front)
        open_[self._known] = False
        costs = self._guessed(self.goals.objectives, "cost", self._costs)
        excesses = self._guessed(self.goals.limits, "excess", self._excesses)
        over = np.maximum(excesses, 0).sum(axis=1)
        chosen: list[int] = []
        while len(chosen) < count and open_.any():
            left = np.flatnonzero(open_)
            within = left[over[left] <= 0]
            best = _furthest(costs, within, front) if len(within) else int(left[np.argmin(over[left])])
            chosen.append(best)
            open_[best] = False
            if len(within):
                front = np.vstack([front, costs[best]])
        return chosen

    def _possible(self, front: Array) -> Array:
        """Whether each design may be on the front for all that its bound shows."""
        limits = [is_proven(limit.column, limit.sign) for limit in self.goals.limits]
        possible = ~(self._excesses[:, limits] > 0).any(axis=1)
        proven = [is_proven(objective.column, objective.sign) for objective in self.goals.objectives]
        best = np.where(proven, self._costs, -np.inf)
        for point in front:
            possible &= ~(point <= best).all(axis=1)
        return possible

    def _guessed(self, wanted: Sequence[Any], value: str, bounds: Array) -> Array:
        """Values (designs, wanted) guessed, or those of the replay where there was one."""
        guessed = np.nan_to_num(bounds, posinf=0.0)
        known = np.array([n for n, trial in enumerate(self.trials) if not trial.refused], int)
        indices = np.array(self._known, int)[known]
        for column, each in enumerate(wanted):
            replays = np.array([getattr(each, value)(self.trials[n].row) for n in known], float)
            finite = np.isfinite(replays)
            guessed[:, column] = guesses(self._places, guessed[:, column], indices[finite], replays[finite])
        return guessed


def _furthest(costs: Array, designs: Array, front: Array) -> int:
    """The one of ``designs`` whose costs are furthest before the front; without a front, a middle one."""
    own = costs[designs]
    among = own[front_of(own)]
    spans = np.ptp(among, axis=0)
    spans[spans == 0] = 1.0
    if not len(front):
        return int(designs[np.argmin(((own - among.min(axis=0)) / spans).sum(axis=1))])
    return int(designs[np.argmax(lead(own, front, spans))])
