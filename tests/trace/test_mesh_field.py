"""Signed distances to meshes, against libigl, arithmetic by hand and the golden occupancies."""

import math
from pathlib import Path

import igl
import numpy as np
import pytest

from ngpc_sim.trace.loops.mesh_field import MeshField
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, build

HALF_DIAGONAL = math.sqrt(3) / 2 / GRID_CELLS


@pytest.fixture(scope="module")
def shapes(module_at):
    return module_at(Path(__file__).with_name("shapes.py"))


def random_points(n, seed=1):
    return np.random.default_rng(seed).random((n, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def armadillo_field(armadillo):
    return MeshField(armadillo.vertices, armadillo.faces)


def box_distance(points, low, high):
    outside = np.maximum(np.maximum(low - points, points - high), 0.0)
    inside = np.minimum(points - low, high - points).min(axis=1)
    return np.where(inside > 0, -inside, np.linalg.norm(outside, axis=1))


@pytest.mark.parametrize("as_stl", [False, True])
def test_a_box_is_as_far_as_arithmetic_says(as_stl, shapes):
    made, points = shapes.box([0.2] * 3, [0.8, 0.7, 0.9]), random_points(5000)
    field = MeshField(*(shapes.separate(*made) if as_stl else made))
    wanted = box_distance(points.astype(np.float64), 0.2, np.array([0.8, 0.7, 0.9]))
    assert field.is_closed
    assert field.distance(points) == pytest.approx(wanted, abs=1e-7)
    assert field.unsigned(points) == pytest.approx(abs(wanted), abs=1e-7)


def test_signs_of_a_torus_are_those_of_its_winding_number(shapes):
    vertices, faces = shapes.torus(0.3, 0.12, 50)
    near = np.repeat(vertices, 4, axis=0) + np.random.default_rng(4).normal(0, 2e-3, (4 * len(vertices), 3))
    points = np.concatenate([random_points(4000), near.astype(np.float32)])
    winding = igl.winding_number(vertices, faces.astype(np.int64), points.astype(np.float64))
    distance = MeshField(vertices, faces).distance(points)
    assert ((distance < 0) == (winding > 0.5))[abs(distance) > 1e-7].all()


def test_where_two_closed_parts_overlap_is_inside(shapes):
    one, other = shapes.box([0.2] * 3, [0.6] * 3), shapes.box([0.4] * 3, [0.8] * 3)
    field = MeshField(np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1] + 8]))
    points = random_points(4000, 5)
    inside = ((points > 0.2) & (points < 0.6)).all(axis=1) | ((points > 0.4) & (points < 0.8)).all(axis=1)
    assert field.is_closed
    assert ((field.distance(points) < 0) == inside).all()


def test_a_mesh_with_a_missing_or_a_turned_face_is_open(shapes):
    vertices, faces = shapes.box([0.2] * 3, [0.8] * 3)
    turned = faces.copy()
    turned[3] = turned[3, ::-1]
    assert not MeshField(vertices, faces[1:]).is_closed
    assert not MeshField(vertices, turned).is_closed


def test_signs_of_an_open_mesh_are_those_of_its_winding_number_but_near_a_half(shapes):
    vertices, faces = shapes.torus(0.3, 0.12, 50)
    faces, points = faces[200:], random_points(4000, 6)
    winding = igl.winding_number(vertices, faces.astype(np.int64), points.astype(np.float64))
    in_box = ((points >= vertices.min(axis=0)) & (points <= vertices.max(axis=0))).all(axis=1)
    sure = (abs(winding - 0.5) > 0.02) & in_box
    assert ((MeshField(vertices, faces).distance(points) < 0) == (winding > 0.5))[sure].all()


def test_a_flat_mesh_and_a_single_point_have_no_inside():
    flat = MeshField(np.array([[0.1, 0.1, 0.5], [0.9, 0.1, 0.5], [0.1, 0.9, 0.5]]), np.array([[0, 1, 2]]))
    point = MeshField(np.full((3, 3), 0.5), np.array([[0, 1, 2]]))
    assert flat.distance([[0.2, 0.2, 0.75]]) == pytest.approx([0.25])
    assert point.distance([[0.5, 0.5, 0.0], [0.5, 0.5, 0.5]]).tolist() == [0.5, 0.0]


def test_positions_outside_are_measured_and_those_that_are_not_finite_are_not(shapes):
    field = MeshField(*shapes.box([0.2] * 3, [0.8] * 3))
    distance = field.distance([[0.5, 0.5, 1000.8], [np.nan, 0.5, 0.5], [np.inf, 0.0, 0.0]])
    assert distance[0] == pytest.approx(1000.0)
    assert np.isnan(distance[1:]).all()


def test_distances_are_the_same_bits_with_any_number_of_threads_and_in_any_order(monkeypatch, shapes):
    vertices, faces = shapes.torus(0.3, 0.12, 50)
    points, found = random_points(20_000, 8), set()
    for threads in ("1", "3"):
        monkeypatch.setenv("NGPC_SIM_THREADS", threads)
        field = MeshField(vertices, faces)
        found |= {field.distance(points).tobytes(), field.distance(points[::-1])[::-1].tobytes()}
    assert len(found) == 1


def test_the_armadillo_is_as_far_as_libigl_says(armadillo, armadillo_field):
    points = random_points(3000, 9)
    winding = igl.winding_number(armadillo.vertices, armadillo.faces, points[:300].astype(np.float64))
    assert armadillo_field.is_closed
    assert armadillo_field.unsigned(points) == pytest.approx(armadillo.distance(points), abs=1e-7)
    assert ((armadillo_field.distance(points[:300]) < 0) == (winding > 0.5)).all()


def test_a_grid_has_the_distance_of_near_cells_and_bounds_of_far_ones(armadillo, armadillo_field):
    grid = armadillo_field.grid(32)
    axis = (np.arange(32) + 0.5) / 32
    centres = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    exact = armadillo.distance(centres.reshape(-1, 3)).reshape(grid.shape)
    near = abs(grid) < 0.1
    assert abs(grid)[near] == pytest.approx(exact[near], abs=1e-7)
    assert (abs(grid)[~near] <= exact[~near] + 1e-7).all()
    assert not near[exact > 0.3].any()
    assert np.array_equal(grid < 0, armadillo_field.distance(centres.reshape(-1, 3)).reshape(grid.shape) < 0)


@pytest.mark.parametrize(("name", "margin"), [("", 0.0), ("_dil1", 1 / GRID_CELLS)])
def test_cells_near_the_armadillo_are_the_golden_occupancy(name, margin, armadillo_field, shared):
    grid = armadillo_field.grid(GRID_CELLS)

    def near(centres, _):
        x, y, z = np.floor(centres * GRID_CELLS).astype(int).T
        return grid[x, y, z] <= HALF_DIAGONAL + margin

    golden = np.fromfile(shared / "golden" / f"armadillo_occ128{name}_morton.bin", np.uint8)
    differing = np.unpackbits(build(near, 1)[0] ^ golden).sum()
    assert differing <= (abs(grid - HALF_DIAGONAL - margin) < 1e-6).sum() <= 20, "cells within rounding of the limit"
