"""Fronts and hypervolumes against counting cells of a grid, which is exact for whole numbers."""

import numpy as np
import pytest

from ngpc_sim.job.explore.fronts import grown_volumes, hypervolume, lead
from ngpc_sim.results.fronts import front_of

SIDE = 6


def cells(points):
    """Cells of a grid that points (n, d) of whole numbers dominate."""
    dims = points.shape[1]
    corners = np.stack(np.meshgrid(*[np.arange(SIDE)] * dims, indexing="ij"), -1).reshape(-1, dims)
    return sum(bool((points <= corner).all(axis=1).any()) for corner in corners)


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_hypervolume_counts_the_dominated_cells(dims):
    draw = np.random.default_rng(dims)
    for _ in range(10):
        points = draw.integers(0, SIDE, (12, dims)).astype(float)
        assert hypervolume(points, np.full(dims, float(SIDE))) == cells(points)


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_hypervolume_grows_point_by_point(dims):
    points = np.random.default_rng(dims).integers(0, SIDE, (9, dims)).astype(float)
    grown = grown_volumes(points, np.full(dims, float(SIDE)))
    assert grown == [cells(points[: n + 1]) for n in range(len(points))]


def test_no_point_before_the_reference_has_no_volume():
    assert hypervolume(np.array([[7.0, 1.0]]), np.array([6.0, 6.0])) == 0.0


def test_the_front_is_what_nothing_dominates():
    points = np.array([[2, 2], [1, 3], [3, 1], [2, 3], [2, 2], [0, np.inf]], float)
    assert front_of(points).tolist() == [0, 1, 2]


def test_a_point_is_dominated_by_one_whose_sum_of_coordinates_rounds_to_the_same():
    assert front_of(np.array([[1e17, 1.0], [1e17, 0.5]])).tolist() == [1]


def test_lead_is_the_shift_of_the_front_that_dominates_a_point():
    front = np.array([[2.0, 2.0]])
    points = np.array([[1.0, 2.0], [3.0, 0.0], [2.0, 2.0], [4.0, 3.0]])
    assert lead(points, front).tolist() == [1.0, 2.0, 0.0, -1.0]
