"""Camera and boxes: rays of pixels, and where they enter an axis-aligned box.

A box is a (2, 3) float64 array: its lower corner and its upper one.

Arithmetic is float64, state is stored as float32. Conventions of instant-ngp abe236e: focal lengths relative to the
image height, image y down; one sub-pixel offset for the whole frame, the pixels' centres unless another is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Point, Real, Truth, Whole
from ngpc_sim.trace.loops.lens import KINDS, PINHOLE, Lens, through_lens
from ngpc_sim.trace.loops.portable_math import sine_cosine, uniform

FOCAL_50_625_DEGREES = 1.0571552
"""0.5 / tan(50.625 deg / 2): the default vertical field of view."""
ENTRY_OFFSET = 1e-6
"""Added to the distance at which a ray enters a box (I:inc/common_device.cuh:645-647)."""
DEFAULT_FOV_DEGREES = 50.625
"""Vertical field of view of the default camera (I:src/testbed.cu:4649-4657)."""
MAX_COORDINATE = 1e6
"""Largest coordinate of a camera or its target. Assumed: the largest scene is 128 wide."""
PARALLEL = 1e-6
"""Sine of the angle below which the up vector says nothing about what is right. Assumed."""
MAX_WORDS = 200
"""Characters of a camera in words; a trace holds no more."""
CENTRE = (0.5, 0.5)
Pair = tuple[float, float]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """A camera; ``right``, ``down`` and ``forward`` are orthonormal, or as a user's file has them."""

    position: Vector = (0.5, 0.5, 2.0)
    right: Vector = (1.0, 0.0, 0.0)
    down: Vector = (0.0, -1.0, 0.0)
    forward: Vector = (0.0, 0.0, -1.0)
    focal: float = FOCAL_50_625_DEGREES
    """Focal length along the image's y, in image heights."""
    focal_x: float | None = None
    """The same along x, in image heights too; None: as along y."""
    centre: Pair = CENTRE
    """Where the axis meets the image, as fractions of its width and height."""
    offset: Pair = CENTRE
    """Where in a pixel its ray starts, as fractions of the pixel."""
    lens: Lens | None = None
    """None: a pinhole."""

    @property
    def focal_lengths(self) -> Pair:
        """Along x and y, in image heights."""
        return self.focal if self.focal_x is None else self.focal_x, self.focal

    @property
    def origin(self) -> npt.NDArray[np.float64]:
        """(3,) position."""
        return np.array(self.position)

    @property
    def axes(self) -> npt.NDArray[np.float64]:
        """(3, 3) rows right / focal, down / focal, forward: pixel offsets in image heights -> direction."""
        rows = np.array([self.right, self.down, self.forward])
        rows[0] /= self.focal_lengths[0]
        rows[1] /= self.focal_lengths[1]
        return rows

    @property
    def film(self) -> npt.NDArray[np.float64]:
        """(11,) offset, centre, focal lengths (x, y each), kind of lens, its four coefficients: for kernels."""
        kind, coefficients = (KINDS[self.lens.kind], self.lens.coefficients) if self.lens else (PINHOLE, (0.0,) * 4)
        return np.array([*self.offset, *self.centre, *self.focal_lengths, kind, *coefficients])

    def __str__(self) -> str:
        kind = self.lens.kind if self.lens else "pinhole"
        position = ", ".join(f"{v:g}" for v in self.position)
        forward = ", ".join(f"{v:g}" for v in self.forward)
        focal = f"{self.focal:g}" if self.focal_x is None else f"{self.focal_x:g} x {self.focal:g}"
        words = f"{kind} at ({position}) looking along ({forward}), focal length {focal} image heights"
        if self.centre != CENTRE:
            words += f", centre ({self.centre[0]:.3g}, {self.centre[1]:.3g})"
        if self.offset != CENTRE:
            words += f", offset ({self.offset[0]:.3g}, {self.offset[1]:.3g})"
        return words[:MAX_WORDS]


def looking_at(eye: Vector, target: Vector, up: Vector, fov_degrees: float = DEFAULT_FOV_DEGREES) -> Camera:
    """Pinhole camera at ``eye`` with ``target`` in its centre and ``up`` upwards; ``fov_degrees`` is vertical."""
    for name, point in (("the eye", eye), ("the point looked at", target), ("the up vector", up)):
        if not all(abs(v) <= MAX_COORDINATE for v in point):
            raise UserError(f"{name} is {point}; its coordinates must be numbers of at most {MAX_COORDINATE:g}.")
    forward = _unit(_difference(target, eye))
    if forward is None:
        raise UserError(f"the eye and the point looked at are both {eye}; they must differ.")
    upwards = _unit(up)
    across = _cross(forward, upwards) if upwards else (0.0, 0.0, 0.0)
    right = _unit(across)
    if right is None or math.sqrt(_square(across)) < PARALLEL:
        raise UserError(f"the up vector {up} must be neither zero nor along the view from {eye} to {target}.")
    return Camera(eye, right, _cross(forward, right), forward, focal_of(fov_degrees))


def focal_of(fov_degrees: float) -> float:
    """Focal length, in image sides, of a field of view over that side; the same bits on every machine."""
    if not 0.0 < fov_degrees < 180.0:
        raise UserError(f"the field of view is {fov_degrees} degrees; it must be more than 0 and less than 180.")
    sine, cosine = sine_cosine(fov_degrees * (math.pi / 360.0))
    return float(0.5 * cosine / sine)


def jittered(camera: Camera, seed: int | None) -> Camera:
    """Move the rays of all pixels by one sub-pixel offset that is drawn from a seed; None: the pixels' centres."""
    drawn = CENTRE if seed is None else (float(uniform(0, seed)), float(uniform(1, seed)))
    return replace(camera, offset=drawn)


def _difference(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _square(v: Vector) -> float:
    return v[0] * v[0] + v[1] * v[1] + v[2] * v[2]


def _unit(v: Vector) -> Vector | None:
    """Vector of unit length, or None of a zero vector."""
    length = math.sqrt(_square(v))
    return (v[0] / length + 0.0, v[1] / length + 0.0, v[2] / length + 0.0) if length > 0.0 else None


def _cross(a: Vector, b: Vector) -> Vector:
    """Cross product; never a negative zero, for that would show in words."""
    return a[1] * b[2] - a[2] * b[1] + 0.0, a[2] * b[0] - a[0] * b[2] + 0.0, a[0] * b[1] - a[1] * b[0] + 0.0


@loop
def direction_of(pixel: Whole, width: Whole, height: Whole, axes: Array, film: Array) -> Point:
    """Direction of unit length of a pixel's ray; nan where the lens sees nothing."""
    u = ((pixel % width) + film[0] - film[2] * width) / height
    v = ((pixel // width) + film[1] - film[3] * height) / height
    w = 1.0
    if film[6] != PINHOLE:
        a, b, w = through_lens(u / film[4], v / film[5], film[6], film[7:])
        u, v = a * film[4], b * film[5]
    x = u * axes[0, 0] + v * axes[1, 0] + w * axes[2, 0]
    y = u * axes[0, 1] + v * axes[1, 1] + w * axes[2, 1]
    z = u * axes[0, 2] + v * axes[1, 2] + w * axes[2, 2]
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
def rays_into_box(
    width: Whole, height: Whole, origin: Array, axes: Array, film: Array, box: Array
) -> tuple[Array, Array, Array]:
    """Rays that meet the box, in row-major pixel order.

    Returns pixels (n,) int32, directions (n, 3) float32, entry distances (n,) float32.
    """
    total = width * height
    pixels = np.empty(total, np.int32)
    directions = np.empty((total, 3), np.float32)
    times = np.empty(total, np.float32)
    n = 0
    for pixel in range(total):
        direction = direction_of(pixel, width, height, axes, film)
        t = entry_distance(origin, direction, box)
        x, y, z = origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2]
        if t < 0.0 or not inside(x, y, z, box):
            continue
        pixels[n], times[n] = pixel, t
        directions[n, 0], directions[n, 1], directions[n, 2] = direction
        n += 1
    return pixels[:n].copy(), directions[:n].copy(), times[:n].copy()
