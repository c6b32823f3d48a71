"""Traffic of frames with mechanisms of other accelerators: from counters of a replay, exact, and shared by all."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError

#: rays along z through every block of space
WIDTH, HEIGHT, SAMPLES = 40, 24, 8
QUERIES = WIDTH * HEIGHT * SAMPLES
CUT = {
    "nfp.encoding.feature_bytes": 2,
    "nfp.encoding.subgrids": 64,
    "nfp.encoding.subgrid_buffer_kib": 64,
    "nfp.encoding.first_subgrid_level": 8,
    "nfp.encoding.layout": "voxel_block",
    "nfp.encoding.ways": 1,
    "nfp.encoding.line_bytes": 64,
    "nfp.io.queries_per_output": SAMPLES,
    "frame.tiles": 1,
}
#: 8 levels of 2^19 / 64 entries of 2 features of 2 bytes
FILL = 8 * (2**19 // 64) * 2 * 2


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    x, y = ((np.arange(n) + 0.5) / n for n in (WIDTH, HEIGHT))
    z = (np.arange(SAMPLES) + 0.5) / SAMPLES
    positions = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)
    path = tmp_path_factory.mktemp("rays") / "rays.trace.parquet"
    with ngpc.TraceWriter(path, app="nerf", resolution=(WIDTH, HEIGHT), scene="rays") as writer:
        writer.invocation(positions)
    return ngpc.load_trace(path)


@pytest.fixture(scope="module")
def work():
    return ngpc.load_workload("nerf-hashgrid")


def result(work, trace, scale=1, detail="cycle", **overrides):
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=CUT | overrides)
    return ngpc.simulate(arch, work, trace, detail=detail)


def test_the_traffic_of_a_frame_is_counted(work, trace):
    frame = result(work, trace, **{"nfp.encoding.reorder": "frame"})
    assert frame.queries == QUERIES
    assert frame.actions["input_bytes"] == QUERIES * work.input_bytes
    assert frame.actions["output_bytes"] == WIDTH * HEIGHT * work.output_bytes
    assert frame.actions["grid_cache_read_bytes"] == QUERIES * 8 * 8 * 4
    assert frame.actions["subgrid_buffer_read_bytes"] == QUERIES * 8 * 8 * 4
    assert frame.actions["subgrid_fill_bytes"] == 64 * FILL


def test_queries_in_their_own_order_change_subgrids_as_often_as_their_positions_do(work, trace):
    blocks = np.floor(trace.positions * 4).astype(int) @ [1, 4, 16]
    runs = 1 + np.count_nonzero(np.diff(blocks))
    assert result(work, trace).actions["subgrid_fill_bytes"] == runs * FILL


def test_batches_are_sorted_one_by_one_on_every_nfp(work, trace):
    batch, scale, granule = 512, 3, 1024
    values = {
        "nfp.mlp.batch_queries": batch,
        "nfp.io.output_fifo_queries": batch,
        "cluster.dispatch_queries": granule,
        "nfp.encoding.reorder": "batch",
    }
    frame = result(work, trace, scale=scale, **values)
    blocks, fills = np.floor(trace.positions * 4).astype(int) @ [1, 4, 16], 0
    for nfp in range(scale):
        own = blocks[np.arange(QUERIES) // granule % scale == nfp]
        ordered = np.concatenate([np.sort(own[first : first + batch]) for first in range(0, len(own), batch)])
        fills += 1 + np.count_nonzero(np.diff(ordered))
    assert frame.actions["subgrid_fill_bytes"] == fills * FILL


def test_fills_cross_the_link_and_come_from_dram(work, trace):
    frame = result(work, trace, **{"nfp.encoding.reorder": "frame"})
    missing, far = (sum(getattr(level, name) for level in frame.levels) for name in ("misses", "far"))
    io = QUERIES * work.input_bytes + WIDTH * HEIGHT * work.output_bytes
    assert frame.actions["l2_bytes"] == io + missing * 64 + 64 * FILL
    assert frame.actions["dram_bytes"] >= far * 64 + 64 * FILL


def test_fills_come_at_the_rate_of_streams_and_missing_blocks_at_that_of_dram_banks(work, trace):
    # at 1 GB/s nothing else takes time
    frame = result(work, trace, **{"memory.dram_gbps": 1.0, "frame.rest_model": "none"})
    far = 64 * sum(level.far for level in frame.levels)
    assert frame.line_efficiency < 0.5
    streamed = frame.actions["dram_bytes"] - far
    at_all = streamed / 0.95 + far / frame.line_efficiency
    assert frame.frame_ms * 1e6 == pytest.approx(at_all, rel=0.01)


def test_detail_sampled_is_refused_and_a_whole_frame_is_replayed_by_cycle(work, trace):
    assert result(work, trace, detail=None).detail == "cycle"
    with pytest.raises(UserError, match="detail sampled leaves out"):
        result(work, trace, detail="sampled")


@pytest.mark.parametrize("recorded", ["whole", "sample"])
@pytest.mark.parametrize("reorder", ["none", "batch", "frame"])
def test_a_part_of_a_frame_equals_its_reference(reorder, recorded, work, trace):
    arch = ngpc.load_arch("ngpc", scale=2, overrides=CUT | {"nfp.encoding.reorder": reorder})
    options = {"limit_queries": 500}
    trace = trace if recorded == "whole" else ngpc.load_trace(work.trace)
    cycle, reference = (ngpc.simulate(arch, work, trace, detail=detail, **options) for detail in ("cycle", "reference"))
    assert cycle.frame_ms == reference.frame_ms
    assert cycle.actions == reference.actions
    assert cycle.stalls == reference.stalls


def test_least_loaded_is_refused(work, trace):
    with pytest.raises(UserError, match="least_loaded does not know which subtables"):
        result(work, trace, **{"cluster.dispatch": "least_loaded"})
