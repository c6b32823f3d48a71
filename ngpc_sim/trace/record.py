"""Record a trace of a bundled scene: the whole frame is rendered, the rows of a few screen tiles are kept.

Nothing in a recording depends on the time, the machine or the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices
from ngpc_sim.trace.contents import MAX_PIXELS_PER_SIDE, MAX_PROFILES, Array, Trace, described
from ngpc_sim.trace.profiles import FrameProfile
from ngpc_sim.trace.writing import RowWriter
from ngpc_sim.workloads.apps import BUILT_IN
from ngpc_sim.workloads.frame_sizes import size_name

if TYPE_CHECKING:
    from ngpc_sim.trace.loops.invocation import Invocation

RECORDER = "ngpc-sim recorder 1"
"""Goes into the file as tool_version; changes when a recording's contents change, not at every release."""
DEFAULT_SEED = 1
MAX_PIXELS = 1 << 27
"""Largest frame that is rendered, four times 8K: rays need about 60 bytes a pixel."""
Progress = Callable[[float], None]
Sizes = Sequence[tuple[int, int]]
"""Widths and heights in pixels."""
Rows = tuple[Array, Array, Array]
"""Invocations (n,), tiles (n,) and positions (n, D)."""


@dataclass(frozen=True)
class Scene:
    """A scene that can be recorded."""

    app: str
    tiles: int
    """Screen tiles drawn, so that all bundled traces together stay small."""
    description: str


SCENES = {
    "gia-plane": Scene("gia", 1600, "a 1024x1024 image that fills the frame's height"),
    "nerf-object": Scene("nerf", 300, "a carved ball before an empty background, aabb_scale 1"),
    "nerf-room": Scene("nerf", 48, "a furnished room that fills the screen, aabb_scale 4"),
    "nsdf-object": Scene("nsdf", 240, "a bumpy figure with normals and shadows, analytic distance"),
    "nvr-cloud": Scene("nvr", 400, "a fractal cloud, delta tracking"),
}
"""By name, sorted."""


def record(
    name: str,
    width: int = 1920,
    height: int = 1080,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
    also: Sizes = (),
) -> Trace:
    """Render a frame of the scene ``name`` and return its trace; ``progress`` gets a fraction 0..1.

    The trace has profiles of the sizes ``also`` too, for which the scene is rendered at each without keeping rows.
    """
    _check(name, width, height, seed)
    profiles, progress = _counted_before(name, (width, height), also, seed, progress)
    recording = _Recording(name, width, height, seed, SCENES[name].tiles, profiles)
    parts = [recording.no_rows, *recording.rows(progress)]
    invocations, tiles, positions = (np.concatenate(column) for column in zip(*parts, strict=True))
    return recording.trace((invocations, tiles, positions))


def record_to(
    path: str | os.PathLike[str],
    name: str,
    width: int = 1920,
    height: int = 1080,
    seed: int = DEFAULT_SEED,
    tiles: int | None = None,
    progress: Progress | None = None,
    also: Sizes = (),
) -> tuple[int, int]:
    """Record ``tiles`` screen tiles of a frame, all where it is ``None``, into a file, call by call.

    Returns the queries of the frame and the rows written. Memory holds the frame's rays and the queries of one call.
    ``also`` as in :func:`record`.
    """
    _check(name, width, height, seed)
    _check_tiles(width, height, tiles)
    profiles, progress = _counted_before(name, (width, height), also, seed, progress)
    recording = _Recording(name, width, height, seed, width * height if tiles is None else tiles, profiles)
    with RowWriter(path, recording.n_dims) as writer:
        for rows in recording.rows(progress):
            writer.add(*rows)
        if not writer.rows:
            raise UserError(f"No query of a {width}x{height} frame of {name} falls into the drawn tiles.")
        writer.finish(described(recording.trace(recording.no_rows)))
    return sum(recording.profile), writer.rows


def count(
    name: str, width: int, height: int, seed: int = DEFAULT_SEED, progress: Progress | None = None
) -> FrameProfile:
    """Render a frame of a scene and return its profile; memory holds the frame's rays and the queries of one call."""
    _check(name, width, height, seed)
    launched: list[int] = []
    phases: list[str] = []
    _, calls = _loop(name, width, height, seed)
    for call in calls:
        launched.append(call.launched)
        phases.append(call.phase)
        if progress is not None:
            progress(call.done)
    return FrameProfile.recorded(width, height, launched, phases)


def _check_tiles(width: int, height: int, tiles: int | None) -> None:
    from ngpc_sim.trace.loops.screen_tiles import columns_and_rows  # noqa: PLC0415  (numba enters here)

    columns, rows = columns_and_rows(width, height)
    if tiles is not None and not 1 <= tiles <= columns * rows:
        raise UserError(f"A trace of a {width}x{height} frame records 1 to {columns * rows} tiles, not {tiles}.")


def _counted_before(
    name: str, own: tuple[int, int], also: Sizes, seed: int, progress: Progress | None
) -> tuple[tuple[FrameProfile, ...], Progress | None]:
    """Profiles of other sizes, ascending by pixels, and what is told of the progress of the own one, the last."""
    for size in also:
        _check(name, *size, seed)
    others = sorted({*also} - {own}, key=lambda size: size[0] * size[1])
    pixels = [width * height for width, height in (*others, own)]
    if len({*pixels}) < len(pixels) or len(others) > MAX_PROFILES:
        raise UserError(f"A trace has profiles of at most {MAX_PROFILES} other sizes, no two of as many pixels.")
    ends = [sum(pixels[: k + 1]) / sum(pixels) for k in range(len(pixels))]
    parts = [_part(progress, *span) for span in pairwise([0.0, *ends])]
    profiles = (count(name, *size, seed, part) for size, part in zip(others, parts, strict=False))
    return tuple(profiles), parts[-1]


def _part(progress: Progress | None, first: float, last: float) -> Progress | None:
    """Progress of a part of the work."""
    return None if progress is None else lambda done: progress(first + (last - first) * done)


def _check(name: str, width: int, height: int, seed: int) -> None:
    if name not in SCENES:
        raise UserError(f"No scene is called '{name}'; {choices(name, SCENES)}.")
    sides_fit = 1 <= width <= MAX_PIXELS_PER_SIDE and 1 <= height <= MAX_PIXELS_PER_SIDE
    if not sides_fit or width * height > MAX_PIXELS:
        raise UserError(f"A frame of {width}x{height} cannot be recorded; up to {MAX_PIXELS} pixels can.")
    if not 0 <= seed < 1 << 63:
        raise UserError(f"The seed {seed} is not in 0..2**63 - 1.")


class _Recording:
    """A frame while it is recorded: its profile and phases so far, and the rows of its drawn tiles."""

    def __init__(
        self, name: str, width: int, height: int, seed: int, n_tiles: int, profiles: tuple[FrameProfile, ...]
    ) -> None:
        from ngpc_sim.trace.loops.screen_tiles import draw_tiles  # noqa: PLC0415  (numba enters here)

        self._name, self._width, self._height, self._seed = name, width, height, seed
        self._tiles = draw_tiles(width, height, n_tiles, seed)
        self._camera, self._calls = _loop(name, width, height, seed)
        self._profiles = profiles
        self.profile: list[int] = []
        self._phases: list[str] = []
        self.n_dims = BUILT_IN[SCENES[name].app].n_dims
        self.no_rows: Rows = np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, self.n_dims), np.float32)

    def rows(self, progress: Progress | None) -> Iterator[Rows]:
        """Render the frame, and yield the rows of each call of the network."""
        for call in self._calls:
            tiles, positions = self._tiles.rows(call)
            invocations = np.full(len(tiles), len(self.profile), np.int32)
            self.profile.append(call.launched)
            self._phases.append(call.phase)
            yield invocations, tiles, positions
            if progress is not None:
                progress(call.done)
        if progress is not None:
            progress(1.0)

    def trace(self, rows: Rows) -> Trace:
        """The trace of the rendered frame with these rows."""
        from ngpc_sim.trace.loops.screen_tiles import TILE_PIXELS  # noqa: PLC0415  (numba enters here)

        invocations, tiles, positions = rows
        return Trace(
            name=f"{self._name}-{size_name(self._width, self._height)}",
            app=SCENES[self._name].app,
            scene=self._name,
            camera=self._camera,
            width=self._width,
            height=self._height,
            seed=self._seed,
            tool_version=RECORDER,
            profile=np.array(self.profile, np.int64),
            phases=tuple(self._phases),
            invocations=invocations,
            tiles=tiles,
            positions=positions,
            tile_weights=self._tiles.weights,
            tile_pixels=TILE_PIXELS,
            profiles=self._profiles,
        )


def _loop(name: str, width: int, height: int, seed: int) -> tuple[str, Iterator[Invocation]]:
    """Camera line and network calls of a scene's frame."""
    from ngpc_sim.trace.loops.scenes import LOOPS  # noqa: PLC0415  (numba enters here)

    build, render = LOOPS[name]
    scene = build(seed)
    return str(scene.camera), render(scene, width, height)
