"""The kernels that look at no corner equal the one that looks at all, on any grid, shape of banks and position."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.engines import EncodingEngine
from ngpc_sim.engines.level_passes import BankShape, LevelPasses
from ngpc_sim.kernels.bank_algebra import BLOCK
from ngpc_sim.workloads.grids import GridEncoding

MANIFEST = json.loads((Path(__file__).parents[1] / "data" / "manifest.json").read_text(encoding="utf-8"))
#: plain ones, ones whose product with a short scale lies half way between two float32, and ones far away
COORDINATES = (
    st.floats(0.0, 1.0, width=32),
    st.integers(-(1 << 12), 1 << 13).map(lambda i: i / (1 << 12)),
    st.integers(0, 1 << 24).map(lambda i: i / (1 << 24)),
    st.floats(-3.0, 3.0, width=32),
    st.sampled_from((0.0, -0.0, 1e-45, 1.0, 1 - 2**-24, 1e9, -1e9, 3e38, -3e38)),
)


@st.composite
def shapes(draw):
    line_entries = draw(st.sampled_from((1, 4, 8, 16, 6)))
    return BankShape(
        bits=draw(st.integers(-1, 12)),
        xor_fold=draw(st.booleans()),
        ports=draw(st.integers(1, 5)),
        lanes=draw(st.sampled_from((16, 16, 8, 5, 1))),
        reuse_distance=0,
        parts=draw(st.sampled_from((1, 1, 2, 3, 8))),
        entries_per_line=line_entries,
    )


@st.composite
def grids(draw):
    levels, base = draw(st.integers(1, 4)), draw(st.sampled_from((1, 2, 16, 100, 1625, 60_000)))
    return GridEncoding(
        kind=draw(st.sampled_from(("hash", "dense", "tiled"))),
        n_dims=draw(st.integers(2, 4)),
        n_levels=levels,
        log2_hashmap_size=draw(st.sampled_from((1, 3, 5, 14, 19, 31))),
        base_resolution=base,
        per_level_scale=draw(st.sampled_from((1.0, 1.5, 2.0, 7.3))),
    )


@st.composite
def positions_of(draw, n_dims):
    """Up to three blocks of a few different positions, mostly plain ones."""
    coordinate = st.one_of(*draw(st.sampled_from((COORDINATES[:1], COORDINATES[:4], COORDINATES[1:]))))
    pool = draw(st.lists(st.tuples(*[coordinate] * n_dims), min_size=1, max_size=8))
    size = draw(st.sampled_from((1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 9)))
    chosen = np.random.default_rng(draw(st.integers(0, 99))).integers(0, len(pool), size)
    return np.array(pool, np.float32)[chosen]


def corner_by_corner(passes, positions):
    """Intervals (L, n) and reads (n,) by the kernel that looks at every corner."""
    levels, n = passes.encoding.n_levels, len(positions)
    intervals, reads = np.zeros((levels, n), np.uint16), np.zeros((levels, n), np.uint8)
    for level in range(levels):
        passes.in_order(level, positions, intervals[level], reads[level], None)
    return intervals, reads.sum(axis=0)


@given(data=st.data())
def test_levels_without_a_look_at_corners_equal_those_with_one(data):
    encoding, shape = data.draw(grids()), data.draw(shapes())
    positions = data.draw(positions_of(encoding.n_dims))
    passes = LevelPasses(encoding, shape)
    expected, expected_reads = corner_by_corner(passes, positions)
    slots = data.draw(st.integers(1, encoding.n_levels))
    cycles, reads = np.zeros((slots, len(positions)), np.uint16), np.zeros(len(positions), np.int32)
    passes.add(positions, list(range(encoding.n_levels)), cycles, reads)
    assert reads.tolist() == expected_reads.tolist()
    assert cycles.tolist() == [expected[slot::slots].sum(axis=0).tolist() for slot in range(slots)]


@pytest.mark.parametrize("name", ["nerf_hashgrid_paper", "densegrid3d_paper", "lowres2d_paper", "gia_hashgrid_paper"])
@pytest.mark.parametrize("banks", [8, 16])
def test_intervals_follow_from_the_committed_entries(name, banks, inputs, data_folder):
    c = next(config for config in MANIFEST if config["name"] == name)
    scale = float(np.uint32(int(c["b_bits"], 16)).view(np.float32))
    encoding = GridEncoding(c["kind"], c["D"], c["L"], c["F"], c["log2T"], c["base"], scale, c["interp"])
    arrays = np.load(data_folder / f"{name}.npz")
    positions, index = arrays["positions"][:200], arrays["index"][:200]
    spec = inputs.encoding_spec(banks=banks, corner_lanes=64)
    expected = [[max(Counter(e % banks for e in set(level.tolist())).values()) for level in query] for query in index]
    assert EncodingEngine(spec).service_cycles(encoding, positions).tolist() == expected


@pytest.mark.parametrize("kind", ["hash", "dense"])
def test_intervals_do_not_depend_on_the_number_of_threads(kind, inputs, monkeypatch):
    encoding = inputs.grid(kind, 3, 3, base_resolution=40)
    positions = np.random.default_rng(3).random((70_000, 3), dtype=np.float32)
    engine = EncodingEngine(inputs.encoding_spec(feature_bytes=4, grid_sram_kib=4, table_policy="cache"))
    rows = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("NGPC_SIM_THREADS", threads)
        service = engine.service(encoding, positions)
        rows.append((service.slot_cycles.tobytes(), service.reads.tobytes(), service.misses.missing.tobytes()))
    assert rows[0] == rows[1] == rows[2]
