"""A least-squares problem in logarithms of its parameters; it knows nothing of simulators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
#: the exact problem as a stage of :attr:`Problem.stages`
EXACT = None
Stage = float | None


@dataclass(frozen=True)
class Problem:
    """Residuals of rows in units of their uncertainty, and the box in which parameters may lie.

    Parameters
    ----------
    names
        Of the n parameters.
    start, low, high
        (n,) float64, logarithms: the values to which an under-determined fit stays nearest, and the bounds.
    residuals
        (..., n) logarithms and a stage to (..., m) residuals, 1 = one uncertainty.
    step
        Half the width, in logarithms, over which residuals are differenced. A model that changes by whole queries and
        cycles needs a width of many such changes.
    tolerance
        Relative change of a step and of the objective that ends a stage.
    stages
        Sharpness of the models of a fit in turn, from a smooth one to the exact one.
    """

    names: tuple[str, ...]
    start: Array
    low: Array
    high: Array
    residuals: Callable[[Array, Stage], Array]
    step: float = 1e-6
    tolerance: float = 1e-12
    stages: tuple[Stage, ...] = (EXACT,)

    def objective(self, x: Array) -> float:
        """Chi-square of the exact rows at ``x``."""
        found = self.residuals(x, EXACT)
        return float(found @ found)

    def jacobian(self, x: Array, stage: Stage = EXACT) -> Array:
        """(m, n) central differences of the residuals, one-sided at a bound."""
        moves = self.step * np.eye(len(x))
        above, below = np.minimum(x + moves, self.high), np.maximum(x - moves, self.low)
        found = self.residuals(np.concatenate([above, below]), stage)
        change: Array = found[: len(x)] - found[len(x) :]
        return change.T / np.diag(above - below)
