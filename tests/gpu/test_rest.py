"""Rest of kernels: times worked out by hand, what fusing leaves out, and laws on the shipped workloads."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.gpu.rest_of_kernels import rest_of

APPS = ("nerf", "nsdf", "gia", "nvr")
ROOFLINE = {"frame.rest_model": "roofline"}
RECORDS = {
    "ray": {"bytes": 40, "kind": "state", "source": "made"},
    "input": {"bytes": 12, "kind": "input", "source": "made"},
    "output": {"bytes": 16, "kind": "output", "source": "made"},
    "note": {"bytes": 100, "kind": "scratch", "source": "made"},
    "picture": {"bytes": 4, "kind": "stored", "source": "made"},
}
KERNELS = {
    "start": {"per": "frame", "sync_every": 1, "work": {"pixels": {"writes": ["ray"], "flops": 3}}, "source": "made"},
    "before": {
        "per": "invocation",
        "work": {"alive": {"reads": ["ray"], "writes": ["ray", "note"]}, "queries": {"writes": ["input"]}},
        "source": "made",
    },
    "after": {
        "per": "invocation",
        "sync_every": 2,
        "work": {"alive": {"reads": ["ray", "note", "output"], "writes": ["ray"], "flops": 1000}},
        "source": "made",
    },
    "show": {"per": "frame", "work": {"pixels": {"writes": ["picture"]}}, "source": "made"},
}
PROFILE = [1024, 512, 256]
PIXELS = 2048


@pytest.fixture
def rest(round_arch, workload, make_trace):
    def run(overrides=None, kernels=KERNELS, profile=PROFILE, **gpu):
        work = workload("nvr", {"records": RECORDS, "kernels": kernels})
        trace = make_trace("nvr", profile, ["track"] * len(profile), width=64, height=32)
        return rest_of(round_arch(overrides, **gpu), work, ray_counts(trace.profile_at(PIXELS), trace.queries, PIXELS))

    return run


def test_unfused_time_is_launches_waits_and_bytes_over_bandwidth(rest):
    rays = sum(PROFILE)
    moved = PIXELS * (40 + 4) + rays * (40 + 140 + 12) + rays * (40 + 100 + 16 + 40)
    launches_ms, waits_ms = (2 + 2 * 3) * 1e-3, (1 + 2) * 1.0
    assert rest().unfused_ms == pytest.approx(moved / 1e9 * 1e3 + launches_ms + waits_ms, rel=1e-12)
    assert rest().unfused_bytes == moved


def test_fused_time_is_state_inputs_and_outputs_once_an_invocation(rest):
    moved = PIXELS * (40 + 4) + sum(PROFILE) * (40 + 40 + 12 + 16)
    assert rest().fused_bytes == moved
    assert rest().fused_ms == pytest.approx(moved / 1e9 * 1e3, rel=1e-12)


def test_state_in_registers_leaves_inputs_outputs_and_pictures(rest):
    moved = PIXELS * 4 + sum(PROFILE) * (12 + 16)
    assert rest({"frame.ray_state": "registers"}).fused_bytes == moved


def test_arithmetic_limits_where_it_takes_longer_than_the_bytes(rest):
    seconds = sum(PROFILE) * 1000 / 1e6
    waits_launches = 3 + 8e-3
    others = (PIXELS * 44 + sum(PROFILE) * 192) / 1e9
    ours = rest(fp32_tflops=1e-6)
    start = max(PIXELS * 40 / 1e9, PIXELS * 3 / 1e6) - PIXELS * 40 / 1e9
    assert ours.unfused_ms == pytest.approx((seconds + others + start) * 1e3 + waits_launches, rel=1e-9)
    assert ours.fused_ms == pytest.approx((seconds + PIXELS * 3 / 1e6) * 1e3, rel=1e-9)


def test_what_fits_l2_moves_at_its_bandwidth(rest):
    near, far = rest(l2_mib=1000), rest()
    assert far.fused_ms / near.fused_ms == pytest.approx(4, rel=1e-12)


def test_one_large_invocation_passes_dram_and_small_ones_do_not(rest):
    mib = 512 * (40 + 100 + 12 + 16) / 2**20
    mixed = rest(l2_mib=mib, profile=[1024, 512]).fused_ms - rest(l2_mib=mib, profile=[512]).fused_ms
    assert mixed == pytest.approx(1024 * 108 / 1e9 * 1e3, rel=1e-9)


def test_a_kernel_of_a_phase_runs_in_that_phase_only(round_arch, workload, make_trace):
    kernels = {"only": {"per": "invocation", "phases": ["normals"], "work": {"one": {}}, "source": "made"}}
    work = workload("nsdf", {"records": {}, "kernels": kernels})
    trace = make_trace("nsdf", [256] * 11, ["primary"] * 3 + ["normals"] * 6 + ["shadow"] * 2)
    rest = rest_of(round_arch(), work, ray_counts(trace.profile_at(trace.pixels), trace.queries, trace.pixels))
    assert rest.unfused_ms == pytest.approx(6e-3)


def test_a_kernel_of_a_round_runs_before_invocations_with_a_compaction(round_arch, workload, make_trace):
    kernels = {"pack": {"per": "round", "sync_every": 1, "work": {"alive": {}}, "source": "made"}}
    work = workload("nsdf", {"records": {}, "kernels": kernels})
    trace = make_trace("nsdf", [256] * 8, ["primary"] * 8)
    rest = rest_of(round_arch(), work, ray_counts(trace.profile_at(trace.pixels), trace.queries, trace.pixels))
    assert rest.unfused_ms == pytest.approx(4 * (1e-3 + 1.0))  # after 0, 1, 3 and 7 steps


@pytest.mark.parametrize("app", APPS)
def test_fused_kernels_are_never_slower_than_unfused(simulate, app):
    free = {**ROOFLINE, "frame.launch_overhead_ns": 0.0, "frame.sync_overhead_us": 0.0}
    for overrides in (ROOFLINE, free):
        fused, unfused = (simulate(f"{app}-hashgrid", {**overrides, "frame.fused": choice}) for choice in (True, False))
        assert fused.rest_ms <= unfused.rest_ms
        assert fused.rest_fusion == pytest.approx(unfused.rest_ms / fused.rest_ms, rel=1e-12)
        assert unfused.rest_fusion == 1
        assert fused.gpu_rest_ms == unfused.gpu_rest_ms == unfused.rest_ms


@pytest.mark.parametrize("app", APPS)
def test_a_ray_state_in_registers_never_costs_more_than_in_memory(simulate, app):
    kept, moved = (
        simulate(f"{app}-hashgrid", {**ROOFLINE, "frame.ray_state": where}).rest_ms for where in ("registers", "memory")
    )
    assert kept <= moved
    assert (kept == moved) == (app == "gia")  # which has no rays


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    ("key", "worse", "better"),
    [
        ("memory.dram_gbps", 500.0, 5000.0),
        ("memory.l2_gbps", 1000.0, 20000.0),
        ("frame.launch_overhead_ns", 5000.0, 0.0),
        ("frame.sync_overhead_us", 100.0, 0.0),
    ],
)
def test_a_better_gpu_never_takes_longer(simulate, app, key, worse, better):
    slow, fast = (
        simulate(f"{app}-hashgrid", {**ROOFLINE, "gpu_model": "roofline", key: value}) for value in (worse, better)
    )
    assert fast.gpu_rest_ms <= slow.gpu_rest_ms
    assert fast.rest_ms <= slow.rest_ms
    assert fast.gpu_frame_ms <= slow.gpu_frame_ms


def test_the_image_s_rest_is_the_bytes_of_its_seven_kernels(simulate):
    ours = simulate("gia-hashgrid", ROOFLINE)
    pixels, launches = 1920 * 1080, 6  # the cast of the outputs belongs to the network
    clear, coordinates, look_up, shade, accumulate, tonemap = 20, 8, 8 + 8 + 12, 8 + 12 + 20, 20 + 16 + 16, 16 + 4
    moved = pixels * (clear + coordinates + look_up + shade + accumulate + tonemap)
    assert ours.gpu_rest_ms == pytest.approx(moved / (936e9 * 0.95) * 1e3 + launches * 2.95e-3, rel=1e-9)
    fused = pixels * (8 + 12 + 8 + 16 + 16 + 4)  # input, output, texel, accumulated picture twice, surface
    assert ours.rest_ms == pytest.approx(fused / (936e9 * 0.95) * 1e3, rel=1e-9)


def test_published_and_derived_rest_leave_the_published_frame_as_it_is(simulate):
    published, derived = (simulate("nsdf-hashgrid", o) for o in ({"frame.rest_model": "published"}, ROOFLINE))
    for column in ("gpu_frame_ms", "gpu_encoding_ms", "gpu_mlp_ms"):
        assert getattr(published, column) == getattr(derived, column)
    assert published.rest_fusion == 9.94
    assert published.gpu_rest_ms != derived.gpu_rest_ms


def test_without_fusing_the_published_gain_is_none(simulate):
    assert simulate("gia-hashgrid", {"frame.rest_model": "published", "frame.fused": False}).rest_fusion == 1


def test_a_trace_of_more_queries_never_has_less_rest(make_trace, round_arch):
    work = ngpc.load_workload("nerf-hashgrid")
    trace = make_trace("nerf", [20480, 8192], ["march"] * 2, width=256, height=256)
    times = [
        rest_of(round_arch(), work, ray_counts(trace.profile_at(trace.pixels), n, trace.pixels)).fused_ms
        for n in (5000, 28672, 10**6)
    ]
    assert times == sorted(times)
    assert np.isfinite(times).all()
