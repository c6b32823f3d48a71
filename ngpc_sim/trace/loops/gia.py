"""The GIA render loop: every pixel is asked once, in one network call (instant-ngp abe236e, testbed_image.cu)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.camera import Camera, direction_of
from ngpc_sim.trace.loops.invocation import Invocation, padded
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole

PLANE_Z = 0.5
"""The image lies in this plane."""
MISSED = -1.0
"""Both coordinates of a ray that does not meet the plane."""
DEFAULT_VIEW = Camera(position=(0.5, 0.5, 1.5), focal=1.0)
"""Focal 1 at distance 1: the image fills the frame's height."""


@dataclass(frozen=True)
class GiaScene:
    """Size of the image in pixels, and where it is seen from."""

    image_width: int
    image_height: int
    camera: Camera = DEFAULT_VIEW


@loop
def coordinates(width: Whole, height: Whole, origin: Array, axes: Array, film: Array, aspect: Real) -> Array:
    """(width * height, 2) float32 image coordinates of the pixels; the image is [0, 1]^2."""
    result = np.empty((width * height, 2), np.float32)
    for pixel in range(width * height):
        dx, dy, dz = direction_of(pixel, width, height, axes, film)
        t = (PLANE_Z - origin[2]) / dz if dz != 0.0 else MISSED
        if not t >= 0.0:
            result[pixel, 0] = result[pixel, 1] = MISSED
            continue
        result[pixel, 0] = (origin[0] + t * dx - 0.5) * aspect + 0.5
        result[pixel, 1] = 0.5 - (origin[1] + t * dy - 0.5)
    return result


def render(scene: GiaScene, width: int, height: int) -> Iterator[Invocation]:
    """Yield the frame's one network call, pixels in row-major order."""
    aspect = scene.image_height / scene.image_width
    camera = scene.camera
    positions = coordinates(width, height, camera.origin, camera.axes, camera.film, aspect)
    pixels = np.arange(width * height, dtype=np.int32)
    yield Invocation("image", padded(width * height), positions, pixels, 0.0)
