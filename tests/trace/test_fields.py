"""Fields of users' files, against NumPy, SciPy and loops in plain Python."""

import numpy as np
import pytest
from scipy import ndimage

from ngpc_sim.trace.loops.fields import cell_density, cells_of_volume, surface_density, volume_density
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, morton

CUBE = np.array([[0.0] * 3, [1.0] * 3])


@pytest.fixture
def points():
    return np.random.default_rng(3).random((500, 3), np.float32)


def interpolated(values, points):
    """Linear between voxel centres, the nearest one beyond them."""
    places = points.astype(np.float64).T * np.array(values.shape)[:, None] - 0.5
    return ndimage.map_coordinates(values.astype(np.float64), places, order=1, mode="nearest")


def test_a_volume_is_linear_between_its_voxels(points):
    values = np.random.default_rng(4).random((5, 6, 7), np.float32)
    assert volume_density(values, 2.5, CUBE, 1.0, points) == pytest.approx(2.5 * interpolated(values, points), rel=1e-5)


def test_a_volume_is_nothing_beside_its_box():
    box = np.array([[0.25, 0.0, 0.0], [0.75, 1.0, 1.0]])
    places = np.array([[0.24, 0.5, 0.5], [0.26, 0.5, 0.5], [0.76, 0.5, 0.5]], np.float32)
    assert volume_density(np.ones((3, 3, 3), np.float32), 4.0, box, 1.0, places).tolist() == [0.0, 4.0, 0.0]


@pytest.mark.parametrize("width", [0.002, 0.05])
def test_a_surface_grows_dense_inward_as_a_logistic_function(width, points):
    distances = (np.random.default_rng(5).random((8, 8, 8), np.float32) - 0.5) / 2
    expected = 300 / (1 + np.exp(np.clip(interpolated(distances, points) / width, -700, 700)))
    assert surface_density(distances, 300.0, width, 1.0, points) == pytest.approx(expected, rel=1e-4, abs=1e-30)


def test_a_surface_without_width_is_a_step(points):
    distances = (np.random.default_rng(6).random((8, 8, 8), np.float32) - 0.5) / 2
    expected = np.where(interpolated(distances, points) < 0, 300, 0)
    assert surface_density(distances, 300.0, 0.0, 1.0, points).tolist() == expected.tolist()


def test_a_cell_of_each_cascade_has_its_own_density():
    densities = np.zeros((2, GRID_CELLS**3), np.float32)
    densities[0, morton(64, 64, 64)] = 3.0  # the cell above the middle of the unit cube
    densities[1, morton(0, 127, 5)] = 7.0  # of cells of 1/64 from -0.5 on
    world = np.array([[0.501, 0.501, 0.501], [-0.499, 1.499, -0.5 + 5.5 / 64], [0.3, 0.3, 0.3]])
    network = ((world + 0.5) / 2).astype(np.float32)
    assert cell_density(densities, 2.0, 2.0, network).tolist() == [6.0, 14.0, 0.0]


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_cells_that_a_voxel_reaches_by_interpolation_are_on_and_no_others(shift):
    values = np.zeros((8, 4, 2), np.float32)
    values[3, 2, 1] = 1.0
    on = cells_of_volume(values, 0.5, CUBE, shift)
    expected = [
        [c for c in range(GRID_CELLS) if low * GRID_CELLS + shift < c + 1 and c <= high * GRID_CELLS + shift]
        for low, high in ((2.5 / 8, 4.5 / 8), (1.5 / 4, 3.5 / 4), (0.5 / 2, 2.5 / 2))
    ]
    z, y, x = np.nonzero(on)
    assert [sorted(set(axis.tolist())) for axis in (x, y, z)] == expected
    assert on.sum() == np.prod([len(axis) for axis in expected])


def test_a_voxel_at_the_cut_is_empty():
    assert not cells_of_volume(np.full((2, 2, 2), 0.5, np.float32), 0.5, CUBE, 0.0).any()


@pytest.mark.parametrize("aabb_scale", [2.0, 4.0])
def test_a_field_fills_the_unit_cube_in_the_middle_of_a_larger_world(aabb_scale, points):
    """Network positions of a world of so many cubes a side: points of the middle one answer as they do alone."""
    values = np.random.default_rng(8).random((6, 6, 6), np.float32)
    network = ((points.astype(np.float64) - 0.5) / aabb_scale + 0.5).astype(np.float32)
    assert volume_density(values, 1.0, CUBE, aabb_scale, network) == pytest.approx(
        volume_density(values, 1.0, CUBE, 1.0, points), abs=1e-4
    )
    beside = np.array([[0.5 - 0.6 / aabb_scale, 0.5, 0.5], [0.5, 0.5, 0.5 + 0.6 / aabb_scale]], np.float32)
    assert volume_density(values, 1.0, CUBE, aabb_scale, beside).tolist() == [0.0, 0.0]
    assert surface_density(-values, 300.0, 0.0, aabb_scale, beside).tolist() == [0.0, 0.0]
    assert surface_density(-values, 300.0, 0.0, aabb_scale, network).min() == 300.0
