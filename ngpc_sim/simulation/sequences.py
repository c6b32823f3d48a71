"""Every design point on every frame of a sequence of traces, which are read one at a time.

A worker holds one frame; what is kept of a frame that has run is its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.machine.store import forget_all
from ngpc_sim.results.names import distinct, shared_names
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.keys import key_from
from ngpc_sim.simulation.outcomes import ALONE, How, Kind, Outcomes, outcomes
from ngpc_sim.simulation.points import names_of, run_point
from ngpc_sim.simulation.store import BESIDE
from ngpc_sim.trace import Trace
from ngpc_sim.trace.sequences import SequenceFrame, TraceSequence
from ngpc_sim.workloads.workload import Workload

Row = dict[str, Any]


@dataclass(frozen=True)
class FrameOfPoint:
    """A design point on a frame whose trace is not read yet."""

    arch: Arch
    work: Workload
    options: Options
    frame: SequenceFrame
    number: int


def point_on(point: Point, frame: SequenceFrame, *, what_if: bool = False) -> Point:
    """The design point, at its level of detail, with the trace of a frame."""
    return replace(point, trace=_trace(frame), options=_options(point), what_if=what_if)


def run_frames(points: Sequence[Point], sequence: TraceSequence, how: How = ALONE) -> Outcomes[list[Row]]:
    """Rows of every design point, by its number: one a frame in the order of the sequence.

    A point of which a frame failed has failed.

    Parameters
    ----------
    points
        Design points with the trace of any frame.
    sequence
        Its frames.
    how
        Workers, store and who is told; the rows do not depend on them.

    Raises
    ------
    UserError
        Without a store, the first frame that cannot be read or the first mistake of a point; see :func:`outcomes`.
    WorkerLostError
        When a worker process was ended from outside.
    """
    frames = [sequence.frame(number) for number in range(len(sequence))]
    shared = shared_names((point.work.label, point.work.sha256) for point in points)
    kind = Kind(_run_frame, partial(_row, shared), _family, _key, partial(_labels, sequence.name))
    asked = [FrameOfPoint(p.arch, p.work, _options(p), frame, n) for p in points for n, frame in enumerate(frames)]
    return _by_point(outcomes(asked, kind, how), len(points), frames)


def _by_point(found: Outcomes[Row], points: int, frames: Sequence[SequenceFrame]) -> Outcomes[list[Row]]:
    """Outcomes of points from those of all their frames."""
    by_point: Outcomes[list[Row]] = Outcomes()
    for point in range(points):
        own = range(point * len(frames), (point + 1) * len(frames))
        failed = [number for number in own if number in found.failures]
        if failed:
            by_point.failures[point] = f"frame {frames[failed[0] - own.start].file}: {found.failures[failed[0]]}"
        elif all(number in found.values for number in own):
            by_point.values[point] = [found.values[number] for number in own]
    return by_point


def _options(point: Point) -> Options:
    """Options of a point on another frame: its level of detail stays that of the frame which it has."""
    return replace(point.options, detail=point.detail)


def _run_frame(asked: FrameOfPoint) -> Result:
    return run_point(Point(asked.arch, asked.work, _trace(asked.frame), asked.options))


def _family(asked: FrameOfPoint) -> int:
    return asked.number


def _key(asked: FrameOfPoint) -> str:
    options = replace(asked.options, overrides=None)
    return key_from(asked.arch, asked.work, "frame", asked.arch.digest, asked.work.sha256, asked.frame.sha256, options)


def _labels(sequence: str, asked: FrameOfPoint) -> dict[str, Any]:
    """What a frame of a point is called, and the columns beside those of its result."""
    return names_of(asked, asked.frame.name) | {BESIDE: {"sequence": sequence, "frame": asked.number}}


def _row(shared: set[str], asked: FrameOfPoint, result: Result) -> Row:
    named = replace(result, **names_of(asked, asked.frame.name))
    return named.row() | {"workload": distinct(asked.work.label, asked.work.sha256, shared)}


@lru_cache(maxsize=1)
def _trace(frame: SequenceFrame) -> Trace:
    """Trace of the frame that is being simulated; of no other one anything is held."""
    _trace.cache_clear()
    forget_all()
    return frame.load()
