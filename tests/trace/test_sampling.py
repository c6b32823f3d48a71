"""Tiles are drawn evenly, and a trace's rows are the frame's queries in those tiles, in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.trace.loops.invocation import NOT_RECORDED, Invocation
from ngpc_sim.trace.loops.screen_tiles import TILE_PIXELS, draw_tiles


@given(width=st.integers(1, 200), height=st.integers(1, 100), n=st.integers(1, 60), seed=st.integers(0, 2**63 - 1))
def test_weights_add_up_to_all_tiles_of_the_frame(width, height, n, seed):
    tiles = draw_tiles(width, height, n, seed)
    all_tiles = -(-width // TILE_PIXELS[0]) * -(-height // TILE_PIXELS[1])
    assert tiles.weights.sum() == pytest.approx(all_tiles)
    assert set(tiles.of_pixel) - {NOT_RECORDED} == set(range(min(n, all_tiles)))


def test_a_tile_is_a_block_of_pixels():
    tiles = draw_tiles(160, 64, 20, seed=5)
    grid = tiles.of_pixel.reshape(64, 160)
    for tile in range(20):
        y, x = np.nonzero(grid == tile)
        assert len(x) == TILE_PIXELS[0] * TILE_PIXELS[1]
        assert (np.ptp(x) + 1, np.ptp(y) + 1) == TILE_PIXELS


def test_every_tile_is_drawn_equally_often():
    drawn = np.zeros(32)
    for seed in range(400):
        grid = draw_tiles(128, 32, 8, seed).of_pixel.reshape(32, 128)[:: TILE_PIXELS[1], :: TILE_PIXELS[0]]
        drawn += (grid != NOT_RECORDED).ravel()
    assert abs(drawn - 100).max() < 5 * np.sqrt(100 * 0.75)


def test_another_seed_draws_other_tiles():
    assert (draw_tiles(640, 480, 10, 1).of_pixel != draw_tiles(640, 480, 10, 2).of_pixel).any()


def test_rows_keep_the_slot_order_inside_a_tile_and_leave_unwritten_slots_out():
    tiles = draw_tiles(64, 16, 100, seed=0)
    pixels = np.array([40, 3, NOT_RECORDED, 41, 2, 3], np.int32)
    positions = np.arange(18, dtype=np.float32).reshape(6, 3)
    numbers, rows = tiles.rows(Invocation("march", 256, positions, pixels, 0.0))
    order = sorted((slot for slot in range(6) if pixels[slot] >= 0), key=lambda s: tiles.of_pixel[pixels[s]])
    assert numbers.tolist() == [tiles.of_pixel[pixels[slot]] for slot in order]
    assert np.array_equal(rows, positions[order])
