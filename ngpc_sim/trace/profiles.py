"""Profiles: how many queries each invocation of a frame launches, at recorded sizes and between them.

A phase is a run of invocations with one label. Between two recorded sizes its queries grow as a power of the pixels,
that is, linearly in logarithms, and are spread over its invocations as they are at both sizes, by relative place, in
whole blocks of 256, at least one an invocation, as padding gives them. Invocations grow likewise, but for the last ones
of one block, which wait for the frame's longest ray: their number is a matter of chance that does not grow with the
pixels, and is the mean of all recorded sizes. A marching loop gets its own launches (``trace/loops/march.py``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

import numpy as np

from ngpc_sim.trace.loops.invocation import BATCH_QUERIES
from ngpc_sim.trace.loops.march import MARCHES, Phase, marched_between, power, weight_of

KEPT = 64
"""Profiles that are kept for the next design point."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class FrameProfile:
    """Queries and phase of each invocation of a frame of so many ``pixels``.

    ``sizes`` has the recorded size that it is of, such as ``1280x720``, or the two that it lies between.
    """

    pixels: int
    launched: tuple[int, ...]
    phases: tuple[str, ...]
    sizes: tuple[str, ...]

    @classmethod
    def recorded(cls, width: int, height: int, launched: Sequence[int], phases: Sequence[str]) -> FrameProfile:
        """Profile as it was recorded at a size."""
        return cls(width * height, tuple(launched), tuple(phases), (f"{width}x{height}",))

    @property
    def queries(self) -> int:
        """Queries launched by the frame."""
        return sum(self.launched)

    def queries_at(self, pixels: int) -> int:
        """Queries of a frame of ``pixels`` to which this profile is scaled."""
        return self.queries if pixels == self.pixels else round(self.queries * pixels / self.pixels)

    def words(self, size: str, pixels: int) -> str:
        """Say where the profile of a frame of ``size`` comes from, which has ``pixels``."""
        if len(self.sizes) > 1:
            return f"profile of {size} interpolated between {' and '.join(self.sizes)}"
        if pixels != self.pixels:
            return f"profile of {size} scaled by pixels from {self.sizes[0]}"
        return f"profile as recorded at {self.sizes[0]}"


def profile_at(known: Sequence[FrameProfile], pixels: int) -> FrameProfile:
    """Profile of a frame of ``pixels``: a known one, one between two, or beyond all the nearest one, not scaled.

    ``known`` ascends by pixels.
    """
    place = bisect_left([profile.pixels for profile in known], pixels)
    if place == len(known):
        return known[-1]
    if place == 0 or known[place].pixels == pixels:
        return known[place]
    return _between(known[place - 1], known[place], tuple(known), pixels)


def counterparts(phases: Sequence[str], own: Sequence[str]) -> list[int]:
    """For each invocation with one of ``phases`` the one of ``own`` at the same relative place of the same phase."""
    runs, own_runs = _runs(phases), _runs(own)
    if _labels(phases) != _labels(own):
        runs, own_runs = [("", len(phases))], [("", len(own))]
    found: list[int] = []
    first = 0
    for (_, count), (_, own_count) in zip(runs, own_runs, strict=True):
        found += [first + (2 * k + 1) * own_count // (2 * count) for k in range(count)]
        first += own_count
    return found


def _runs(phases: Sequence[str]) -> list[tuple[str, int]]:
    return [(label, len(list(run))) for label, run in groupby(phases)]


def _labels(phases: Sequence[str]) -> list[str]:
    return [label for label, _ in _runs(phases)]


def _by_phase(profile: FrameProfile) -> list[Phase]:
    rest = iter(profile.launched)
    return [Phase(tuple(islice(rest, count)), profile.pixels, label) for label, count in _runs(profile.phases)]


@lru_cache(maxsize=KEPT)
def _between(low: FrameProfile, high: FrameProfile, known: tuple[FrameProfile, ...], pixels: int) -> FrameProfile:
    """Profile between two; where they have not the same phases in order, the nearer one in logarithms."""
    labels = _labels(low.phases)
    if labels != _labels(high.phases):
        return low if pixels * pixels < low.pixels * high.pixels else high
    sizes = [_by_phase(profile) for profile in known if _labels(profile.phases) == labels]
    launched: list[int] = []
    phases: list[str] = []
    for label, one, other, *all_sizes in zip(labels, _by_phase(low), _by_phase(high), *sizes, strict=True):
        marches = label in MARCHES and any(one.launched) and any(other.launched)
        phase_between = marched_between if marches else _phase_between
        own = phase_between(one, other, all_sizes, pixels)
        launched += own
        phases += [label] * len(own)
    return FrameProfile(pixels, tuple(launched), tuple(phases), low.sizes + high.sizes)


def _phase_between(low: Phase, high: Phase, sizes: Sequence[Phase], pixels: int) -> list[int]:
    """Queries of a phase's invocations between two sizes, of all that are known."""
    weight = weight_of(low, high, pixels)
    if len(low.launched) == len(high.launched):
        return _spread(low.launched, high.launched, len(low.launched), weight)
    head = round(power(_head(low), _head(high), weight))
    tail = round(sum(len(size.launched) - _head(size) for size in sizes) / len(sizes))
    asked = _spread(low.launched[: _head(low)], high.launched[: _head(high)], head, weight)
    return asked + [BATCH_QUERIES] * tail


def _head(phase: Phase) -> int:
    """Invocations up to the last of more than one block, at least one."""
    return max((k + 1 for k, n in enumerate(phase.launched) if n > BATCH_QUERIES), default=1)


def _spread(low: Sequence[int], high: Sequence[int], count: int, weight: float) -> list[int]:
    """Queries of ``count`` invocations between those of two sizes."""
    total = power(sum(low), sum(high), weight)
    upto = (1 - weight) * _shares(low, count) + weight * _shares(high, count)
    blocks = np.diff(np.ceil(np.round(upto * total / BATCH_QUERIES, 6)))
    return [int(n) * BATCH_QUERIES for n in np.maximum(blocks, 1)]


def _shares(launched: Sequence[int], count: int) -> Array:
    """(count + 1,) share of a phase's queries up to each of ``count`` equal parts of its invocations."""
    upto = np.cumsum([0, *launched]) / max(sum(launched), 1)
    return np.interp(np.linspace(0.0, len(launched), count + 1), np.arange(len(launched) + 1), upto)
