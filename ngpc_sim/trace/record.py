"""Record a trace: the whole frame of a subject is rendered, the rows of a few screen tiles are kept.

Nothing in a recording depends on the time, the machine or the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import MAX_PIXELS_PER_SIDE, MAX_PROFILES, Array, Trace, described
from ngpc_sim.trace.profiles import FrameProfile
from ngpc_sim.trace.subjects import DEFAULT_SEED, Subject, bundled_scene
from ngpc_sim.trace.writing import RowWriter
from ngpc_sim.workloads.apps import BUILT_IN
from ngpc_sim.workloads.frame_sizes import size_name

RECORDER = "ngpc-sim recorder 1"
"""Goes into the file as tool_version; changes when a recording's contents change, not at every release."""
MAX_PIXELS = 1 << 27
"""Largest frame that is rendered, four times 8K: rays need about 60 bytes a pixel."""
Progress = Callable[[float], None]
Sizes = Sequence[tuple[int, int]]
"""Widths and heights in pixels."""
Rows = tuple[Array, Array, Array]
"""Invocations (n,), tiles (n,) and positions (n, D)."""


def record(
    what: str | Subject,
    width: int = 1920,
    height: int = 1080,
    seed: int = DEFAULT_SEED,
    progress: Progress | None = None,
    also: Sizes = (),
) -> Trace:
    """Render a frame of ``what`` and return its trace; ``progress`` gets a fraction 0..1.

    ``what`` is the name of a bundled scene, which is built from ``seed``, or a subject, which has its own seed. The
    trace has profiles of the sizes ``also`` too, for which the frame is rendered at each without keeping rows.
    """
    subject = _subject(what, seed)
    profiles, progress = _counted_before(subject, (width, height), also, progress)
    recording = _Recording(subject, width, height, subject.tiles, profiles)
    parts = [recording.no_rows, *recording.rows(progress)]
    invocations, tiles, positions = (np.concatenate(column) for column in zip(*parts, strict=True))
    return recording.trace((invocations, tiles, positions))


def record_to(
    path: str | os.PathLike[str],
    what: str | Subject,
    width: int = 1920,
    height: int = 1080,
    seed: int = DEFAULT_SEED,
    tiles: int | None = None,
    progress: Progress | None = None,
    also: Sizes = (),
) -> tuple[int, int]:
    """Record ``tiles`` screen tiles of a frame, all where it is ``None``, into a file, call by call.

    Returns the queries of the frame and the rows written. Memory holds the frame's rays and the queries of one call.
    Everything else as in :func:`record`.
    """
    subject = _subject(what, seed)
    _check_size(width, height)
    _check_tiles(width, height, tiles)
    profiles, progress = _counted_before(subject, (width, height), also, progress)
    recording = _Recording(subject, width, height, width * height if tiles is None else tiles, profiles)
    with RowWriter(path, recording.n_dims) as writer:
        for rows in recording.rows(progress):
            writer.add(*rows)
        check_seen(subject, sum(recording.profile))
        if not writer.rows:
            raise UserError(f"No query of a {width}x{height} frame of {subject.name} falls into the drawn tiles.")
        writer.finish(described(recording.trace(recording.no_rows)))
    return sum(recording.profile), writer.rows


def check_seen(subject: Subject, queries: int) -> None:
    """Refuse a frame on which nothing is seen."""
    if not queries:
        raise UserError(f"A frame of {subject.name} has no query, for the camera sees nothing of it: {subject.camera}.")


def count(
    what: str | Subject, width: int, height: int, seed: int = DEFAULT_SEED, progress: Progress | None = None
) -> FrameProfile:
    """Render a frame and return its profile; memory holds the frame's rays and the queries of one call."""
    subject = _subject(what, seed)
    _check_size(width, height)
    launched: list[int] = []
    phases: list[str] = []
    for call in subject.calls(width, height):
        launched.append(call.launched)
        phases.append(call.phase)
        if progress is not None:
            progress(call.done)
    return FrameProfile.recorded(width, height, launched, phases)


def _subject(what: str | Subject, seed: int) -> Subject:
    return bundled_scene(what, seed) if isinstance(what, str) else what


def _check_tiles(width: int, height: int, tiles: int | None) -> None:
    from ngpc_sim.trace.loops.screen_tiles import columns_and_rows  # noqa: PLC0415  (numba enters here)

    columns, rows = columns_and_rows(width, height)
    if tiles is not None and not 1 <= tiles <= columns * rows:
        raise UserError(f"A trace of a {width}x{height} frame records 1 to {columns * rows} tiles, not {tiles}.")


def _counted_before(
    subject: Subject, own: tuple[int, int], also: Sizes, progress: Progress | None
) -> tuple[tuple[FrameProfile, ...], Progress | None]:
    """Profiles of other sizes, ascending by pixels, and what is told of the progress of the own one, the last."""
    for size in (own, *also):
        _check_size(*size)
    others = sorted({*also} - {own}, key=lambda size: size[0] * size[1])
    pixels = [width * height for width, height in (*others, own)]
    if len({*pixels}) < len(pixels) or len(others) > MAX_PROFILES:
        raise UserError(f"A trace has profiles of at most {MAX_PROFILES} other sizes, no two of as many pixels.")
    ends = [sum(pixels[: k + 1]) / sum(pixels) for k in range(len(pixels))]
    parts = [part_of(progress, *span) for span in pairwise([0.0, *ends])]
    profiles = (count(subject, *size, progress=part) for size, part in zip(others, parts, strict=False))
    return tuple(profiles), parts[-1]


def part_of(progress: Progress | None, first: float, last: float) -> Progress | None:
    """Progress of a part of the work."""
    return None if progress is None else lambda done: progress(first + (last - first) * done)


def _check_size(width: int, height: int) -> None:
    sides_fit = 1 <= width <= MAX_PIXELS_PER_SIDE and 1 <= height <= MAX_PIXELS_PER_SIDE
    if not sides_fit or width * height > MAX_PIXELS:
        raise UserError(f"A frame of {width}x{height} cannot be recorded; up to {MAX_PIXELS} pixels can.")


class _Recording:
    """A frame while it is recorded: its profile and phases so far, and the rows of its drawn tiles."""

    def __init__(
        self, subject: Subject, width: int, height: int, n_tiles: int, profiles: tuple[FrameProfile, ...]
    ) -> None:
        from ngpc_sim.trace.loops.screen_tiles import draw_tiles  # noqa: PLC0415  (numba enters here)

        self._subject, self._width, self._height = subject, width, height
        self._tiles = draw_tiles(width, height, n_tiles, subject.seed)
        self._profiles = profiles
        self.profile: list[int] = []
        self._phases: list[str] = []
        self.n_dims = BUILT_IN[subject.app].n_dims
        self.no_rows: Rows = np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, self.n_dims), np.float32)

    def rows(self, progress: Progress | None) -> Iterator[Rows]:
        """Render the frame, and yield the rows of each call of the network."""
        for call in self._subject.calls(self._width, self._height):
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
            name=f"{self._subject.name}-{size_name(self._width, self._height)}",
            app=self._subject.app,
            scene=self._subject.scene,
            camera=str(self._subject.camera),
            width=self._width,
            height=self._height,
            seed=self._subject.seed,
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
