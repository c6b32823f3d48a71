"""How far our mean speedups are from the published ones, and which factors lie between them.

The factors multiply to ours over published. The first is what the assumptions of ``ngpc-paper`` change in the closed
form, the second what a derived rest of kernels does, the third what stalls and waits of the replay cost over our own
closed form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ngpc_sim.architecture.arch import Arch, changed, load_arch
from ngpc_sim.results.comparable import published_mean_beside
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.published import published_mean_speedup
from ngpc_sim.results.result import Result
from ngpc_sim.results.stall_causes import STALLS
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.simulate import simulate

#: a difference below this is not explained
CLOSE = 0.02
ASSUMPTIONS = "the assumptions of ngpc-paper in the closed form"
REST = "the derived rest of kernels"
WAITS = "stalls and waits of the replay"


@dataclass(frozen=True)
class Difference:
    """A mean speedup beside the published one; ``factors`` by what they come from, ``largest`` in words.

    ``condition`` are the swept values that it holds for.
    """

    arch: str
    encoding: str
    scale: int
    condition: Condition
    ours: float
    published: float
    factors: Mapping[str, float]
    largest: str

    @property
    def share(self) -> float:
        """Share of the largest factor in all, in logarithms."""
        weights = [abs(math.log(factor)) for factor in self.factors.values()]
        return max(weights) / sum(weights)


def differences(points: Sequence[Point], results: Sequence[Result]) -> list[Difference]:
    """One for every architecture and encoding, at its largest scale with a published mean that is comparable.

    The closed forms that it takes are simulated.
    """
    names = Names(results)
    groups: dict[tuple[Any, ...], dict[int, list[tuple[Point, Result]]]] = {}
    for point, result in zip(points, results, strict=True):
        known = published_mean_speedup(result.encoding, result.scale) is not None
        if known and not result.calibrated and point.arch.file.gpu_model == "published":
            settings = tuple(f"{name}={value}" for name, value in result.overrides.items())
            key = (result.arch, result.encoding, result.resolution, result.detail, settings)
            groups.setdefault(key, {}).setdefault(result.scale, []).append((point, result))
    found = []
    for by_scale in groups.values():
        published = {scale: published_mean_beside([r.row() for _, r in group]) for scale, group in by_scale.items()}
        complete = [scale for scale, mean in published.items() if mean is not None]
        if complete:
            group = by_scale[max(complete)]
            found.append(_difference([point for point, _ in group], [result for _, result in group], names))
    return [difference for difference in found if difference]


def _difference(points: Sequence[Point], results: Sequence[Result], names: Names) -> Difference | None:
    """The difference of four apps at one scale, ``None`` for a small one."""
    first = results[0]
    published = published_mean_speedup(first.encoding, first.scale)
    ours = fmean(result.speedup for result in results)
    if published is None or abs(ours / published - 1) < CLOSE:
        return None
    own_bound = fmean(_bound(point.arch, point) for point in points)
    with_rest = fmean(_bound(_with_published_rest(point.arch), point) for point in points)
    paper_bound = fmean(_bound(load_arch("ngpc-paper", scale=point.arch.scale), point) for point in points)
    factors = {ASSUMPTIONS: with_rest / paper_bound, REST: own_bound / with_rest, WAITS: ours / own_bound}
    if points[0].arch.frame.rest_model != "roofline":
        del factors[REST]
    largest = max(factors, key=lambda words: abs(math.log(factors[words])))
    words = {ASSUMPTIONS: _assumption(points), REST: REST, WAITS: _largest_wait(results)}[largest]
    at = (first.arch, first.encoding, first.scale, names.condition(first))
    return Difference(*at, ours, published, factors, words)


def _with_published_rest(arch: Arch) -> Arch:
    """The architecture with the published rest of kernels where its own is derived."""
    return changed(arch, {"frame.rest_model": "published"}) if arch.frame.rest_model == "roofline" else arch


def _bound(arch: Arch, point: Point) -> float:
    return simulate(arch, point.work, point.trace, resolution=point.resolution, detail="bound").speedup


def _assumption(points: Sequence[Point]) -> str:
    """What the calibration assumes otherwise, app by app."""
    paper = load_arch("ngpc-paper").calibration.queries_per_pixel
    behind = {point.work.app: point.arch.gpu.apps[point.work.app].queries_per_pixel.value for point in points}
    listed = ", ".join(f"{app} {queries:g} against {paper[app]:g}" for app, queries in behind.items())
    return (
        "the queries per pixel behind the published GPU times, which with the clock set how much the NFPs must do "
        f"in that time (here against fitted: {listed})"
    )


def _largest_wait(results: Sequence[Result]) -> str:
    shares = {cause: fmean(result.stalls.get(cause, 0) / result.nfp_cycles for result in results) for cause in STALLS}
    cause = max(shares, key=lambda name: shares[name])
    return f"stall_{cause}, {shares[cause]:.0%} of the NFP cycles"
