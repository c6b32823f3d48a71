"""One design point: architecture, workload and trace in, a frozen :class:`Result` out."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Unpack

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import shown
from ngpc_sim.results.result import Result
from ngpc_sim.sampling import Precision, draw_frame, half_width, without_error
from ngpc_sim.simulation.design import DEFAULTS, Changes, Options, Point
from ngpc_sim.simulation.design_point import DesignPoint
from ngpc_sim.simulation.frame_result import result_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload


def simulate(
    arch: Arch, work: Workload, trace: Trace, options: Options = DEFAULTS, **changes: Unpack[Changes]
) -> Result:
    """Simulate one frame.

    Parameters
    ----------
    arch, work, trace
        What :func:`load_arch`, :func:`load_workload` and :func:`load_trace` return.
    options, changes
        How it is simulated: :class:`Options`, or single ones of them by keyword.

    Raises
    ------
    UserError
        When trace and workload do not belong together, tables do not fit under ``reject``, or an argument is no
        architecture, workload or trace.
    """
    for name, value, kind in (("arch", arch, Arch), ("workload", work, Workload), ("trace", trace, Trace)):
        if not isinstance(value, kind):
            raise UserError(f"simulate takes what load_{name} returns, not {shown(value)}.")
    return simulate_point(Point(arch, work, trace, replace(options, **changes)))


def simulate_point(point: Point) -> Result:
    """Simulate the frame of a design point."""
    run = DesignPoint(copy(point))  # what it looks up goes with it
    point = run.design
    if point.detail != "bound":
        run.check_fits()
    if point.detail == "sampled":
        return _sampled(run, Precision.checked(point.options.relative_error, point.options.seed))
    return result_of(point, run.bound() if point.detail == "bound" else run.replay())


def frame_ms(point: Point) -> float:
    """``frame_ms`` of what :func:`simulate_point` would give, without where its cycles and energy go.

    Not for a sampled frame.
    """
    run = DesignPoint(point)
    if point.detail == "bound":
        return units.ps_to_ms(run.bound().timing.frame_ps)
    return units.ps_to_ms(run.mean_ps(run.run().frame.frame_ps))


def _sampled(point: DesignPoint, precision: Precision) -> Result:
    """The frame from a sample of its shares, enlarged until it is precise enough; else all of it."""
    d = point.design
    frame = draw_frame(point.arch, d.work, d.replayed, d.pixels, precision.seed, recorded_whole=d.is_whole)
    while frame is not None:
        if frame.is_large_enough:
            result = point.estimate(frame)
            if frame.complete or half_width(result) <= precision.relative_error:
                return replace(result, replayed_queries=frame.replayed_queries)
        if not frame.enlarge():
            break
    run = point.run()
    every = 2 * sum(command.run.n_queries for command in run.commands)
    return replace(without_error(result_of(d, point.finished(run))), replayed_queries=every)
