"""The bundled scenes: procedural fields of our own, made of sums, products, roots and table-free noise.

Each field is a jitted function of a batch of network positions; nothing in it depends on the C library,
so that a scene is the same bits on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops import gia, nerf, nsdf, nvr
from ngpc_sim.trace.loops.camera import Camera
from ngpc_sim.trace.loops.invocation import Invocation
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, build
from ngpc_sim.trace.loops.portable_math import exp, uniform

HALF_DIAGONAL = 0.8660254037844386 / GRID_CELLS
"""Half a cell's diagonal in the finest cascade."""
DISTANCE_LIMIT = 0.5
"""Distances are clamped here before exp; a surface this far away is clear air."""

# --- nerf-room -----------------------------------------------------------------------------------------
ROOM_SCALE = 4
"""aabb_scale, the one the paper's NeRF grid implies: (2048 * 4 / 16)^(1/15) = 1.51572."""
ROOM_SIGMA = 160.0
ROOM_SOFTNESS = 0.006
"""sigma = ROOM_SIGMA / (1 + exp(distance / ROOM_SOFTNESS)). Assumed, with the shell below, so that the
frame has the invocations and queries per pixel that the published NeRF frame time implies (section 6)."""
ROOM_SHELL = 0.125
"""Occupied thickness in front of every surface, as an unconverged occupancy grid has it. Assumed."""
ROOM_DEPTH = 0.3
"""Occupied thickness behind the walls."""


@loop
def room_distance(x: Real, y: Real, z: Real) -> Real:
    """Distance to the walls and the furniture of a room of 3.4 x 1.92 x 3.4, about 1 m a unit."""
    walls = min(1.7 - max(abs(x - 0.5), abs(z - 0.5)), y + 0.02, 1.9 - y)
    ball = np.sqrt((x - 0.2) ** 2 + (y - 0.28) ** 2 + (z - 0.3) ** 2) - 0.3
    ring = np.sqrt((x - 0.95) ** 2 + (z - 0.1) ** 2) - 0.3
    torus = np.sqrt(ring * ring + (y - 0.12) ** 2) - 0.12
    pillar = max(np.sqrt((x + 0.7) ** 2 + (z + 0.6) ** 2) - 0.16, y - 1.6)
    table = max(abs(x - 1.5) - 0.35, abs(y - 0.55) - 0.03, abs(z + 0.4) - 0.5)
    return min(walls, ball, torus, pillar, table)


@loop
def room_density(positions: Array) -> Array:
    """(n,) float32 sigma at network positions (n, 3)."""
    sigma = np.empty(len(positions), np.float32)
    low = 0.5 - 0.5 * ROOM_SCALE
    for i in range(len(positions)):
        x = positions[i, 0] * ROOM_SCALE + low
        y = positions[i, 1] * ROOM_SCALE + low
        z = positions[i, 2] * ROOM_SCALE + low
        d = min(room_distance(x, y, z), DISTANCE_LIMIT)
        sigma[i] = ROOM_SIGMA / (1.0 + exp(d / ROOM_SOFTNESS))
    return sigma


@loop
def room_cells(centres: Array, cascade: Whole) -> Array:
    """(n,) bool: cells whose centre is in the shell around a surface."""
    on = np.empty(len(centres), np.bool_)
    half = HALF_DIAGONAL * (1 << cascade)
    for i in range(len(centres)):
        d = room_distance(centres[i, 0], centres[i, 1], centres[i, 2])
        on[i] = -ROOM_DEPTH - half < d < ROOM_SHELL + half
    return on


def nerf_room(seed: int) -> nerf.NerfScene:
    """Build a furnished room seen from inside."""
    camera = Camera(
        position=(0.9, 0.9, 1.75),
        right=(0.96, 0.0, 0.28),
        down=(0.0504, -0.9836729536, -0.1728),
        forward=(-0.28 * 0.9836729536, -0.18, -0.96 * 0.9836729536),
    )
    return nerf.NerfScene(ROOM_SCALE, build(room_cells, 3), camera, seed)


# --- nerf-object ---------------------------------------------------------------------------------------
OBJECT_SIGMA = 400.0
OBJECT_SOFTNESS = 0.002
OBJECT_SHELL = 1.5 / GRID_CELLS
"""Occupied thickness around the surface. These three are assumed."""


@loop
def wave(x: Real) -> Real:
    """Odd periodic function of period 1 made of parabolas, within 6 % of sin(2 pi x)."""
    f = x - np.floor(x + 0.5)
    return 8.0 * f * (1.0 - 2.0 * abs(f))


@loop
def gyroid_ball(x: Real, y: Real, z: Real) -> Real:
    """About the distance to a ball of radius 0.38 carved into a gyroid's shell; never above the true one."""
    x, y, z = x - 0.5, y - 0.5, z - 0.5
    ball = np.sqrt(x * x + y * y + z * z) - 0.38
    u, v, w = 4.0 * x, 4.0 * y, 4.0 * z
    gyroid = wave(u) * wave(v + 0.25) + wave(v) * wave(w + 0.25) + wave(w) * wave(u + 0.25)
    return max(ball, (abs(gyroid) - 0.45) / 48.0)


@loop
def object_density(positions: Array) -> Array:
    """(n,) float32 sigma at network positions (n, 3)."""
    sigma = np.empty(len(positions), np.float32)
    for i in range(len(positions)):
        d = gyroid_ball(np.float64(positions[i, 0]), np.float64(positions[i, 1]), np.float64(positions[i, 2]))
        sigma[i] = OBJECT_SIGMA / (1.0 + exp(min(d, DISTANCE_LIMIT) / OBJECT_SOFTNESS))
    return sigma


@loop
def object_cells(centres: Array, cascade: Whole) -> Array:
    """(n,) bool: cells whose centre is inside or near the surface."""
    on = np.empty(len(centres), np.bool_)
    margin = HALF_DIAGONAL * (1 << cascade) + OBJECT_SHELL
    for i in range(len(centres)):
        on[i] = gyroid_ball(centres[i, 0], centres[i, 1], centres[i, 2]) < margin
    return on


def nerf_object(seed: int) -> nerf.NerfScene:
    """Build one carved ball before an empty background."""
    return nerf.NerfScene(1, build(object_cells, 1), Camera(), seed)


# --- nsdf-object ---------------------------------------------------------------------------------------
NSDF_BOX = ((0.06, 0.06, 0.06), (0.94, 0.94, 0.94))
BLEND = 0.06
"""Width over which two parts melt into each other."""


@loop
def melted(a: Real, b: Real) -> Real:
    """Smooth minimum of two distances; never above the plain one, slope at most 1."""
    h = max(BLEND - abs(a - b), 0.0) / BLEND
    return min(a, b) - h * h * BLEND * 0.25


@loop
def figure_distance(x: Real, y: Real, z: Real) -> Real:
    """Lower bound of the distance to a bumpy figure: body, head, two arms, and a ring it stands on."""
    x, y, z = abs(x - 0.5), y - 0.5, z - 0.5
    body = np.sqrt(x * x + (y + 0.02) ** 2 + z * z) - 0.2
    head = np.sqrt(x * x + (y - 0.26) ** 2 + (z - 0.04) ** 2) - 0.11
    along = min(max(((x - 0.12) * 0.24 + (y - 0.06) * 0.2) / 0.0976, 0.0), 1.0)
    arm = np.sqrt((x - 0.12 - 0.24 * along) ** 2 + (y - 0.06 - 0.2 * along) ** 2 + (z - 0.02) ** 2) - 0.05
    ring = np.sqrt(x * x + z * z) - 0.27
    base = np.sqrt(ring * ring + (y + 0.33) ** 2) - 0.07
    d = melted(melted(melted(body, head), arm), base)
    bumps = wave(9.0 * x) * wave(9.0 * y) * wave(9.0 * z)
    return (d - 0.006 * bumps) * 0.8


@loop
def figure_distances(positions: Array) -> Array:
    """(n,) float32 distances at positions (n, 3)."""
    distances = np.empty(len(positions), np.float32)
    for i in range(len(positions)):
        distances[i] = figure_distance(
            np.float64(positions[i, 0]), np.float64(positions[i, 1]), np.float64(positions[i, 2])
        )
    return distances


def nsdf_object(_seed: int) -> nsdf.NsdfScene:
    """Build the figure in its box, from the default view."""
    return nsdf.NsdfScene(NSDF_BOX[0], NSDF_BOX[1], Camera())


# --- gia-plane -----------------------------------------------------------------------------------------
IMAGE_SIDE = 1024
"""Pixels; the size that the paper's GIA growth factor implies: (512 / 16)^(1/15) = 1.25992."""


def gia_plane(_seed: int) -> gia.GiaScene:
    """Build a square image that fills the frame's height."""
    return gia.GiaScene(IMAGE_SIDE, IMAGE_SIDE)


# --- nvr-cloud -----------------------------------------------------------------------------------------
CLOUD_BOX = ((0.1, 0.2, 0.1), (0.9, 0.8, 0.9))
CLOUD_OCTAVES = 5
CLOUD_FREQUENCY = 6.0
CLOUD_SEED = 20_230_617
CLOUD_PUFFS = (
    (0.50, 0.46, 0.50, 0.27),
    (0.30, 0.43, 0.52, 0.18),
    (0.70, 0.44, 0.46, 0.19),
    (0.42, 0.60, 0.46, 0.17),
    (0.60, 0.59, 0.55, 0.18),
)
"""Centres and radii of the balls whose union, eaten away by noise, is the cloud."""
CLOUD_GAIN = 0.45
CLOUD_ROUGHNESS = 0.8
"""Noise subtracted at full strength. The cloud's numbers are all assumed."""


@loop
def lattice_noise(x: Real, y: Real, z: Real, salt: Whole) -> Real:
    """Value noise in [0, 1): hashed lattice values, blended smoothly."""
    i, j, k = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v), w * w * (3.0 - 2.0 * w)
    total = 0.0
    for corner in range(8):
        a, b, c = corner & 1, (corner >> 1) & 1, corner >> 2
        weight = (u if a else 1.0 - u) * (v if b else 1.0 - v) * (w if c else 1.0 - w)
        cell = ((np.int64(i) + a) << 40) ^ ((np.int64(j) + b) << 20) ^ (np.int64(k) + c)
        total += weight * np.float64(uniform(cell, salt))
    return total


@loop
def cloud_density_at(x: Real, y: Real, z: Real) -> Real:
    """Density 0..1: depth inside the puffs, minus fractal noise."""
    depth = 0.0
    for puff in CLOUD_PUFFS:
        square = (x - puff[0]) ** 2 + (y - puff[1]) ** 2 + (z - puff[2]) ** 2
        depth = max(depth, 1.0 - np.sqrt(square) / puff[3])
    if depth <= 0.0:
        return 0.0
    noise, amplitude, frequency = 0.0, 0.5, CLOUD_FREQUENCY
    for octave in range(CLOUD_OCTAVES):
        noise += amplitude * lattice_noise(x * frequency, y * frequency, z * frequency, CLOUD_SEED + octave)
        amplitude, frequency = amplitude * 0.5, frequency * 2.0
    return min(max((depth - CLOUD_ROUGHNESS * noise + 0.35) * CLOUD_GAIN * depth, 0.0), 1.0)


@loop
def cloud_density(positions: Array) -> Array:
    """(n,) float32 densities at positions (n, 3)."""
    densities = np.empty(len(positions), np.float32)
    for i in range(len(positions)):
        densities[i] = cloud_density_at(
            np.float64(positions[i, 0]), np.float64(positions[i, 1]), np.float64(positions[i, 2])
        )
    return densities


@loop
def cloud_cells(centres: Array, cascade: Whole) -> Array:
    """(n,) bool: cells whose centre is not clear air."""
    on = np.empty(len(centres), np.bool_)
    for i in range(len(centres)):
        on[i] = cascade == 0 and cloud_density_at(centres[i, 0], centres[i, 1], centres[i, 2]) > 0.0
    return on


def nvr_cloud(seed: int) -> nvr.NvrScene:
    """Build a fractal cloud; density 1 is the majorant."""
    return nvr.NvrScene(CLOUD_BOX[0], CLOUD_BOX[1], 1.0, build(cloud_cells, 1), Camera(), seed)


LOOPS: dict[str, tuple[Callable[[int], Any], Callable[..., Iterator[Invocation]]]] = {
    "gia-plane": (gia_plane, gia.render),
    "nerf-object": (nerf_object, partial(nerf.render, object_density)),
    "nerf-room": (nerf_room, partial(nerf.render, room_density)),
    "nsdf-object": (nsdf_object, partial(nsdf.render, figure_distances)),
    "nvr-cloud": (nvr_cloud, partial(nvr.render, cloud_density)),
}
"""What builds a scene from a seed, and what renders a frame of it: scene, width and height to calls of the network."""
