"""Pinhole camera and boxes: rays of pixels, and where they enter an axis-aligned box.

A box is a (2, 3) float64 array: its lower corner and its upper one.

Arithmetic is float64, state is stored as float32. Conventions of instant-ngp abe236e: pixel
centres (first sub-pixel offset), focal length relative to the image height, image y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Point, Real, Truth, Whole

FOCAL_50_625_DEGREES = 1.0571552
"""0.5 / tan(50.625 deg / 2): the default vertical field of view."""
ENTRY_OFFSET = 1e-6
"""Added to the distance at which a ray enters a box (I:inc/common_device.cuh:645-647)."""
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; ``right``, ``down`` and ``forward`` are orthonormal."""

    position: Vector = (0.5, 0.5, 2.0)
    right: Vector = (1.0, 0.0, 0.0)
    down: Vector = (0.0, -1.0, 0.0)
    forward: Vector = (0.0, 0.0, -1.0)
    focal: float = FOCAL_50_625_DEGREES

    @property
    def origin(self) -> npt.NDArray[np.float64]:
        """(3,) position."""
        return np.array(self.position)

    @property
    def axes(self) -> npt.NDArray[np.float64]:
        """(3, 3) rows right / focal, down / focal, forward: pixel offsets in image heights -> direction."""
        rows = np.array([self.right, self.down, self.forward])
        rows[:2] /= self.focal
        return rows

    def __str__(self) -> str:
        position = ", ".join(f"{v:g}" for v in self.position)
        forward = ", ".join(f"{v:g}" for v in self.forward)
        return f"pinhole at ({position}) looking along ({forward}), focal length {self.focal:g} image heights"


@loop
def direction_of(pixel: Whole, width: Whole, height: Whole, axes: Array) -> Point:
    """Direction of unit length of the ray through a pixel's centre."""
    u = ((pixel % width) + 0.5 - 0.5 * width) / height
    v = ((pixel // width) + 0.5 - 0.5 * height) / height
    x = u * axes[0, 0] + v * axes[1, 0] + axes[2, 0]
    y = u * axes[0, 1] + v * axes[1, 1] + axes[2, 1]
    z = u * axes[0, 2] + v * axes[1, 2] + axes[2, 2]
    scale = 1.0 / np.sqrt(x * x + y * y + z * z)
    return x * scale, y * scale, z * scale


@loop
def entry_distance(origin: Array, direction: Point, box: Array) -> Real:
    """Distance at which a ray is just inside a box (slabs), or -1.0 if it misses."""
    near, far = -np.inf, np.inf
    for axis in range(3):
        component = np.float64(direction[axis])
        if component == 0.0:
            if not box[0, axis] <= origin[axis] <= box[1, axis]:
                return -1.0
            continue
        first = (box[0, axis] - origin[axis]) / component
        second = (box[1, axis] - origin[axis]) / component
        near, far = max(near, min(first, second)), min(far, max(first, second))
    if near > far or far < 0.0:
        return -1.0
    return max(near, 0.0) + ENTRY_OFFSET


@loop
def inside(x: Real, y: Real, z: Real, box: Array) -> Truth:
    """Whether a point is in a closed box."""
    return box[0, 0] <= x <= box[1, 0] and box[0, 1] <= y <= box[1, 1] and box[0, 2] <= z <= box[1, 2]


@loop
def rays_into_box(width: Whole, height: Whole, origin: Array, axes: Array, box: Array) -> tuple[Array, Array, Array]:
    """Rays that meet the box, in row-major pixel order.

    Returns pixels (n,) int32, directions (n, 3) float32, entry distances (n,) float32.
    """
    total = width * height
    pixels = np.empty(total, np.int32)
    directions = np.empty((total, 3), np.float32)
    times = np.empty(total, np.float32)
    n = 0
    for pixel in range(total):
        direction = direction_of(pixel, width, height, axes)
        t = entry_distance(origin, direction, box)
        x, y, z = origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2]
        if t < 0.0 or not inside(x, y, z, box):
            continue
        pixels[n], times[n] = pixel, t
        directions[n, 0], directions[n, 1], directions[n, 2] = direction
        n += 1
    return pixels[:n].copy(), directions[:n].copy(), times[:n].copy()
