"""Values that axes name, and values that stand for many."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

STEPS = (1.0, 2.0, 5.0)  # of a power of ten that an axis names
FEW, SHORT = 3, 4.0  # ticks, and last over first value, of a logarithmic axis below which it has equal steps


def decade_ticks(low: float, high: float, most_powers: int) -> list[float]:
    """Give round values of a logarithmic axis: 1, 2 and 5 of each power of ten, of more powers these alone."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = STEPS if len(powers) <= most_powers else (1.0,)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]


def log_ticks(low: float, high: float, most_powers: int) -> list[float]:
    """Give :func:`decade_ticks`, or equal steps where the axis is too short for three of them."""
    ticks = decade_ticks(low, high, most_powers)
    if len(ticks) >= FEW or high >= SHORT * low:
        return ticks
    step = 10.0 ** floor(log10(high - low))
    step *= next(part for part in (0.1, 0.2, 0.5, 1.0, 2.0) if (high - low) / (part * step) <= 2 * FEW)
    return [round(count * step, 12) for count in range(ceil(low / step), floor(high / step) + 1)]


def spread(values: Sequence[int], most: int) -> tuple[int, ...]:
    """Choose at most so many values, evenly, the first and the last among them."""
    last, count = len(values) - 1, min(len(values), most)
    return tuple(values[round(index * last / max(1, count - 1))] for index in range(count))
