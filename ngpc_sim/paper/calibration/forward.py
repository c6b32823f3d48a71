"""From parameters to the values of the rows: by the simulator, or by the two-stage closed form in its place.

*Simulated*: one frame for each point. A frame is kept, by the parameters that it depends on. Frame times change by
whole queries and cycles, in steps of about 1e-5 of a speedup. Derivatives are therefore differences over 2 x ``STEP``
of a parameter, which is hundreds of such steps.

*Closed form*: ``schedule: batches`` without contention has two stages. The frame time is ``max(a, b) + min(a, b) /
tiles``, where a is the least time of the NFPs (their bound) and b is the rest of kernels. Both scale exactly with
queries per pixel, clock and rest share. Filling and draining (0.01 to 0.3 %) are left out; a factor for each point,
taken from the simulator at the last values tried, makes up for them. A fit alternates between both until they agree.
The closed form answers in microseconds, which allows many starts and profiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch, changed
from ngpc_sim.config.units import PS_PER_MS
from ngpc_sim.frame.bound import ngpc_bound_ps
from ngpc_sim.frame.plan import target_queries
from ngpc_sim.gpu.baseline import baseline
from ngpc_sim.paper.calibration.parameters import QUERIES, SHARES, Parameter, values_of
from ngpc_sim.paper.calibration.problem import EXACT, Array, Stage
from ngpc_sim.paper.calibration.rows import At, Row
from ngpc_sim.paper.inputs import workload_and_trace
from ngpc_sim.simulation.simulate import simulate

STEP = 2e-3
CLOCK = "nfp.clock_ghz"


def points_of(rows: Sequence[Row]) -> list[At]:
    """Points that rows need, each once."""
    return sorted({point for row in rows for point in row.points})


def row_values(rows: Sequence[Row], points: Sequence[At], answers: Array, stage: Stage) -> Array:
    """(..., m) values of the rows from (..., 2, p) speedups and rest shares of the points."""
    at = {point: number for number, point in enumerate(points)}
    columns = []
    for row in rows:
        chosen = answers[..., [at[point] for point in row.points]]
        columns.append(row.of(chosen[..., 0, :], chosen[..., 1, :], stage))
    return np.stack(columns, axis=-1)


@dataclass
class Simulated:
    """The simulator at an architecture with other values of its parameters."""

    arch: Arch
    parameters: Sequence[Parameter]
    points: Sequence[At]
    kept: dict[Any, tuple[float, float]] = field(default_factory=dict)

    def answers(self, x: Array) -> Array:
        """(2, p) speedups and rest shares at (n,) logarithms."""
        return self.at(values_of(self.parameters, x))

    def at(self, values: dict[str, float]) -> Array:
        """(2, p) speedups and rest shares with these values by key."""
        archs = {scale: changed(self.arch, {**values, "scale": scale}) for scale in {p.scale for p in self.points}}
        apps = {parameter.key: parameter.app for parameter in self.parameters}
        columns = []
        for point in self.points:
            key = point, tuple((k, v) for k, v in values.items() if apps[k] in {None, point.app})
            if key not in self.kept:
                work, trace = workload_and_trace(f"{point.app}-{point.encoding}")
                result = simulate(archs[point.scale], work, trace)
                self.kept[key] = result.speedup, result.gpu_rest_ms / result.gpu_frame_ms
            columns.append(self.kept[key])
        return np.array(columns).T


def tiles_of_two_stages(arch: Arch, parameters: Sequence[Parameter]) -> int | None:
    """Tiles of a frame, where the closed form knows how the architecture answers to all of the parameters, else None.

    It does not know ``frame.tiles: auto``: the number of tiles then follows from the parameters.
    """
    known = {CLOCK, *(p.key for p in parameters if p.app)}
    alone = arch.frame.schedule == "batches" and arch.frame.overlap and arch.memory.contention == "none"
    built_in = not arch.file.plugins() and arch.calibration.baseline == "frame_time"
    two_stages = alone and built_in and known.issuperset(p.key for p in parameters)
    return arch.frame.tiles if two_stages and arch.frame.tiles != "auto" else None


@dataclass
class ClosedForm:
    """The two-stage closed form of a frame of ``tiles``; ``factors`` (p,) of the speedups come from the simulator."""

    arch: Arch
    parameters: Sequence[Parameter]
    points: Sequence[At]
    tiles: int

    def __post_init__(self) -> None:
        table = [self._point(point) for point in self.points]
        self.ngpc_ms, self.rest_ms, self.gpu_ms, self.shares = (np.array(column) for column in zip(*table, strict=True))
        scaling = [[self._follows(p, point) for p in self.parameters] for point in self.points]
        #: (3, p, n): exponents with which NGPC time, rest time and rest share follow the parameters
        self.exponents = np.array(scaling, np.float64).transpose(2, 0, 1)
        self.start = np.log([p.start for p in self.parameters])
        self.factors = np.ones(len(self.points))

    def _point(self, point: At) -> tuple[float, float, float, float]:
        arch = changed(self.arch, {"scale": point.scale})
        work, trace = workload_and_trace(f"{point.app}-{point.encoding}")
        queries = target_queries(arch, work, trace, trace.pixels)
        base = baseline(arch, work, trace, queries, trace.pixels)
        ngpc_ms = ngpc_bound_ps(arch, work, queries) / PS_PER_MS
        return ngpc_ms, base.rest_ms, base.frame_ms, base.rest_unfused_ms / base.frame_ms

    @staticmethod
    def _follows(parameter: Parameter, point: At) -> tuple[float, float, float]:
        if parameter.key == CLOCK:
            return -1.0, 0.0, 0.0
        own = float(parameter.app == point.app)
        if parameter.key.startswith(QUERIES):
            return own, 0.0, 0.0
        return (0.0, own, own) if parameter.key.startswith(SHARES) else (0.0, 0.0, 0.0)

    def answers(self, x: Array, stage: Stage = EXACT) -> Array:
        """(..., 2, p) speedups and rest shares at (..., n) logarithms."""
        ngpc, rest, share = np.exp(np.einsum("kpn,...n->k...p", self.exponents, x - self.start))
        ngpc, rest = self.ngpc_ms * ngpc, self.rest_ms * rest
        longer, shorter = np.maximum(ngpc, rest), np.minimum(ngpc, rest)
        if stage is EXACT:
            frame = longer + shorter / self.tiles
        else:
            smooth = longer * (1 + (shorter / longer) ** stage) ** (1 / stage)
            frame = smooth * (1 - 1 / self.tiles) + (longer + shorter) / self.tiles
        return np.stack([self.factors * self.gpu_ms / frame, self.shares * share], axis=-2)

    def agree(self, x: Array, simulated: Array) -> float:
        """Make the speedups at ``x`` equal to the simulator's (2, p) answers; returns the largest relative change."""
        ratio = simulated[0] / self.answers(x)[0]
        self.factors = self.factors * ratio
        return float(np.abs(ratio - 1).max())
