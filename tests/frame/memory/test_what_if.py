"""What doubling the bottleneck gives is what a run of its own with twice of it gives."""

from dataclasses import replace

import pytest

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import all_keys
from ngpc_sim.frame.bound import cycles_per_query
from ngpc_sim.reference import frame
from ngpc_sim.results.stall_causes import STALL_CAUSES
from ngpc_sim.simulation.design import Options, Point, Sequence
from ngpc_sim.simulation.points import run_point
from ngpc_sim.simulation.what_if import _PATH_RELIEF, GPU_TWICE, doubling

LIMIT = 8000
NO_LATENCY = {"memory.l2_latency_ns": 0, "memory.dram_latency_ns": 0}
#: what to run for a bottleneck: workload, scale, overrides, scenes, and what a run with twice of it overrides
CASES = {
    "submit": ("gia-hashgrid", 8, {"frame.submit_overhead_us": 50}, None, {"frame.submit_overhead_us": 25.0}),
    "latency": (
        *("nvr-hashgrid", 8, {"frame.launch_overhead_ns": 9000, "frame.tiles": 1}, None),
        {"frame.launch_overhead_ns": 4500.0, "memory.l2_latency_ns": 75.0},
    ),
    "table": ("gia-hashgrid", 8, {"memory.l2_gbps": 20}, (1, 1), {"memory.l2_gbps": 40.0, "memory.dram_gbps": 1872.0}),
    "mlp_engine": ("nerf-hashgrid", 1, {}, None, {"scale": 2}),
    "encoding_engine": (
        *("nvr-hashgrid", 1, {"nfp.encoding.corner_lanes": 1}, None),
        {"nfp.encoding.corner_lanes": 2},
    ),
    "miss_latency": (
        *("nerf-hashgrid", 1, {"nfp.encoding.feature_bytes": 2, "memory.l2_latency_ns": 2000}, None),
        {"nfp.encoding.outstanding_lines": 32},
    ),
    "memory_bandwidth": (
        *("nerf-hashgrid", 1, {"nfp.encoding.feature_bytes": 2, "memory.dram_gbps": 20} | NO_LATENCY, None),
        {"memory.l2_gbps": 4000.0, "memory.dram_gbps": 40.0},
    ),
    "input": (
        *("nerf-hashgrid", 1, {"nfp.io.input_bytes_per_cycle": 1}, None),
        {"nfp.io.input_bytes_per_cycle": 2, "memory.l2_gbps": 4000.0, "memory.dram_gbps": 1872.0},
    ),
    "output": (
        *("nvr-hashgrid", 1, {"nfp.io.output_bytes_per_cycle": 1}, None),
        {"nfp.io.output_bytes_per_cycle": 2, "nfp.io.output_fifo_queries": 128},
    ),
    "dispatch": (
        *("nerf-hashgrid", 8, {"cluster.dispatch_queries": 4096, "nfp.clock_ghz": 0.1, "frame.tiles": 1}, None),
        {"cluster.dispatch_queries": 2048},
    ),
}
#: stalls of the encoding engines that a doubling names apart
SLOW = {
    "encoding": ({"nfp.encoding.corner_lanes": 1}, {"nfp.encoding.corner_lanes": 2}),
    "bank_conflict": ({"nfp.encoding.banks": 1}, {"nfp.encoding.banks": 2}),
}


@pytest.fixture
def point(trace):
    def make(name, scale, overrides, scenes=None, **options):
        arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides)
        sequence = Sequence(*scenes) if scenes else None
        limit = options.pop("limit_queries", LIMIT)
        work = ngpc.load_workload(name)
        asked = Options(limit_queries=limit, sequence=sequence, **options)
        return Point(arch, work, trace(name), asked, what_if=True)

    return make


def test_kernels_that_poll_poll_twice_as_fast_where_latency_limits(point):
    polling = {"frame.front_end": "persistent", "gpu.poll_ns": 9000, "frame.tiles": 1}
    asked = point("nvr-hashgrid", 8, polling)
    result = run_point(asked)
    assert result.bottleneck == "latency"
    assert doubling(asked.arch, result).arch.gpu.poll_ns.value == 4500


@pytest.mark.parametrize("bottleneck", CASES)
def test_the_gain_is_that_of_a_run_of_its_own_with_twice_of_it(bottleneck, point):
    name, scale, overrides, scenes, twice = CASES[bottleneck]
    result = run_point(point(name, scale, overrides, scenes))
    scaled = {"scale": scale} | overrides | twice
    other = run_point(point(name, scaled.pop("scale"), scaled, scenes))
    assert result.bottleneck == bottleneck
    assert result.doubled_gain == result.frame_ms / other.frame_ms
    assert result.doubled_gain > 1
    assert [word for word in result.doubled.split() if word not in {"x2", "/2"}] == list(twice)


@pytest.mark.parametrize("cause", SLOW)
def test_an_encoding_engine_is_doubled_where_it_waits_most(cause, point):
    slow, twice = SLOW[cause]
    result = run_point(point("nvr-hashgrid", 1, slow))
    assert result.bottleneck == "encoding_engine"
    assert max(("encoding", "bank_conflict", "feature_buffer"), key=lambda name: result.stalls[name]) == cause
    assert result.doubled == " ".join(f"{key} x2" for key in twice)
    assert result.doubled_gain == result.frame_ms / run_point(point("nvr-hashgrid", 1, twice)).frame_ms


def test_a_gpu_twice_as_fast_halves_the_rest_of_kernels(point, simulate):
    result = run_point(point("gia-hashgrid", 512, {"frame.fused": False}, limit_queries=None))
    assert (result.bottleneck, result.doubled) == ("gpu_rest", GPU_TWICE)
    faster = simulate("gia-hashgrid", 512, None, None, {"frame.fused": False}, rest_factor=0.5)
    assert faster.rest_ms == pytest.approx(result.rest_ms / 2, rel=1e-6)  # every dispatch in whole picoseconds
    assert result.doubled_gain == result.frame_ms / faster.frame_ms
    assert 1 < result.doubled_gain <= 2


def test_every_bottleneck_is_relieved_by_keys_of_an_architecture():
    limits = {cause.limit: cause.relief for cause in STALL_CAUSES if cause.limit}
    assert set(cycles_per_query(*a_point())) <= set(limits)
    assert set(_PATH_RELIEF) == {frame.SUBMIT, frame.LATENCY, "table"}
    for relief in (*(cause.relief for cause in STALL_CAUSES if cause.limit), *_PATH_RELIEF.values()):
        assert relief
        assert set(relief) <= set(all_keys())


def a_point():
    return ngpc.load_arch("ngpc"), ngpc.load_workload("gia-hashgrid")


@pytest.mark.parametrize("detail", ["cycle", "bound"])
@pytest.mark.parametrize("scale", [1, 8, 64, 1024])
@pytest.mark.parametrize("name", ["nerf-hashgrid", "nsdf-densegrid", "gia-lowres", "nvr-hashgrid"])
def test_any_point_can_be_doubled_or_says_nothing(name, scale, detail, point):
    result = run_point(point(name, scale, {"nfp.encoding.feature_bytes": 2}, detail=detail))
    assert (result.doubled == "") == (result.doubled_gain is None)


def test_what_cannot_be_doubled_says_nothing(point):
    """1,024 NFPs are the most; ideal banks cannot be more; a delay of nothing has no half."""
    most = run_point(point("nerf-hashgrid", 1024, {"nfp.clock_ghz": 0.001, "cluster.dispatch_queries": 1}))
    assert most.bottleneck == "mlp_engine"
    assert (most.doubled, most.doubled_gain) == ("", None)
    arch = ngpc.load_arch("ngpc", overrides={"nfp.encoding.banks": 4096})
    asked = run_point(point("nvr-hashgrid", 1, {"nfp.encoding.banks": 1}))
    assert doubling(ngpc.load_arch("ngpc", overrides={"nfp.encoding.banks": 1}), asked) is not None
    assert doubling(arch, asked) is None


def test_without_what_if_a_point_runs_once_and_says_nothing(point):
    result = run_point(replace(point("gia-hashgrid", 8, {}), what_if=False))
    assert (result.doubled, result.doubled_gain) == ("", None)


def test_doubling_keeps_the_row_of_the_point_itself(point):
    asked = point("gia-hashgrid", 8, {})
    once, twice = run_point(replace(asked, what_if=False)).row(), run_point(asked).row()
    assert {**twice, "doubled": "", "doubled_gain": None} == once


def test_points_that_differ_in_the_name_of_their_trace_alone_keep_it(point):
    asked = point("gia-hashgrid", 8, {})
    other = replace(asked, trace=replace(asked.trace, name="another"))
    assert [run_point(asked).trace, run_point(other).trace] == ["gia-plane-fhd", "another"]
