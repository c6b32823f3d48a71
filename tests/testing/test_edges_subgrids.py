"""Restricted hashing: subgrids, entries, fills and orders by hand, and what is refused."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine, Nfp, NfpWork
from ngpc_sim.engines.nfp import MissPath
from ngpc_sim.engines.subgrids import subgrid_levels, subgrids_of
from ngpc_sim.engines.table_fit import check_tables, spilled_levels
from ngpc_sim.kernels.causes import CAUSES

#: one hashed level of 2^9 entries of 2 bytes on one engine, cut into 8 subtables of 64 entries, 128 bytes
GRID = {"levels": 1, "kind": "hash", "log2_hashmap_size": 9}
CUT = {"engines": 1, "subgrids": 8, "subgrid_fill_bytes_per_cycle": 1}
FILL = 128
#: from issue to features
LATENCY = 11


@pytest.fixture
def at():
    """Positions in the corners of space: 0 near the origin, 1 far from it on x."""
    return lambda *sides: np.array([(0.1 + 0.8 * side, 0.1, 0.1) for side in sides], np.float32)


def test_a_position_lies_in_the_block_of_its_coordinates_or_the_nearest_one(spec_of, work_of):
    work = work_of(levels=1, kind="hash", log2_hashmap_size=9)
    spec = spec_of(encoding={"subgrids": 64}).encoding
    places = [(0, 0, 0), (0.25, 0, 0), (0.2499, 0.5, 0), (0.999, 0.999, 0.999), (-3, 0.3, 7), (1, 1, 1)]
    numbers = [0, 1, 2 * 4, 63, 4 + 3 * 16, 63]
    assert subgrids_of(spec, work.encoding, np.array(places, np.float32)).numbers.tolist() == numbers


def test_corners_take_the_subtable_of_their_query(spec_of, work_of):
    # resolution 3 of 27 vertices hashed into 8 entries; one entry a subgrid: all corners read the same one
    work = work_of(levels=1, kind="hash", log2_hashmap_size=3, base_resolution=3)
    positions = np.full((1, 3), 0.45, np.float32)  # its voxel reaches over the middle
    service = EncodingEngine(spec_of(encoding={"subgrids": 8, "engines": 1}).encoding).service(work.encoding, positions)
    assert service.reads.tolist() == [1]


def test_the_first_query_of_a_subgrid_waits_for_its_subtables(spec_of, work_of, at):
    spec = spec_of(encoding=CUT, mlp={"batch_queries": 2, "rows": 1, "cols": 64})
    run = Nfp(spec).run(work_of(**GRID), at(0, 0), [5, 5], path=MissPath(10, 20))
    # two queries of a cycle each behind the fill
    assert run.batch_start_cycles.tolist() == [5 + 30 + FILL + 2 - 1 + LATENCY]
    assert run.stalls["miss_latency"] == 30 + FILL
    assert run.subgrid_fills == 1


def test_the_next_subtables_come_behind_the_first_ones_and_the_third_when_a_half_is_free(spec_of, work_of, at):
    spec = spec_of(encoding=CUT, mlp={"batch_queries": 1, "rows": 1, "cols": 64}, io={"output_fifo_queries": 64})
    run = Nfp(spec).run(work_of(**GRID), at(0, 1, 0), [0, 0, 0])
    # f(0) = FILL, f(1) = 2 FILL, f(2) = max(2 FILL, u(0) = FILL + 1) + FILL
    assert [start - LATENCY for start in run.batch_start_cycles.tolist()] == [FILL, 2 * FILL, 3 * FILL]
    assert run.subgrid_fills == 3


@pytest.mark.parametrize(("reorder", "fills"), [("none", 8), ("batch", 4), ("frame", 2)])
def test_queries_are_brought_together_within_their_scope(reorder, fills, spec_of, work_of, at):
    spec = spec_of(encoding=CUT | {"reorder": reorder}, mlp={"batch_queries": 4})
    run = Nfp(spec).run(work_of(**GRID), at(0, 1, 0, 1, 0, 1, 0, 1))
    # by batches: 0 0 1 1 and then 0 0 1 1
    assert run.subgrid_fills == fills
    assert run.busy_cycles + sum(run.stalls[cause] for cause in CAUSES) == run.cycles


def test_a_sorted_batch_waits_for_its_last_query(spec_of, work_of, at):
    spec = spec_of(encoding=CUT | {"reorder": "batch"}, mlp={"batch_queries": 2})
    run = Nfp(spec).run(work_of(**GRID), at(0, 0), [0, 1000])
    assert run.batch_start_cycles.tolist() == [1000 + FILL + 2 - 1 + LATENCY]


def test_a_sorted_frame_gives_every_query_the_end_of_its_own_batch(spec_of, work_of, at):
    spec = spec_of(encoding=CUT | {"reorder": "frame"}, mlp={"batch_queries": 2}, io={"output_fifo_queries": 64})
    run = Nfp(spec).run(work_of(**GRID), at(1, 0, 1, 0), [0] * 4)
    first, second = run.batch_end_cycles.tolist()
    assert run.done_cycles.tolist() == [second, first, second, first]


def test_a_sorted_frame_comes_through_the_port_in_its_new_order(spec_of, work_of, at):
    io = {"input_bytes_per_cycle": 1, "output_fifo_queries": 64}
    spec = spec_of(encoding=CUT | {"reorder": "frame"}, mlp={"batch_queries": 1}, io=io)
    run = Nfp(spec).run(work_of(**GRID, input_bytes=100), at(1, 0))
    # the second query comes first, with 100 bytes: f(0) = 100 + FILL, f(1) = max(f(0), 200) + FILL
    assert [start - LATENCY for start in run.batch_start_cycles.tolist()] == [100 + FILL, 100 + 2 * FILL]


def test_counters_are_lookups_and_fills(spec_of, work_of, at):
    spec = spec_of(encoding=CUT | {"engines": 2, "first_subgrid_level": 1}, mlp={"batch_queries": 4})
    work = work_of(levels=2, kind="hash", log2_hashmap_size=9)

    actions = Nfp(spec).timing(NfpWork(work, at(0, 0, 1))).actions
    assert actions["grid_cache_read_bytes"] == actions["subgrid_buffer_read_bytes"] == 3 * 8 * 2
    assert actions["subgrid_fill_bytes"] == 2 * FILL


def test_engines_side_by_side_listen_to_one_transfer(spec_of, work_of, at):
    spec = spec_of(encoding=CUT | {"engines": 4}, mlp={"batch_queries": 4})
    assert Nfp(spec).run(work_of(**GRID), at(0, 0, 0, 0)).subgrid_fills == 1


def test_a_level_that_is_cut_needs_no_grid_sram(spec_of, work_of):
    spec = spec_of(encoding=CUT | {"grid_sram_kib": 1, "table_policy": "cache"}).encoding
    work = work_of(levels=1, kind="hash", log2_hashmap_size=14)
    assert subgrid_levels(spec, work.encoding) == [0]
    assert spilled_levels(spec, work.encoding) == []


@pytest.mark.parametrize(
    ("values", "grid", "sentence"),
    [
        ({"subgrids": 4}, {}, "subgrids of 4 are no whole number a side in 3-D"),
        ({"subgrids": 8, "first_subgrid_level": 0}, {"kind": "dense"}, "level 0 is not hashed"),
        ({"subgrids": 8, "first_subgrid_level": 1}, {}, "first_subgrid_level is 1, but the grid has levels 0 to 0"),
        ({"subgrids": 512}, {"log2_hashmap_size": 8}, "level 0 has 256 entries, which 512 subgrids do not divide"),
        (
            {"subgrids": 8, "subgrid_buffer_kib": 1},
            {"log2_hashmap_size": 14},
            "two halves of 4096 bytes of subtables do not fit a buffer of 1024",
        ),
    ],
)
def test_a_cut_that_does_not_suit_the_grid_is_refused(values, grid, sentence, spec_of, work_of):
    work = work_of(**{"levels": 1, "kind": "hash", "log2_hashmap_size": 12} | grid)
    with pytest.raises(UserError, match=sentence):
        check_tables(spec_of(encoding={"engines": 1} | values).encoding, work.encoding, "plain")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"subgrids": 12}, "should be a power of two"), ({"reorder": "frame"}, "sorts by subgrid")],
)
def test_a_cut_that_makes_no_sense_is_refused(values, sentence, spec_of):
    with pytest.raises(ValueError, match=sentence):
        spec_of(encoding=values)
