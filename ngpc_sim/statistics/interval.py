"""95 % intervals from completions, and the one frame that is reported.

The truth is one more draw like the completions, so it lies within t sqrt(1 + 1/K) standard deviations of their mean;
t has K - 1 degrees of freedom. The reported row is the completion nearest to the mean in all its figures, so that its
columns fit together to the cycle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import Any

from ngpc_sim.errors import UserError
from ngpc_sim.result import Result

#: columns that get an interval: times, rates and energies of the frame
ESTIMATED = (
    *("frame_ms", "fps", "speedup", "ngpc_ms", "io_gbps", "dram_gbps", "line_gbps"),
    *("ngpc_power_w", "total_power_w", "peak_power_w", "power_pct_gpu", "energy_mj", "dynamic_mj"),
    *("energy_per_query_nj", "energy_per_pixel_nj", "energy_gain", "fps_per_w", "edp_mj_ms"),
    *("first_frame_fps", "steady_fps"),
)
CONFIDENCE = 0.95
MAX_SEED = 1 << 63
#: of the t distribution, by Simpson's rule and bisection: six digits are enough
STEPS, BISECTIONS, FARTHEST = 400, 60, 1000.0


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


def estimate(frames: Sequence[Result], unseen: Result) -> Result:
    """The completion in the middle, with intervals.

    ``unseen`` is the first one with what may have been overlooked: every interval is longer by the difference.
    """
    rows = [_figures(frame) for frame in frames]
    overlooked = _figures(unseen)
    middle = {name: fmean(row[name] for row in rows) if len(rows) > 1 else rows[0][name] for name in rows[0]}
    spread = dict.fromkeys(middle, 0.0)
    if len(frames) > 1:
        spread = {name: stdev(row[name] for row in rows) for name in middle}
    count = max(2, len(frames))
    factor = t_quantile(1 - (1 - CONFIDENCE) / 2, count - 1) * math.sqrt(1 + 1 / count)

    def distance(row: Mapping[str, float]) -> float:
        return max(abs(row[name] - middle[name]) / spread[name] for name in row if spread[name])

    far = [distance(row) if any(spread.values()) else 0.0 for row in rows]
    nearest = far.index(min(far))
    own = rows[nearest]
    half = {name: factor * spread[name] + abs(overlooked[name] - rows[0][name]) for name in own}
    intervals = {
        name: (min(own[name], middle[name] - half[name]), max(own[name], middle[name] + half[name])) for name in own
    }
    return replace(frames[nearest], intervals=intervals)


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
