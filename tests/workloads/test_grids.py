"""Kinds of grids: one table, and what a level of each kind is."""

from typing import get_args

import pytest

from ngpc_sim.workloads.grids import KINDS, GridEncoding, grid_levels


def test_a_file_may_name_exactly_the_kinds_of_the_table():
    assert set(get_args(GridEncoding.model_fields["kind"].annotation)) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "resolution", "hashed", "factors"),
    [
        ("dense", 16, False, (1, 16, 256)),
        ("tiled", 16, False, (1, 16, 256)),
        ("hash", 16, False, (1, 16, 256)),
        ("hash", 17, True, (1, 2654435761, 805459861)),
        ("dense", 1625, False, (1, 1625, 1625**2)),
        ("dense", 1626, False, (0, 0, 0)),
    ],
)
def test_a_corner_s_index_comes_from_strides_primes_or_nothing(kind, resolution, hashed, factors):
    grid = GridEncoding(kind, 3, 1, log2_hashmap_size=12, base_resolution=resolution, per_level_scale=1.0)
    (level,) = grid_levels(grid)
    assert (level.resolution, level.hashed, level.factors) == (resolution, hashed, factors)
