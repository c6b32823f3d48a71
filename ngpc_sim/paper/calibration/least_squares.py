"""Bounded least squares; scipy enters here.

The rows contain maxima: the longer of two stages, the largest of many speedups. A descent can get stuck in the corners
of these. A fit therefore runs through the problem's stages, from a smooth one to the exact one, and each stage starts
where the one before ended. The rows may determine fewer numbers than are fitted. So each parameter has one weak row
more: its distance from the problem's start, in logarithms, times ``PULL``. Of all points that fit equally well this
takes the nearest. It costs less than 1e-6 of a chi-square within a factor of e.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.config.extras import extra
from ngpc_sim.paper.calibration.problem import EXACT, Array, Problem, Stage

PULL = 1e-3
#: steps of the exact stage, and of each one before it
MAX_STEPS, MAX_SMOOTH_STEPS = 200, 40
#: how far from a bound a stage starts, since the solver wants to start inside
INSIDE = 1e-9


@dataclass(frozen=True)
class Solution:
    """(n,) logarithms and the chi-square there."""

    x: Array
    objective: float


def scipy_optimize() -> Any:  # noqa: ANN401 - a module without types
    """``scipy.optimize``; its absence is one sentence."""
    with extra("calibrate", "calibrate"):
        from scipy import optimize  # noqa: PLC0415
    return optimize


def solve(
    problem: Problem, x: Array, *, held: Mapping[int, float] | None = None, stages: tuple[Stage, ...] | None = None
) -> Solution:
    """Least squares from ``x``; ``held`` parameters keep their values, ``stages`` are the problem's own."""
    held = held or {}
    free = np.array([number for number in range(len(x)) if number not in held], np.int64)
    point = x.copy()
    for number, value in held.items():
        point[number] = value
    for stage in stages or problem.stages:
        if len(free):
            point = _stage(problem, point, free, stage)
    return Solution(point, problem.objective(point))


def _stage(problem: Problem, point: Array, free: Array, stage: Stage) -> Array:
    low, high = problem.low[free], problem.high[free]

    def whole(part: Array) -> Array:
        moved = point.copy()
        moved[free] = part
        return moved

    def residuals(part: Array) -> Array:
        return np.concatenate([problem.residuals(whole(part), stage), PULL * (part - problem.start[free])])

    def jacobian(part: Array) -> Array:
        return np.concatenate([problem.jacobian(whole(part), stage)[:, free], PULL * np.eye(len(free))])

    found = scipy_optimize().least_squares(
        residuals,
        np.clip(point[free], low + INSIDE, high - INSIDE),
        jac=jacobian,
        bounds=(low, high),
        method="trf",
        ftol=problem.tolerance,
        xtol=problem.tolerance,
        gtol=problem.tolerance,
        max_nfev=MAX_STEPS if stage is EXACT else MAX_SMOOTH_STEPS,
    )
    return whole(found.x)


def random_starts(problem: Problem, count: int, seed: int) -> list[Array]:
    """Points drawn evenly in logarithms between the bounds."""
    generator = np.random.default_rng(seed)
    return [generator.uniform(problem.low, problem.high) for _ in range(count)]
