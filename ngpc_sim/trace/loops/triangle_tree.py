"""A tree of boxes over triangles, and the distance of points to the closest triangle.

A node holds the boxes of its two children, each a node or a leaf of a few triangles. Nodes are split where the sum of
the children's surface times their triangles is least (the surface area heuristic, binned; Wald 2007).

Which triangle is met first changes no bit of a distance. Each triangle's distance is a number of its own, and boxes are
larger than their triangles by far more than that number's rounding, so no triangle is left out that has a smaller one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import loop
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole

LEAF_TRIANGLES = 4
_BINS = 16
_MARGIN = 2.0**-22
"""By how much boxes are larger than their triangles, as a share of the largest coordinate: 4 roundings to float32."""
_DEEPEST_CUT = 48
"""Below this depth nodes are halved, so that a tree of 2^31 triangles is less than ``STACK`` deep."""
STACK = 96
_CODE = 8
"""A leaf is stored as -1 - (first triangle * _CODE + triangles)."""
_SLENDER = 1e-6
"""Squared sine of a triangle's angle below which its plane is rounding: its edges are then asked too."""


class TriangleTree(NamedTuple):
    """Arrays of a tree; ``faces`` are in the order of the leaves."""

    vertices: Array
    """(V, 3) float64."""
    faces: Array
    """(F, 3) int32."""
    bounds: Array
    """(N, 12) float32: low and high corner of the first child, then of the second."""
    links: Array
    """(N, 2) int32: a node, or a leaf's code below 0."""


@loop
def _triangle_boxes(vertices: Array, faces: Array, margin: Real) -> Array:
    """(F, 6) float32 low and high corners."""
    boxes = np.empty((len(faces), 6), np.float32)
    for face in range(len(faces)):
        for axis in range(3):
            a, b, c = vertices[faces[face, 0], axis], vertices[faces[face, 1], axis], vertices[faces[face, 2], axis]
            boxes[face, axis] = min(a, b, c) - margin
            boxes[face, axis + 3] = max(a, b, c) + margin
    return boxes


@loop
def _cover(boxes: Array, first: Whole, last: Whole, result: Array) -> None:
    """Put the box of boxes ``first`` .. ``last`` - 1 into ``result`` (6,); of none it is as far as can be."""
    result[:3], result[3:] = np.inf, -np.inf
    for item in range(first, last):
        for axis in range(3):
            result[axis] = min(result[axis], boxes[item, axis])
            result[axis + 3] = max(result[axis + 3], boxes[item, axis + 3])


@loop
def _widest(boxes: Array, first: Whole, last: Whole) -> tuple[Whole, Real, Real]:
    """Axis on which middles (twice their value) lie widest apart, where they begin, and how wide."""
    best, start, width = 0, 0.0, -1.0
    for axis in range(3):
        low, high = np.inf, -np.inf
        for item in range(first, last):
            middle = np.float64(boxes[item, axis]) + np.float64(boxes[item, axis + 3])
            low, high = min(low, middle), max(high, middle)
        if high - low > width:
            best, start, width = axis, low, high - low
    return best, start, width


@loop
def _bin_of(boxes: Array, item: Whole, axis: Whole, start: Real, scale: Real) -> Whole:
    middle = np.float64(boxes[item, axis]) + np.float64(boxes[item, axis + 3])
    return min(np.int64((middle - start) * scale), _BINS - 1)


@loop
def _half_surface(box: Array) -> Real:
    x, y, z = box[3] - box[0], box[4] - box[1], box[5] - box[2]
    return x * y + y * z + z * x


@loop
def _best_cut(counts: Array, bins: Array, costs: Array) -> Whole:
    """Last bin of the first child; ``bins`` (bins, 6) holds the box of each."""
    box, count = bins[_BINS - 1].copy(), counts[_BINS - 1]
    for cut in range(_BINS - 2, -1, -1):
        costs[cut] = _half_surface(box) * count if count else np.inf
        for axis in range(3):
            box[axis], box[axis + 3] = min(box[axis], bins[cut, axis]), max(box[axis + 3], bins[cut, axis + 3])
        count += counts[cut]
    best, least, count = 0, np.inf, 0
    box[:3], box[3:] = np.inf, -np.inf
    for cut in range(_BINS - 1):
        for axis in range(3):
            box[axis], box[axis + 3] = min(box[axis], bins[cut, axis]), max(box[axis + 3], bins[cut, axis + 3])
        count += counts[cut]
        cost = _half_surface(box) * count + costs[cut] if count else np.inf
        if cost < least:
            best, least = cut, cost
    return best


@loop
def _exchange(boxes: Array, order: Array, one: Whole, other: Whole) -> None:
    for column in range(6):
        boxes[one, column], boxes[other, column] = boxes[other, column], boxes[one, column]
    order[one], order[other] = order[other], order[one]


@loop
def _split(boxes: Array, order: Array, first: Whole, last: Whole, counts: Array, bins: Array, costs: Array) -> Whole:
    """Order triangles ``first`` .. ``last`` - 1 by child; returns where the second child begins."""
    axis, start, width = _widest(boxes, first, last)
    scale = _BINS / width if width > 0.0 else np.inf
    if scale == np.inf:
        return (first + last) // 2
    counts[:] = 0
    bins[:, :3], bins[:, 3:] = np.inf, -np.inf
    for item in range(first, last):
        place = _bin_of(boxes, item, axis, start, scale)
        counts[place] += 1
        for column in range(3):
            bins[place, column] = min(bins[place, column], boxes[item, column])
            bins[place, column + 3] = max(bins[place, column + 3], boxes[item, column + 3])
    cut = _best_cut(counts, bins, costs)
    low, high = first, last - 1
    while low <= high:
        if _bin_of(boxes, low, axis, start, scale) <= cut:
            low += 1
        else:
            _exchange(boxes, order, low, high)
            high -= 1
    return low


@loop
def _nodes(boxes: Array, order: Array) -> tuple[Array, Array]:
    """``bounds`` and ``links`` of a tree; ``boxes`` and ``order`` become those of the leaves."""
    most = max(len(order) - 1, 1)
    bounds, links = np.empty((most, 12), np.float32), np.empty((most, 2), np.int32)
    counts, bins, costs = np.empty(_BINS, np.int64), np.empty((_BINS, 6), np.float32), np.empty(_BINS)
    tasks = np.empty((STACK, 4), np.int64)
    tasks[0, 0], tasks[0, 1], tasks[0, 2], tasks[0, 3] = 0, 0, len(order), 0
    left, made = 1, 1
    while left:
        left -= 1
        node, first, last, depth = tasks[left, 0], tasks[left, 1], tasks[left, 2], tasks[left, 3]
        middle = (first + last + 1) // 2
        if depth < _DEEPEST_CUT and last - first > LEAF_TRIANGLES:
            middle = _split(boxes, order, first, last, counts, bins, costs)
        for side in range(2):
            begin, end = (first, middle) if side == 0 else (middle, last)
            _cover(boxes, begin, end, bounds[node, 6 * side : 6 * side + 6])
            if end - begin <= LEAF_TRIANGLES:
                links[node, side] = -1 - (begin * _CODE + end - begin)
                continue
            links[node, side] = made
            tasks[left, 0], tasks[left, 1], tasks[left, 2], tasks[left, 3] = made, begin, end, depth + 1
            made, left = made + 1, left + 1
    return bounds[:made], links[:made]


def build(vertices: Array, faces: Array) -> TriangleTree:
    """Tree over triangles: ``vertices`` (V, 3) float64, finite; ``faces`` (F, 3) int32, one or more, below V."""
    margin = _MARGIN * float(np.abs(vertices[faces.min() : faces.max() + 1]).max())
    boxes = _triangle_boxes(vertices, faces, margin)
    order = np.arange(len(faces), dtype=np.int32)
    bounds, links = _nodes(boxes, order)
    return TriangleTree(vertices, faces[order], bounds, links)


@loop
def leaf_range(code: Whole) -> tuple[Whole, Whole]:
    """First triangle of a leaf, and the first one after it."""
    value = -1 - np.int64(code)
    return value // _CODE, value // _CODE + value % _CODE


@loop
def _to_segment(px: Real, py: Real, pz: Real, x: Real, y: Real, z: Real) -> Real:
    """Squared distance of a point to the segment from the origin to (x, y, z)."""
    length = x * x + y * y + z * z
    share = min(max((px * x + py * y + pz * z) / length, 0.0), 1.0) if length > 0.0 else 0.0
    dx, dy, dz = px - share * x, py - share * y, pz - share * z
    return dx * dx + dy * dy + dz * dz


@loop
def to_triangle(tree: TriangleTree, face: Whole, x: Real, y: Real, z: Real) -> Real:
    """Squared distance of a point to a triangle, also to one without area.

    It is the distance to a point of the triangle, so that rounding of a slender one makes it never too small.
    """
    vertices, a, b, c = tree.vertices, tree.faces[face, 0], tree.faces[face, 1], tree.faces[face, 2]
    ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
    ux, uy, uz = vertices[b, 0] - ax, vertices[b, 1] - ay, vertices[b, 2] - az
    vx, vy, vz = vertices[c, 0] - ax, vertices[c, 1] - ay, vertices[c, 2] - az
    px, py, pz = x - ax, y - ay, z - az
    uu, uv, vv = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
    pu, pv = px * ux + py * uy + pz * uz, px * vx + py * vy + pz * vz
    area, s, t = uu * vv - uv * uv, vv * pu - uv * pv, uu * pv - uv * pu
    best = np.inf
    if s > 0.0 and t > 0.0 and s + t < area:
        s, t = s / area, t / area
        dx, dy, dz = px - s * ux - t * vx, py - s * uy - t * vy, pz - s * uz - t * vz
        best = dx * dx + dy * dy + dz * dz
        if area > _SLENDER * uu * vv:
            return best
    best = min(best, _to_segment(px, py, pz, ux, uy, uz), _to_segment(px, py, pz, vx, vy, vz))
    return min(best, _to_segment(px - ux, py - uy, pz - uz, vx - ux, vy - uy, vz - uz))


@loop
def _to_box(bounds: Array, node: Whole, at: Whole, x: Real, y: Real, z: Real) -> Real:
    """Squared distance of a point to the box in columns ``at`` .. ``at`` + 5 of a node."""
    dx = max(bounds[node, at] - x, x - bounds[node, at + 3], 0.0)
    dy = max(bounds[node, at + 1] - y, y - bounds[node, at + 4], 0.0)
    dz = max(bounds[node, at + 2] - z, z - bounds[node, at + 5], 0.0)
    return dx * dx + dy * dy + dz * dz


@loop
def closest(
    tree: TriangleTree, x: Real, y: Real, z: Real, seed: Whole, stack: Array, keys: Array
) -> tuple[Real, Whole]:
    """Squared distance of a point to the closest triangle, and one that is as close.

    ``seed`` is a triangle to begin with: the closer, the faster. ``stack`` (STACK,) int32 and ``keys`` (STACK,) float64
    are room to work in.
    """
    best, found, left = to_triangle(tree, seed, x, y, z), seed, 1
    stack[0], keys[0] = 0, 0.0
    while left:
        left -= 1
        if keys[left] > best:
            continue
        node = stack[left]
        near, far = _to_box(tree.bounds, node, 0, x, y, z), _to_box(tree.bounds, node, 6, x, y, z)
        first, second = tree.links[node, 0], tree.links[node, 1]
        if far < near:
            near, far, first, second = far, near, second, first
        if far <= best and second >= 0:
            stack[left], keys[left], left = second, far, left + 1
        if near <= best:
            if first >= 0:
                stack[left], keys[left], left = first, near, left + 1
            else:
                begin, end = leaf_range(first)
                for face in range(begin, end):
                    distance = to_triangle(tree, face, x, y, z)
                    if distance < best:
                        best, found = distance, face
        if far <= best and second < 0:
            begin, end = leaf_range(second)
            for face in range(begin, end):
                distance = to_triangle(tree, face, x, y, z)
                if distance < best:
                    best, found = distance, face
    return best, found
