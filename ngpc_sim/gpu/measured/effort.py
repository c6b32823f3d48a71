"""How long measurements take, and what they find: medians with their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

#: loads and rounds of a thread come in steps of that
STEP = 4
#: loads and rounds of a thread at most
MOST = 1 << 22


@dataclass(frozen=True)
class Effort:
    """Size of measurements.

    ``turns`` count; one lasts ``target_ns`` at least, with so many ``groups`` of threads; memory up to ``most_mib``;
    ``links`` of a chain of dispatches; ``queries`` of a network; ``power_s`` of idling and of load; ``frame`` in pixels
    across and down, of which ``frame_turns`` count.
    """

    turns: int
    target_ns: float
    groups: int
    most_mib: int
    links: int
    queries: int
    power_s: float
    frame: tuple[int, int]
    frame_turns: int


#: a minute or so on a card
FULL = Effort(
    turns=20,
    target_ns=5e6,
    groups=2048,
    most_mib=1024,
    links=1000,
    queries=1 << 20,
    power_s=3.0,
    frame=(1920, 1080),
    frame_turns=5,
)
#: seconds, also where a processor computes in place of a card; values say little
QUICK = Effort(
    turns=3, target_ns=5e5, groups=8, most_mib=4, links=20, queries=512, power_s=0.2, frame=(12, 8), frame_turns=2
)


@dataclass(frozen=True)
class Measured:
    """A value in a unit: median of ``turns``, the least and the most of them, and ``how`` it was measured."""

    name: str
    value: float
    unit: str
    least: float
    most: float
    turns: int
    how: str

    @property
    def spread(self) -> str:
        """How far turns lie apart."""
        return f"median of {self.turns}, {self.least:.4g} to {self.most:.4g}"


def measured(name: str, unit: str, values: Sequence[float], how: str) -> Measured:
    """Median and spread of the values of all turns."""
    least, middle, most = np.percentile(values, (0, 50, 100)).tolist()
    return Measured(name, middle, unit, least, most, len(values), how)


def amount_for(run: Callable[[int], float], target_ns: float) -> int:
    """An amount, a multiple of STEP, with which ``run(amount)`` takes half of the target or more, in ns."""
    amount = STEP
    while (took := run(amount)) < target_ns / 2 and amount < MOST:
        growth = min(max(target_ns / max(took, 1.0), 2.0), 16.0)
        amount = min(MOST, STEP * round(amount * growth / STEP))
    return amount
