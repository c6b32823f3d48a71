"""Lenses: from where a pixel lies on the film back to the direction that its light came from.

A lens is OpenCV's: the pinhole camera's image point (x, y), in focal lengths from the centre, is moved before it
falls on the film. There is no closed form of the way back, so Newton's method solves it for every pixel, to
``TOLERANCE``. A film point that no direction reaches has no ray: instant-ngp takes the last iterate there.
Formulas: OpenCV 4, modules calib3d and fisheye. Orthographic, f-theta and panorama lenses are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Point, Real
from ngpc_sim.trace.loops.portable_math import sine_cosine

PINHOLE, OPENCV, OPENCV_FISHEYE = 0.0, 1.0, 2.0
"""What stands in a camera's film for the kind of its lens."""
KINDS = {"opencv": OPENCV, "opencv_fisheye": OPENCV_FISHEYE}
TOLERANCE = 1e-10
"""Largest distance on the film, in focal lengths, from the pixel to where its direction falls. Assumed: far below
a pixel of any frame, and far above float64's rounding."""
MAX_ITERATIONS = 50
"""Newton's steps before a pixel counts as one without a ray. Assumed: lenses of real cameras take less than 10."""
WIDEST = 3.141592653589793
"""Largest angle to the axis that a fisheye lens sees: straight back."""


@dataclass(frozen=True)
class Lens:
    """A lens of kind ``opencv`` with (k1, k2, p1, p2), or ``opencv_fisheye`` with (k1, k2, k3, k4)."""

    kind: Literal["opencv", "opencv_fisheye"]
    coefficients: tuple[float, float, float, float]


@loop
def undistorted(x: Real, y: Real, k1: Real, k2: Real, p1: Real, p2: Real) -> Point:
    """Direction (x, y, 1) that OpenCV's distortion maps to the film point (x, y), in focal lengths; nan if none does.

    Newton's method from the film point itself. It stops where the lens folds: where film points turn back.
    """
    a, b = x, y
    limit = TOLERANCE * (1.0 + abs(x) + abs(y))
    for _ in range(MAX_ITERATIONS):
        square = a * a + b * b
        radial = 1.0 + square * (k1 + square * k2)
        error_x = a * radial + 2.0 * p1 * a * b + p2 * (square + 2.0 * a * a) - x
        error_y = b * radial + 2.0 * p2 * a * b + p1 * (square + 2.0 * b * b) - y
        slope = 2.0 * (k1 + 2.0 * k2 * square)
        xx = radial + a * a * slope + 2.0 * p1 * b + 6.0 * p2 * a
        xy = a * b * slope + 2.0 * p1 * a + 2.0 * p2 * b
        yy = radial + b * b * slope + 2.0 * p2 * a + 6.0 * p1 * b
        area = xx * yy - xy * xy
        if not (area > 0.0 and xx + yy > 0.0):
            break
        if abs(error_x) <= limit and abs(error_y) <= limit:
            return a, b, 1.0
        a -= (yy * error_x - xy * error_y) / area
        b -= (xx * error_y - xy * error_x) / area
    return np.nan, np.nan, np.nan


@loop
def fisheye_direction(x: Real, y: Real, k1: Real, k2: Real, k3: Real, k4: Real) -> Point:
    """Direction of unit length that OpenCV's fisheye lens maps to the film point (x, y), in focal lengths; or nan.

    The angle t to the axis solves t (1 + k1 t^2 + k2 t^4 + k3 t^6 + k4 t^8) = distance from the centre.
    """
    distance = np.sqrt(x * x + y * y)
    if distance == 0.0:
        return 0.0, 0.0, 1.0
    angle = min(distance, WIDEST)
    for _ in range(MAX_ITERATIONS):
        s = angle * angle
        error = angle * (1.0 + s * (k1 + s * (k2 + s * (k3 + s * k4)))) - distance
        slope = 1.0 + s * (3.0 * k1 + s * (5.0 * k2 + s * (7.0 * k3 + s * 9.0 * k4)))
        if not (slope > 0.0 and 0.0 <= angle <= WIDEST):
            break
        if abs(error) <= TOLERANCE * (1.0 + distance):
            sine, cosine = sine_cosine(angle)
            return x * sine / distance, y * sine / distance, cosine
        angle -= error / slope
    return np.nan, np.nan, np.nan


@loop
def through_lens(x: Real, y: Real, kind: Real, coefficients: Array) -> Point:
    """Direction (right, down, forward), of any length, of the film point (x, y); nan where there is none."""
    c0, c1, c2, c3 = coefficients[0], coefficients[1], coefficients[2], coefficients[3]
    if kind == OPENCV:
        return undistorted(x, y, c0, c1, c2, c3)
    return fisheye_direction(x, y, c0, c1, c2, c3)
