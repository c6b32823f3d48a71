"""Layouts of grid_sram: intervals by hand, blocks that a cache misses, and what is refused."""

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import EncodingEngine, Nfp
from ngpc_sim.engines.nfp import MissPath
from ngpc_sim.engines.table_fit import check_tables, spilled_levels

REAL = {"banks": 8, "corner_lanes": 8}


@pytest.mark.parametrize("ports", [1, 2, 3, 8])
@pytest.mark.parametrize("dims", [2, 3])
def test_feature_major_reads_all_corners_from_the_bank_of_each_feature(dims, ports, nfp, voxels):
    under_test = nfp(encoding=REAL | {"layout": "feature_major", "read_ports": ports}, dims=dims)
    under_test.feed(voxels(1, 2, dims=dims), arrival_cycles=0)
    under_test.assert_issued_exactly_at(-(-(2**dims) // ports), query=1)


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("banks", [1, 2, 8, "ideal"])
def test_a_block_is_read_in_a_cycle_whatever_the_banks_and_lanes(banks, lanes, nfp, voxels):
    under_test = nfp(encoding={"banks": banks, "corner_lanes": lanes, "layout": "voxel_block"})
    under_test.feed(voxels(1, 1, 4, 9), arrival_cycles=0)
    for query in range(4):
        under_test.assert_issued_exactly_at(query, query)


@pytest.mark.parametrize(("layout", "reads"), [("interleaved", 1), ("feature_major", 1), ("voxel_block", 8)])
def test_a_block_holds_an_entry_once_for_every_corner(layout, reads, spec_of, work_of, voxels):
    work = work_of(levels=1, kind="tiled", base_resolution=1)  # all corners are one entry
    service = EncodingEngine(spec_of(encoding={"layout": layout}).encoding).service(work.encoding, voxels(0, 0))
    assert service.reads.tolist() == [reads, reads]


def test_a_voxel_that_comes_again_reads_no_block(spec_of, work_of, voxels):
    encoding = spec_of(encoding={"layout": "voxel_block", "reuse": "last_voxel"}).encoding
    service = EncodingEngine(encoding).service(work_of(levels=1).encoding, voxels(3, 3, 5))
    # two engines serve one level, so each query meets the one two before it
    assert service.reads.tolist() == [8, 8, 8]
    again = EncodingEngine(encoding).service(work_of(levels=1).encoding, voxels(3, 3, 3, 5))
    assert again.reads.tolist() == [8, 8, 0, 8]


def test_a_missing_block_takes_a_request_a_corner_and_a_block_that_is_there_none(spec_of, work_of, voxels):
    # blocks of 8 x 2 bytes, 64 of them in 1 KiB, one a set: voxel (v, v, v) of 32 x 32 x 32 is block 1057 v in set
    # 33 v mod 64 (1057 = 33 mod 64), and blocks 0 to 63 are there at the start
    values = {"layout": "voxel_block", "table_policy": "cache", "grid_sram_kib": 1, "ways": 1, "engines": 1}
    encoding = spec_of(encoding=values | {"line_bytes": 64}).encoding
    service = EncodingEngine(encoding).service(work_of(levels=1).encoding, voxels(0, 1, 1, 2, 1))
    assert service.misses.missing.ravel().tolist() == [0, 8, 0, 8, 0]
    assert service.misses.lines.ravel().tolist() == [8] * 5
    assert service.reads.tolist() == [8] * 5


def test_the_requests_of_a_block_pass_the_window_like_missing_lines(spec_of, work_of, voxels):
    values = {"layout": "voxel_block", "table_policy": "cache", "grid_sram_kib": 1, "ways": 1, "engines": 1}
    spec = spec_of(encoding=values | {"line_bytes": 64, "outstanding_lines": 4}, mlp={"batch_queries": 1})
    run = Nfp(spec).run(work_of(levels=1), voxels(1), [0], path=MissPath(l2_latency_cycles=100))
    # tags known at 0 + 1 - 1 + 5; 4 requests, then 4 more when the first have come; then 6 cycles to the features
    assert run.batch_start_cycles.tolist() == [5 + 100 + 100 + 6]


@pytest.mark.parametrize(("kib", "spilled"), [(512, []), (511, [0])])
def test_a_level_fits_with_all_its_blocks_or_spills(kib, spilled, spec_of, work_of):
    spec = spec_of(encoding={"layout": "voxel_block", "engines": 1, "grid_sram_kib": kib}).encoding
    assert spilled_levels(spec, work_of(levels=1).encoding) == spilled  # 32^3 blocks of 16 bytes


def test_a_feature_without_a_bank_of_its_own_is_refused(spec_of, work_of):
    spec = spec_of(encoding={"layout": "feature_major", "banks": 1}).encoding
    with pytest.raises(UserError, match="plain: 2 features of an entry do not lie in 1 banks"):
        check_tables(spec, work_of().encoding, "plain")


def test_voxels_without_a_number_are_refused(spec_of, work_of):
    values = {"layout": "voxel_block", "table_policy": "cache"}
    work = work_of(levels=3, kind="hash", base_resolution=1 << 15, per_level_scale=16.0)
    with pytest.raises(UserError, match="voxels have no numbers of 64 bits"):
        EncodingEngine(spec_of(encoding=values).encoding).service(work.encoding, np.zeros((1, 3), np.float32))
