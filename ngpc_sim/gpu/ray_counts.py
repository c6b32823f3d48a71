"""Rays behind a frame's queries: how many are alive in each invocation, and before which ones they are compacted.

A trace's profile has launched queries only. NeRF launches ``n_alive x n_steps`` of them, padded to 256, with
``n_steps = clamp(Q / n_alive, 1, 8)``; taken back from the last invocation to the first, the fewest rays are chosen
that explain the launches and never become more. The other apps ask one query a ray. NSDF compacts after 1, 2, 4, 4, ...
steps of a phase, NeRF in every invocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from ngpc_sim.trace import Trace
from ngpc_sim.trace.loops.invocation import BATCH_QUERIES
from ngpc_sim.trace.loops.nerf import MAX_STEPS_PER_INVOCATION, steps_per_invocation
from ngpc_sim.trace.loops.nsdf import MAX_GROUP_STEPS

Array = np.ndarray[Any, Any]
#: counts that are kept for the next design point
KEPT = 64
MARCH, NORMALS, TRACED = "march", "normals", ("primary", "shadow")


@dataclass(frozen=True, eq=False)
class RayCounts:
    """Items of a frame: ``pixels``, ``rays`` that enter the scene, ``hits``, and by invocation (K,) float64.

    ``queries`` launched, ``alive`` rays behind them, ``rounds`` whether rays are compacted before it.
    """

    pixels: float
    rays: float
    hits: float
    phases: tuple[str, ...]
    queries: Array
    alive: Array
    rounds: Array

    def of_phase(self, phase: str) -> Array:
        """(K,) which invocations belong to a phase."""
        return np.array([own == phase for own in self.phases], np.bool_)


def ray_counts(trace: Trace, queries: int, pixels: float) -> RayCounts:
    """Counts of a frame of ``queries`` on ``pixels`` with the trace's invocations; rays grow as queries do."""
    return _ray_counts(tuple(trace.profile.tolist()), tuple(trace.phases), queries, pixels)


@lru_cache(maxsize=KEPT)
def _ray_counts(launched: tuple[int, ...], phases: tuple[str, ...], queries: int, pixels: float) -> RayCounts:
    factor = queries / sum(launched)
    steps = steps_of(launched) if MARCH in phases else [1] * len(launched)
    alive = np.array([n / s for n, s in zip(launched, steps, strict=True)]) * factor
    hits = next((n for n, phase in zip(alive, phases, strict=True) if phase == NORMALS), 0.0)
    return RayCounts(
        pixels=float(pixels),
        rays=min(float(alive[0]), float(pixels)),
        hits=float(hits),
        phases=phases,
        queries=np.array(launched, np.float64) * factor,
        alive=alive,
        rounds=np.array(list(_compacted(phases)), np.bool_),
    )


def steps_of(launched: Sequence[int]) -> list[int]:
    """Steps of each ray in every NeRF invocation that launched so many queries."""
    found: list[int] = []
    most_steps, fewest_rays = MAX_STEPS_PER_INVOCATION, 0.0
    for n in reversed(launched):
        if not n:
            found.append(most_steps)
            continue
        possible = [steps for steps in range(MAX_STEPS_PER_INVOCATION, 0, -1) if _explains(n, steps)]
        growing = [s for s in possible if s <= most_steps and n / s > fewest_rays - BATCH_QUERIES]
        most_steps = (growing or possible or [1])[0]
        fewest_rays = n / most_steps
        found.append(most_steps)
    return found[::-1]


def _explains(launched: int, steps: int) -> bool:
    """Whether some number of rays, taking so many steps each, launches so many queries with the padding."""
    most = launched // steps
    fewest = max((launched - BATCH_QUERIES) // steps + 1, 1)
    return most >= 1 and steps in {steps_per_invocation(most), steps_per_invocation(min(fewest, most))}


def _compacted(phases: Iterable[str]) -> Iterable[bool]:
    """Whether rays are compacted before each invocation."""
    for phase, group in groupby(phases):
        left, step = 0, 1
        for _ in group:
            if phase in TRACED and not left:
                left = min(step, MAX_GROUP_STEPS)
                step += left
                yield True
            else:
                yield phase == MARCH
            left -= 1
