"""Encoding engines at the edge: intervals, levels to engines, latencies; not at c - 1, but at c."""

import pytest

from ngpc_sim.engines import EncodingEngine, EncodingWork

STAGES = ("pos_fract", "grid_index", "grid_sram", "interpol_weights")


@pytest.mark.parametrize("dims", [2, 3, 4])
@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 8, 16])
def test_the_next_query_is_issued_after_its_corners_by_lanes(lanes, dims, nfp, voxels):
    under_test = nfp(encoding={"corner_lanes": lanes}, dims=dims).feed(voxels(1, 1, 1, dims=dims), arrival_cycles=5)
    index_cycles = -(-(2**dims) // under_test.spec.encoding.corner_lanes)
    for query in range(3):
        under_test.assert_issued_exactly_at(5 + query * index_cycles, query)


@pytest.mark.parametrize("ports", [1, 2, 3, 4])
@pytest.mark.parametrize("banks", [2, 4, 8, 16, 32])
def test_four_corners_in_each_of_two_banks_take_four_reads_of_its_ports(banks, ports, nfp, voxels):
    encoding = {"banks": banks, "read_ports": ports, "bank_map": "low_bits"}
    under_test = nfp(encoding=encoding).feed(voxels(4, 5, 6), arrival_cycles=0)
    bank_cycles = -(-4 // under_test.spec.encoding.read_ports)  # x alone decides: the resolution is a multiple of banks
    for query in range(3):
        under_test.assert_issued_exactly_at(query * bank_cycles, query)


@pytest.mark.parametrize("ports", [1, 2, 3, 7, 8])
def test_eight_corners_in_one_bank_take_eight_cycles_or_their_share_of_the_ports(ports, nfp, voxels):
    under_test = nfp(encoding={"banks": 1, "read_ports": ports}).feed(voxels(4, 5), arrival_cycles=0)
    under_test.assert_issued_exactly_at(-(-8 // under_test.spec.encoding.read_ports), query=1)


@pytest.mark.parametrize(("bank_map", "bank_cycles"), [("low_bits", 4), ("xor_fold", 1)])
def test_xor_fold_spreads_the_rows_that_low_bits_puts_in_one_bank(bank_map, bank_cycles, nfp, voxels):
    under_test = nfp(encoding={"banks": 8, "bank_map": bank_map}).feed(voxels(0, 0), arrival_cycles=0)
    under_test.assert_issued_exactly_at(bank_cycles, query=1)


@pytest.mark.parametrize("dims", [2, 3, 4])
def test_corners_with_the_same_entry_are_read_once(dims, nfp, voxels):
    under_test = nfp(encoding={"banks": 1}, dims=dims, kind="tiled", base_resolution=1)
    under_test.feed(voxels(0, 0, dims=dims), arrival_cycles=0).assert_issued_exactly_at(1, query=1)


@pytest.mark.parametrize(("lanes", "interval"), [(1, 8), (2, 4), (4, 4), (8, 4)])
def test_the_interval_is_the_larger_of_index_and_bank_cycles(lanes, interval, nfp, voxels):
    under_test = nfp(encoding={"banks": 8, "corner_lanes": lanes}).feed(voxels(4, 4), arrival_cycles=0)
    under_test.assert_issued_exactly_at(interval, query=1)


@pytest.mark.parametrize("cycles", [0, 1, 9])
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_delays_a_query_by_its_latency(stage, cycles, nfp, voxels):
    latencies = dict.fromkeys(STAGES, 2) | {stage: cycles}
    under_test = nfp(encoding={"latency_cycles": latencies}).feed(voxels(1), arrival_cycles=0)
    mlp = under_test.spec.mlp
    start = 1 - 1 + 3 * 2 + cycles
    under_test.assert_done_exactly_at(start + 2 * mlp.pipeline_depth + mlp.pipeline_depth)


@pytest.mark.parametrize(("engines", "levels"), [(1, 1), (2, 1), (5, 2), (16, 1), (16, 3), (16, 8), (16, 16), (20, 7)])
def test_engines_by_levels_queries_go_side_by_side(engines, levels, nfp, voxels):
    side_by_side = engines // levels
    under_test = nfp(encoding={"engines": engines, "corner_lanes": 4}, mlp={"batch_queries": 64}, levels=levels)
    under_test.feed(voxels(*[1] * (2 * side_by_side + 1)), arrival_cycles=0)
    for query in range(2 * side_by_side + 1):
        under_test.assert_issued_exactly_at(query // side_by_side * 8 // 4, query, slot=levels - 1)


@pytest.mark.parametrize(("engines", "levels"), [(1, 2), (2, 3), (3, 16), (16, 17), (16, 20), (16, 32)])
def test_an_engine_with_more_than_one_level_serves_them_in_turn(engines, levels, nfp, voxels):
    under_test = nfp(encoding={"engines": engines}, levels=levels).feed(voxels(1, 1), arrival_cycles=0)
    under_test.assert_issued_exactly_at(-(-levels // engines), query=1, slot=0)
    under_test.assert_issued_exactly_at(levels // engines, query=1, slot=engines - 1)


@pytest.mark.parametrize(("reuse", "again"), [("none", 8), ("last_voxel", 2)])
def test_a_voxel_that_comes_again_costs_its_index_cycles_alone(reuse, again, nfp, voxels):
    under_test = nfp(encoding={"banks": 1, "corner_lanes": 4, "reuse": reuse})
    under_test.feed(voxels(4, 4, 4, 5, 4), arrival_cycles=0)
    for query, cycle in enumerate([0, 8, 8 + again, 8 + 2 * again]):
        under_test.assert_issued_exactly_at(cycle, query)


@pytest.mark.parametrize("side_by_side", [1, 2, 3])
def test_the_voxel_before_is_that_of_the_same_engine(side_by_side, nfp, voxels):
    under_test = nfp(encoding={"banks": 1, "reuse": "last_voxel", "engines": 2 * side_by_side})
    rounds = [number for number in (3, 3, 8, 3) for _ in range(side_by_side)]
    under_test.feed(voxels(*rounds), arrival_cycles=0)
    for query in range(min(len(rounds), 2 * under_test.spec.mlp.batch_queries)):
        under_test.assert_issued_exactly_at([0, 8, 8 + 1, 16 + 1][query // side_by_side], query)


@pytest.mark.parametrize("n", [1, 2, 3, 50])
def test_a_stream_is_busy_for_its_intervals_and_ends_a_latency_later(n, spec_of, work_of, voxels):
    spec = spec_of(encoding={"banks": 1, "read_ports": 2}).encoding
    timing = EncodingEngine(spec).timing(EncodingWork(work_of().encoding, voxels(*range(n)) % 1))
    assert timing.busy_cycles == n * 8 // spec.read_ports
    assert timing.latency_cycles == timing.busy_cycles - 1 + spec.latency_cycles.total
