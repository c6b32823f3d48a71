"""Record a trace of a bundled scene: the whole frame is rendered, the rows of a few screen tiles are kept.

Nothing in a recording depends on the time, the machine or the number of threads.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import DIMENSIONS, MAX_PIXELS_PER_SIDE, Trace, described

if TYPE_CHECKING:
    from ngpc_sim.trace.loops.invocation import Invocation
    from ngpc_sim.trace.loops.screen_tiles import Tiles

RECORDER = "ngpc-sim recorder 1"
"""Goes into the file as tool_version; changes when a recording's contents change, not at every release."""
DEFAULT_SEED = 1
RESOLUTIONS = {(1920, 1080): "fhd", (3840, 2160): "4k", (7680, 4320): "8k"}
MAX_PIXELS = 1 << 27
"""Largest frame that is rendered, four times 8K: rays need about 60 bytes a pixel."""
Progress = Callable[[float], None]


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
) -> Trace:
    """Render a frame of the scene ``name`` and return its trace; ``progress`` gets a fraction 0..1."""
    _check(name, width, height, seed)
    from ngpc_sim.trace.loops.screen_tiles import draw_tiles  # noqa: PLC0415  (numba enters here)

    scene = SCENES[name]
    rows = _Rows(draw_tiles(width, height, scene.tiles, seed), DIMENSIONS[scene.app])
    camera = _render(name, width, height, seed, rows.add, progress)
    return _trace(name, width, height, seed, camera, rows)


def record_to(
    path: str | os.PathLike[str],
    name: str,
    width: int = 1920,
    height: int = 1080,
    seed: int = DEFAULT_SEED,
    tiles: int | None = None,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Record ``tiles`` screen tiles of a frame, all where it is ``None``, into a file, call by call.

    Returns the queries of the frame and the rows written. Memory holds the frame's rays and the queries of one call.
    """
    _check(name, width, height, seed)
    if tiles is not None and tiles < 1:
        raise UserError(f"A trace records 1 or more tiles, not {tiles}.")
    from ngpc_sim.trace.loops.screen_tiles import draw_tiles  # noqa: PLC0415  (numba enters here)
    from ngpc_sim.trace.streaming import TraceWriter  # noqa: PLC0415

    scene = SCENES[name]
    drawn = draw_tiles(width, height, width * height if tiles is None else tiles, seed)
    rows = _Rows(drawn, DIMENSIONS[scene.app])
    writer = TraceWriter(path, DIMENSIONS[scene.app])

    def keep(call: Invocation) -> None:
        writer.add(*rows.of(call))

    try:
        camera = _render(name, width, height, seed, keep, progress)
        if not writer.rows:
            raise UserError(f"No query of a {width}x{height} frame of {name} falls into the drawn tiles.")
        writer.finish(described(_trace(name, width, height, seed, camera, rows)))
    finally:
        writer.discard()
    return sum(rows.profile), writer.rows


def _check(name: str, width: int, height: int, seed: int) -> None:
    if name not in SCENES:
        nearest = difflib.get_close_matches(name, SCENES, n=1, cutoff=0.0)[0]
        raise UserError(f"No scene is called {name!r}; the nearest known is {nearest!r}.")
    sides_fit = 1 <= width <= MAX_PIXELS_PER_SIDE and 1 <= height <= MAX_PIXELS_PER_SIDE
    if not sides_fit or width * height > MAX_PIXELS:
        raise UserError(f"A frame of {width}x{height} cannot be recorded; up to {MAX_PIXELS} pixels can.")
    if not 0 <= seed < 1 << 63:
        raise UserError(f"The seed {seed} is not in 0..2**63 - 1.")


def _render(
    name: str, width: int, height: int, seed: int, keep: Callable[[Invocation], None], progress: Progress | None
) -> str:
    """Render the frame, hand every call to ``keep``, and return the camera's line."""
    camera, calls = _loop(name, width, height, seed)
    for call in calls:
        keep(call)
        if progress is not None:
            progress(call.done)
    if progress is not None:
        progress(1.0)
    return camera


def _trace(name: str, width: int, height: int, seed: int, camera: str, rows: _Rows) -> Trace:
    """Make a trace of what ``rows`` has kept."""
    from ngpc_sim.trace.loops.screen_tiles import TILE_PIXELS  # noqa: PLC0415  (numba enters here)

    label = RESOLUTIONS.get((width, height), f"{width}x{height}")
    invocations, numbers, positions = rows.columns()
    return Trace(
        name=f"{name}-{label}",
        app=SCENES[name].app,
        scene=name,
        camera=camera,
        width=width,
        height=height,
        seed=seed,
        tool_version=RECORDER,
        profile=np.array(rows.profile, np.int64),
        phases=tuple(rows.phases),
        invocations=invocations,
        tiles=numbers,
        positions=positions,
        tile_weights=rows.tiles.weights,
        tile_pixels=TILE_PIXELS,
    )


class _Rows:
    """Collects a frame's profile and the rows of the drawn tiles."""

    def __init__(self, tiles: Tiles, n_dims: int) -> None:
        self.profile: list[int] = []
        self.phases: list[str] = []
        self.tiles = tiles
        self._invocations = [np.empty(0, np.int32)]
        self._numbers = [np.empty(0, np.int32)]
        self._positions = [np.empty((0, n_dims), np.float32)]

    def of(self, call: Invocation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count a call; returns its invocation (n,), tiles (n,) and positions (n, D)."""
        numbers, positions = self.tiles.rows(call)
        invocations = np.full(len(numbers), len(self.profile), np.int32)
        self.profile.append(call.launched)
        self.phases.append(call.phase)
        return invocations, numbers, positions

    def add(self, call: Invocation) -> None:
        """Count a call and keep its rows."""
        for kept, part in zip((self._invocations, self._numbers, self._positions), self.of(call), strict=True):
            kept.append(part)  # type: ignore[attr-defined]

    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Invocations, tiles and positions of all rows."""
        parts = (self._invocations, self._numbers, self._positions)
        invocations, numbers, positions = (np.concatenate(part) for part in parts)
        return invocations, numbers, positions


def _loop(name: str, width: int, height: int, seed: int) -> tuple[str, Iterator[Invocation]]:
    """Camera line and network calls of a scene's frame."""
    from ngpc_sim.trace.loops import gia, nerf, nsdf, nvr, scenes  # noqa: PLC0415  (numba enters here)

    if name == "gia-plane":
        plane = scenes.gia_plane()
        return str(plane.camera), gia.render(plane, width, height)
    if name == "nsdf-object":
        figure = scenes.nsdf_object()
        return str(figure.camera), nsdf.render(scenes.figure_distances, figure, width, height)
    if name == "nvr-cloud":
        cloud = scenes.nvr_cloud(seed)
        return str(cloud.camera), nvr.render(scenes.cloud_density, cloud, width, height)
    if name == "nerf-room":
        room = scenes.nerf_room(seed)
        return str(room.camera), nerf.render(scenes.room_density, room, width, height)
    ball = scenes.nerf_object(seed)
    return str(ball.camera), nerf.render(scenes.object_density, ball, width, height)
