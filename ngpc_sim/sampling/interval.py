"""95 % intervals from completions, and the one frame that is reported.

The truth is one more draw like the K completions, so it lies within t sqrt(1 + 1/K) standard deviations of their mean.
The spread is known from K completions, and these from few shares: of the degrees of freedom of t and of both, the
inverses add up. The reported row is the completion nearest to the mean in all its figures, so that its
columns fit together to the cycle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean, variance
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.results.columns import ESTIMATED
from ngpc_sim.results.result import Result

CONFIDENCE = 0.95
#: completions of a frame; the t quantile allows for so few
COMPLETIONS = 16
MAX_SEED = 1 << 63
#: of the t distribution, by Simpson's rule and bisection: six digits are enough
STEPS, BISECTIONS, FARTHEST = 400, 60, 1000.0
#: quantiles that are kept: all columns of a row ask for the same one
KEPT = 64


@dataclass(frozen=True)
class Precision:
    """How sure an answer must be: half width of the interval of ``frame_ms`` over its value; ``seed`` of the draw."""

    relative_error: float = 0.01
    seed: int = 0

    @classmethod
    def checked(cls, relative_error: float, seed: int) -> Precision:
        """The same, refusing what cannot be."""
        if not 0 < relative_error < 1:
            raise UserError(f"relative_error = {relative_error:g} is out of range: above 0, below 1.")
        if not 0 <= seed < MAX_SEED:
            raise UserError(f"seed = {seed} is out of range: 0 to {MAX_SEED - 1}.")
        return cls(relative_error, seed)


def estimate(frames: Sequence[Result], halves: Sequence[Result], unseen: Result, degrees: float) -> Result:
    """The completion in the middle, with intervals.

    ``halves`` are completions from half of what was drawn, ``unseen`` is the first of ``frames`` with what may have
    been overlooked; ``degrees`` of freedom are those of the drawn shares.
    """
    rows, fewer, overlooked = (
        [_figures(frame) for frame in frames],
        [_figures(half) for half in halves],
        _figures(unseen),
    )
    middle = {name: fmean(row[name] for row in rows) if len(rows) > 1 else rows[0][name] for name in rows[0]}

    def distance(row: Mapping[str, float]) -> float:
        return max(abs(row[name] - middle[name]) / (abs(middle[name]) or 1.0) for name in row)

    own = min(rows, key=distance)
    intervals = {}
    for name, centre in middle.items():
        values = [row[name] for row in rows]
        half = half_interval(values, [row[name] for row in fewer], degrees) + abs(overlooked[name] - values[0])
        intervals[name] = min(own[name], centre - half), max(own[name], centre + half)
    return replace(frames[rows.index(own)], intervals=intervals)


def half_interval(values: Sequence[float], fewer: Sequence[float], degrees: float) -> float:
    """Half the interval around the mean of completions.

    Half of the draw, another half each time (``fewer``), shows what is wrong with the whole one. To first order a
    random half of K shares is as far from all K as these are from a draw without end (half-samples, McCarthy 1969),
    and a completion from it varies twice as much around it: what ``fewer`` vary more than that is the spread of the
    draw, if it is more than completions show. Of n out of N shares drawn it should be 2 / (1 - n / N) times as much,
    so where a quarter is drawn the interval is up to 1.3 times too long. And what is wrong with a mean of maxima goes
    as one over the size of the draw (jackknife): where ``fewer`` differ by more than twice the standard error, the
    interval is longer by the difference.
    """
    count = len(values)
    if count < 2:
        return 0.0
    factor = t_quantile(1 - (1 - CONFIDENCE) / 2, 1 / (1 / (count - 1) + 1 / degrees)) * math.sqrt(1 + 1 / count)
    whole, half = variance(values), variance(fewer)
    bias = abs(fmean(fewer) - fmean(values))
    significant = bias > 2 * math.sqrt(whole / count + half / len(fewer))
    return factor * math.sqrt(max(whole, half - 2 * whole)) + (bias if significant else 0.0)


def without_error(frame: Result) -> Result:
    """A frame with intervals of no width."""
    return replace(frame, intervals={name: (value, value) for name, value in _figures(frame).items()})


def half_width(result: Result) -> float:
    """Half the interval of ``frame_ms`` over its value."""
    low, high = result.intervals["frame_ms"]
    return (high - low) / 2 / result.frame_ms


def _figures(frame: Result) -> dict[str, float]:
    row: dict[str, Any] = frame.row()
    return {name: float(row[name]) for name in ESTIMATED}


@lru_cache(maxsize=KEPT)
def t_quantile(probability: float, degrees: float) -> float:
    """Quantile above the median of Student's t distribution."""
    low, high = 0.0, FARTHEST
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 + _t_mass(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _t_mass(until: float, degrees: float) -> float:
    """Mass of the t distribution between 0 and ``until``: sin substituted, so that the range is finite."""
    end = math.atan(until / math.sqrt(degrees))
    width = end / STEPS
    values = [float(math.cos(step * width) ** (degrees - 1)) for step in range(STEPS + 1)]
    area = width / 3 * (values[0] + 4 * sum(values[1:-1:2]) + 2 * sum(values[2:-1:2]) + values[-1])
    half = degrees / 2
    return area * math.exp(math.lgamma(half + 0.5) - math.lgamma(half)) / math.sqrt(math.pi)
