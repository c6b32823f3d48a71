"""What can be recorded: a scene that a camera looks at, and the render loop of its app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices

if TYPE_CHECKING:
    from ngpc_sim.trace.loops.camera import Camera
    from ngpc_sim.trace.loops.invocation import Invocation

DEFAULT_SEED = 1


@dataclass(frozen=True)
class Scene:
    """A bundled scene."""

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


@dataclass(frozen=True)
class Subject:
    """Something whose frames can be recorded."""

    name: str
    """Such as ``nerf-room``; the trace's name begins with it."""
    app: str
    scene: str
    """One line of text for the trace."""
    tiles: int
    """Screen tiles that are drawn where nobody says how many."""
    seed: int
    """Of its random numbers and of the tiles drawn."""
    frame: Any
    """The scene of a render loop: a frozen dataclass with a ``camera``."""
    loop: Callable[[Any, int, int], Iterator[Invocation]]
    """From ``frame``, width and height to the network calls of a frame."""
    notes: tuple[str, ...] = ()
    """Sentences that whoever records it should read."""

    @property
    def camera(self) -> Camera:
        """Where it is seen from."""
        camera: Camera = self.frame.camera
        return camera

    def seen_by(self, camera: Camera) -> Subject:
        """The same, seen by another camera."""
        return replace(self, frame=replace(self.frame, camera=camera))

    def calls(self, width: int, height: int) -> Iterator[Invocation]:
        """Network calls of a frame."""
        return self.loop(self.frame, width, height)


def bundled_scene(name: str, seed: int = DEFAULT_SEED) -> Subject:
    """The bundled scene ``name``, built from a seed."""
    check_seed(seed)
    if name not in SCENES:
        raise UserError(f"No scene is called '{name}'; {choices(name, SCENES)}.")
    from ngpc_sim.trace.loops.scenes import LOOPS  # noqa: PLC0415  (numba enters here)

    build, render = LOOPS[name]
    scene = SCENES[name]
    return Subject(name, scene.app, name, scene.tiles, seed, build(seed), render)


def check_seed(seed: int) -> None:
    """Refuse a seed that a trace cannot hold."""
    if not 0 <= seed < 1 << 63:
        raise UserError(f"The seed {seed} is not in 0..2**63 - 1.")
