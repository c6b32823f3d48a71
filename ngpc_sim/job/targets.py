"""``--target nerf@4k30``: the smallest scale that reaches a frame rate, or what stands in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.notes.note import Note
from ngpc_sim.job.request import Request
from ngpc_sim.results.names import Names
from ngpc_sim.results.result import Result
from ngpc_sim.workloads.frame_sizes import RESOLUTIONS, parse_resolution

#: scales that are asked where none are given
SCALES = "1..512"
#: frames per second: more is no display's
MAX_FPS = 100_000
#: an app, and a named size with its rate behind it, or WIDTHxHEIGHT with the rate behind an @
TYPED = re.compile(
    rf"(?P<app>.+)@(?:(?P<name>{'|'.join(RESOLUTIONS)})|(?P<size>\d+x\d+)@)(?P<fps>\d+(?:\.\d+)?)", re.IGNORECASE
)


@dataclass(frozen=True)
class Target:
    """Frames per second of an app, or of a workload file's, at a resolution."""

    app: str
    resolution: str
    fps: float


def parse_target(text: str) -> Target:
    """``nerf@4k30``, ``gia@fhd120`` or ``nvr@1832x1920@90``."""
    match = TYPED.fullmatch(text.strip())
    if match is None:
        known = ", ".join(RESOLUTIONS)
        raise UserError(f"--target {text} is not APP@SIZEFPS: write nerf@4k30 (sizes {known}) or nerf@1832x1920@90.")
    fps = float(match["fps"])
    if not 0 < fps <= MAX_FPS:
        raise UserError(f"--target {text} is out of range: above 0, at most {MAX_FPS:,} frames per second.")
    return Target(match["app"], parse_resolution(match["name"] or match["size"])[0], fps)


def with_target(asked: Request) -> Request:
    """The request, with what its target says where the command line says nothing.

    Raises
    ------
    UserError
        For a target that is none, and for an app, a resolution or a part of a frame beside it that contradict it.
    """
    if asked.target is None:
        return asked
    target, plain = parse_target(asked.target), Request()
    if asked.limit_queries is not None:
        raise UserError("--target is for whole frames: leave --limit-queries out.")
    for option, own, usual, wanted in (
        ("--app", asked.apps, plain.apps, target.app),
        ("--resolution", asked.resolutions, plain.resolutions, target.resolution),
    ):
        if own not in {usual, wanted}:
            raise UserError(f"{option} {own} stands beside --target {asked.target}, which says it: leave {option} out.")
    return replace(asked, scale=asked.scale or SCALES, apps=target.app, resolutions=target.resolution)


def target_notes(asked: Request, results: Sequence[Result]) -> list[Note]:
    """One answer for every architecture, encoding and condition of a run with a target."""
    return list(_answers(parse_target(asked.target), results)) if asked.target is not None else []


def _answers(target: Target, results: Sequence[Result]) -> Iterator[Note]:
    names = Names(results)
    groups: dict[tuple[str, ...], list[Result]] = {}
    for result in results:
        groups.setdefault((result.arch, names.work(result), *names.condition(result)), []).append(result)
    for key, group in groups.items():
        ordered = sorted(group, key=lambda result: result.scale)
        reached = next((result for result in ordered if result.fps >= target.fps), None)
        answer = _missed(target, ordered) if reached is None else _reached(ordered, reached)
        about, text = ", ".join(key), f"{target.fps:g} FPS at {target.resolution} {answer}"
        figures = {f"fps_at_{result.scale}": result.fps for result in ordered}
        yield Note("targets", about, text, figures, "column fps of results.csv", f"{about}: {text.rstrip('.')}")


def _reached(ordered: Sequence[Result], reached: Result) -> str:
    """The smallest scale, and how far the one before it is."""
    before = ordered[ordered.index(reached) - 1] if reached is not ordered[0] else None
    own = f"is reached at scale {reached.scale}, with {reached.fps:.4g} FPS ({reached.frame_ms:.4g} ms)"
    cost = f"{reached.area_mm2:.4g} mm2 and {reached.ngpc_power_w:.3g} W of NGPC"
    return f"{own}, {cost}" + (f"; scale {before.scale} gives {before.fps:.4g}." if before else ", the smallest asked.")


def _missed(target: Target, ordered: Sequence[Result]) -> str:
    """What the fastest scale gives, what limits it, and whether any NGPC would do."""
    best = max(ordered, key=lambda result: result.fps)
    own = f"is not reached up to scale {ordered[-1].scale}: scale {best.scale} gives {best.fps:.4g} FPS"
    limited = f"{own} ({best.frame_ms:.4g} ms), limited by {best.bottleneck}"
    bound = 1000 / best.rest_ms if best.rest_ms > 0 else float("inf")
    if bound < target.fps:
        return f"{limited}; no NGPC reaches it, for the rest of kernels alone allows {bound:.4g} FPS."
    return f"{limited}; an NGPC that takes no time would give at most {bound:.4g} FPS."
