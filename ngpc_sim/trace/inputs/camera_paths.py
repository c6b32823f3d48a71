"""Paths of cameras: instant-ngp's camera path files, and circles around a point; both in ngp space.

A keyframe's quaternion turns (right, down, forward) into the columns 0, 1, 2 of the camera-to-world matrix. Its field
of view is taken as vertical: instant-ngp's axis where nothing else is chosen. ``slice``, ``scale`` and the aperture
(``dof`` in older files) set the focal plane and blur, ``timestamp`` and ``time`` the playing: none moves a ray here,
and keyframes are evenly spaced in time.

In a file with ``loop`` the keyframes go round: after the last comes the first again, and time 1 is time 0.
Source: facts of instant-ngp 00d8e53 and abe236e, camera_path.h and camera_path.cu.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.json_objects import JsonObject, read_object
from ngpc_sim.trace.loops.camera import MAX_COORDINATE, Camera, Vector, focal_of
from ngpc_sim.trace.loops.portable_math import sine_cosine

MAX_KEYFRAMES = 100_000
"""Most keyframes of a file. Assumed."""
MAX_FRAMES = 100_000
"""Most cameras along a path. Assumed: half an hour at 60 Hz."""
DEFAULT_ORDER = 3
"""Order of the spline in files that have none: the cubic one of the first release."""
SMALLEST_TURN = 1e-6
"""Length of a quaternion below which it says no direction. Assumed."""
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True)
class Keyframe:
    """Rotation as x, y, z, w, of any length; position; vertical field of view in degrees."""

    rotation: Quaternion
    position: Vector
    fov: float


@dataclass(frozen=True)
class CameraPath:
    """Keyframes, and the B-spline between them: of order 0 (nearest), 1 (linear), 2 or 3."""

    keyframes: tuple[Keyframe, ...]
    spline_order: int = DEFAULT_ORDER
    loop: bool = False

    def camera(self, t: float) -> Camera:
        """Camera at a time of 0 to 1."""
        if not 0.0 <= t <= 1.0:
            raise UserError(f"the time along a camera path is {t}; it must be of 0 to 1.")
        n = len(self.keyframes)
        u = t * (n if self.loop else n - 1)
        first = math.floor(u)
        turn, place, fov = [0.0] * 4, [0.0] * 3, 0.0
        for step, weight in weights(u - first, self.spline_order):
            i = first + step
            frame = self.keyframes[i % n if self.loop else min(max(i, 0), n - 1)]
            sign = -weight if _dot(turn, frame.rotation) < 0.0 else weight
            turn = [a + sign * b for a, b in zip(turn, frame.rotation, strict=True)]
            place = [a + weight * b for a, b in zip(place, frame.position, strict=True)]
            fov += weight * frame.fov
        return _camera(turn, (place[0], place[1], place[2]), fov)

    def cameras(self, n: int) -> list[Camera]:
        """``n`` cameras, evenly spaced in time from 0 to 1; one alone is at time 0."""
        _check_count(n)
        return [self.camera(i / max(n - 1, 1)) for i in range(n)]


def weights(f: float, order: int) -> tuple[tuple[int, float], ...]:
    """Steps from the keyframe before, and weights, of a uniform B-spline at a fraction of 0 to 1 between two."""
    if order == 0:
        return ((0, 1.0),) if f < 0.5 else ((1, 1.0),)
    if order == 1:
        return (0, 1.0 - f), (1, f)
    g = 1.0 - f
    if order == 2:
        return (-1, 0.5 * g * g), (0, 0.5 + f * g), (1, 0.5 * f * f)
    middle = (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0
    after = (-3.0 * f * f * f + 3.0 * f * f + 3.0 * f + 1.0) / 6.0
    return (-1, g * g * g / 6.0), (0, middle), (1, after), (2, f * f * f / 6.0)


def read_path(path: Path) -> CameraPath:
    """Camera path of an instant-ngp file; one that is not understood is a user's error."""
    file = read_object(path, "camera path")
    frames = tuple(map(_keyframe, file.objects("path", "keyframe", MAX_KEYFRAMES)))
    order = file.whole("spline_order", 0, 3) if "spline_order" in file else DEFAULT_ORDER
    return CameraPath(frames, order, file.flag("loop"))


def orbit(n: int, centre: Vector, start: Camera) -> list[Camera]:
    """``n`` cameras evenly on the circle that ``start`` makes when it turns about the vertical through ``centre``.

    The first is ``start``; every other looks at the centre as ``start`` does, and has its lens.
    """
    _check_count(n)
    return [start, *(_turned(start, centre, i / n) for i in range(1, n))]


def _check_count(n: int) -> None:
    if not 1 <= n <= MAX_FRAMES:
        raise UserError(f"a camera path of {n} frames was asked for; it must have 1 to {MAX_FRAMES}.")


def _turned(start: Camera, centre: Vector, turns: float) -> Camera:
    """Camera after so many turns, of 0 to 1, from z towards x about the vertical."""
    sine, cosine = sine_cosine(2.0 * math.pi * (turns if turns <= 0.5 else turns - 1.0))

    def turn(v: Vector) -> Vector:
        return cosine * v[0] + sine * v[2], v[1], cosine * v[2] - sine * v[0]

    x, y, z = turn((start.position[0] - centre[0], start.position[1], start.position[2] - centre[2]))
    position = centre[0] + x, y, centre[2] + z
    axes = turn(start.right), turn(start.down), turn(start.forward)
    return replace(start, position=position, right=axes[0], down=axes[1], forward=axes[2])


def _keyframe(frame: JsonObject) -> Keyframe:
    rotation = frame.numbers("R", 4)
    if not SMALLEST_TURN <= math.sqrt(_dot(rotation, rotation)) <= 1.0 / SMALLEST_TURN:
        frame.refuse("has a quaternion R of no use; it must be x, y, z, w of length 1")
    a, b, c = frame.numbers("T", 3)
    if max(abs(a), abs(b), abs(c)) > MAX_COORDINATE:
        frame.refuse(f"has a position T farther away than {MAX_COORDINATE:g} unit cubes")
    x, y, z, w = rotation
    return Keyframe((x, y, z, w), (a, b, c), frame.number("fov", 0.01, 179.99))


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Product of two quaternions as vectors; not ``sum``, whose rounding depends on Python's version."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


def _camera(turn: Sequence[float], position: Vector, fov: float) -> Camera:
    """Camera with a quaternion of any length, a position, and a vertical field of view in degrees."""
    length = math.sqrt(_dot(turn, turn))
    x, y, z, w = (v / length for v in turn)
    right = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)
    down = 2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)
    forward = 2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)
    return Camera(position, right, down, forward, focal_of(fov))
