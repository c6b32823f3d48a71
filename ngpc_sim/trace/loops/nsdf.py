"""The NSDF render loop: sphere tracing, normals by central differences, shadow rays.

Follows instant-ngp abe236e, testbed_sdf.cu. Compaction after 1, 2, 4, 4, ... steps; rays that end inside a
group keep their slot, and are evaluated where they ended, until the next compaction.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.camera import Camera, Vector, inside, rays_into_box
from ngpc_sim.trace.loops.invocation import Invocation, Network, padded
from ngpc_sim.trace.loops.kernel_types import Array

STEP_SHARE = 0.95
"""Share of the distance that is walked."""
MIN_STEP = 5e-5
HALF_STEP_LIMIT = 1.5e-4
"""A ray goes on while its step is above MIN_STEP and half of it above this."""
MAX_GROUP_STEPS = 4
MAX_STEPS = 10_000
NORMAL_EPSILON = 5e-4
SHADOW_OFFSET = 1e-3
"""Shadow rays start this far off the surface, on the viewer's side."""
SUN = (1.0, 1.0, 1.0)
"""Direction to the sun, before normalisation."""
PRIMARY_SHARE = 0.55
NORMALS_SHARE = 0.65
"""Where the phases end on the progress scale: about their share of a frame's queries."""
_SMALLEST = 1e-30

Rays = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int32]]
"""positions (n, 3), unit directions (n, 3), pixels (n,)."""
Tracing = Generator[Invocation, None, Rays]


@dataclass(frozen=True)
class NsdfScene:
    """What the loop needs to know of a scene besides the network: the render box and the camera."""

    box_min: Vector
    box_max: Vector
    camera: Camera

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """(2, 3) corners of the render box."""
        return np.array([self.box_min, self.box_max])


@loop
def advance(positions: Array, directions: Array, distances: Array, box: Array, alive: Array) -> None:
    """Move alive rays by a share of the distance; clear ``alive`` where a ray hits or leaves the box."""
    for ray in range(len(alive)):
        if not alive[ray]:
            continue
        step = STEP_SHARE * np.float64(distances[ray])
        x = positions[ray, 0] + step * directions[ray, 0]
        y = positions[ray, 1] + step * directions[ray, 1]
        z = positions[ray, 2] + step * directions[ray, 2]
        positions[ray, 0], positions[ray, 1], positions[ray, 2] = x, y, z
        far = step > MIN_STEP and 0.5 * step > HALF_STEP_LIMIT
        alive[ray] = far and inside(x, y, z, box)


@loop
def are_inside(positions: Array, box: Array) -> Array:
    """(n,) bool: which positions are in the box."""
    result = np.empty(len(positions), np.bool_)
    for ray in range(len(positions)):
        result[ray] = inside(positions[ray, 0], positions[ray, 1], positions[ray, 2], box)
    return result


@loop
def shadow_starts(hits: Array, directions: Array, gradients: Array) -> Array:
    """(n, 3) float32 points off the surface along the normal, on the side that faces the viewer."""
    starts = np.empty_like(hits)
    for ray in range(len(hits)):
        x, y, z = gradients[ray, 0], gradients[ray, 1], gradients[ray, 2]
        facing = x * directions[ray, 0] + y * directions[ray, 1] + z * directions[ray, 2]
        offset = SHADOW_OFFSET / np.sqrt(max(x * x + y * y + z * z, _SMALLEST))
        if facing > 0.0:
            offset = -offset
        starts[ray, 0] = hits[ray, 0] + offset * x
        starts[ray, 1] = hits[ray, 1] + offset * y
        starts[ray, 2] = hits[ray, 2] + offset * z
    return starts


def trace_rays(network: Network, rays: Rays, scene: NsdfScene, phase: str, span: tuple[float, float]) -> Tracing:
    """Yield the calls that trace ``rays`` to their ends; return those that ended inside the box."""
    box = scene.box
    started, step, hits = max(len(rays[2]), 1), 1, []
    while len(rays[2]) and step < MAX_STEPS:
        positions, directions, pixels = rays
        alive = np.ones(len(pixels), np.bool_)
        done = span[0] + (span[1] - span[0]) * (1.0 - len(pixels) / started)
        group = min(step, MAX_GROUP_STEPS)
        for _ in range(group):
            yield Invocation(phase, padded(len(pixels)), positions.copy(), pixels, done)
            advance(positions, directions, network(positions), box, alive)
        step += group
        ended = ~alive & are_inside(positions, box)
        hits.append((positions[ended], directions[ended], pixels[ended]))
        rays = (positions[alive], directions[alive], pixels[alive])
    return _joined(hits) if hits else rays


def _joined(parts: list[Rays]) -> Rays:
    positions, directions, pixels = (np.concatenate(column) for column in zip(*parts, strict=True))
    return positions, directions, pixels


def _normals(network: Network, hits: Rays) -> Generator[Invocation, None, npt.NDArray[np.float32]]:
    """Yield the six calls of the central differences; return the (n, 3) gradients, unscaled."""
    positions, _, pixels = hits
    gradients = np.zeros_like(positions)
    for axis in range(3):
        for sign in (1.0, -1.0):
            shifted = positions.copy()
            shifted[:, axis] += np.float32(sign * NORMAL_EPSILON)
            yield Invocation("normals", padded(len(pixels)), shifted, pixels, PRIMARY_SHARE)
            gradients[:, axis] += np.float32(sign) * np.asarray(network(shifted), dtype=np.float32)
    return gradients


def render(distance: Network, scene: NsdfScene, width: int, height: int) -> Iterator[Invocation]:
    """Yield each network call of a shaded frame; ``distance`` gives the distance to the surface."""
    origin = scene.camera.origin
    pixels, directions, times = rays_into_box(width, height, origin, scene.camera.axes, scene.camera.film, scene.box)
    positions = (origin + times[:, None].astype(np.float64) * directions).astype(np.float32)
    hits = yield from trace_rays(distance, (positions, directions, pixels), scene, "primary", (0.0, PRIMARY_SHARE))
    if not len(hits[2]):
        return
    gradients = yield from _normals(distance, hits)
    starts = shadow_starts(hits[0], hits[1], gradients)
    sun = np.array(SUN, np.float32) / np.sqrt(np.float32(np.square(SUN).sum()))
    shadow = (starts, np.tile(sun, (len(starts), 1)), hits[2])
    yield from trace_rays(distance, shadow, scene, "shadow", (NORMALS_SHARE, 1.0))
