"""Traces that skip nothing: every ray has its queries, evenly spaced, from the face of the cube to where it leaves."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError


def test_a_frame_has_a_query_for_every_sample_of_every_pixel():
    assert ngpc.load_trace("uniform-rays-64").queries == 800 * 800 * 64
    assert ngpc.load_trace("uniform-rays-10-300x200").queries == 300 * 200 * 10


def test_the_same_name_gives_the_same_trace():
    assert ngpc.load_trace("uniform-rays-4").sha256 == ngpc.load_trace("uniform-rays-4").sha256


def test_all_queries_are_in_the_unit_cube_and_in_all_64_subgrids():
    positions = ngpc.load_trace("uniform-rays-64").positions
    assert positions.min() >= 0
    assert positions.max() <= 1
    blocks = np.minimum((positions * 4).astype(int), 3)
    assert len(np.unique(blocks @ [1, 4, 16])) == 64


def test_queries_of_a_ray_are_evenly_spaced_on_a_line_that_ends_at_a_face():
    rays = ngpc.load_trace("uniform-rays-16").positions.reshape(-1, 16, 3).astype(float)
    steps = np.diff(rays, axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=2e-6)
    first, last = rays[:, 0] - steps[:, 0] / 2, rays[:, -1] + steps[:, 0] / 2
    np.testing.assert_allclose(first[:, 2], 1, atol=1e-5)
    np.testing.assert_allclose(np.abs(last - 0.5).max(axis=1), 0.5, atol=1e-5)


@pytest.mark.parametrize("name", ["uniform-rays-0", "uniform-rays-5000", "uniform-rays-4-0x10"])
def test_impossible_numbers_are_refused(name):
    with pytest.raises(UserError, match="queries a ray"):
        ngpc.load_trace(name)


@pytest.mark.parametrize("name", ["uniform-rays", "uniform-rays-64-5", "uniform-rays-123456"])
def test_another_name_is_refused_with_the_form_of_names(name):
    with pytest.raises(UserError, match="write uniform-rays-64, or uniform-rays-64-800x800"):
        ngpc.load_trace(name)
