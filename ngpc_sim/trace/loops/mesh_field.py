"""The signed distance to a triangle mesh, exact, as a network of the render loops.

A grid over the mesh's box holds, for the middle of each cell, the closest leaf of the tree, its distance and the
winding number. A query begins with the leaf of its cell. It takes the winding number of the cell's middle where no
triangle can be in between, and elsewhere counts the triangles in between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.machine.threads import over_ranges
from ngpc_sim.trace.loops.kernel_types import Array, Real, Truth, Whole
from ngpc_sim.trace.loops.triangle_tree import Room, TriangleTree, build, closest, make_room
from ngpc_sim.trace.loops.winding import Dipoles, crossings, dipoles, winding_number

GRID_CELLS = 64
"""Cells along the longest side of the mesh's box (assumed; 262,144 cells take 0.5 s to fill)."""
_BLOCK = 4
"""Cells a side of a block: winding numbers are summed for one cell of each block."""
_SURE = 0.999
"""Share of a distance, rounded to float32, that is free of triangles."""
_OPEN_REACH, _OPEN_MARGIN = 0.25, 0.3
"""A winding number w of an open mesh changes smoothly. By Harnack's inequality, of 0 <= w <= 1 and within a quarter of
the distance to the mesh, one that is 0.3 below or above 0.5 stays on its side."""
_RANGE = 8192
"""Queries that a thread takes at once."""
_SPREAD, _SPREAD_AGAIN = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
"""Factors of the hash splitmix64 (Steele et al. 2014)."""
BYTES_PER_TRIANGLE = 400
"""Memory of a field a triangle, what building takes included, and three vertices of its own (measured, rounded up)."""
_FAR = 0.1
"""Distances of a grid above this may be bounds."""
_ROOT_3 = 3.0**0.5


class Surface(NamedTuple):
    """A mesh to walk through."""

    tree: TriangleTree
    far: Dipoles
    closed: Truth


class Cells(NamedTuple):
    """The grid over a mesh's box."""

    low: Array
    """(3,) float64 corner."""
    high: Array
    """(3,) float64 corner of the mesh's box; the grid may go on behind it."""
    size: Real
    """Side of a cell."""
    leaves: Array
    """(X, Y, Z) int32: leaf of the tree that is closest to the middle."""
    distances: Array
    """(X, Y, Z) float32, not negative."""
    windings: Array
    """(X, Y, Z) float32."""


@loop
def _mix(value: Whole) -> Whole:
    value = (value ^ (value >> np.uint64(30))) * _SPREAD
    value = (value ^ (value >> np.uint64(27))) * _SPREAD_AGAIN
    return value ^ (value >> np.uint64(31))


@loop
def _boundary(bits: Array, faces: Array) -> Whole:
    """Sum of a hash of every directed edge, negative for the other direction; 0 where they cancel.

    ``bits`` (V, 3) uint64 are the vertices' coordinates: vertices at the same place are one.
    """
    total, corners = np.uint64(0), np.empty(3, np.uint64)
    for face in range(len(faces)):
        for corner in range(3):
            vertex = faces[face, corner]
            corners[corner] = _mix(bits[vertex, 0] + _mix(bits[vertex, 1] + _mix(bits[vertex, 2])))
        for corner in range(3):
            one, other = corners[corner], corners[(corner + 1) % 3]
            if one < other:
                total += _mix(one + _mix(other))
            elif other < one:
                total -= _mix(other + _mix(one))
    return total


@loop
def _winding(surface: Surface, segment: Array, distance: Real, known: Real, known_distance: Real, room: Room) -> Real:
    """Winding number where a segment starts, from the ``known`` one where it ends."""
    square = 0.0
    for axis in range(3):
        square += (segment[1, axis] - segment[0, axis]) ** 2
    length, reach = np.sqrt(square), _SURE * max(distance, known_distance)
    if surface.closed:
        return known if length < reach else known + crossings(surface.tree, segment, room)
    if length < _OPEN_REACH * reach and abs(known - 0.5) > _OPEN_MARGIN:
        return known
    return winding_number(surface.tree, surface.far, segment[0, 0], segment[0, 1], segment[0, 2], room)


@loop
def _middle(cells: Cells, axis: Whole, index: Whole) -> Real:
    """Middle of a cell along an axis, a number of float32."""
    return np.float64(np.float32(cells.low[axis] + (index + 0.5) * cells.size))


@loop
def _place(cells: Cells, axis: Whole, value: Real) -> Whole:
    """Cell of a coordinate along an axis, the closest one of those that there are."""
    share = (value - cells.low[axis]) / cells.size
    return np.int64(min(max(share, 0.0), np.float64(cells.leaves.shape[axis] - 1)))


@loop
def _fill_distances(surface: Surface, cells: Cells, i: Whole, room: Room) -> None:
    """Fill leaves and distances of one layer of cells."""
    leaf = 0
    for j in range(cells.leaves.shape[1]):
        for k in range(cells.leaves.shape[2]):
            x, y, z = _middle(cells, 0, i), _middle(cells, 1, j), _middle(cells, 2, k)
            square, leaf = closest(surface.tree, np.float32(x), np.float32(y), np.float32(z), leaf, room)
            cells.leaves[i, j, k], cells.distances[i, j, k] = leaf, np.sqrt(square)


@loop
def _fill_block(surface: Surface, cells: Cells, first: Array, segment: Array, room: Room) -> None:
    """Fill the winding numbers of a block from cell ``first`` (3,) on: of one cell, and from it of the others."""
    known, end = np.empty(3, np.int64), np.empty(3, np.int64)
    for axis in range(3):
        end[axis] = min(first[axis] + _BLOCK, cells.leaves.shape[axis])
        known[axis] = (first[axis] + end[axis]) // 2
        segment[1, axis] = _middle(cells, axis, known[axis])
    winding = winding_number(surface.tree, surface.far, segment[1, 0], segment[1, 1], segment[1, 2], room)
    if surface.closed:
        winding = np.rint(winding)
    known_distance = cells.distances[known[0], known[1], known[2]]
    for i in range(first[0], end[0]):
        for j in range(first[1], end[1]):
            for k in range(first[2], end[2]):
                segment[0, 0], segment[0, 1], segment[0, 2] = (
                    _middle(cells, 0, i),
                    _middle(cells, 1, j),
                    _middle(cells, 2, k),
                )
                distance = cells.distances[i, j, k]
                cells.windings[i, j, k] = _winding(surface, segment, distance, winding, known_distance, room)


@loop
def _fill_windings(surface: Surface, cells: Cells, i: Whole, segment: Array, room: Room) -> None:
    """Fill the winding numbers of one layer of blocks, from cell layer ``i`` on."""
    first = np.empty(3, np.int64)
    first[0] = i
    for j in range(0, cells.leaves.shape[1], _BLOCK):
        for k in range(0, cells.leaves.shape[2], _BLOCK):
            first[1], first[2] = j, k
            _fill_block(surface, cells, first, segment, room)


@loop
def _is_inside(
    surface: Surface, cells: Cells, i: Whole, j: Whole, k: Whole, segment: Array, distance: Real, room: Room
) -> Truth:
    """Whether a point, ``segment[0]``, in or near a cell is inside the mesh; nothing is outside of its box."""
    for axis in range(3):
        if not cells.low[axis] <= segment[0, axis] <= cells.high[axis]:
            return False
    segment[1, 0], segment[1, 1], segment[1, 2] = _middle(cells, 0, i), _middle(cells, 1, j), _middle(cells, 2, k)
    known, known_distance = cells.windings[i, j, k], cells.distances[i, j, k]
    return _winding(surface, segment, distance, known, known_distance, room) > 0.5


@loop
def _measure(
    surface: Surface, cells: Cells, positions: Array, result: Array, signed: Truth, segment: Array, room: Room
) -> None:
    """Put the distances of ``positions`` (n, 3) float32 into ``result`` (n,) float32; of one not finite it is NaN."""
    for n in range(len(positions)):
        x, y, z = positions[n, 0], positions[n, 1], positions[n, 2]
        if not abs(x) + abs(y) + abs(z) < np.inf:
            result[n] = np.nan
            continue
        segment[0, 0], segment[0, 1], segment[0, 2] = x, y, z
        i, j, k = _place(cells, 0, segment[0, 0]), _place(cells, 1, segment[0, 1]), _place(cells, 2, segment[0, 2])
        square, _ = closest(surface.tree, x, y, z, cells.leaves[i, j, k], room)
        distance = np.sqrt(square)
        inside = signed and _is_inside(surface, cells, i, j, k, segment, distance, room)
        result[n] = -distance if inside else distance


def _segment() -> npt.NDArray[np.float64]:
    return np.zeros((5, 3))


class MeshField:
    """Distance to a mesh: ``vertices`` (V, 3) floats, finite, of about 1; ``faces`` (F, 3) integers, one or more.

    Inside is where the winding number is above 0.5. Of a mesh that ``is_closed`` the sign is exact; elsewhere it is as
    exact as far triangles seen as dipoles allow.
    """

    def __init__(self, vertices: npt.ArrayLike, faces: npt.ArrayLike) -> None:
        corners = np.ascontiguousarray(vertices, dtype=np.float64) + 0.0  # makes -0 a 0
        triangles = np.array(faces, dtype=np.int32, order="C")
        self.is_closed = bool(_boundary(corners.view(np.uint64), triangles) == 0)
        """Whether every edge is passed as often one way as the other, as by two faces that look the same way."""
        tree = build(corners, triangles)
        self._surface = Surface(tree, dipoles(tree), self.is_closed)
        self._cells = self._filled(corners)

    def _filled(self, vertices: npt.NDArray[np.float64]) -> Cells:
        low, high = vertices.min(axis=0), vertices.max(axis=0)
        size = float((high - low).max()) / GRID_CELLS or 1.0
        shape = tuple(int(count) for count in np.maximum(np.ceil((high - low) / size), 1))
        empty = np.zeros(shape, np.float32)
        cells = Cells(low, high, size, np.zeros(shape, np.int32), empty, empty.copy())
        over_ranges(shape[0], 1, lambda i, _: _fill_distances(self._surface, cells, i, make_room()))
        over_ranges(shape[0], _BLOCK, lambda i, _: _fill_windings(self._surface, cells, i, _segment(), make_room()))
        return cells

    def distance(self, positions: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(n,) float32 signed distances of (n, 3) float32 positions, negative inside."""
        return self._measured(positions, signed=True)

    def unsigned(self, positions: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(n,) float32 distances of (n, 3) float32 positions."""
        return self._measured(positions, signed=False)

    def _measured(self, positions: npt.ArrayLike, *, signed: bool) -> npt.NDArray[np.float32]:
        points = np.array(positions, dtype=np.float32, order="C", copy=None, ndmin=2)
        result = np.empty(len(points), np.float32)

        def measure(first: int, end: int) -> None:
            part = slice(first, end)
            _measure(self._surface, self._cells, points[part], result[part], signed, _segment(), make_room())

        over_ranges(len(points), _RANGE, measure)
        return result

    def grid(self, cells: int = 128) -> npt.NDArray[np.float32]:
        """(cells, cells, cells) float32 signed distances at the middles of the cells of the unit cube, [x, y, z].

        Farther than 0.1 they may be bounds: of the right sign, 0.1 or more, and not more than the distance. ``cells``
        is a multiple of 4.
        """
        blocks = cells // _BLOCK
        middles = self.distance(_middles(blocks)).reshape(blocks, blocks, blocks)
        bounds = np.abs(middles) - np.float32(_ROOT_3 / 2 / blocks)
        result = np.where(bounds > _FAR, np.copysign(bounds, middles), np.float32(0.0))
        for axis in range(3):
            result = np.repeat(result, _BLOCK, axis=axis)
        near = result == 0.0
        result[near] = self.distance(_middles(cells)[near.ravel()])
        return result


def _middles(cells: int) -> npt.NDArray[np.float32]:
    """(cells^3, 3) middles of the cells of the unit cube, z fastest."""
    axis = ((np.arange(cells) + 0.5) / cells).astype(np.float32)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
