"""Grid index, bit for bit: committed vectors of independent programs, and exact arithmetic on random grids."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import grid_index
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

MANIFEST = json.loads((Path(__file__).parents[1] / "data" / "manifest.json").read_text(encoding="utf-8"))
EDGES = (0.0, -0.0, 1.0, 1 - 2**-24, 0.5, 1e-45, -1e-45, 1e-38, -1e-8, -1.0, 2.5, 1e9, -1e9, 3e4, -3e4)


@pytest.fixture(params=MANIFEST, ids=lambda config: config["name"])
def golden(request, data_folder):
    """Encoding, manifest entry and arrays of one committed config."""
    c = request.param
    scale = float(np.uint32(int(c["b_bits"], 16)).view(np.float32))
    encoding = GridEncoding(c["kind"], c["D"], c["L"], c["F"], c["log2T"], c["base"], scale, c["interp"])
    return encoding, c, np.load(data_folder / f"{c['name']}.npz")


def check_grid(reference, encoding, positions):
    index, frac = grid_index(encoding, positions)
    expected = reference.queries(encoding, positions)
    np.testing.assert_array_equal(index, [[entries for _, _, entries in query] for query in expected])
    np.testing.assert_array_equal(frac, [[w for _, w, _ in query] for query in expected])
    assert (index.dtype, frac.dtype) == (np.uint32, np.float32)


def test_golden_levels_are_reproduced_bit_for_bit(golden):
    encoding, config, _ = golden
    got = [
        (np.float32(v.scale).view(np.uint32), v.resolution, v.entries, v.offset, v.hashed)
        for v in grid_levels(encoding)
    ]
    assert got == [
        (int(v["scale_bits"], 16), v["res"], v["entries"], v["offset"], v["hashed"]) for v in config["levels"]
    ]


def test_golden_entries_and_fractions_are_reproduced_bit_for_bit(golden):
    encoding, _, arrays = golden
    index, frac = grid_index(encoding, arrays["positions"])
    np.testing.assert_array_equal(index, arrays["index"])
    np.testing.assert_array_equal(frac.view(np.uint32), arrays["frac"].view(np.uint32))


def test_golden_weights_are_products_of_fractions_in_axis_order(golden):
    encoding, _, arrays = golden
    expected = arrays["weights_first64"]
    _, frac = grid_index(encoding, arrays["positions"][: len(expected)])
    for corner in range(encoding.corners):
        weight = np.ones(frac.shape[:2], np.float32)
        for d in range(encoding.n_dims):
            weight *= frac[..., d] if corner >> d & 1 else np.float32(1) - frac[..., d]
        np.testing.assert_array_equal(weight, expected[..., corner])


def test_golden_cells_agree_with_the_exact_reference(golden, reference):
    encoding, _, arrays = golden
    some = slice(0, None, 7)
    cells = [[cell for cell, _, _ in query] for query in reference.queries(encoding, arrays["positions"][some])]
    np.testing.assert_array_equal(cells, arrays["cell"][some])


@given(data=st.data())
def test_levels_of_random_grids_equal_exact_arithmetic(data, reference, inputs):
    encoding = data.draw(inputs.grids(dims=(2, 3, 4)))
    got = [(v.scale, v.resolution, v.entries, v.offset, v.hashed) for v in grid_levels(encoding)]
    assert got == reference.grid_levels(encoding)


@given(data=st.data())
def test_entries_of_random_grids_equal_exact_arithmetic(data, reference, inputs):
    encoding = data.draw(inputs.grids(dims=(2, 3, 4), max_levels=8))
    anywhere = inputs.coordinates(-3, 4) | st.sampled_from(EDGES)
    positions = data.draw(inputs.position_arrays(encoding.n_dims, anywhere, max_size=5))
    check_grid(reference, encoding, positions)


@given(data=st.data())
def test_entries_at_cell_borders_equal_exact_arithmetic(data, reference, inputs):
    encoding = data.draw(inputs.grids(max_levels=4))
    level = data.draw(st.sampled_from(grid_levels(encoding)))
    cells = st.integers(-2, level.resolution + 1)
    border = cells.map(lambda c: np.float32((c - 0.5) / max(level.scale, 1.0)))
    near = st.tuples(border, st.sampled_from((-np.inf, 0.0, np.inf)))
    coordinate = near.map(lambda pair: np.nextafter(pair[0], np.float32(pair[1])) if pair[1] else pair[0])
    check_grid(reference, encoding, data.draw(inputs.position_arrays(encoding.n_dims, coordinate, max_size=5)))


@pytest.mark.parametrize(
    ("scale", "x"),
    [
        (32769, 32767 * 2.0**-55),  # just below a tie that rounds down
        (32769, 98301 * 2.0**-55),  # just below a tie that would round up to even
        (13325, 80581 * 2.0**-55),  # just above a tie that would round down to even
        (13325, -80581 * 2.0**-56),  # the same from the other side
        (32769, -98301 * 2.0**-56),
        (32768, 2.0**-40),  # ties
        (32768, 3 * 2.0**-40),
        (32768, -(2.0**-41)),
        (32768, -3 * 2.0**-41),
    ],
)
def test_fused_multiply_add_rounds_once(scale, x, reference):
    encoding = GridEncoding("hash", 2, 1, 2, 19, scale + 1, 1.0)
    assert grid_levels(encoding)[0].scale == scale
    check_grid(reference, encoding, np.array([[x, 0.0], [0.25, x]], np.float32))


def test_cells_beyond_int32_saturate(inputs):
    encoding = inputs.grid("dense", 2, 1, base_resolution=17)
    (level,) = grid_levels(encoding)
    index, frac = grid_index(encoding, np.array([[1e9, 0.5], [-1e9, 0.5]], np.float32))
    y = math.floor(level.scale * 0.5 + 0.5)
    for query, x in enumerate((2**31 - 1, -(2**31))):
        expected = [
            ((x + right) % 2**32 + (y + up) * level.resolution) % 2**32 % level.entries
            for up in (0, 1)
            for right in (0, 1)
        ]
        assert index[query, 0].tolist() == expected
    assert not frac[:, 0, 0].any()


@pytest.mark.parametrize(("n_dims", "cap"), [(2, 65535), (3, 1625), (4, 255)])
@pytest.mark.parametrize("kind", ["hash", "dense", "tiled"])
def test_linear_index_ends_at_the_cap_of_its_dimensions(kind, n_dims, cap, reference):
    positions = np.array([[0.1, 0.9, 0.4, 0.7][:n_dims]], np.float32)
    for beyond in (False, True):
        base, b = ((cap + 1) // 2, 2.0) if beyond else (cap, 1.0)
        encoding = GridEncoding(kind, n_dims, 2, 2, 31, base, b)
        assert (grid_levels(encoding)[1].resolution == cap) != beyond
        check_grid(reference, encoding, positions)
        index, _ = grid_index(encoding, positions)
        assert index[0, 1].any() == (kind == "hash" or not beyond)


def test_only_hash_grids_larger_than_their_table_are_hashed(inputs):
    for kind in inputs.KINDS:
        levels = grid_levels(inputs.grid(kind, 3, 6, base_resolution=4, per_level_scale=2.0))
        sizes = [8 * math.ceil(v.resolution**3 / 8) for v in levels]
        assert [v.hashed for v in levels] == [kind == "hash" and size > 2**10 for size in sizes]


def test_a_grid_too_fine_for_int32_is_refused():
    with pytest.raises(UserError, match="level 19"):
        grid_levels(GridEncoding("hash", 3, 20, 2, 19, 64, 2.5))


@pytest.mark.parametrize("bad", [np.zeros((3, 2)), np.zeros(3), [["a", "b", "c"]], [[0, np.nan, 0]], [[np.inf, 0, 0]]])
def test_positions_of_a_wrong_shape_or_value_are_refused(bad, inputs):
    with pytest.raises(UserError, match="positions"):
        grid_index(inputs.grid(n_dims=3), bad)


def test_no_positions_give_no_entries(inputs):
    encoding = inputs.grid(n_dims=3, n_levels=2)
    index, frac = grid_index(encoding, np.zeros((0, 3), np.float32))
    assert (index.shape, frac.shape) == ((0, 2, 8), (0, 2, 3))
