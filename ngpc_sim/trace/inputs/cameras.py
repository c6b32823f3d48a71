"""Cameras of a ``transforms.json``: the NeRF-synthetic form, and the OpenCV form of instant-ngp's scripts.

The frames' cameras come out in ngp space, in the file's order, all of them: those whose image is absent too.

* Position: times ``scale`` (0.33 where absent), plus ``offset`` (0.5 each), or what fits ``aabb`` into the unit cube;
  columns 1 and 2 of the matrix are negated; then rows move: new x = old y, new y = old z, new z = old x.
* The matrix is used as it is, as instant-ngp does: columns that are not quite orthonormal are not made so. A matrix
  whose columns are nearly in one plane is refused, and one with another fourth row than 0, 0, 0, 1: transposed.
* Focal length per axis: ``x_fov`` in degrees, else ``fl_x`` in pixels, else ``camera_angle_x`` in radians; an axis
  that has none takes the other's. A frame that gives any of them gives all of them.
* Without ``w`` and ``h``, as NeRF-synthetic files are, images are taken as square (NeRF-synthetic's are 800 x 800),
  unless an angle along y says the height: then the angle over the image's height is the one that counts.
* A recorded frame of another aspect keeps the vertical field of view, as instant-ngp's window does.
* With a start and an end matrix the camera stands at the start; a rolling shutter between the two is refused.

Left out: ``n_frames``, ``sharpness``, ``render_aabb``, ``up`` and all that says how to train.
Source: facts of instant-ngp abe236e, src/nerf_loader.cu and include/neural-graphics-primitives/nerf_loader.h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from ngpc_sim.config.texts import printable
from ngpc_sim.trace.contents import MAX_PIXELS_PER_SIDE
from ngpc_sim.trace.inputs.json_objects import JsonObject, read_object
from ngpc_sim.trace.loops.camera import MAX_COORDINATE, Camera, Pair, Vector, focal_of
from ngpc_sim.trace.loops.lens import Lens

DEFAULT_SCALE = 0.33
"""From a file's units to ngp space (I:inc/nerf_loader.h)."""
MAX_AABB_SCALE = 128
"""Eight cascades (I:inc/nerf_device.cuh)."""
MAX_VIEWS = 100_000
"""Most cameras of a file. Assumed."""
FOCAL_RANGE = (1e-3, 1e4)
"""Focal lengths in image heights that a camera can have. Assumed."""
MAX_COEFFICIENT = 1e3
"""Largest coefficient of a lens. Assumed: real ones are below 10."""
FLAT = 1e-3
"""Volume of the box of a matrix's columns, over that of three orthogonal ones as long, below which it is refused:
assumed. Their lengths must be of ``1 / MAX_STRETCH`` to ``MAX_STRETCH``."""
MAX_STRETCH = 1e3
MAX_NAME = 200
"""Characters kept of a frame's file name."""
OTHER_LENSES = ("orthographic", "ftheta_p0", "ftheta_p1", "ftheta_p2", "ftheta_p3", "ftheta_p4")
PANORAMAS = ("latlong", "equirectangular")
MODELS = {"PINHOLE", "SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV", "OPENCV_FISHEYE"}
"""Values of nerfstudio's ``camera_model`` whose coefficients mean what they mean here."""
CAMERA_KEYS = (
    *("w", "h", "cx", "cy", "camera_model", "is_fisheye", "k1", "k2", "k3", "k4", "p1", "p2"),
    *OTHER_LENSES,
    *PANORAMAS,
)
"""What a frame has of the file where it does not say it itself, besides the focal lengths."""
FOCAL_KEYS = ("x_fov", "y_fov", "fl_x", "fl_y", "camera_angle_x", "camera_angle_y")


@dataclass(frozen=True)
class View:
    """One frame's camera, the size of its image in pixels where the file has it, and the image's name."""

    camera: Camera
    width: int | None
    height: int | None
    name: str


@dataclass(frozen=True)
class CameraFile:
    """All cameras of a file, the side of its world in unit cubes, and a line about how the file was taken."""

    views: tuple[View, ...]
    aabb_scale: int
    words: str


@dataclass(frozen=True)
class _Intrinsics:
    """What a camera has besides its place."""

    focal: Pair
    centre: Pair
    lens: Lens | None
    size: tuple[int, int] | None


def read_cameras(path: Path) -> CameraFile:
    """Cameras of a ``transforms.json`` in ngp space; a file that is not understood whole is a user's error."""
    file = read_object(path, "camera file")
    for key in ("from_mitsuba", "normal_mts_args"):
        if key in file and file.values[key] is not False:
            file.refuse(f"has {key}; scenes in Mitsuba's axes are not read, only those in NeRF's")
    aabb_scale = _aabb_scale(file)
    scale, offset = _placing(file)
    views = tuple(_view(file, frame, scale, offset) for frame in file.objects("frames", "frame", MAX_VIEWS))
    words = f"{len(views)} cameras, aabb_scale {aabb_scale}, scale {scale:g}, offset " + ", ".join(
        f"{v:g}" for v in offset
    )
    if any(view.width is None for view in views):
        words += ", images without a size taken as square"
    return CameraFile(views, aabb_scale, words)


def _aabb_scale(file: JsonObject) -> int:
    value = file.whole("aabb_scale", 1, MAX_AABB_SCALE) if "aabb_scale" in file else 1
    if value & (value - 1):
        file.refuse(f"has aabb_scale = {value}; it must be a power of two of 1 to {MAX_AABB_SCALE}")
    return value


def _placing(file: JsonObject) -> tuple[float, tuple[float, ...]]:
    """Scale and offset (3,) of positions, before the axes move."""
    if "aabb" in file:
        low, high = file.rows("aabb", [2], 3)
        scale = 1.0 / max(1e-6, *(abs(b - a) for a, b in zip(low, high, strict=True)))
        return scale, tuple(0.5 - 0.5 * (a + b) * scale for a, b in zip(low, high, strict=True))
    scale = file.number("scale", 1e-6, 1e6) if "scale" in file else DEFAULT_SCALE
    if "offset" not in file:
        return scale, (0.5, 0.5, 0.5)
    if isinstance(file.values["offset"], list):
        return scale, file.numbers("offset", 3)
    return scale, (file.number("offset"),) * 3


def _view(file: JsonObject, frame: JsonObject, scale: float, offset: tuple[float, ...]) -> View:
    has_focal = any(key in frame for key in FOCAL_KEYS)
    taken = CAMERA_KEYS if has_focal else (*CAMERA_KEYS, *FOCAL_KEYS)
    inherited = {key: file.values[key] for key in taken if key in file}
    own = _intrinsics(JsonObject(frame.where, {**inherited, **frame.values}))
    position, right, down, forward = _columns(frame, scale, offset)
    fx, fy = own.focal
    camera = Camera(position, right, down, forward, fy, None if fx == fy else fx, own.centre, lens=own.lens)
    name = frame.values.get("file_path", "")
    if not isinstance(name, str):
        frame.refuse("has a file_path that is not a text")
    width, height = own.size or (None, None)
    return View(camera, width, height, printable(name[:MAX_NAME]))


def _columns(frame: JsonObject, scale: float, offset: tuple[float, ...]) -> tuple[Vector, Vector, Vector, Vector]:
    """Position, right, down and forward in ngp space."""
    key = "transform_matrix_start" if "transform_matrix_start" in frame else "transform_matrix"
    rows = frame.rows(key, [3, 4], 4)
    if any(abs(a - b) > FLAT for a, b in zip(rows[3] if len(rows) > 3 else (), (0.0, 0.0, 0.0, 1.0), strict=False)):
        frame.refuse(f"has a {key} whose fourth row is not 0, 0, 0, 1; the position belongs into the fourth column")
    _check_shutter(frame, rows)
    x, y, z = ([sign * row[i] for row in rows[:3]] for i, sign in enumerate((1.0, -1.0, -1.0)))
    if not are_axes(x, y, z):
        frame.refuse(f"has a {key} whose first three columns are not the axes of a camera")
    position = [row[3] * scale + shift for row, shift in zip(rows, offset, strict=False)]
    if not all(abs(v) <= MAX_COORDINATE for v in position):
        frame.refuse(f"has a camera farther away than {MAX_COORDINATE:g} unit cubes")
    return _cycled(position), _cycled(x), _cycled(y), _cycled(z)


def are_axes(x: list[float], y: list[float], z: list[float]) -> bool:
    """Whether three vectors can be the axes of a camera: none too long or short, and not nearly in one plane."""
    lengths = [math.sqrt(sum(v * v for v in column)) for column in (x, y, z)]
    if not all(1.0 / MAX_STRETCH <= v <= MAX_STRETCH for v in lengths):
        return False
    volume = sum(x[i] * (y[i - 2] * z[i - 1] - y[i - 1] * z[i - 2]) for i in range(3))
    return abs(volume) > FLAT * lengths[0] * lengths[1] * lengths[2]


def _cycled(v: list[float]) -> Vector:
    """New x = old y, new y = old z, new z = old x; never a negative zero, for that would show in words."""
    return v[1] + 0.0, v[2] + 0.0, v[0] + 0.0


def _check_shutter(frame: JsonObject, start: list[tuple[float, ...]]) -> None:
    shutter = frame.values.get("rolling_shutter")
    if "transform_matrix_end" not in frame or shutter is None:
        return
    moves = frame.rows("transform_matrix_end", [3, 4], 4)[:3] != start[:3]
    if moves and any(frame.numbers("rolling_shutter", len(shutter) if isinstance(shutter, list) else 4)):
        frame.refuse("has a rolling shutter; only cameras that stand still while an image is taken are read")


def _intrinsics(frame: JsonObject) -> _Intrinsics:
    size = None
    if "w" in frame or "h" in frame:
        size = frame.whole("w", 1, MAX_PIXELS_PER_SIDE), frame.whole("h", 1, MAX_PIXELS_PER_SIDE)
    centre = [0.5, 0.5]
    for axis, key in enumerate(("cx", "cy")):
        if key in frame:
            if size is None:
                frame.refuse(f"has {key} in pixels, but no w and h")
            centre[axis] = frame.number(key, -10.0 * size[axis], 10.0 * size[axis]) / size[axis]
    return _Intrinsics(_focal(frame, size), (centre[0], centre[1]), _lens(frame), size)


def _focal(frame: JsonObject, size: tuple[int, int] | None) -> Pair:
    """Focal lengths along x and y in image heights."""
    along_y = _focal_along(frame, "y", 1.0, size)
    aspect = size[0] / size[1] if size else 1.0
    along_x = None if size is None and along_y is not None else _focal_along(frame, "x", aspect, size)
    x, y = along_x or along_y, along_y or along_x
    if x is None or y is None:
        frame.refuse("has no focal length: none of " + ", ".join(FOCAL_KEYS))
    if not all(FOCAL_RANGE[0] <= v <= FOCAL_RANGE[1] for v in (x, y)):
        frame.refuse(f"has focal lengths of {x:g} and {y:g} image heights, which no camera has")
    return x, y


def _focal_along(frame: JsonObject, axis: str, side: float, size: tuple[int, int] | None) -> float | None:
    """Focal length in image heights along an axis over which the image has ``side`` heights; None: not given."""
    degrees, pixels, radians = f"{axis}_fov", f"fl_{axis}", f"camera_angle_{axis}"
    if degrees in frame:
        return side * focal_of(frame.number(degrees, 0.01, 179.99))
    if pixels in frame:
        if size is None:
            frame.refuse(f"has {pixels} in pixels, but no w and h")
        return frame.number(pixels) / size[1]
    if radians in frame:
        return side * focal_of(frame.number(radians, 1e-4, math.pi - 1e-4) * (180.0 / math.pi))
    return None


def _lens(frame: JsonObject) -> Lens | None:
    other = [key for key in OTHER_LENSES + PANORAMAS if frame.values.get(key, False) is not False]
    model = frame.values.get("camera_model", "OPENCV")
    if other or not isinstance(model, str) or model not in MODELS:
        kind = other[0] if other else f"camera_model = {str(model)[:40]}"
        frame.refuse(f"has {kind}; the lenses that are read are perspective ones with k1, k2, p1, p2, and fisheyes")
    fisheye = frame.flag("is_fisheye") or model == "OPENCV_FISHEYE"
    names, foreign = (("k1", "k2", "k3", "k4"), ("p1", "p2")) if fisheye else (("k1", "k2", "p1", "p2"), ("k3", "k4"))
    values = {
        key: frame.number(key, -MAX_COEFFICIENT, MAX_COEFFICIENT) if key in frame else 0.0 for key in names + foreign
    }
    for key in foreign:
        if values[key]:
            frame.refuse(f"has {key}, which a lens {'with' if fisheye else 'without'} is_fisheye does not have here")
    a, b, c, d = (values[key] for key in names)
    if not (fisheye or any((a, b, c, d))):
        return None
    return Lens("opencv_fisheye" if fisheye else "opencv", (a, b, c, d))
