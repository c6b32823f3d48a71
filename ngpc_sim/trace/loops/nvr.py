"""The NVR render loop: delta tracking along the camera ray, one query per tentative collision.

Follows instant-ngp abe236e, testbed_volume.cu: at most 64 calls, and the host reads the number of rays only every
fourth call, so the calls between run on a number that is too large. The slots beyond the rays that are
left are evaluated and counted; they hold positions of earlier calls, and carry no pixel here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.camera import Camera, Vector, inside, rays_into_box
from ngpc_sim.trace.loops.invocation import Invocation, Network, padded
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, Bits, bit_at
from ngpc_sim.trace.loops.portable_math import log, uniform

INV_DISTANCE_SCALE = 100.0
MAX_ITERATIONS = 64
COUNT_READ_EVERY = 4
OPAQUE = 0.99
MAX_DRAWS = 1 << 16
"""Random numbers reserved for one pixel; a walk of 0.01 mean steps crosses the unit cube in about 200."""


@dataclass(frozen=True)
class NvrScene:
    """What the loop needs to know of a scene besides the network."""

    box_min: Vector
    box_max: Vector
    majorant: float
    """Upper bound of the density."""
    occupancy: Bits
    """(1, ...) bits of the unit cube."""
    camera: Camera
    seed: int = 0

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """(2, 3) corners of the render box."""
        return np.array([self.box_min, self.box_max])


@loop
def cell_of(coordinate: Real) -> Whole:
    """Cell number along one axis: the nearest multiple of 1/128, not the floor."""
    return np.int64(np.floor(coordinate * GRID_CELLS + 0.5))


@loop
def walk(
    positions: Array,
    directions: Array,
    pixels: Array,
    draws: Array,
    mean_step: Real,
    box: Array,
    bits: Array,
    seed: Whole,
) -> Array:
    """Move each ray to its next tentative collision; returns (n,) bool: who is still in the box.

    positions (n, 3) float32 and draws (n,) int32, the random numbers used so far, are updated.
    """
    stays = np.zeros(len(pixels), np.bool_)
    for ray in range(len(pixels)):
        x, y, z = np.float64(positions[ray, 0]), np.float64(positions[ray, 1]), np.float64(positions[ray, 2])
        while draws[ray] < MAX_DRAWS:
            xi = np.float64(uniform(np.int64(pixels[ray]) * MAX_DRAWS + draws[ray], seed))
            draws[ray] += 1
            step = -log(1.0 - xi) * mean_step
            x, y, z = x + step * directions[ray, 0], y + step * directions[ray, 1], z + step * directions[ray, 2]
            if not inside(x, y, z, box):
                break
            if bit_at(bits, 0, cell_of(x), cell_of(y), cell_of(z)):
                stays[ray] = True
                break
        positions[ray, 0], positions[ray, 1], positions[ray, 2] = x, y, z
    return stays


@loop
def absorb(densities: Array, majorant: Real, opacities: Array) -> Array:
    """Add each collision's share to ``opacities`` (n,) float32; returns (n,) bool: who is not opaque yet."""
    goes_on = np.empty(len(opacities), np.bool_)
    for ray in range(len(opacities)):
        share = min(1.0, np.float64(densities[ray]) / majorant)
        opacities[ray] += share * (1.0 - opacities[ray])
        goes_on[ray] = opacities[ray] <= OPAQUE
    return goes_on


def render(density: Network, scene: NvrScene, width: int, height: int) -> Iterator[Invocation]:
    """Yield each network call of a frame; ``density`` gives densities up to the scene's majorant."""
    origin, box = scene.camera.origin, scene.box
    mean_step = 1.0 / (INV_DISTANCE_SCALE * scene.majorant)
    pixels, directions, times = rays_into_box(width, height, origin, scene.camera.axes, scene.camera.film, box)
    positions = (origin + times[:, None].astype(np.float64) * directions).astype(np.float32)
    draws, opacities = np.zeros(len(pixels), np.int32), np.zeros(len(pixels), np.float32)
    fixed = (mean_step, box, scene.occupancy, scene.seed)
    alive = walk(positions, directions, pixels, draws, *fixed)
    counted = 0
    for iteration in range(MAX_ITERATIONS):
        positions, directions, pixels = positions[alive], directions[alive], pixels[alive]
        draws, opacities = draws[alive], opacities[alive]
        if iteration % COUNT_READ_EVERY == 0:
            counted = len(pixels)
        if counted == 0:
            return
        yield Invocation("track", padded(counted), positions.copy(), pixels, iteration / MAX_ITERATIONS)
        alive = absorb(density(positions), scene.majorant, opacities)
        alive &= walk(positions, directions, pixels, draws, *fixed)
