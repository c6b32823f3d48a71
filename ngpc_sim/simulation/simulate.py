"""One design point: architecture, workload and trace in, a frozen :class:`Result` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.encoding_engine import check_tables
from ngpc_sim.frame.plan import target_queries
from ngpc_sim.frame.whole_frame import is_replayed_whole
from ngpc_sim.results.result import Result
from ngpc_sim.sampling import Precision, SampledFrame, WholeFrame, can_sample, half_width, without_error
from ngpc_sim.simulation.design import Design, Sequence
from ngpc_sim.simulation.design_point import DesignPoint
from ngpc_sim.simulation.frame_result import result_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.frame_sizes import parse_resolution, size_name
from ngpc_sim.workloads.workload import Workload

DETAILS = ("bound", "cycle", "sampled", "reference")
#: frames of a sequence
MAX_FRAMES = 10**9


def simulate(
    arch: Arch,
    work: Workload,
    trace: Trace,
    *,
    resolution: str | None = None,
    detail: str | None = None,
    limit_queries: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    sequence: Sequence | None = None,
    rest_factor: float = 1.0,
    relative_error: float = 0.01,
    seed: int = 0,
) -> Result:
    """Simulate one frame.

    Parameters
    ----------
    arch, work, trace
        What :func:`load_arch`, :func:`load_workload` and :func:`load_trace` return.
    resolution
        ``fhd``, ``4k``, ``8k`` or ``WxH``; the trace's own where it is ``None``. Another resolution scales
        the profile of the trace by pixels.
    detail
        ``cycle`` replays the trace; ``sampled`` some shares of its commands, with 95 % intervals; ``bound`` is the
        closed form that no replay beats; ``reference`` is the replay by one event a query and stage, for frames of
        few queries. Without it what :func:`default_detail` says.
    limit_queries
        Only the first N recorded queries, as a frame of their own.
    overrides
        Values by dotted key that made ``arch`` what it is, repeated in the result's row.
    sequence
        Scenes and frames of each; the result is the mean frame of them, their table loads included. Without it a
        frame of a scene whose tables are loaded.
    rest_factor
        Time of the rest of kernels over what the architecture says, to ask what a faster GPU would give.
    relative_error, seed
        With ``sampled``: more is replayed until half the interval of ``frame_ms`` is at most this part of it, or all
        is replayed; the seed of what is drawn.

    Raises
    ------
    UserError
        When trace and workload do not belong together, or tables do not fit under ``reject``.
    """
    detail = detail or default_detail(arch, work, trace, resolution, limit_queries)
    point = _point(arch, work, trace, resolution, detail, limit_queries, overrides, sequence, rest_factor)
    if detail == "sampled":
        return _sampled(point, Precision.checked(relative_error, seed))
    return result_of(point.design, point.bound() if detail == "bound" else point.replay())


def default_detail(
    arch: Arch, work: Workload, trace: Trace, resolution: str | None = None, limit_queries: int | None = None
) -> str:
    """``sampled`` for a frame that was recorded whole and is asked as it is, else ``cycle``; of :func:`simulate`."""
    _, width, height = _size(resolution, trace)
    if limit_queries is not None or not trace.is_full_frame:
        return "cycle"
    queries = target_queries(arch, work, trace, width * height)
    return "sampled" if is_replayed_whole(arch, trace, queries) else "cycle"


def frame_ms(
    arch: Arch,
    work: Workload,
    trace: Trace,
    *,
    resolution: str | None = None,
    detail: str = "cycle",
    limit_queries: int | None = None,
    sequence: Sequence | None = None,
    rest_factor: float = 1.0,
) -> float:
    """``frame_ms`` of what :func:`simulate` would give, without where its cycles and energy go; of no sampled frame."""
    point = _point(arch, work, trace, resolution, detail, limit_queries, None, sequence, rest_factor)
    if detail == "bound":
        return units.ps_to_ms(point.bound().timing.frame_ps)
    return units.ps_to_ms(point.mean_ps(point.run().frame.frame_ps))


def _point(
    arch: Arch,
    work: Workload,
    trace: Trace,
    resolution: str | None,
    detail: str,
    limit_queries: int | None,
    overrides: Mapping[str, Any] | None,
    sequence: Sequence | None,
    rest_factor: float,
) -> DesignPoint:
    """What is asked, checked."""
    if detail not in DETAILS:
        raise UserError(f"unknown detail '{detail}': choose {', '.join(DETAILS)}.")
    _check_pair(work, trace)
    spilled = check_tables(arch.nfp.encoding, work.encoding, work.name)
    part = 1.0
    if limit_queries is not None:
        if limit_queries < 1:
            raise UserError(f"limit_queries = {limit_queries} is out of range: 1 or more.")
        whole, trace = trace, trace.limited(limit_queries)
        part = trace.queries / whole.queries
    if sequence and not (1 <= sequence.scenes <= MAX_FRAMES and 1 <= sequence.frames_per_scene <= MAX_FRAMES):
        raise UserError(f"a sequence has 1 to {MAX_FRAMES:,} scenes, each of 1 to {MAX_FRAMES:,} frames.")
    name, width, height = _size(resolution, trace)
    design = Design(arch, work, trace, name, width * height, detail, tuple(spilled), dict(overrides or {}))
    return DesignPoint(design, sequence, rest_factor, part)


def _size(resolution: str | None, trace: Trace) -> tuple[str, int, int]:
    """Name, width and height of the frame: those asked for, or the trace's own."""
    if resolution:
        return parse_resolution(resolution)
    return size_name(trace.width, trace.height), trace.width, trace.height


def _sampled(point: DesignPoint, precision: Precision) -> Result:
    """The frame from a sample of its shares, enlarged until it is precise enough; else all of it."""
    d = point.design
    frame: SampledFrame | WholeFrame | None = None
    if can_sample(d.arch):
        frame = (WholeFrame.of if point.is_whole else partial(SampledFrame, pixels=d.pixels))(
            d.arch, d.work, d.trace, seed=precision.seed
        )
    while frame is not None:
        drawn = frame.draw
        if drawn.complete or drawn.without_spread() or drawn.degrees(times_only=True) >= frame.LEAST_DEGREES:
            result = point.estimate(frame)
            if drawn.complete or half_width(result) <= precision.relative_error:
                return replace(result, replayed_queries=drawn.replayed_queries)
        if not frame.enlarge():
            frame = None
    run = point.run()
    every = 2 * sum(command.run.n_queries for command in run.commands)
    return replace(without_error(result_of(d, point.finished(run))), replayed_queries=every)


def _check_pair(work: Workload, trace: Trace) -> None:
    if trace.app != work.app:
        raise UserError(f"trace {trace.name} records app '{trace.app}', but workload {work.name} is app '{work.app}'.")
    if trace.n_dims != work.encoding.n_dims:
        raise UserError(
            f"trace {trace.name} has {trace.n_dims}-D positions, but {work.name} encodes {work.encoding.n_dims}-D ones."
        )
