"""Fits, profiles and directions on problems whose answers are known without the simulator."""

from math import log, sqrt

import numpy as np
import pytest

from ngpc_sim.paper.calibration.identify import directions, pairs, profile
from ngpc_sim.paper.calibration.least_squares import random_starts, solve
from ngpc_sim.paper.calibration.problem import EXACT, Problem

QUANTILE_95 = 1.959963984540054  # of the normal distribution, two-sided
WELL_POSED = [[2.0, 0.5, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 4.0], [0.5, 0.5, 0.5]]


def decay(truth, start):
    """Rows a exp(-b t) + c at eight times, each known to 1e-3."""
    times = np.arange(8) / 2

    def rows(x):
        a, b, c = (np.exp(x[..., k, None]) for k in range(3))
        return a * np.exp(-b * times) + c

    published = rows(np.log(truth))
    start = np.log(start)
    return Problem("abc", start, start - log(10), start + log(10), lambda x, _: (rows(x) - published) / 1e-3)


def test_known_parameters_are_recovered_from_another_start():
    problem = decay((3.0, 0.7, 0.2), (1.0, 1.5, 0.6))
    found = solve(problem, problem.start)
    assert np.exp(found.x) == pytest.approx([3.0, 0.7, 0.2], rel=1e-6)
    assert found.objective < 1e-6


def test_random_starts_of_one_seed_are_the_same_and_inside_the_bounds():
    problem = decay((3.0, 0.7, 0.2), (1.0, 1.5, 0.6))
    first, second = random_starts(problem, 5, 3), random_starts(problem, 5, 3)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, random_starts(problem, 5, 4))
    assert all((problem.low <= start).all() and (start <= problem.high).all() for start in first)


def test_random_starts_recover_known_parameters_too():
    problem = decay((3.0, 0.7, 0.2), (1.0, 1.5, 0.6))
    for start in random_starts(problem, 5, 0):
        assert np.exp(solve(problem, start).x) == pytest.approx([3.0, 0.7, 0.2], rel=1e-6)


def test_a_fit_that_rows_leave_free_is_the_nearest_to_its_start(linear):
    found = solve(linear([[1.0, 2.0]], [5.0]), np.array([7.0, -3.0]))
    assert found.x == pytest.approx([1.0, 2.0], abs=1e-4)  # the foot of the normal on a + 2 b = 5


def test_a_held_parameter_stays_and_the_others_make_up_for_it(linear):
    problem = linear([[1.0, 1.0]], [3.0])
    assert solve(problem, np.zeros(2), held={0: 0.5}).x == pytest.approx([0.5, 2.5], abs=1e-5)


def test_a_fit_stays_inside_its_bounds(linear):
    assert solve(linear([[1.0]], [9.0], reach=2.0), np.zeros(1)).x == pytest.approx([2.0])


@pytest.mark.parametrize("number", range(3))
def test_the_profile_interval_of_a_linear_model_is_the_analytic_one(linear, number):
    matrix = np.array(WELL_POSED)
    problem = linear(matrix, [1.0, 2.0, 3.0, 4.0])
    best = solve(problem, np.zeros(3))
    half = QUANTILE_95 * sqrt(np.linalg.inv(matrix.T @ matrix)[number, number])
    low, high = profile(problem, best, number)
    assert not low.is_open
    assert not high.is_open
    assert best.x[number] - low.solution.x[number] == pytest.approx(half, rel=2e-3)
    assert high.solution.x[number] - best.x[number] == pytest.approx(half, rel=2e-3)


def test_an_end_that_only_its_bound_stops_is_open(linear):
    problem = linear([[1.0, 1.0]], [0.0], reach=3.0)
    low, high = profile(problem, solve(problem, np.zeros(2)), 0)
    assert low.is_open
    assert high.is_open
    assert low.solution.x == pytest.approx([-3.0, 3.0], abs=1e-3)


def test_two_parameters_of_which_only_the_sum_counts_are_not_separable(linear):
    problem = linear([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [1.0, 2.0])
    best = solve(problem, np.zeros(3))
    found = directions(problem.jacobian(best.x))
    assert found.rank == 2
    assert np.abs(found.free) == pytest.approx(np.array([[sqrt(0.5), sqrt(0.5), 0.0]]), abs=1e-6)
    (pair,) = pairs(problem, best, found)
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.correlation == pytest.approx(-1)
    assert pair.confirmed


def test_a_well_posed_model_has_full_rank_and_no_pair(linear):
    problem = linear(WELL_POSED, [1.0, 2.0, 3.0, 4.0])
    best = solve(problem, np.zeros(3))
    found = directions(problem.jacobian(best.x))
    assert found.rank == 3
    assert pairs(problem, best, found) == []


def test_a_pair_that_is_free_only_at_the_point_itself_is_not_confirmed():
    """Rows of the square of a + b: flat at 0, steep beside it."""
    ends = np.full(2, 5.0)
    problem = Problem(
        ("a", "b"),
        np.zeros(2),
        -ends,
        ends,
        lambda x, _: np.stack([x[..., 0] - x[..., 1], 1e6 * (x[..., 0] + x[..., 1]) ** 2], axis=-1),
    )
    best = solve(problem, np.zeros(2))
    (pair,) = pairs(problem, best, directions(problem.jacobian(best.x)))
    assert not pair.confirmed


def corner(x, stage):
    """The largest of two rising stages, fitted to 1, beside a row that draws the parameter of the lower one up."""
    longer = np.maximum(x[..., 0], x[..., 1])
    if stage is not EXACT:
        longer = np.log(np.exp(stage * x[..., 0]) + np.exp(stage * x[..., 1])) / stage
    return np.stack([1e3 * (longer - 1), x[..., 0] + x[..., 1] - 2], axis=-1)


def test_smooth_stages_lead_to_the_exact_fit():
    ends = np.full(2, 6.0)
    problem = Problem(("a", "b"), np.zeros(2), -ends, ends, corner, stages=(1.0, 4.0, 16.0, 64.0, EXACT))
    assert solve(problem, np.array([-4.0, 1.0])).objective < 1e-6
