"""Fields of users' files: what stands for the network when a frame of them is recorded.

A surface's density is ``scale / (1 + exp(distance / width))``, or ``scale`` inside and 0 outside where the width is 0;
distances lie on a grid of cell centres, with linear interpolation between them. A volume's density lies on its voxels'
centres likewise. Cells have one density each.
"""

from __future__ import annotations

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole
from ngpc_sim.trace.loops.nerf import cascade_of
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, morton
from ngpc_sim.trace.loops.portable_math import exp

WIDTHS_TO_CLEAR = 700.0
"""Distances are taken for at most so many widths, before exp leaves its range."""


@loop
def linear_at(grid: Array, x: Real, y: Real, z: Real) -> Real:
    """Value between the centres of the cells of ``grid`` (nx, ny, nz) at a point in cells; beyond, the nearest one."""
    a = min(max(x - 0.5, 0.0), grid.shape[0] - 1.0)
    b = min(max(y - 0.5, 0.0), grid.shape[1] - 1.0)
    c = min(max(z - 0.5, 0.0), grid.shape[2] - 1.0)
    i, j, k = np.int64(a), np.int64(b), np.int64(c)
    u, v, w = a - i, b - j, c - k
    m, n, o = min(i + 1, grid.shape[0] - 1), min(j + 1, grid.shape[1] - 1), min(k + 1, grid.shape[2] - 1)
    near = (grid[i, j, k] * (1.0 - u) + grid[m, j, k] * u) * (1.0 - v)
    near += (grid[i, n, k] * (1.0 - u) + grid[m, n, k] * u) * v
    far = (grid[i, j, o] * (1.0 - u) + grid[m, j, o] * u) * (1.0 - v)
    far += (grid[i, n, o] * (1.0 - u) + grid[m, n, o] * u) * v
    return near * (1.0 - w) + far * w


@loop
def surface_density(distances: Array, scale: Real, width: Real, aabb_scale: Real, positions: Array) -> Array:
    """(n,) float32 sigma at network positions (n, 3), from ``distances`` (N, N, N) in the unit cube; 0 outside it."""
    sigma = np.zeros(len(positions), np.float32)
    cells, low = distances.shape[0], 0.5 - 0.5 * aabb_scale
    for i in range(len(positions)):
        x = np.float64(positions[i, 0]) * aabb_scale + low
        y = np.float64(positions[i, 1]) * aabb_scale + low
        z = np.float64(positions[i, 2]) * aabb_scale + low
        if min(x, y, z) < 0.0 or max(x, y, z) > 1.0:
            continue
        d = linear_at(distances, x * cells, y * cells, z * cells)
        if width > 0.0:
            sigma[i] = scale / (1.0 + exp(min(max(d / width, -WIDTHS_TO_CLEAR), WIDTHS_TO_CLEAR)))
        else:
            sigma[i] = scale if d < 0.0 else 0.0
    return sigma


@loop
def volume_density(values: Array, scale: Real, box: Array, aabb_scale: Real, positions: Array) -> Array:
    """(n,) float32 densities at network positions (n, 3), from ``values`` (nx, ny, nz) that fill ``box``; else 0."""
    density = np.zeros(len(positions), np.float32)
    low = 0.5 - 0.5 * aabb_scale
    for i in range(len(positions)):
        x = (positions[i, 0] * aabb_scale + low - box[0, 0]) / (box[1, 0] - box[0, 0])
        y = (positions[i, 1] * aabb_scale + low - box[0, 1]) / (box[1, 1] - box[0, 1])
        z = (positions[i, 2] * aabb_scale + low - box[0, 2]) / (box[1, 2] - box[0, 2])
        if min(x, y, z) >= 0.0 and max(x, y, z) <= 1.0:
            at = linear_at(values, x * values.shape[0], y * values.shape[1], z * values.shape[2])
            density[i] = scale * at
    return density


@loop
def cell_density(densities: Array, scale: Real, aabb_scale: Real, positions: Array) -> Array:
    """(n,) float32 sigma at network positions (n, 3), from ``densities`` (cascades, 128^3) in Morton order."""
    sigma = np.empty(len(positions), np.float32)
    low = 0.5 - 0.5 * aabb_scale
    for i in range(len(positions)):
        x = positions[i, 0] * aabb_scale + low
        y = positions[i, 1] * aabb_scale + low
        z = positions[i, 2] * aabb_scale + low
        cascade = cascade_of(x, y, z, densities.shape[0])
        cells = GRID_CELLS / (1 << cascade)
        sigma[i] = scale * densities[cascade, morton(cell_at(x, cells), cell_at(y, cells), cell_at(z, cells))]
    return sigma


@loop
def cell_at(coordinate: Real, cells: Real) -> Whole:
    """Cell number along one axis of a cascade that has so many ``cells`` a unit, at most its last."""
    return min(max(np.int64(np.floor((coordinate - 0.5) * cells)) + GRID_CELLS // 2, 0), GRID_CELLS - 1)


@loop
def _first_and_last(index: Whole, count: Whole, low: Real, high: Real, shift: Real) -> tuple[Whole, Whole]:
    """Cells along one axis that voxel ``index`` of ``count`` between ``low`` and ``high`` reaches by interpolation."""
    size = (high - low) / count
    first = np.floor((low + (index - 0.5) * size) * GRID_CELLS + shift)
    last = np.floor((low + (index + 1.5) * size) * GRID_CELLS + shift)
    return np.int64(max(first, 0.0)), np.int64(min(last, GRID_CELLS - 1.0))


@loop
def cells_of_volume(values: Array, cut: Real, box: Array, shift: Real) -> Array:
    """(128, 128, 128) bool by [z, y, x]: cells of the unit cube that a voxel above ``cut`` reaches.

    ``shift`` is 0 where a cell begins at its number, and 0.5 where the number is its middle.
    """
    on = np.zeros((GRID_CELLS, GRID_CELLS, GRID_CELLS), np.bool_)
    nx, ny, nz = values.shape
    for i in range(nx):
        first_x, last_x = _first_and_last(i, nx, box[0, 0], box[1, 0], shift)
        for j in range(ny):
            first_y, last_y = _first_and_last(j, ny, box[0, 1], box[1, 1], shift)
            for k in range(nz):
                if values[i, j, k] > cut:
                    first_z, last_z = _first_and_last(k, nz, box[0, 2], box[1, 2], shift)
                    on[first_z : last_z + 1, first_y : last_y + 1, first_x : last_x + 1] = True
    return on
