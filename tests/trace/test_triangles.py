"""Distances and winding numbers of triangles by the tree, against libigl and arithmetic by hand."""

from pathlib import Path

import igl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.trace.loops.triangle_tree import STACK, build, closest, make_room
from ngpc_sim.trace.loops.winding import crossings, dipoles, winding_number


@pytest.fixture(scope="module")
def shapes(module_at):
    return module_at(Path(__file__).with_name("shapes.py"))


def nearest(tree, points, seed=0):
    return np.array([closest(tree, *point, seed, make_room())[0] for point in points.astype(np.float32)])


def tree_of(vertices, faces):
    return build(np.ascontiguousarray(vertices, dtype=np.float64), np.ascontiguousarray(faces, dtype=np.int32))


def by_igl(vertices, faces, points):
    tree = igl.AABB()
    tree.init(np.asarray(vertices, dtype=np.float64), faces.astype(np.int64))
    exact = points.astype(np.float32).astype(np.float64)
    return tree.squared_distance(vertices, faces.astype(np.int64), exact)[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(0, 10_000), st.sampled_from([1.0, 1e-3, 1e-6]))
def test_distances_are_those_of_libigl(n_faces, seed, flatness):
    generator = np.random.default_rng(seed)
    vertices = generator.random((n_faces + 2, 3)) * [1.0, 1.0, flatness]
    faces = generator.integers(0, len(vertices), (n_faces, 3))  # some have the same vertex twice
    points = generator.random((20, 3)) * 1.5 - 0.25
    found, wanted = nearest(tree_of(vertices, faces), points), by_igl(vertices, faces, points)
    assert np.sqrt(found) == pytest.approx(np.sqrt(wanted), abs=1e-9)


@pytest.mark.parametrize(
    ("point", "squared"),
    [
        ((0.25, 0.25, 2.0), 4.0),
        ((-3.0, -4.0, 0.0), 25.0),
        ((0.5, -2.0, 0.0), 4.0),
        ((2.0, 2.0, 0.0), 4.5),
        ((3.0, 0.0, 0.0), 4.0),
        ((0.25, 0.25, 0.0), 0.0),
    ],
)
def test_a_triangle_is_as_far_as_its_plane_edge_or_corner(point, squared):
    tree = tree_of(np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.array([[0, 1, 2]]))
    assert nearest(tree, np.array([point]))[0] == pytest.approx(squared, abs=1e-15)


def test_triangles_without_area_are_points_and_lines():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0.5, 0, 0]])
    assert nearest(tree_of(vertices, np.array([[0, 0, 0]])), np.array([[3.0, 4.0, 0.0]]))[0] == 25.0
    line = tree_of(vertices, np.array([[0, 1, 2]]))
    assert nearest(line, np.array([[0.25, 2.0, 0.0], [3.0, 0.0, 0.0]])).tolist() == [4.0, 4.0]


def test_a_needle_of_no_width_to_speak_of_is_measured_to_its_width():
    vertices = np.array([[0.0, 0, 0], [1, 0, 0], [0.37, 1e-12, 0]])
    points = np.array([[x, 0.125, 0.0] for x in np.linspace(0.0, 1.0, 33)])
    assert np.sqrt(nearest(tree_of(vertices, np.array([[0, 1, 2]])), points)) == pytest.approx(0.125, abs=1e-7)


def test_distances_are_the_same_bits_whatever_leaf_they_begin_with(shapes):
    vertices, faces = shapes.torus(0.3, 0.1, 40)
    tree = tree_of(vertices, faces)
    points = np.random.default_rng(2).random((50, 3))
    first = nearest(tree, points)
    for seed in range(0, len(tree.leaves), 97):
        assert nearest(tree, points, seed).tobytes() == first.tobytes()


def test_a_thousand_triangles_at_one_place_make_a_shallow_tree():
    vertices = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.3], [0.1, 0.3, 0.3]])
    tree = tree_of(vertices, np.tile([[0, 1, 2]], (1000, 1)))
    assert len(tree.leaves) < 1000 < STACK * len(tree.links)
    assert nearest(tree, np.array([[0.125, 0.25, 0.3]]))[0] < 1e-15


def test_winding_numbers_are_those_of_libigl(shapes):
    vertices, faces = shapes.torus(0.3, 0.1, 60)
    faces = faces[100:]  # open: not whole numbers
    tree = tree_of(vertices, faces)
    far, points = dipoles(tree), np.random.default_rng(3).random((300, 3))
    found = [winding_number(tree, far, *point, make_room()) for point in points]
    assert found == pytest.approx(igl.winding_number(vertices, faces.astype(np.int64), points), abs=0.03)


@pytest.mark.parametrize(
    "towards",
    [(0.0, 0.0, 1.0), (0.0, 1.0, 1.0), (1.0, 1.0, 1.0), (-1.0, 0.0, 0.25), (0.5, 0.0, -1.0)],
    ids=["diagonal of a side", "edge", "corner", "face", "other diagonal"],
)
def test_a_segment_out_of_a_box_crosses_it_once_also_through_edges_and_corners(towards, shapes):
    tree = tree_of(*shapes.box([0.25] * 3, [0.75] * 3))
    segment = np.zeros((5, 3))
    segment[0], segment[1] = 0.5, 0.5 + np.array(towards)
    assert crossings(tree, segment, make_room()) == 1
    segment[[0, 1]] = segment[[1, 0]]
    assert crossings(tree, segment, make_room()) == -1
    segment[0] = 0.5 - np.array(towards)
    segment[1] = 0.5 + np.array(towards)
    assert crossings(tree, segment, make_room()) == 0
