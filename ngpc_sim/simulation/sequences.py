"""Every design point on every frame of a sequence of traces, which are read one at a time.

A worker holds one frame; what is kept of a frame that has run is its row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.machine.store import forget_all
from ngpc_sim.results.names import distinct, shared_names
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import MAX_GROUP, answers_of, check_jobs, run_point
from ngpc_sim.trace import Trace
from ngpc_sim.trace.sequences import SequenceFrame, TraceSequence
from ngpc_sim.workloads.workload import Workload

Row = dict[str, Any]
#: number of a design point, and of a frame
Place = tuple[int, int]


@dataclass(frozen=True)
class FrameOfPoint:
    """A design point on a frame whose trace is not read yet."""

    arch: Arch
    work: Workload
    options: Options
    frame: SequenceFrame


def point_on(point: Point, frame: SequenceFrame, *, what_if: bool = False) -> Point:
    """The design point, at its level of detail, with the trace of a frame."""
    return replace(point, trace=_trace(frame), options=_options(point), what_if=what_if)


def run_frames(
    points: Sequence[Point], sequence: TraceSequence, jobs: int = 1, done: Callable[[int], None] | None = None
) -> list[list[Row]]:
    """Rows of every design point: of each, one a frame in the order of the sequence.

    Parameters
    ----------
    points
        Design points with the trace of any frame.
    sequence
        Its frames.
    jobs
        Worker processes; the rows do not depend on it.
    done
        Is told after each group how many rows it gave.

    Raises
    ------
    UserError
        The first frame that cannot be read, the first mistake of a point, or a number of jobs out of range.
    WorkerLostError
        When a worker process was ended from outside.
    """
    check_jobs(jobs)
    parts = min(len(points), max(-(-jobs // len(sequence)), -(-len(points) // MAX_GROUP)))
    groups = [
        [((index, number), _on_frame(points[index], sequence, number)) for index in range(part, len(points), parts)]
        for number in range(len(sequence))
        for part in range(parts)
    ]
    rows: dict[Place, Row] = answers_of(_run_group, groups, jobs, done)
    shared = shared_names((point.work.label, point.work.sha256) for point in points)
    for (index, _), row in rows.items():
        work = points[index].work
        row["workload"] = distinct(work.label, work.sha256, shared)
    return [[rows[index, number] for number in range(len(sequence))] for index in range(len(points))]


def _on_frame(point: Point, sequence: TraceSequence, number: int) -> FrameOfPoint:
    return FrameOfPoint(point.arch, point.work, _options(point), sequence.frame(number))


def _options(point: Point) -> Options:
    """Options of a point on another frame: its level of detail stays that of the frame which it has."""
    return replace(point.options, detail=point.detail)


def _run_group(group: list[tuple[Place, FrameOfPoint]]) -> dict[Place, Row]:
    return {place: run_point(Point(f.arch, f.work, _trace(f.frame), f.options)).row() for place, f in group}


@lru_cache(maxsize=1)
def _trace(frame: SequenceFrame) -> Trace:
    """Trace of the frame that is being simulated; of no other one anything is held."""
    forget_all()
    return frame.load()
