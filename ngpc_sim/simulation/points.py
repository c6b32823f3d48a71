"""Many design points: a product of architectures, workloads and traces, over processes where asked.

The results stand in the order of the points, whatever the number of workers. Points that share a workload and a trace
go to the same worker, which keeps the trace and its intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ngpc_sim.architecture.arch import PROSE, Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.machine.store import Store
from ngpc_sim.report.rows import Rows
from ngpc_sim.results.names import distinct, shared_names
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.keys import contents, key_of
from ngpc_sim.simulation.outcomes import AskedFor, Counted, How, Kind, Outcomes, Spread, outcomes
from ngpc_sim.simulation.simulate import frame_ms, simulate_point
from ngpc_sim.simulation.store import PointStore
from ngpc_sim.simulation.what_if import with_doubling
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload

#: results kept, for the doublings of a sweep and for rows of a validation that ask again
KEPT_RESULTS = 256
#: times of frames likewise
KEPT_TIMES = 4096


RESULTS: Store[Result] = Store(KEPT_RESULTS)
TIMES: Store[float] = Store(KEPT_TIMES)


def run_point(point: Point) -> Result:
    """Simulate a point; with ``what_if``, a replayed frame is simulated again with its bottleneck doubled."""
    key = contents(point)
    made = RESULTS.get(key, lambda: simulate_point(point))
    result = labelled(point, made)
    TIMES.put(key, result.frame_ms)
    doubled = point.what_if and point.detail == "cycle"
    return with_doubling(point.arch, result, partial(_frame_ms, point)) if doubled else result


def _frame_ms(point: Point, arch: Arch, rest_factor: float) -> float:
    """Time of the point's frame on ``arch``; kept, because doubling one point often gives another of a sweep."""
    options = replace(point.options, detail=point.detail, rest_factor=rest_factor)
    other = replace(point, arch=arch, options=options)
    return TIMES.get(contents(other), lambda: frame_ms(other))


def labelled(point: Point, result: Result) -> Result:
    """The result of equal contents as that of ``point``: with its names, its overrides and its configuration."""
    return replace(result, **names_of(point, point.trace.name), configuration=point.arch.resolved())


def names_of(asked: AskedFor, trace: str) -> dict[str, Any]:
    """What a point on a ``trace`` is called: fields of its result that do not follow from its contents."""
    return {
        "overrides": dict(asked.options.overrides or {}),
        "workload": asked.work.label,
        "trace": trace,
        "arch_sha256": asked.arch.sha256,
    }


@dataclass(frozen=True)
class Distinct:
    """Names of workloads and traces that stand for several contents among some points."""

    works: set[str]
    traces: set[str]

    @classmethod
    def of(cls, points: Sequence[Point]) -> Distinct:
        """Those of ``points``."""
        works = shared_names((point.work.label, point.work.sha256) for point in points)
        return cls(works, shared_names((point.trace.name, point.trace.sha256) for point in points))

    def labelled(self, point: Point, result: Result, **changes: Any) -> Result:  # noqa: ANN401 - fields
        """The result as that of ``point``, with names that are distinct; ``changes`` of other fields."""
        work, trace = point.work, point.trace
        names = names_of(point, distinct(trace.name, trace.sha256, self.traces))
        names["workload"] = distinct(work.label, work.sha256, self.works)
        return replace(result, **({**names, "configuration": point.arch.resolved()} | changes))


def _family(point: Point) -> tuple[str, str]:
    return point.work.sha256, point.trace.sha256


POINTS = Kind(run_point, labelled, _family, key_of, lambda point: names_of(point, point.trace.name))


def run_each(points: Sequence[Point], how: How) -> Outcomes[Result]:
    """Results and failures of ``points`` by their numbers; see :func:`outcomes` for the errors.

    Workloads that share a name and differ in contents get the start of their hash behind it, and so do traces.
    """
    found = outcomes(points, replace(POINTS, keep=Distinct.of(points).labelled), how)
    return Outcomes(dict(sorted(found.values.items())), found.failures)


def run_points(
    points: Sequence[Point],
    jobs: int = 1,
    done: Callable[[int], None] | None = None,
    *,
    store: PointStore | None = None,
    spread: Spread | None = None,
) -> list[Result]:
    """Results of ``points`` in their order; ``done`` is told after each group how many points it had.

    With a ``store``, points that it has are not run again, and those that fail leave a sentence there and are left out
    of the list. ``spread`` calls a function on groups elsewhere than in ``jobs`` processes of this machine; ``jobs`` is
    then the number of its workers.

    Raises
    ------
    UserError
        Without a store the first mistake of a point; a number of jobs out of range; a store that cannot be used.
    WorkerLostError
        When a worker process was ended from outside.
    """
    told = None if done is None else Counted(done)
    return list(run_each(points, How(jobs, told, store, spread)).values.values())


def sweep(
    archs: Sequence[Arch],
    works: Sequence[Workload],
    traces: Sequence[Trace],
    jobs: int = 1,
) -> Rows:
    """Rows of every architecture with every workload on every trace of its app.

    Parameters
    ----------
    archs, works, traces
        What :func:`load_arch`, :func:`load_workload` and :func:`load_trace` return.
    jobs
        Worker processes; the rows do not depend on it.

    Returns
    -------
    Rows
        A sequence with one mapping a design point under the stable column names, with a column for each key in which
        architectures of one name differ. Dataframe libraries take it as it is.
    """
    points: list[Point] = []
    for arch, values in zip(archs, _swept(archs), strict=True):
        for work in works:
            fitting = [trace for trace in traces if trace.app == work.app]
            if not fitting:
                raise UserError(f"no trace of app '{work.app}' was given for workload {work.name}.")
            points.extend(Point(arch, work, trace, Options(overrides=values)) for trace in fitting)
    return Rows(result.row() for result in run_points(points, jobs))


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
