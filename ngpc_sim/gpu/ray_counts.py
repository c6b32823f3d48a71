"""Rays behind a frame's queries: how many are alive in each invocation, and before which ones they are compacted.

A profile has launched queries only, from which ``trace/loops/march.py`` takes back steps of NeRF's rays. Other apps
ask one query a ray. NSDF compacts after 1, 2, 4, 4, ... steps of a phase, NeRF in every invocation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

from ngpc_sim.trace.loops.march import MARCHES, slots_of, steps_of
from ngpc_sim.trace.loops.nsdf import MAX_GROUP_STEPS
from ngpc_sim.trace.profiles import FrameProfile

Array = np.ndarray[Any, Any]
#: counts that are kept for the next design point
KEPT = 64
NORMALS, TRACED = "normals", ("primary", "shadow")


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

    def only(self, chosen: Array) -> RayCounts:
        """The invocations ``chosen`` (K,) bool alone."""
        phases = tuple(phase for phase, own in zip(self.phases, chosen.tolist(), strict=True) if own)
        own = {name: getattr(self, name)[chosen] for name in ("queries", "alive", "rounds")}
        return replace(self, phases=phases, **own)

    def of_phase(self, phase: str) -> Array:
        """(K,) which invocations belong to a phase."""
        return np.array([own == phase for own in self.phases], np.bool_)


@lru_cache(maxsize=KEPT)
def ray_counts(profile: FrameProfile, queries: int, pixels: float) -> RayCounts:
    """Counts of a frame of ``queries`` on ``pixels`` with a profile's invocations; rays grow as queries do."""
    launched, phases = profile.launched, profile.phases
    factor = queries / profile.queries
    march = next((phase for phase in phases if phase in MARCHES), None)
    steps = [1] * len(launched) if march is None else steps_of(launched, slots_of(march, profile.pixels))
    alive = np.array([n / s for n, s in zip(launched, steps, strict=True)]) * factor
    hits = next((n for n, phase in zip(alive, phases, strict=True) if phase == NORMALS), 0.0)
    return RayCounts(
        pixels=float(pixels),
        rays=min(float(alive[0]), float(pixels)),
        hits=float(hits),
        phases=phases,
        queries=np.array(launched, np.float64) * factor,
        alive=alive,
        rounds=np.array(list(compacted(phases)), np.bool_),
    )


def compacted(phases: Iterable[str]) -> Iterable[bool]:
    """Whether rays are compacted before each invocation."""
    for phase, group in groupby(phases):
        left, step = 0, 1
        for _ in group:
            if phase in TRACED and not left:
                left = min(step, MAX_GROUP_STEPS)
                step += left
                yield True
            else:
                yield phase in MARCHES
            left -= 1
