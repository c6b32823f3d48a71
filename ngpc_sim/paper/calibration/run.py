"""One calibration: a fit from the architecture's own values, random starts, and what the rows determine.

What is written: the architecture's own values where they meet the rows already, with a chi-square of at most ``KEPT``;
else the nearest point of the best fit. A fit does not change numbers to gain digits that the rows do not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp

import numpy as np

from ngpc_sim.architecture.arch import Arch, load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.options import parse_list
from ngpc_sim.paper.calibration.forward import (
    CLOCK,
    STEP,
    ClosedForm,
    Simulated,
    points_of,
    row_values,
    tiles_of_two_stages,
)
from ngpc_sim.paper.calibration.identify import Directions, Pair, directions, pairs, profile
from ngpc_sim.paper.calibration.least_squares import Solution, random_starts, scipy_optimize, solve
from ngpc_sim.paper.calibration.parameters import Parameter, parameters_of, values_of, written
from ngpc_sim.paper.calibration.problem import EXACT, Array, Problem, Stage
from ngpc_sim.paper.calibration.rows import DEFAULT_ROWS, TOLERANCE, Row, rows_of

KEPT = 1.0
#: how smooth the stages before the exact one are
STAGES = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, EXACT)
#: how often a fit of the closed form is compared with the simulator at most, and the chi-square that ends this: a tenth
#: of an uncertainty for all rows together. The steps of the simulator are not much smaller
ROUNDS, ENOUGH = 6, 1e-2
#: relative change that ends a fit on the simulator itself, whose answers change in steps
STEPPED = 1e-4
MAX_STARTS = 1000


@dataclass(frozen=True)
class Request:
    """The options of ``calibrate`` as typed."""

    arch: str = "ngpc-paper"
    free: tuple[str, ...] = ("default",)
    rows: str | None = None
    tolerance: float = TOLERANCE
    seed: int = 0
    starts: int = 5
    profiles: bool = True


@dataclass(frozen=True)
class Objective:
    """How far simulated rows are from the published: chi-square, and the mean of their squared relative deviations."""

    chi_square: float
    mean_square: float


@dataclass(frozen=True)
class Interval:
    """A profile interval.

    ``objectives`` are the simulator's at both ends; ``curve`` holds value and rise of the chi-square of the fits tried.
    """

    low: float
    high: float
    low_open: bool
    high_open: bool
    objectives: tuple[float, float]
    curve: tuple[tuple[float, float], ...]

    @property
    def determined(self) -> str:
        """Which ends the rows determine: both, the lower, the upper, none."""
        return {(0, 0): "both", (0, 1): "lower", (1, 0): "upper", (1, 1): "none"}[self.low_open, self.high_open]


@dataclass(frozen=True)
class Calibration:
    """What a calibration found; objectives are chi-squares of simulated rows.

    ``values`` are written, and ``simulated`` are the (m,) rows there. ``kept`` says whether they are the architecture's
    own. ``best`` is the nearest best fit. ``starts`` holds objective and values of each random start. ``off`` is the
    relative distance of the closed form's Jacobian from the simulator's. ``clock_pairs`` are the parameters that trade
    with the clock when it is free too.
    """

    request: Request
    arch: Arch
    parameters: tuple[Parameter, ...]
    rows: tuple[Row, ...]
    kept: bool
    values: Mapping[str, float]
    simulated: Array
    objective: float
    best: Mapping[str, float]
    best_objective: float
    starts: tuple[tuple[Objective, Mapping[str, float]], ...]
    directions: Directions
    off: float
    pairs: tuple[Pair, ...]
    clock_pairs: tuple[Pair, ...]
    intervals: tuple[Interval, ...]


def prepare(asked: Request) -> tuple[Arch, list[Parameter], list[Row]]:
    """Everything of a request that can be refused, before anything is simulated."""
    scipy_optimize()
    if not 0 <= asked.starts <= MAX_STARTS or asked.seed < 0:
        raise UserError(f"--starts is 0 to {MAX_STARTS} and --seed 0 or more, not {asked.starts} and {asked.seed}.")
    arch = load_arch(asked.arch)
    rows = rows_of(parse_list(asked.rows, "--rows") if asked.rows is not None else DEFAULT_ROWS, asked.tolerance)
    return arch, parameters_of(arch, asked.free), rows


def steps_of(asked: Request) -> int:
    """Steps that :func:`calibrate` tells of."""
    return 3 + asked.starts + (len(prepare(asked)[1]) if asked.profiles else 0)


def calibrate(asked: Request, done: Callable[[int], None] | None = None) -> Calibration:
    """Fit, and find out how well the rows determine the result; ``done`` is told of every step."""
    tell = done or (lambda _: None)
    fit = Fit(*prepare(asked))
    nearest = fit.nearest()
    values = {p.key: p.start for p in fit.parameters} if fit.kept else written(fit.values(nearest.x))
    tell(1)
    starts = []
    for start in random_starts(fit.problem, asked.starts, asked.seed):
        found = fit.fitted(start)
        starts.append((fit.both(found.x), fit.values(found.x)))
        tell(1)
    best = fit.settled(nearest)
    jacobian = fit.simulated_jacobian(best.x)
    free = directions(jacobian)
    tell(1)
    traded, clock = fit.pairs(best, free), fit.clock_pairs(best)
    tell(1)
    intervals = []
    for number in range(len(fit.parameters) if asked.profiles else 0):
        intervals.append(fit.interval(best, number))
        tell(1)
    simulated = fit.simulator.at(dict(values))
    return Calibration(
        request=asked,
        arch=fit.arch,
        parameters=tuple(fit.parameters),
        rows=tuple(fit.rows),
        kept=fit.kept,
        values=values,
        simulated=row_values(fit.rows, fit.points, simulated, EXACT),
        objective=fit.chi_square(simulated),
        best=fit.values(best.x),
        best_objective=fit.objective(best.x),
        starts=tuple(starts),
        directions=free,
        off=float(np.linalg.norm(fit.problem.jacobian(best.x) - jacobian) / np.linalg.norm(jacobian)),
        pairs=tuple(traded),
        clock_pairs=tuple(clock),
        intervals=tuple(intervals),
    )


@dataclass
class Fit:
    """The problem of a fit, with the simulator and, where the architecture has one, the closed form behind it."""

    arch: Arch
    parameters: Sequence[Parameter]
    rows: Sequence[Row]
    simulator: Simulated = field(init=False)
    closed: ClosedForm | None = field(init=False)
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        self.points = points_of(self.rows)
        self.simulator = Simulated(self.arch, self.parameters, self.points)
        tiles = tiles_of_two_stages(self.arch, self.parameters)
        self.closed = ClosedForm(self.arch, self.parameters, self.points, tiles) if tiles else None
        start, low, high = (np.log([getattr(p, name) for p in self.parameters]) for name in ("start", "low", "high"))
        names = tuple(p.key for p in self.parameters)
        if self.closed is not None:
            self.problem = Problem(names, start, low, high, self._closed_residuals, stages=STAGES)
        else:
            self.problem = Problem(names, start, low, high, self._residuals, step=STEP, tolerance=STEPPED)

    def _of_rows(self, answers: Array, stage: Stage) -> Array:
        published = np.array([row.published for row in self.rows])
        uncertainty = np.array([row.uncertainty for row in self.rows])
        found: Array = (row_values(self.rows, self.points, answers, stage) - published) / uncertainty
        return found

    def _closed_residuals(self, x: Array, stage: Stage) -> Array:
        assert self.closed is not None  # noqa: S101 - for the type checker: only a problem with one asks
        return self._of_rows(self.closed.answers(x, stage), stage)

    def _residuals(self, x: Array, stage: Stage) -> Array:
        """Simulated, one point after another."""
        flat = x.reshape(-1, x.shape[-1])
        found = np.array([self._of_rows(self.simulator.answers(one), stage) for one in flat])
        return found.reshape(*x.shape[:-1], -1)

    def chi_square(self, answers: Array) -> float:
        """Objective of (2, p) answers."""
        found = self._of_rows(answers, EXACT)
        return float(found @ found)

    @property
    def kept(self) -> bool:
        """Whether the architecture's own values meet the rows, so that they stay."""
        return self.objective(self.problem.start) <= KEPT

    def both(self, x: Array) -> Objective:
        """Simulated objective at (n,) logarithms, as chi-square and as mean square."""
        found = row_values(self.rows, self.points, self.simulator.answers(x), EXACT)
        relative = found / np.array([row.published for row in self.rows]) - 1
        return Objective(self.objective(x), float(relative @ relative) / len(relative))

    def objective(self, x: Array) -> float:
        """Simulated objective at (n,) logarithms."""
        return self.chi_square(self.simulator.answers(x))

    def values(self, x: Array) -> dict[str, float]:
        """Values by key at (n,) logarithms."""
        return values_of(self.parameters, x)

    def nearest(self) -> Solution:
        """Best fit from the architecture's own values; the smooth stages are used only where the exact one fails."""
        own = self.problem.start
        near = self.fitted(own, stages=(EXACT,))
        return near if near.objective <= KEPT else min(near, self.fitted(own), key=lambda one: one.objective)

    def fitted(self, x: Array, stages: tuple[Stage, ...] | None = None) -> Solution:
        """Best fit from ``x``, its objective simulated."""
        found = solve(self.problem, x, stages=stages)
        if self.closed is None:
            return found
        best = Solution(found.x, self.objective(found.x))
        for _ in range(ROUNDS):
            if best.objective < ENOUGH:
                break
            self.closed.agree(found.x, self.simulator.answers(found.x))
            found = solve(self.problem, found.x, stages=(EXACT,))
            best = min(best, Solution(found.x, self.objective(found.x)), key=lambda one: one.objective)
        return best

    def settled(self, best: Solution) -> Solution:
        """The best point with the problem's objective, once the closed form agrees with the simulator there."""
        if self.closed is not None:
            self.closed.agree(best.x, self.simulator.answers(best.x))
        return Solution(best.x, self.problem.objective(best.x))

    def simulated_jacobian(self, x: Array) -> Array:
        """(m, n) by differences of the simulator."""
        return replace(self.problem, residuals=self._residuals, step=STEP).jacobian(x)

    def pairs(self, best: Solution, found: Directions) -> list[Pair]:
        """Pairs that trade for each other; where the clock is one, the rise of the chi-square is simulated."""
        tried = pairs(self.problem, best, found)
        return [self._simulated(pair, best) if CLOCK in {pair.first, pair.second} else pair for pair in tried]

    def _simulated(self, pair: Pair, best: Solution) -> Pair:
        return replace(pair, rise=self.objective(pair.moved) - self.objective(best.x))

    def clock_pairs(self, best: Solution) -> list[Pair]:
        """Parameters that the clock trades with when it is free too; none where it is free already.

        There are none without a closed form either.
        """
        if self.closed is None or any(p.key == CLOCK for p in self.parameters):
            return []
        more = Fit(self.arch, [*self.parameters, *parameters_of(self.arch, [CLOCK])], self.rows)
        x = np.append(best.x, more.problem.start[-1])
        there = more.settled(Solution(x, best.objective))
        found = directions(more.problem.jacobian(x))
        return [pair for pair in more.pairs(there, found) if CLOCK in {pair.first, pair.second}]

    def interval(self, best: Solution, number: int) -> Interval:
        """Profile interval of a parameter, both ends simulated."""
        curve: list[tuple[float, float]] = []
        low, high = profile(self.problem, best, number, lambda x, rise: curve.append((exp(x), rise - best.objective)))
        ends = [exp(end.solution.x[number]) for end in (low, high)]
        simulated = tuple(self.objective(end.solution.x) for end in (low, high))
        shown = tuple(sorted([*curve, (exp(best.x[number]), 0.0)]))
        return Interval(ends[0], ends[1], low.is_open, high.is_open, (simulated[0], simulated[1]), shown)
