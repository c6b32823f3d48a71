"""A trace without skipping: every ray of the frame is sampled at evenly spaced points of its way through the unit cube.

``uniform-rays-64`` has 64 queries a ray of an 800x800 frame, ``uniform-rays-32-400x400`` 32 of another size. The camera
stands four sides of the cube before a face, which the longer side of the frame just spans, so that every ray enters.
All queries are one invocation, a ray's one behind another. It is made when it is asked for, and is the same each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import MAX_PIXELS_PER_SIDE, Trace

#: such as uniform-rays-64-800x800
NAME = re.compile(r"uniform-rays-(\d{1,5})(?:-(\d{1,7})x(\d{1,7}))?")
USUAL_SIZE = (800, 800)
#: screen tiles that are recorded: with 64 queries a ray, 524,288 queries in all subgrids of 4 x 4 x 4
TILES = 64
SEED = 1
#: of the camera from the face that it looks at, in sides of the cube: far enough that few rays leave by a side
DISTANCE = 4.0
#: depth of the back of the cube over that of its face
BACK = 1.0 + 1.0 / DISTANCE
#: queries a ray at most: then 8,388,608 are recorded, which take about 4 GiB
MAX_SAMPLES = 1024
#: goes into the trace as tool_version; changes when its contents do
MAKER = "ngpc-sim uniform rays 1"
Array = npt.NDArray[Any]


def is_uniform_rays(name: str) -> bool:
    """Whether a trace of this name is made here."""
    return NAME.fullmatch(name) is not None


def uniform_rays(name: str) -> Trace:
    """The trace of a name that :func:`is_uniform_rays` knows.

    Raises
    ------
    UserError
        For no sample, too many, or a size that no frame has.
    """
    samples, *size = [int(number) for number in re.findall(r"\d+", name)]
    width, height = size or USUAL_SIZE
    if not (1 <= samples <= MAX_SAMPLES and min(width, height) >= 1 and max(width, height) <= MAX_PIXELS_PER_SIDE):
        raise UserError(f"trace {name}: 1 to {MAX_SAMPLES} queries a ray, on 1 to {MAX_PIXELS_PER_SIDE} pixels a side.")
    from ngpc_sim.trace.loops.screen_tiles import TILE_PIXELS, draw_tiles  # noqa: PLC0415  (numba enters here)

    drawn = draw_tiles(width, height, TILES, SEED)
    pixels = np.flatnonzero(drawn.of_pixel >= 0)
    pixels = pixels[np.argsort(drawn.of_pixel[pixels], kind="stable")]
    tiles = np.repeat(drawn.of_pixel[pixels], samples)
    return Trace(
        name=name,
        app="nerf",
        scene="the unit cube, nothing skipped",
        camera="pinhole at (0.5, 0.5, 5) looking along (0, 0, -1), the longer side spans the cube's face",
        width=width,
        height=height,
        seed=SEED,
        tool_version=MAKER,
        profile=np.array([width * height * samples], np.int64),
        phases=("uniform",),
        invocations=np.zeros(len(tiles), np.int32),
        tiles=tiles,
        positions=np.concatenate([*_positions(pixels, width, height, samples)]),
        tile_weights=drawn.weights,
        tile_pixels=TILE_PIXELS,
    )


def _positions(pixels: Array, width: int, height: int, samples: int) -> Iterator[Array]:
    """(n, 3) float32 of the rays of some ``pixels`` at a time: middles of equal parts of the way from face to exit."""
    steps = (np.arange(samples) + 0.5) / samples
    for first in range(0, len(pixels), 4096):
        own = pixels[first : first + 4096]
        places = np.stack([own % width, own // width], axis=1) + 0.5 - np.array([width, height]) / 2
        across = places / max(width, height)
        # a ray is at 0.5 + across x depth, on the face at depth 1; it leaves by a side or by the back
        out = np.minimum(BACK, 0.5 / np.maximum(np.abs(across).max(axis=1), 1e-9))
        depth = 1.0 + steps * (out - 1.0)[:, np.newaxis]
        sides = 0.5 + across[:, np.newaxis, :] * depth[:, :, np.newaxis]
        height_left = 1.0 - (depth[:, :, np.newaxis] - 1.0) * DISTANCE
        yield np.concatenate([sides, height_left], axis=2).reshape(-1, 3).astype(np.float32)
