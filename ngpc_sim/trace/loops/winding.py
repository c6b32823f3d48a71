"""How often a mesh winds round a point: 1 inside of a closed mesh whose faces look outwards, 0 outside.

It is the sum of the solid angles of the triangles over 4 pi (Jacobson et al. 2013). Far parts of the tree are taken as
one dipole each (Barill et al. 2018, "Fast winding numbers", the term of first order). Between two points that are close
together it changes by the triangles in between, counted with their sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import forced, loop
from ngpc_sim.trace.loops.kernel_types import Array, Real, Truth, Whole
from ngpc_sim.trace.loops.triangle_tree import CHILDREN, LANES, Room, TriangleTree

FAR_RADII = 3.0
"""A child is one dipole for points this many of its radii away (Barill et al. take 2, with terms of third order; this
is measured: winding numbers are within 0.03)."""
_SMALLEST = 1e-300


class Dipoles(NamedTuple):
    """What far points see of the children of each node."""

    middles: Array
    """(N, CHILDREN, 3) float32: middle of the triangles, weighted by area."""
    normals: Array
    """(N, CHILDREN, 3) float32: sum of the triangles' normals, each as long as its area."""
    radii: Array
    """(N, CHILDREN) float32: farthest corner of the box from the middle; below 0 where there is no child."""


@loop
def _leaf_moments(leaves: Array, leaf: Whole, moments: Array) -> None:
    """Put area, area times middle, and area normal of a leaf into ``moments`` (7,)."""
    corners = leaves[leaf]
    moments[:] = 0.0
    for lane in range(LANES):
        ax, ay, az = corners[0, lane], corners[1, lane], corners[2, lane]
        ux, uy, uz = corners[3, lane] - ax, corners[4, lane] - ay, corners[5, lane] - az
        vx, vy, vz = corners[6, lane] - ax, corners[7, lane] - ay, corners[8, lane] - az
        x, y, z = 0.5 * (uy * vz - uz * vy), 0.5 * (uz * vx - ux * vz), 0.5 * (ux * vy - uy * vx)
        area = np.sqrt(x * x + y * y + z * z)
        moments[0] += area
        moments[1] += area * (ax + (ux + vx) / 3.0)
        moments[2] += area * (ay + (uy + vy) / 3.0)
        moments[3] += area * (az + (uz + vz) / 3.0)
        moments[4], moments[5], moments[6] = moments[4] + x, moments[5] + y, moments[6] + z


@loop
def _radius(bounds: Array, node: Whole, child: Whole, middle: Array) -> Real:
    """Distance of a point to the farthest corner of a child's box."""
    square = 0.0
    for axis in range(3):
        low, high = np.float64(bounds[node, axis, child]), np.float64(bounds[node, axis + 3, child])
        square += max(middle[axis] - low, high - middle[axis]) ** 2
    return np.sqrt(square)


@loop
def dipoles(tree: TriangleTree) -> Dipoles:
    """Dipoles of all children, from the leaves up: a node's children come after it."""
    n_nodes = len(tree.links)
    middles = np.zeros((n_nodes, CHILDREN, 3), np.float32)
    normals = np.zeros((n_nodes, CHILDREN, 3), np.float32)
    radii = np.full((n_nodes, CHILDREN), -1.0, np.float32)
    sums, moments, middle = np.zeros((n_nodes, 7)), np.empty(7), np.empty(3)
    for node in range(n_nodes - 1, -1, -1):
        for child in range(CHILDREN):
            if tree.bounds[node, 0, child] == np.inf:
                continue
            link = np.int64(tree.links[node, child])
            if link >= 0:
                moments[:] = sums[link]
            else:
                _leaf_moments(tree.leaves, -1 - link, moments)
            sums[node] += moments
            for axis in range(3):
                low, high = np.float64(tree.bounds[node, axis, child]), np.float64(tree.bounds[node, axis + 3, child])
                centre = moments[1 + axis] / moments[0] if moments[0] > _SMALLEST else 0.5 * (low + high)
                middle[axis] = centre
                middles[node, child, axis] = centre
                normals[node, child, axis] = moments[4 + axis]
            radii[node, child] = _radius(tree.bounds, node, child, middle)
    return Dipoles(middles, normals, radii)


@loop
def _solid_angle(corners: Array, lane: Whole, x: Real, y: Real, z: Real) -> Real:
    """Solid angle of a triangle, positive from behind (Van Oosterom and Strackee 1983)."""
    ax, ay, az = corners[0, lane] - x, corners[1, lane] - y, corners[2, lane] - z
    bx, by, bz = corners[3, lane] - x, corners[4, lane] - y, corners[5, lane] - z
    cx, cy, cz = corners[6, lane] - x, corners[7, lane] - y, corners[8, lane] - z
    a, b, c = np.sqrt(ax * ax + ay * ay + az * az), np.sqrt(bx * bx + by * by + bz * bz), 0.0
    c = np.sqrt(cx * cx + cy * cy + cz * cz)
    volume = ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
    ab, bc, ca = ax * bx + ay * by + az * bz, bx * cx + by * cy + bz * cz, cx * ax + cy * ay + cz * az
    return 2.0 * np.arctan2(volume, a * b * c + ab * c + bc * a + ca * b)


@loop
def winding_number(tree: TriangleTree, far: Dipoles, x: Real, y: Real, z: Real, room: Room) -> Real:
    """Winding number (float64) of the mesh at a point (float64)."""
    angle, left = 0.0, 1
    room.stack[0] = 0
    while left:
        left -= 1
        node = room.stack[left]
        for child in range(CHILDREN):
            radius = np.float64(far.radii[node, child])
            if radius < 0.0:
                continue
            dx = far.middles[node, child, 0] - x
            dy = far.middles[node, child, 1] - y
            dz = far.middles[node, child, 2] - z
            square = dx * dx + dy * dy + dz * dz
            if square > (FAR_RADII * radius) ** 2:
                flux = dx * far.normals[node, child, 0] + dy * far.normals[node, child, 1]
                angle += (flux + dz * far.normals[node, child, 2]) / (square * np.sqrt(square))
            elif tree.links[node, child] >= 0:
                room.stack[left], left = tree.links[node, child], left + 1
            else:
                corners = tree.leaves[-1 - np.int64(tree.links[node, child])]
                for lane in range(LANES):
                    angle += _solid_angle(corners, lane, x, y, z)
    return angle / (4.0 * np.pi)


@loop
def _side(ax: Real, ay: Real, bx: Real, by: Real) -> tuple[Truth, Real]:
    """Whether the edge from a to b has the origin on its left, and the cross product.

    An edge through the origin passes it as if the origin were moved a little, the same way for all edges; so of two
    triangles at an edge, or of all at a corner, just those count that should.
    """
    cross = ax * by - ay * bx
    if cross != 0.0:
        return cross > 0.0, cross
    return ax < bx or (ax == bx and ay < by), cross


@loop
def _crossing(corners: Array, lane: Whole, segment: Array, x: Whole, y: Whole, z: Whole) -> Whole:
    """1 where a segment leaves through a triangle, -1 where it enters, 0 where it does neither (Woop et al. 2013).

    ``z`` is the segment's longest axis, ``x`` and ``y`` those that follow.
    """
    start, shear = segment[0], segment[4]
    az, bz, cz = corners[z, lane] - start[z], corners[3 + z, lane] - start[z], corners[6 + z, lane] - start[z]
    ax, ay = corners[x, lane] - start[x] - shear[x] * az, corners[y, lane] - start[y] - shear[y] * az
    bx, by = corners[3 + x, lane] - start[x] - shear[x] * bz, corners[3 + y, lane] - start[y] - shear[y] * bz
    cx, cy = corners[6 + x, lane] - start[x] - shear[x] * cz, corners[6 + y, lane] - start[y] - shear[y] * cz
    left_a, a = _side(bx, by, cx, cy)
    left_b, b = _side(cx, cy, ax, ay)
    left_c, c = _side(ax, ay, bx, by)
    if left_a != left_b or left_b != left_c or a + b + c == 0.0:
        return 0
    length = segment[1, z] - start[z]
    depth = (a * az + b * bz + c * cz) / (a + b + c) / length
    if not 0.0 < depth < 1.0:
        return 0
    return 1 if left_a == (length > 0.0) else -1


@forced
def _gaps(bounds: Array, node: Whole, low: Array, high: Array, gaps: Array) -> None:
    """Put into ``gaps`` (CHILDREN,) how far children's boxes are from that of ``low`` and ``high``, or 0 or less.

    They are numbers of float32: children's boxes are larger than their triangles by more than that rounds.
    """
    box = bounds[node]
    ax, ay, az = np.float32(low[0]), np.float32(low[1]), np.float32(low[2])
    bx, by, bz = np.float32(high[0]), np.float32(high[1]), np.float32(high[2])
    for child in range(len(gaps)):
        x = max(box[0, child] - bx, ax - box[3, child])
        y = max(box[1, child] - by, ay - box[4, child])
        gaps[child] = max(x, y, box[2, child] - bz, az - box[5, child])


@forced
def _may_cross(corners: Array, segment: Array, x: Whole, y: Whole, z: Whole, lanes: Array) -> None:
    """Put 1 into ``lanes`` (LANES,) for triangles that the segment's line passes or touches, else 0."""
    start_x, start_y, start_z, slope_x, slope_y = (
        segment[0, x],
        segment[0, y],
        segment[0, z],
        segment[4, x],
        segment[4, y],
    )
    for lane in range(len(lanes)):
        az, bz, cz = corners[z, lane] - start_z, corners[3 + z, lane] - start_z, corners[6 + z, lane] - start_z
        ax, ay = corners[x, lane] - start_x - slope_x * az, corners[y, lane] - start_y - slope_y * az
        bx, by = corners[3 + x, lane] - start_x - slope_x * bz, corners[3 + y, lane] - start_y - slope_y * bz
        cx, cy = corners[6 + x, lane] - start_x - slope_x * cz, corners[6 + y, lane] - start_y - slope_y * cz
        a, b, c = bx * cy - by * cx, cx * ay - cy * ax, ax * by - ay * bx
        lanes[lane] = 1.0 if min(a, b, c) >= 0.0 else (1.0 if max(a, b, c) <= 0.0 else 0.0)


@loop
def _orient(segment: Array) -> Whole:
    """Longest axis of a segment (5, 3) of start and end; the other rows become low and high corner, and slopes."""
    z = 0
    for axis in range(3):
        low, high = min(segment[0, axis], segment[1, axis]), max(segment[0, axis], segment[1, axis])
        segment[2, axis], segment[3, axis] = low, high
        if high - low > segment[3, z] - segment[2, z]:
            z = axis
    for axis in range(3):
        length = segment[1, z] - segment[0, z]
        segment[4, axis] = (segment[1, axis] - segment[0, axis]) / length if length != 0.0 else 0.0
    return z


@loop
def _leaf_crossings(corners: Array, segment: Array, z: Whole, lanes: Array) -> Whole:
    """``crossings`` of a leaf's triangles."""
    x, y, total = (z + 1) % 3, (z + 2) % 3, 0
    _may_cross(corners, segment, x, y, z, lanes)
    for lane in range(LANES):
        if lanes[lane]:
            total += _crossing(corners, lane, segment, x, y, z)
    return total


@loop
def crossings(tree: TriangleTree, segment: Array, room: Room) -> Whole:
    """How often a short segment leaves the mesh, less how often it enters: the winding number falls by that.

    ``segment`` (5, 3) float64: start and end, neither on the mesh; the other rows are room to work in.
    """
    z, total, left = _orient(segment), 0, 1
    if segment[2, z] == segment[3, z]:
        return 0
    room.stack[0] = 0
    while left:
        left -= 1
        node = room.stack[left]
        _gaps(tree.bounds, node, segment[2], segment[3], room.boxes)
        for child in range(CHILDREN):
            if room.boxes[child] > 0.0:
                continue
            link = np.int64(tree.links[node, child])
            if link >= 0:
                room.stack[left], left = link, left + 1
            else:
                total += _leaf_crossings(tree.leaves[-1 - link], segment, z, room.triangles)
    return total
