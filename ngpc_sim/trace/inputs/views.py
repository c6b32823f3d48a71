"""Views of what is recorded: where cameras stand, from options, a file of cameras, or a path.

Points are in ngp space: a scene of aabb_scale 1 is the unit cube, and the default camera stands at (0.5, 0.5, 2) and
looks along -z. A mesh is scaled so that its largest side fills the cube.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.camera_paths import MAX_FRAMES, orbit, read_path
from ngpc_sim.trace.inputs.cameras import View, read_cameras
from ngpc_sim.trace.loops.camera import Camera, Vector, focal_of, jittered, looking_at

MIDDLE: Vector = (0.5, 0.5, 0.5)
"""Of the unit cube: what is looked at, and turned around, where nothing else is said."""
UP: Vector = (0.0, 1.0, 0.0)
PATH_FRAMES = 60
"""Frames of a camera path's file where nobody says how many: a second at 60 Hz (assumed)."""
ORBIT = re.compile(r"orbit:([0-9]{1,7})")


@dataclass(frozen=True)
class Asked:
    """What was said of the view; ``None`` where nothing was.

    ``frame`` is the number of a camera of ``cameras``, or ``all``; ``path`` is ``orbit:N`` or a file, of which
    ``frames`` are recorded. With ``jitter_seed`` rays start at a drawn place of their pixel, the same for all.
    """

    eye: Vector | None = None
    look_at: Vector | None = None
    up: Vector | None = None
    fov: float | None = None
    cameras: Path | None = None
    frame: str | None = None
    path: str | None = None
    frames: int | None = None
    jitter_seed: int | None = None

    @property
    def is_sequence(self) -> bool:
        """Whether it is one of many views."""
        return self.path is not None or self.frame == "all"

    @property
    def words(self) -> str:
        """What a sequence goes along."""
        return self.path or f"{self.cameras}"


USUAL_VIEW = Asked()


def views(asked: Asked, usual: Camera) -> list[View]:
    """Views that are asked for, one or those of a sequence; ``usual`` is the one where nothing was said.

    Raises
    ------
    UserError
        For options that contradict each other, and for what is wrong in a file.
    """
    _check(asked)
    if asked.cameras is not None:
        found = _of_file(asked.cameras, asked.frame or "0")
    elif asked.path is None:
        found = [View(_placed(asked, usual), None, None, "")]
    else:
        found = [View(camera, None, None, "") for camera in _along(asked, asked.path, usual)]
    return [replace(view, camera=jittered(view.camera, asked.jitter_seed)) for view in found]


def _check(asked: Asked) -> None:
    placed = next((name for name in ("eye", "look_at", "up", "fov") if getattr(asked, name) is not None), None)
    given = {"--cameras": asked.cameras, "--path": asked.path}
    if all(value is not None for value in given.values()):
        raise UserError("--cameras and --path both say where cameras stand: choose one.")
    is_orbit = asked.path is not None and ORBIT.fullmatch(asked.path) is not None
    if placed is not None and (asked.cameras is not None or (asked.path is not None and not is_orbit)):
        other = next(name for name, value in given.items() if value is not None)
        raise UserError(f"--{placed.replace('_', '-')} changes nothing beside {other}, which has whole cameras.")
    if asked.frame is not None and asked.cameras is None:
        raise UserError("--frame chooses a camera of --cameras, and none are given.")
    if asked.frames is not None and (asked.path is None or is_orbit):
        raise UserError("--frames says how many frames of the file of --path are recorded; orbit:N has its own.")
    if asked.frames is not None and not 1 <= asked.frames <= MAX_FRAMES:
        raise UserError(f"--frames {asked.frames} is out of range: 1 to {MAX_FRAMES:,}.")
    if asked.jitter_seed is not None and not 0 <= asked.jitter_seed < 1 << 63:
        raise UserError(f"--jitter-seed {asked.jitter_seed} is not in 0..2**63 - 1.")


def _placed(asked: Asked, usual: Camera) -> Camera:
    """The usual camera, moved, turned, or with another field of view."""
    if asked.eye is None and asked.look_at is None and asked.up is None:
        return usual if asked.fov is None else replace(usual, focal=focal_of(asked.fov), focal_x=None)
    camera = looking_at(asked.eye or usual.position, asked.look_at or MIDDLE, asked.up or UP)
    return replace(camera, focal=usual.focal if asked.fov is None else focal_of(asked.fov))


def _of_file(path: Path, frame: str) -> Sequence[View]:
    found = read_cameras(path).views
    if frame == "all":
        return found
    if not (frame.isascii() and frame.isdecimal()) or int(frame) >= len(found):
        raise UserError(f"--frame is '{frame}', which should be a number of 0 to {len(found) - 1}, or all, of {path}.")
    return [found[int(frame)]]


def _along(asked: Asked, path: str, usual: Camera) -> list[Camera]:
    if path.lower().startswith("orbit"):
        turns = ORBIT.fullmatch(path)
        if turns is None or not 1 <= int(turns[1]) <= MAX_FRAMES:
            raise UserError(f"--path is '{path}', which should be orbit:N with N of 1 to {MAX_FRAMES:,}, or a file.")
        return orbit(int(turns[1]), asked.look_at or MIDDLE, _placed(asked, usual))
    return read_path(Path(path)).cameras(asked.frames or PATH_FRAMES)


def vector(text: str | None, option: str) -> Vector | None:
    """Three numbers of an option, such as ``0.5,0.5,2``."""
    if text is None:
        return None
    try:
        x, y, z = map(float, text.split(","))
    except ValueError:
        raise UserError(f"{option} is '{text}', which should be three numbers, such as 0.5,0.5,2.") from None
    return x, y, z
