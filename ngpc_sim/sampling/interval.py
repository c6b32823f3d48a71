"""95 % intervals from completions, and the one frame that is reported.

The truth is one more draw like the K completions. Its distance from their mean then has (1 + 1/K) times the variance of
a completion. That variance is estimated from K values, so the quantile is that of Student's t distribution with K - 1
degrees of freedom. The reported row is the completion nearest to the mean in all its figures, so that its columns fit
together to the cycle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.units import is_real, is_whole
from ngpc_sim.results.columns import ESTIMATED
from ngpc_sim.results.result import Result

#: completions of a frame; 16 are few, which Student's t distribution allows for
COMPLETIONS = 16
#: of the t distribution of COMPLETIONS - 1 degrees of freedom: 95 % lie within it on either side
T_QUANTILE = 2.1314495
MAX_SEED = 1 << 63


@dataclass(frozen=True)
class Precision:
    """How sure an answer must be: half width of the interval of ``frame_ms`` over its value; ``seed`` of the draw."""

    relative_error: float = 0.01
    seed: int = 0

    @classmethod
    def checked(cls, relative_error: float, seed: int) -> Precision:
        """The same, refusing what cannot be."""
        if not (is_real(relative_error) and 0 < relative_error < 1):
            given = f"{relative_error:g}" if is_real(relative_error) else repr(relative_error)
            raise UserError(f"relative_error = {given} is out of range: above 0, below 1.")
        if not (is_whole(seed) and 0 <= seed < MAX_SEED):
            raise UserError(f"seed = {seed!r} is out of range: 0 to {MAX_SEED - 1}.")
        return cls(relative_error, seed)


def estimate(frames: Sequence[Result], halves: Sequence[Result], unseen: Result) -> Result:
    """The completion in the middle, with intervals.

    ``halves`` are completions from half of what was drawn, ``unseen`` is the first of ``frames`` with what may have
    been overlooked.
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
        half = half_interval(values, [row[name] for row in fewer]) + abs(overlooked[name] - values[0])
        intervals[name] = min(own[name], centre - half), max(own[name], centre + half)
    return replace(frames[rows.index(own)], intervals=intervals)


def half_interval(values: Sequence[float], fewer: Sequence[float]) -> float:
    """Half the interval around the mean of completions.

    Completions from half of the draw, another half each time (``fewer``), show how far a draw is from the truth. To
    first order a random half of K shares is as far from all K as these are from a draw without end (half-samples,
    McCarthy 1969), and a completion from it varies twice as much around it. What ``fewer`` vary more than that is the
    variance of the draw, if it is more than completions show. Of n out of N shares drawn it should be 2 / (1 - n / N)
    times as much, so where a quarter is drawn the interval is up to 1.3 times too long.

    What is wrong with a mean of maxima goes as one over the size of the draw (jackknife). Where the mean of ``fewer``
    differs by more than twice its standard error, the interval is longer by the difference.
    """
    if len(values) < 2:
        return 0.0
    whole, half = variance(values), variance(fewer)
    bias = abs(fmean(fewer) - fmean(values))
    is_chance = bias <= 2 * math.sqrt(whole / len(values) + half / len(fewer))
    spread = T_QUANTILE * math.sqrt((1 + 1 / COMPLETIONS) * max(whole, half - 2 * whole))
    return spread if is_chance else spread + bias


def without_error(frame: Result) -> Result:
    """A frame with intervals of no width."""
    return replace(frame, intervals={name: (value, value) for name, value in _figures(frame).items()})


def half_width(result: Result) -> float:
    """Half the interval of ``frame_ms`` over its value."""
    low, high = result.intervals["frame_ms"]
    return (high - low) / 2 / result.frame_ms


def _figures(frame: Result) -> dict[str, float]:
    row: dict[str, Any] = frame.row()
    return {name: float(row[name]) for name in ESTIMATED if row[name] is not None}
