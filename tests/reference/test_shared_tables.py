"""Queries of several networks through grid_srams that hold the tables of all: by kernels and query by query."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.service import joined
from ngpc_sim.engines.shared_tables import check_all_tables, spilled_tables, streams_of
from ngpc_sim.reference import reference_service, shared_services
from ngpc_sim.workloads.grids import GridEncoding

CASES = settings(max_examples=settings().max_examples // 4, deadline=None)
COUNTS = ("lines", "missing", "far", "slot_missing", "slot_far")


@st.composite
def specs(draw, sharing="replicate"):
    keys = {
        "engines": draw(st.integers(1, 9)),
        "grid_sram_kib": draw(st.sampled_from((1, 2, 4))),
        "feature_bytes": draw(st.integers(1, 2)),
        "line_bytes": draw(st.sampled_from((16, 24, 32))),
        "ways": draw(st.sampled_from((1, 2, 3, 4, 20, "full"))),
        "reuse": draw(st.sampled_from(("none", "last_voxel"))),
        "table_policy": draw(st.sampled_from(("cache", "cache", "assume_fit"))),
        "sharing": sharing,
    }
    return load_arch("ngpc", overrides={f"nfp.encoding.{key}": value for key, value in keys.items()}).nfp.encoding


@st.composite
def grids(draw):
    return GridEncoding(
        kind=draw(st.sampled_from(("hash", "dense", "tiled"))),
        n_dims=3,
        n_levels=draw(st.integers(1, 7)),
        n_features_per_level=draw(st.sampled_from((1, 2, 4))),
        log2_hashmap_size=draw(st.integers(6, 11)),
        base_resolution=draw(st.integers(2, 5)),
        per_level_scale=1.3,
    )


def served(spec, encodings, networks, positions, l2):
    """Services of each network, run after run of queries that ask the same one."""
    streams = streams_of(spec, encodings, l2, 0)
    parts = [[stream(positions[:0])] for stream in streams]
    firsts = [i for i in range(len(networks)) if not i or networks[i] != networks[i - 1]]
    for first, end in zip(firsts, [*firsts[1:], len(networks)], strict=True):
        parts[networks[first]].append(streams[networks[first]](positions[first:end]))
    return [joined(own) for own in parts]


def same(one, other):
    assert np.array_equal(one.slot_cycles, other.slot_cycles)
    assert np.array_equal(one.reads, other.reads)
    assert np.array_equal(one.base_cycles, other.base_cycles)
    assert (one.misses is None) == (other.misses is None)
    for name in COUNTS if one.misses else ():
        assert np.array_equal(getattr(one.misses, name), getattr(other.misses, name)), name


L2 = st.builds(L2Shape, st.sampled_from((512, 4096, 1 << 16)), st.sampled_from((1, 4)))


@CASES
@given(spec=specs(), encodings=st.lists(grids(), min_size=1, max_size=3), l2=L2, seed=st.integers(0, 99))
def test_kernels_equal_the_queries_one_by_one(spec, encodings, l2, seed):
    random = np.random.default_rng(seed)
    networks = np.repeat(random.integers(0, len(encodings), 40), random.integers(1, 5))
    positions = np.round(random.random((len(networks), 3), np.float32), int(random.integers(1, 4)))
    fast = served(spec, encodings, networks.tolist(), positions, l2)
    for one, other in zip(fast, shared_services(spec, encodings, networks, positions, l2), strict=True):
        same(one, other)


@CASES
@given(spec=specs(), encoding=grids(), l2=L2)
def test_one_network_is_what_it_is_alone(spec, encoding, l2):
    positions = np.random.default_rng(1).random((60, 3), np.float32)
    (shared,) = served(spec, [encoding], [0] * 60, positions, l2)
    (by_events,) = shared_services(spec, [encoding], np.zeros(60, np.int64), positions, l2)
    if spec.table_policy == "cache":
        same(shared, EncodingEngine(spec).service(encoding, positions, l2))
    same(by_events, reference_service(spec, encoding, positions, l2))


def spec_of(**keys):
    overrides = {f"nfp.encoding.{key}": value for key, value in {"engines": 4, "feature_bytes": 1, **keys}.items()}
    return load_arch("ngpc", overrides=overrides).nfp.encoding


#: four levels of 2 KiB, and two: each level of it stands in two of four engines
FOUR = GridEncoding(kind="tiled", n_dims=3, n_levels=4, n_features_per_level=4, base_resolution=8, per_level_scale=1.0)
TWO = FOUR.model_copy(update={"n_levels": 2})


def test_an_engine_holds_the_tables_of_all_networks():
    assert spilled_tables(spec_of(grid_sram_kib=4), [FOUR, TWO]) == [[], []]
    assert spilled_tables(spec_of(grid_sram_kib=3), [FOUR, TWO]) == [[0, 1, 2, 3], [0, 1]]
    assert spilled_tables(spec_of(grid_sram_kib=3), [FOUR]) == [[]]


def test_a_table_in_parts_takes_its_part_of_each_engine():
    assert spilled_tables(spec_of(grid_sram_kib=3, sharing="partition"), [FOUR, TWO]) == [[], []]
    assert spilled_tables(spec_of(grid_sram_kib=2, sharing="partition"), [FOUR, TWO]) == [[0, 1, 2, 3], [0, 1]]


def test_what_is_not_modelled_of_tables_that_do_not_fit_is_refused():
    grids_by_name = {"main": FOUR, "coarse": TWO}
    for keys, reason in (
        ({"table_policy": "reject"}, "levels 0-3 of main, 0-1 of coarse do not fit together .* is reject"),
        ({"table_policy": "cache", "sharing": "partition"}, "sharing replicate only"),
    ):
        with pytest.raises(UserError, match=reason):
            check_all_tables(spec_of(grid_sram_kib=1, **keys), grids_by_name)
    assert check_all_tables(spec_of(grid_sram_kib=1, table_policy="assume_fit"), grids_by_name) == [
        [0, 1, 2, 3],
        [0, 1],
    ]
    with pytest.raises(UserError, match="coarse: an entry of 4 bytes does not fit a line of 3"):
        check_all_tables(spec_of(grid_sram_kib=9, line_bytes=3), {"coarse": TWO})
