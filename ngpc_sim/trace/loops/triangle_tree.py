"""A tree of boxes over triangles, and the distance of points to the closest triangle.

A node has up to sixteen children, each a node or a leaf of up to four triangles. Ranges of triangles are split where
the sum of both parts' surface times their triangles is least (the surface area heuristic in bins; Wald 2007).

Which triangle is met first changes no bit of a distance. Each triangle's distance is a number of its own, and boxes are
larger than their triangles by far more than that number's rounding, so no triangle is left out that has a smaller one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import forced, loop
from ngpc_sim.trace.loops.kernel_types import Array, Real, Whole

LANES = 4
"""Triangles of a leaf; a processor measures them at once."""
CHILDREN = 16
_BINS = 16
_MARGIN = 2.0**-22
"""By how much boxes are larger than their triangles, as a share of the largest coordinate: 4 roundings to float32."""
_KEY_ROUNDING = 1.0 + 2.0**-20
"""More than float32 rounding changes the squared distance to a box."""
_DEEPEST_CUT = 48
"""Below this depth ranges are halved, so that 2^31 triangles are less than 80 splits deep."""
STACK = 80 * (CHILDREN - 1) + CHILDREN
_TINY = 1e-300
"""Divides in place of 0."""


class TriangleTree(NamedTuple):
    """Arrays of a tree."""

    leaves: Array
    """(L, 9, LANES) float64: x, y, z of the three corners of each triangle; lanes left over hold a point of one."""
    bounds: Array
    """(N, 6, CHILDREN) float32: low and high corners of the children's boxes."""
    links: Array
    """(N, CHILDREN) int32: a node, or -1 - leaf."""


class Room(NamedTuple):
    """What a walk down a tree writes to; each thread has its own."""

    stack: Array
    """(STACK,) int32 links."""
    keys: Array
    """(STACK,) float32 squared distances to their boxes."""
    boxes: Array
    """(CHILDREN,) float32."""
    triangles: Array
    """(LANES,) float64."""


def make_room() -> Room:
    """Room for one thread.

    Kernels take it from Python, so that its lengths are unknown to the compiler: loops whose lengths it knows it
    unrolls, and then no longer goes abreast (measured: lanes take 24 ns a leaf, unrolled 97 ns).
    """
    return Room(np.empty(STACK, np.int32), np.empty(STACK, np.float32), np.empty(CHILDREN, np.float32), np.empty(LANES))


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
def _largest(ranges: Array, n_ranges: Whole) -> Whole:
    """The range of the most triangles."""
    best = 0
    for number in range(1, n_ranges):
        if ranges[number, 1] - ranges[number, 0] > ranges[best, 1] - ranges[best, 0]:
            best = number
    return best


@loop
def _children(boxes: Array, order: Array, ranges: Array, counts: Array, bins: Array, costs: Array) -> Whole:
    """Split ``ranges[0]`` (first, end, depth) into up to ``CHILDREN``; returns how many."""
    made = 1
    while made < CHILDREN:
        widest = _largest(ranges, made)
        first, end, depth = ranges[widest, 0], ranges[widest, 1], ranges[widest, 2]
        if end - first <= LANES:
            break
        middle = (first + end) // 2
        if depth < _DEEPEST_CUT:
            middle = _split(boxes, order, first, end, counts, bins, costs)
        ranges[widest, 1], ranges[widest, 2] = middle, depth + 1
        ranges[made, 0], ranges[made, 1], ranges[made, 2] = middle, end, depth + 1
        made += 1
    return made


@loop
def _nodes(boxes: Array, order: Array) -> tuple[Array, Array, Array]:
    """``bounds``, ``links``, and where leaves begin and end in ``order`` (L, 2); it becomes the leaves' order.

    Nodes number less than F / 2: each has ``CHILDREN`` children, or all the leaves of five triangles or more.
    """
    most = len(order) // 2 + 2
    bounds, links = np.empty((most, 6, CHILDREN), np.float32), np.zeros((most, CHILDREN), np.int32)
    spans, ranges = np.empty((len(order) + 1, 2), np.int32), np.zeros((CHILDREN, 3), np.int64)
    counts, bins, costs = np.empty(_BINS, np.int64), np.empty((_BINS, 6), np.float32), np.empty(_BINS)
    tasks, box = np.zeros((STACK, 4), np.int64), np.empty(6, np.float32)
    tasks[0, 2] = len(order)
    left, made, n_leaves = 1, 1, 0
    while left:
        left -= 1
        node = tasks[left, 0]
        ranges[0] = tasks[left, 1:]
        n_children = _children(boxes, order, ranges, counts, bins, costs)
        bounds[node] = np.inf
        for child in range(n_children):
            first, end = ranges[child, 0], ranges[child, 1]
            _cover(boxes, first, end, box)
            bounds[node, :, child] = box
            if end - first <= LANES:
                spans[n_leaves, 0], spans[n_leaves, 1] = first, end
                links[node, child], n_leaves = -1 - n_leaves, n_leaves + 1
            else:
                links[node, child], tasks[left, 0] = made, made
                tasks[left, 1:] = ranges[child]
                made, left = made + 1, left + 1
    return bounds[:made], links[:made], spans[:n_leaves]


@loop
def _pack(vertices: Array, faces: Array, order: Array, spans: Array) -> Array:
    """``leaves`` of a tree."""
    leaves = np.empty((len(spans), 9, LANES))
    for leaf in range(len(spans)):
        first, end = spans[leaf, 0], spans[leaf, 1]
        for lane in range(LANES):
            face = order[min(first + lane, end - 1)]
            for corner in range(3):
                vertex = faces[face, corner if first + lane < end else 0]
                for axis in range(3):
                    leaves[leaf, 3 * corner + axis, lane] = vertices[vertex, axis]
    return leaves


def build(vertices: Array, faces: Array) -> TriangleTree:
    """Tree over triangles: ``vertices`` (V, 3) float64, finite; ``faces`` (F, 3) int32, one or more, below V."""
    margin = _MARGIN * float(np.abs(vertices).max())
    boxes = _triangle_boxes(vertices, faces, margin)
    order = np.arange(len(faces), dtype=np.int32)
    bounds, links, spans = _nodes(boxes, order)
    del boxes
    return TriangleTree(_pack(vertices, faces, order, spans), bounds, links)


@forced
def _to_segment(px: Real, py: Real, pz: Real, x: Real, y: Real, z: Real) -> Real:
    """Squared distance of a point to the segment from the origin to (x, y, z)."""
    share = min(max((px * x + py * y + pz * z) / max(x * x + y * y + z * z, _TINY), 0.0), 1.0)
    dx, dy, dz = px - share * x, py - share * y, pz - share * z
    return dx * dx + dy * dy + dz * dz


@forced
def _to_triangle(corners: Array, lane: Whole, x: Real, y: Real, z: Real) -> Real:
    """Squared distance of a point to the triangle in a lane of ``corners`` (9, LANES), also to one without area.

    It is the least distance to a point of each edge, and to one of the inside: rounding of a slender triangle makes it
    never too small, and by its width too large at most. There are no branches, so that lanes go side by side.
    """
    ax, ay, az = corners[0, lane], corners[1, lane], corners[2, lane]
    ux, uy, uz = corners[3, lane] - ax, corners[4, lane] - ay, corners[5, lane] - az
    vx, vy, vz = corners[6, lane] - ax, corners[7, lane] - ay, corners[8, lane] - az
    px, py, pz = x - ax, y - ay, z - az
    uu, uv, vv = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
    pu, pv = px * ux + py * uy + pz * uz, px * vx + py * vy + pz * vz
    area, s, t = uu * vv - uv * uv, vv * pu - uv * pv, uu * pv - uv * pu
    over = (s > 0.0) & (t > 0.0) & (s + t < area)
    share = 1.0 / max(area, _TINY)
    s, t = s * share, t * share
    dx, dy, dz = px - s * ux - t * vx, py - s * uy - t * vy, pz - s * uz - t * vz
    inner = dx * dx + dy * dy + dz * dz if over else np.inf
    edges = min(_to_segment(px, py, pz, ux, uy, uz), _to_segment(px, py, pz, vx, vy, vz))
    return min(inner, edges, _to_segment(px - ux, py - uy, pz - uz, vx - ux, vy - uy, vz - uz))


@forced
def to_leaf(leaves: Array, leaf: Whole, x: Real, y: Real, z: Real, lanes: Array) -> Real:
    """Squared distance of a point to the closest triangle of a leaf; ``lanes`` (LANES,) is room to work in."""
    corners = leaves[leaf]
    for lane in range(len(lanes)):
        lanes[lane] = _to_triangle(corners, lane, x, y, z)
    best = lanes[0]
    for lane in range(1, len(lanes)):
        best = min(best, lanes[lane])
    return best


@forced
def _to_children(bounds: Array, node: Whole, x: Real, y: Real, z: Real, distances: Array) -> None:
    """Squared distances of a point (float32) to the boxes of a node's children."""
    box = bounds[node]
    for child in range(len(distances)):
        dx = max(box[0, child] - x, x - box[3, child], np.float32(0.0))
        dy = max(box[1, child] - y, y - box[4, child], np.float32(0.0))
        dz = max(box[2, child] - z, z - box[5, child], np.float32(0.0))
        distances[child] = dx * dx + dy * dy + dz * dz


@loop
def _push(links: Array, node: Whole, bound: Real, left: Whole, room: Room) -> Whole:
    """Put a node's children that are within ``bound`` on the stack, the nearest last; returns its new height."""
    floor = left
    for child in range(CHILDREN):
        key = room.boxes[child]
        if key > bound:
            continue
        place = left
        while place > floor and room.keys[place - 1] < key:
            room.stack[place], room.keys[place] = room.stack[place - 1], room.keys[place - 1]
            place -= 1
        room.stack[place], room.keys[place] = links[node, child], key
        left += 1
    return left


@loop
def closest(tree: TriangleTree, x: Real, y: Real, z: Real, seed: Whole, room: Room) -> tuple[Real, Whole]:
    """Squared distance (float64) of a point (float32) to the closest triangle, and the leaf of one that is as close.

    ``seed`` is a leaf to begin with: the closer, the faster.
    """
    px, py, pz = np.float64(x), np.float64(y), np.float64(z)
    best, found, left = to_leaf(tree.leaves, seed, px, py, pz, room.triangles), seed, 1
    bound = best * _KEY_ROUNDING
    room.stack[0], room.keys[0] = 0, 0.0
    while left:
        left -= 1
        if room.keys[left] > bound:
            continue
        link = np.int64(room.stack[left])
        if link >= 0:
            _to_children(tree.bounds, link, x, y, z, room.boxes)
            left = _push(tree.links, link, bound, left, room)
            continue
        distance = to_leaf(tree.leaves, -1 - link, px, py, pz, room.triangles)
        if distance < best:
            best, found, bound = distance, -1 - link, distance * _KEY_ROUNDING
    return best, found
