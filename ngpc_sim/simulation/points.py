"""Sweeps: a pure product of architectures, workloads and traces, over processes where asked.

The order of the results is the order of the points, whatever the number of workers. Points that share a
workload and a trace go to the same worker, which keeps the trace and its intervals.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field, replace
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.workers import in_workers
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Sequence
from ngpc_sim.simulation.simulate import default_detail, frame_ms, simulate
from ngpc_sim.simulation.what_if import with_doubling
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

MAX_JOBS = 256
#: points after which a worker hands over what it has: progress is told then
MAX_GROUP = 32
#: results kept, for the doublings of a sweep and for rows of a validation that ask again
KEPT_RESULTS = 256
#: times of frames likewise
KEPT_TIMES = 4096

_results: OrderedDict[Any, Result] = OrderedDict()
_times: OrderedDict[Any, float] = OrderedDict()


@dataclass(frozen=True)
class Point:
    """One design point of a sweep; without a ``detail`` it gets the one that :func:`simulate` takes."""

    arch: Arch
    work: Workload
    trace: Trace
    resolution: str | None = None
    detail: str | None = None
    limit_queries: int | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    sequence: Sequence | None = None
    what_if: bool = False
    relative_error: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if self.detail is None:
            chosen = default_detail(self.arch, self.work, self.trace, self.resolution, self.limit_queries)
            object.__setattr__(self, "detail", chosen)

    def run(self) -> Result:
        """Simulate this point, and its frame again with its bottleneck doubled where that is asked of a replay."""
        key = self._key(self.arch, 1.0)
        if key not in _results:
            _results[key] = simulate(
                self.arch,
                self.work,
                self.trace,
                **self._options(),
                relative_error=self.relative_error,
                seed=self.seed,
            )
            if len(_results) > KEPT_RESULTS:
                _results.popitem(last=False)
        _results.move_to_end(key)
        result = replace(_results[key], overrides=dict(self.overrides))
        _times[key] = result.frame_ms
        return with_doubling(self.arch, result, self._frame_ms) if self.what_if and self.detail == "cycle" else result

    def _frame_ms(self, arch: Arch, rest_factor: float) -> float:
        """Time of the point's frame on ``arch``; kept, for what doubles one point is often another one of a sweep."""
        key = self._key(arch, rest_factor)
        if key not in _times:
            _times[key] = frame_ms(arch, self.work, self.trace, **self._options(), rest_factor=rest_factor)
            if len(_times) > KEPT_TIMES:
                _times.popitem(last=False)
        return _times[key]

    def _options(self) -> dict[str, Any]:
        return {
            "resolution": self.resolution,
            "detail": self.detail,
            "limit_queries": self.limit_queries,
            "sequence": self.sequence,
        }

    def _key(self, arch: Arch, rest_factor: float) -> tuple[Any, ...]:
        trace = self.trace
        drawn = (self.relative_error, self.seed) if self.detail == "sampled" else ()
        asked = (self.resolution, self.detail, self.limit_queries, self.sequence, rest_factor, *drawn)
        return arch.text, self.work, trace.name, trace.sha256, len(trace.positions), *asked


def run_points(points: SequenceOf[Point], jobs: int = 1, done: Callable[[int], None] | None = None) -> list[Result]:
    """Results of ``points`` in their order; ``done`` is told after each group how many points it had.

    Raises
    ------
    UserError
        The first mistake of a point, or a number of jobs out of range.
    """
    if not 1 <= jobs <= MAX_JOBS:
        raise UserError(f"jobs = {jobs} is out of range: 1 to {MAX_JOBS}.")
    tell = done or (lambda _: None)
    results: dict[int, Result] = {}
    groups = [[(index, points[index]) for index in group] for group in _groups(points, jobs)]
    for group, finished in in_workers(_run_group, groups, jobs):
        results.update(finished)
        tell(len(group))
    return [results[index] for index in range(len(points))]


def _groups(points: SequenceOf[Point], jobs: int) -> Iterator[list[int]]:
    """Points that share what is computed once; in parts, so that every job gets one, in turn as scales cost more."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, point in enumerate(points):
        groups.setdefault((point.work.name, point.trace.sha256), []).append(index)
    for group in groups.values():
        parts = len(group) if jobs == 1 else max(min(len(group), -(-jobs // len(groups))), -(-len(group) // MAX_GROUP))
        yield from (group[part::parts] for part in range(parts))


def _run_group(group: list[tuple[int, Point]]) -> dict[int, Result]:
    return {index: point.run() for index, point in group}


def sweep(
    archs: SequenceOf[Arch],
    works: SequenceOf[Workload],
    traces: SequenceOf[Trace],
    jobs: int = 1,
) -> list[dict[str, Any]]:
    """Rows of every architecture with every workload on every trace of its app.

    Parameters
    ----------
    archs, works, traces
        What :func:`load_arch`, :func:`load_workload` and :func:`load_trace` return.
    jobs
        Worker processes; the rows do not depend on it.

    Returns
    -------
    list of dict
        One row a design point under the stable column names.
    """
    points: list[Point] = []
    for arch in archs:
        for work in works:
            fitting = [trace for trace in traces if trace.app == work.app]
            if not fitting:
                raise UserError(f"no trace of app '{work.app}' was given for workload {work.name}.")
            points.extend(Point(arch, work, trace) for trace in fitting)
    return [result.row() for result in run_points(points, jobs)]
