"""The NeRF render loop: occupancy marching, compaction, up to eight steps a ray and network call.

Follows instant-ngp abe236e, testbed_nerf.cu; how many steps a call takes follows its phase (``march.py``).
Compaction keeps the rays' order here (the GPU's does not). Slot ``ray + j * n_alive`` holds step j of a ray; slots
nobody wrote are evaluated and counted but carry no pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.machine.threads import over_ranges
from ngpc_sim.trace.loops.camera import Camera, inside, rays_into_box
from ngpc_sim.trace.loops.invocation import NOT_RECORDED, Invocation, Network, padded
from ngpc_sim.trace.loops.kernel_types import Array, Point, Real, Whole
from ngpc_sim.trace.loops.march import MARCH, slots_of, steps_per_invocation
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, Bits, occupied_at
from ngpc_sim.trace.loops.portable_math import exp, log, uniform

SQRT_3 = 1.7320508075688772
MIN_STEP = SQRT_3 / 1024
"""sqrt(3) / NERF_STEPS."""
MAX_STEP = MIN_STEP * 2**7 * 1024 / GRID_CELLS
CONE_ANGLE = 1.0 / 256.0
"""Growth of the step with distance, for aabb_scale > 1; 0 otherwise."""
OPAQUE = 0.99
"""A ray stops when its accumulated alpha passes this (1 - transmittance cut of 0.01).

Exactly 0.99: the nearest float32 of it already passes.
"""
ONE = np.float32(1.0)
RAYS_AT_A_TIME = 1 << 14
"""Rays, or samples, that a thread takes at a time; they do not depend on each other."""
MAX_SKIPS = 10_000
"""March limit of one search for an occupied cell."""
NEVER = np.float32(np.inf)


@dataclass(frozen=True)
class NerfScene:
    """What the loop needs to know of a scene besides the network."""

    aabb_scale: int
    occupancy: Bits
    camera: Camera
    seed: int = 0
    phase: str = MARCH
    """Label of its calls, which says how many queries a call aims at."""

    @property
    def box(self) -> npt.NDArray[np.float64]:
        """(2, 3) corners of the world box [0.5 - s/2, 0.5 + s/2]^3."""
        half = 0.5 * self.aabb_scale
        return np.array([[0.5 - half] * 3, [0.5 + half] * 3])

    @property
    def cone_angle(self) -> float:
        """Growth of the step with distance."""
        return 0.0 if self.aabb_scale <= 1 else CONE_ANGLE


class March(NamedTuple):
    """What all rays of a frame march through."""

    origin: Array
    """(3,) where they start."""
    lattice: Array
    """(5,) as :func:`step_lattice` says."""
    bits: Array
    """(n_cascades, CASCADE_BYTES) occupancy."""
    box: Array
    """(2, 3) corners of the world box."""


def step_lattice(cone_angle: float) -> npt.NDArray[np.float64]:
    """Constants of the step lattice: growth, near, far, n_near, n_far.

    The step is MIN_STEP up to distance ``near``, MAX_STEP from ``far`` on, and grows with the distance
    between; n_near and n_far are the lattice numbers there. All are 0 for a constant step.
    """
    if cone_angle <= 0.0:
        return np.zeros(5)
    growth = log(1.0 + cone_angle)
    near, far = MIN_STEP / growth, MAX_STEP / growth
    return np.array([growth, near, far, log(near) / growth, log(far) / growth])


@loop
def to_steps(t: Real, lattice: Array) -> Real:
    """Distance -> position on the step lattice (float32): linear, logarithmic, linear, smoothly joined."""
    growth, near, far, n_near, n_far = lattice[0], lattice[1], lattice[2], lattice[3], lattice[4]
    if growth == 0.0:
        return np.float32(t / MIN_STEP)
    if t <= near:
        return np.float32((t - near) / MIN_STEP + n_near)
    if t <= far:
        return np.float32(log(t) / growth)
    return np.float32((t - far) / MAX_STEP + n_far)


@loop
def from_steps(n: Real, lattice: Array) -> Real:
    """Inverse of ``to_steps``, not yet rounded to float32."""
    growth, near, far, n_near, n_far = lattice[0], lattice[1], lattice[2], lattice[3], lattice[4]
    if growth == 0.0:
        return n * MIN_STEP
    if n <= n_near:
        return (n - n_near) * MIN_STEP + near
    if n <= n_far:
        return exp(n * growth)
    return (n - n_far) * MAX_STEP + far


@loop
def cascade_of(x: Real, y: Real, z: Real, n_cascades: Whole) -> Whole:
    """Finest cascade that covers a world position, at most the coarsest there is."""
    reach = max(abs(x - 0.5), abs(y - 0.5), abs(z - 0.5))
    cascade = 0
    while cascade < n_cascades - 1 and reach >= 0.5 * (1 << cascade):
        cascade += 1
    return cascade


@loop
def distance_to_border(position: Real, direction: Real) -> Real:
    """Along one axis, in cells: distance until the ray crosses into the next cell."""
    if direction == 0.0:
        return NEVER
    border = np.floor(position) + (1.0 if direction > 0.0 else 0.0)
    return max((border - position) / direction, 0.0)


@loop
def next_occupied(t: Real, direction: Point, march: March) -> Real:
    """First lattice distance >= t inside an occupied cell, or ``NEVER`` once the ray leaves the box."""
    origin, lattice, bits, box = march
    n_cascades = bits.shape[0]
    dx, dy, dz = np.float64(direction[0]), np.float64(direction[1]), np.float64(direction[2])
    for _ in range(MAX_SKIPS):
        x, y, z = origin[0] + t * dx, origin[1] + t * dy, origin[2] + t * dz
        if not inside(x, y, z, box):
            return NEVER
        cascade = cascade_of(x, y, z, n_cascades)
        if occupied_at(bits, cascade, x, y, z):
            return t
        while cascade < n_cascades - 1 and not occupied_at(bits, cascade + 1, x, y, z):
            cascade += 1
        scale = GRID_CELLS / (1 << cascade)
        cells = min(
            distance_to_border((x - 0.5) * scale, dx),
            distance_to_border((y - 0.5) * scale, dy),
            distance_to_border((z - 0.5) * scale, dz),
        )
        n = to_steps(t, lattice)
        whole = np.float32(max(np.ceil(to_steps(np.float32(t + cells / scale), lattice) - n), 1.0))
        t = np.float32(from_steps(n + whole, lattice))
    return NEVER


@loop
def start_rays(
    pixels: Array, directions: Array, times: Array, march: March, seed: Whole, first: Whole, stop: Whole
) -> None:
    """Jitter rays from ``first`` to before ``stop`` by a part of a step; move them to their first occupied cell.

    ``times`` is NEVER where there is none.
    """
    for ray in range(first, stop):
        jitter = uniform(pixels[ray], seed)
        steps = to_steps(times[ray], march.lattice) + np.float32(jitter)
        times[ray] = next_occupied(np.float32(from_steps(steps, march.lattice)), directions[ray], march)


@loop
def generate(
    directions: Array,
    times: Array,
    n_steps: Whole,
    march: March,
    positions: Array,
    lengths: Array,
    first: Whole,
    stop: Whole,
) -> None:
    """Write up to ``n_steps`` positions a ray from ``first`` to before ``stop``; move ``times`` behind the last one.

    positions (n_steps * n, 3) float32 in network space and lengths (n_steps * n,) float32 (0: nobody
    wrote the slot) are filled at slot ``ray + j * n``; both come in zeroed.
    """
    n = len(times)
    origin, lattice, box = march.origin, march.lattice, march.box
    for ray in range(first, stop):
        t = times[ray]
        for j in range(n_steps):
            t = next_occupied(t, directions[ray], march)
            if t == NEVER:
                break
            length = np.float32(from_steps(to_steps(t, lattice) + ONE, lattice) - t)
            slot = ray + j * n
            for axis in range(3):
                world = origin[axis] + t * np.float64(directions[ray, axis])
                positions[slot, axis] = (world - box[0, axis]) / (box[1, axis] - box[0, axis])
            lengths[slot] = length
            t += length
        times[ray] = t


@loop
def composite(
    values: Array, lengths: Array, n_steps: Whole, opacities: Array, alive: Array, first: Whole, stop: Whole
) -> None:
    """Blend rays from ``first`` to before ``stop`` front to back into ``opacities`` (n,) float32.

    A ray goes on, in ``alive`` (n,) bool, if all its slots were written and none made it opaque. Blending is float32,
    as in the application: whether a ray ends after exactly so many equal steps can depend on the rounding.
    """
    n = len(opacities)
    for ray in range(first, stop):
        opacity = opacities[ray]
        goes_on = True
        for j in range(n_steps):
            slot = ray + j * n
            if lengths[slot] == 0.0:
                goes_on = False
                break
            alpha = ONE - np.float32(exp(-np.float64(values[slot]) * lengths[slot]))
            opacity += (ONE - opacity) * alpha
            if opacity > OPAQUE:
                goes_on = False
                break
        opacities[ray], alive[ray] = opacity, goes_on


def _ask(density: Network, positions: Array, values: Array, first: int, stop: int) -> None:
    """Fill ``values`` (n,) of positions from ``first`` to before ``stop``."""
    values[first:stop] = density(positions[first:stop])


def render(density: Network, scene: NerfScene, width: int, height: int) -> Iterator[Invocation]:
    """Yield each network call of a frame; ``density`` gives sigma per unit length at network positions."""
    march = March(scene.camera.origin, step_lattice(scene.cone_angle), scene.occupancy, scene.box)
    pixels, directions, times = rays_into_box(
        width, height, march.origin, scene.camera.axes, scene.camera.film, march.box
    )
    over_ranges(len(times), RAYS_AT_A_TIME, partial(start_rays, pixels, directions, times, march, scene.seed))
    alive = times < NEVER
    opacities = np.zeros(len(times), np.float32)
    started = max(int(alive.sum()), 1)
    while alive.any():
        if not alive.all():
            pixels, directions, times, opacities = (a[alive] for a in (pixels, directions, times, opacities))
        n_alive = len(pixels)
        n_steps = steps_per_invocation(n_alive, slots_of(scene.phase, width * height))
        positions = np.zeros((n_steps * n_alive, 3), np.float32)
        lengths = np.zeros(n_steps * n_alive, np.float32)
        rays = directions, times, n_steps, march, positions, lengths
        over_ranges(n_alive, RAYS_AT_A_TIME, partial(generate, *rays))
        slots = np.where(lengths > 0.0, np.tile(pixels, n_steps), np.int32(NOT_RECORDED))
        yield Invocation(scene.phase, padded(n_steps * n_alive), positions, slots, 1.0 - n_alive / started)
        values, alive = np.empty(len(positions), np.float32), np.empty(n_alive, np.bool_)
        over_ranges(len(values), RAYS_AT_A_TIME, partial(_ask, density, positions, values))
        over_ranges(n_alive, RAYS_AT_A_TIME, partial(composite, values, lengths, n_steps, opacities, alive))
