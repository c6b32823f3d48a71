"""Steps of a marching render loop: how many a call takes, taken back from its launches, and launches at another size.

A call launches ``n_alive x n_steps`` queries, padded to 256, with ``n_steps = clamp(Q / n_alive, 1, 8)`` (instant-ngp
abe236e, testbed_nerf.cu). Q is 2 Mi since 2022-12-21, and was the frame's pixels before. The label of a phase says
which of the two its loop had.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.trace.loops.invocation import BATCH_QUERIES, padded

SLOTS_PER_INVOCATION = 2 * 1024 * 1024
"""Q since 2022-12-21: the queries aimed at per network call."""
MAX_STEPS_PER_INVOCATION = 8
MORE_RAYS = 1.02
"""Rays a pixel that may start at one size beside another."""
MARCH, MARCH_2022 = MARCHES = "march", "march-2022"
"""Phases of such a loop: with Q as it is since 2022-12-21, and as it was before."""
COMPACTIONS = {"2022": MARCH_2022, "2023": MARCH}
"""Phases by the year of the rule."""
Array = np.ndarray[Any, Any]


def slots_of(phase: str, pixels: int) -> int:
    """Q of a phase on a frame of ``pixels``."""
    return pixels if phase == MARCH_2022 else SLOTS_PER_INVOCATION


def steps_per_invocation(n_alive: int, slots: int) -> int:
    """Return how many steps each alive ray takes before the next compaction, with Q ``slots``."""
    return min(max(slots // n_alive, 1), MAX_STEPS_PER_INVOCATION)


def steps_of(launched: Sequence[int], slots: int) -> list[int]:
    """Steps of each ray in every invocation that launched so many queries, with Q ``slots``.

    Taken back from the last invocation to the first, the fewest rays are chosen that explain the launches and never
    become more.
    """
    found: list[int] = []
    most_steps, fewest_rays = MAX_STEPS_PER_INVOCATION, 0.0
    for n in reversed(launched):
        if not n:
            found.append(most_steps)
            continue
        possible = [steps for steps in range(MAX_STEPS_PER_INVOCATION, 0, -1) if _explains(n, steps, slots)]
        growing = [s for s in possible if s <= most_steps and n / s > fewest_rays - BATCH_QUERIES]
        most_steps = (growing or possible or [1])[0]
        fewest_rays = n / most_steps
        found.append(most_steps)
    return found[::-1]


def _explains(launched: int, steps: int, slots: int) -> bool:
    """Whether some number of rays, taking so many steps each, launches so many queries with the padding."""
    most = launched // steps
    fewest = max((launched - BATCH_QUERIES) // steps + 1, 1)
    return most >= 1 and steps in {steps_per_invocation(rays, slots) for rays in (most, min(fewest, most))}


class Phase(NamedTuple):
    """Queries that each invocation of a phase launches on a frame of so many pixels, and its label."""

    launched: Sequence[int]
    pixels: int
    label: str = ""

    @property
    def slots(self) -> int:
        """Its Q."""
        return slots_of(self.label, self.pixels)


def weight_of(low: Phase, high: Phase, pixels: int) -> float:
    """Where ``pixels`` lie between two sizes in logarithms, 0..1."""
    return math.log(pixels / low.pixels) / math.log(high.pixels / low.pixels)


def power(low: float, high: float, weight: float) -> float:
    """Value between two, interpolated in logarithms."""
    return float(low ** (1 - weight) * high**weight)


def marched_between(low: Phase, high: Phase, sizes: Sequence[Phase], pixels: int) -> list[int]:
    """Launches of a frame of ``pixels`` between two sizes: the loop's own, on the rays that are alive there.

    The rays alive after so many steps, and the steps of the longest ray, are interpolated in logarithms. How many rays
    a pixel start is taken from the last of ``sizes``, which ascend.
    """
    weight = weight_of(low, high, pixels)
    rays = _first_rays(sizes[-1]) / sizes[-1].pixels
    slots = slots_of(low.label, pixels)
    one, other = _Alive.of(low, rays), _Alive.of(high, rays)
    end = round(power(one.end, other.end, weight))
    launched: list[int] = []
    step = 0
    while step < end:
        alive = max(round(pixels * power(one.at(step), other.at(step), weight)), 1)
        steps = steps_per_invocation(alive, slots)
        launched.append(padded(alive * steps))
        step += steps
    return launched


def _first_rays(phase: Phase) -> float:
    """Rays of the first call: its launches, where a call aims at fewer, else as :func:`steps_of` has it."""
    first = phase.launched[0]
    return first if first > phase.slots else first / steps_of(phase.launched, phase.slots)[0]


class _Alive(NamedTuple):
    """Steps taken before each call that launched (K,), logarithm of its rays a pixel (K,), and steps in all."""

    before: Array
    rays: Array
    end: int

    @classmethod
    def of(cls, phase: Phase, rays: float) -> _Alive:
        """Take it back from launches, of which ``rays`` a pixel start, with the most rays that never become more."""
        found: list[int] = []
        most = MORE_RAYS * rays * phase.pixels
        for n in phase.launched:
            possible = [steps for steps in range(1, MAX_STEPS_PER_INVOCATION + 1) if _explains(n, steps, phase.slots)]
            fewer = [steps for steps in possible if (n - BATCH_QUERIES) / steps < most]
            found.append((fewer or possible or [MAX_STEPS_PER_INVOCATION])[0])
            most = n / found[-1]
        steps, launched = np.array(found), np.array(phase.launched)
        asked = launched > 0
        before = np.cumsum(steps) - steps
        return cls(before[asked], np.log(launched[asked] / steps[asked] / phase.pixels), int(steps.sum()))

    def at(self, step: int) -> float:
        """Rays a pixel after so many steps."""
        return math.exp(np.interp(step, self.before, self.rays))
