"""Many design points: a product of architectures, workloads and traces, over processes where asked.

The results stand in the order of the points, whatever the number of workers. Points that share a workload and a trace
go to the same worker, which keeps the trace and its intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar

from ngpc_sim.architecture.arch import PROSE, Arch
from ngpc_sim.config.errors import UserError, WorkerLostError
from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.machine.store import Store
from ngpc_sim.machine.workers import in_workers
from ngpc_sim.results.names import told_apart
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.simulate import frame_ms, simulate_point
from ngpc_sim.simulation.what_if import with_doubling
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

MAX_JOBS = 256
#: points after which a worker hands over what it has: progress is told then
MAX_GROUP = 32
#: lost points that an error names
MAX_NAMED = 3
#: results kept, for the doublings of a sweep and for rows of a validation that ask again
KEPT_RESULTS = 256
#: times of frames likewise
KEPT_TIMES = 4096


class AskedFor(Protocol):
    """What names a design point."""

    @property
    def arch(self) -> Arch:
        """Its architecture."""

    @property
    def work(self) -> Workload:
        """Its workload."""

    @property
    def options(self) -> Options:
        """How it is simulated."""


Key = TypeVar("Key", bound=Hashable)
Asked = TypeVar("Asked", bound=AskedFor)
Answer = TypeVar("Answer")

RESULTS: Store[Result] = Store(KEPT_RESULTS)
TIMES: Store[float] = Store(KEPT_TIMES)


def run_point(point: Point) -> Result:
    """Simulate a point; with ``what_if``, a replayed frame is simulated again with its bottleneck doubled."""
    key = contents(point)
    made = RESULTS.get(key, lambda: simulate_point(point))
    result = replace(
        made,
        overrides=dict(point.options.overrides or {}),
        workload=point.work.label,
        trace=point.trace.name,
        arch_sha256=point.arch.sha256,
        configuration=point.arch.resolved(),
    )
    TIMES.put(key, result.frame_ms)
    doubled = point.what_if and point.detail == "cycle"
    return with_doubling(point.arch, result, partial(_frame_ms, point)) if doubled else result


def _frame_ms(point: Point, arch: Arch, rest_factor: float) -> float:
    """Time of the point's frame on ``arch``; kept, because doubling one point often gives another of a sweep."""
    options = replace(point.options, detail=point.detail, rest_factor=rest_factor)
    other = replace(point, arch=arch, options=options)
    return TIMES.get(contents(other), lambda: frame_ms(other))


def contents(point: Point) -> tuple[Any, ...]:
    """Everything that the result of a point follows from: points of equal contents are one design point.

    What a workload or a trace is called is no part of it; overrides only repeat what the architecture has.
    """
    trace, options = point.trace, point.options
    drawn = (options.relative_error, options.seed) if point.detail == "sampled" else ()
    asked = (point.resolution, point.detail, options.limit_queries, options.sequence, options.rest_factor, *drawn)
    return point.arch.text, point.work.sha256, trace.sha256, len(trace.positions), *asked


def run_points(points: Sequence[Point], jobs: int = 1, done: Callable[[int], None] | None = None) -> list[Result]:
    """Results of ``points`` in their order; ``done`` is told after each group how many points it had.

    Workloads that share a name and differ in contents get the start of their hash behind it, and so do traces.

    Raises
    ------
    UserError
        The first mistake of a point, or a number of jobs out of range.
    WorkerLostError
        When a worker process was ended from outside.
    """
    check_jobs(jobs)
    groups = [[(index, points[index]) for index in group] for group in _groups(points, jobs)]
    results = answers_of(_run_group, groups, jobs, done)
    return told_apart([results[index] for index in range(len(points))])


def check_jobs(jobs: int) -> None:
    """Refuse a number of worker processes that nobody has."""
    if not 1 <= jobs <= MAX_JOBS:
        raise UserError(f"jobs = {jobs} is out of range: 1 to {MAX_JOBS}.")


def answers_of(
    call: Callable[[list[tuple[Key, Asked]]], dict[Key, Answer]],
    groups: Sequence[list[tuple[Key, Asked]]],
    jobs: int,
    done: Callable[[int], None] | None = None,
) -> dict[Key, Answer]:
    """What ``call`` answers by key, of all groups; see :func:`run_points`."""
    found: dict[Key, Answer] = {}
    try:
        with closing(in_workers(call, groups, jobs)) as answers:
            for group, finished in answers:
                found.update(finished)
                if done is not None:
                    done(len(group))
    except WorkerLostError as error:
        lost = [asked for group in error.tasks for _, asked in group]
        raise WorkerLostError(lost, [_named(asked) for asked in lost[:MAX_NAMED]]) from None
    return found


def _named(asked: AskedFor) -> str:
    values = "".join(f", {key}={value}" for key, value in (asked.options.overrides or {}).items())
    return f"{asked.work.label} on {asked.arch.name} at scale {asked.arch.scale}{values}"


def _groups(points: Sequence[Point], jobs: int) -> Iterator[list[int]]:
    """Points that share a workload and a trace, in parts so that every job gets one.

    A part takes every n-th point, because large scales cost more than small ones.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for index, point in enumerate(points):
        groups.setdefault((point.work.sha256, point.trace.sha256), []).append(index)
    for group in groups.values():
        parts = len(group) if jobs == 1 else max(min(len(group), -(-jobs // len(groups))), -(-len(group) // MAX_GROUP))
        yield from (group[part::parts] for part in range(parts))


def _run_group(group: list[tuple[int, Point]]) -> dict[int, Result]:
    return {index: run_point(point) for index, point in group}


def sweep(
    archs: Sequence[Arch],
    works: Sequence[Workload],
    traces: Sequence[Trace],
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
        One row a design point under the stable column names, with a column for each key in which architectures of one
        name differ.
    """
    points: list[Point] = []
    for arch, values in zip(archs, _swept(archs), strict=True):
        for work in works:
            fitting = [trace for trace in traces if trace.app == work.app]
            if not fitting:
                raise UserError(f"no trace of app '{work.app}' was given for workload {work.name}.")
            points.extend(Point(arch, work, trace, Options(overrides=values)) for trace in fitting)
    return [result.row() for result in run_points(points, jobs)]


def _swept(archs: Sequence[Arch]) -> list[dict[str, Any]]:
    """Of each architecture, the values by dotted key in which those of its name differ, but for the scale."""
    leaves = [dict(dotted_leaves(arch.file.model_dump(exclude={"scale", *PROSE}))) for arch in archs]
    found: dict[tuple[str, str], set[str]] = {}
    for arch, own in zip(archs, leaves, strict=True):
        for key, value in own.items():
            found.setdefault((arch.name, key), set()).add(repr(value))
    return [
        {key: value for key, value in own.items() if len(found[arch.name, key]) > 1}
        for arch, own in zip(archs, leaves, strict=True)
    ]
