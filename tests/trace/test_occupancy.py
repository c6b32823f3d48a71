"""Occupancy bits: Morton order, cascades, and the golden bit files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.trace.loops.occupancy import CASCADE_BYTES, GRID_CELLS, bit_at, build, cell_centres, morton, occupied_at

CELL = st.integers(0, GRID_CELLS - 1)
HALF_DIAGONAL = np.sqrt(3) / 2 / GRID_CELLS


@given(x=CELL, y=CELL, z=CELL)
def test_morton_interleaves_bits_x_first(x, y, z):
    expected = sum((((x >> i) & 1) | ((y >> i) & 1) << 1 | ((z >> i) & 1) << 2) << (3 * i) for i in range(7))
    assert morton(x, y, z) == expected


def test_a_cell_is_on_where_the_predicate_says_so():
    def even(centres, _):
        return (np.floor(centres * GRID_CELLS).astype(int).sum(axis=1) % 2) == 0

    bits = build(even, 1)
    assert bits.shape == (1, CASCADE_BYTES)
    for cell in ((0, 0, 0), (1, 0, 0), (127, 127, 126), (5, 60, 3)):
        assert bit_at(bits, 0, *cell) == (sum(cell) % 2 == 0)
        assert occupied_at(bits, 0, *((np.array(cell) + 0.5) / GRID_CELLS)) == (sum(cell) % 2 == 0)


def test_cells_outside_a_cascade_are_off():
    bits = build(lambda centres, _: np.ones(len(centres), bool), 1)
    assert bit_at(bits, 0, 127, 0, 0)
    assert not bit_at(bits, 0, 128, 0, 0)
    assert not occupied_at(bits, 0, -1e-9, 0.5, 0.5)


def test_a_coarser_cascade_takes_every_finer_cell():
    def one_finest_cell(centres, cascade):
        return (cascade == 0) & (np.abs(centres - 0.3 / GRID_CELLS * 2) < 0.5 / GRID_CELLS).all(axis=1)

    bits = build(one_finest_cell, 3)
    assert [int(np.unpackbits(row).sum()) for row in bits] == [1, 1, 1]
    for cascade in range(3):
        assert occupied_at(bits, cascade, 0.004, 0.004, 0.004)


def test_centres_of_cascade_m_span_2_to_the_m():
    for cascade in range(3):
        ends = cell_centres(cascade, GRID_CELLS - 1, 1)[-1] + 2.0**cascade / GRID_CELLS / 2
        assert ends == pytest.approx(np.full(3, 0.5 + 2.0 ** (cascade - 1)))


@pytest.mark.parametrize(
    ("file", "margin"),
    [("armadillo_occ128_morton.bin", 0.0), ("armadillo_occ128_dil1_morton.bin", 1 / GRID_CELLS)],
)
def test_the_armadillos_cells_are_the_golden_ones(file, margin, shared, signed_grid):
    def near(centres, _):
        x, y, z = np.floor(centres * GRID_CELLS).astype(int).T
        return signed_grid[x, y, z] <= HALF_DIAGONAL + margin

    golden = np.fromfile(shared / "golden" / file, np.uint8)
    differing = np.unpackbits(build(near, 1)[0] ^ golden).sum()
    assert differing <= 10, "a handful of cells lie within rounding of the limit"
