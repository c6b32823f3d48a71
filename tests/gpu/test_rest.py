"""Rest of kernels: times worked out by hand, what fusing leaves out, and laws on the shipped workloads."""

from itertools import pairwise

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.gpu.rest_of_kernels import rest_of, waits_of

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
    "start": {"per": "frame", "when": "first", "sync_every": 1, "work": {"pixels": {"writes": ["ray"], "flops": 3}}},
    "before": {
        "per": "invocation",
        "when": "pre",
        "work": {"alive": {"reads": ["ray"], "writes": ["ray", "note"]}, "queries": {"writes": ["input"]}},
    },
    "after": {
        "per": "invocation",
        "when": "post",
        "sync_every": 2,
        "work": {"alive": {"reads": ["ray", "note", "output"], "writes": ["ray"], "flops": 1000}},
    },
    "show": {"per": "frame", "when": "last", "work": {"pixels": {"writes": ["picture"]}}},
}
PROFILE = [1024, 512, 256]
PIXELS = 2048
RAYS = sum(PROFILE)
#: bytes of the kernels, all their runs together
START, BEFORE, AFTER, SHOW = PIXELS * 40, RAYS * (40 + 140 + 12), RAYS * (40 + 100 + 16 + 40), PIXELS * 4


def dying(size):
    """Bytes of a record a ray that the closed form leaves out, since half of the rays of a call go on."""
    return sum(size * behind / 2 for behind in PROFILE[1:])


def sourced(kernels):
    return {name: kernel | {"source": "made"} for name, kernel in kernels.items()}


@pytest.fixture
def frame(round_arch, workload, make_trace):
    """Architecture, workload and counts of a frame of NVR with other kernels."""

    def build(overrides=None, kernels=KERNELS, profile=PROFILE, **gpu):
        work = workload("nvr", {"records": RECORDS, "kernels": sourced(kernels)})
        trace = make_trace("nvr", profile, ["track"] * len(profile), width=64, height=32)
        return round_arch(overrides, **gpu), work, ray_counts(trace.profile_at(PIXELS), trace.queries, PIXELS)

    return build


@pytest.fixture
def rest(frame):
    return lambda *arguments, **options: rest_of(*frame(*arguments, **options))


def test_alone_every_kernel_is_a_dispatch_that_takes_its_bytes_over_bandwidth_times_a_factor(rest):
    moved = START + BEFORE + AFTER + SHOW
    assert rest().bound_ms == pytest.approx(moved / 1e9 * 1e3, rel=1e-9)
    assert rest().alone_ms == pytest.approx(2 * moved / 1e9 * 1e3, rel=1e-9)
    assert rest().dispatches == 2 + 2 * len(PROFILE)


def test_a_short_kernel_takes_the_floor(rest):
    assert rest(kernel_floor_ns=1e9).alone_ms == pytest.approx((2 + 2 * len(PROFILE)) * 1e3)


def test_beside_the_ngpc_only_state_and_pictures_pass_dram_and_once_between_two_calls(rest):
    lasting = 40 * PROFILE[0] + sum(40 * (before + behind) for before, behind in pairwise(PROFILE))
    moved = lasting + 40 * PROFILE[-1] + 4 * PIXELS - dying(40)
    assert rest().beside_ms == pytest.approx(2 * moved / 1e9 * 1e3, rel=1e-9)


def test_beside_the_ngpc_inputs_and_outputs_pass_the_link(rest):
    kept = {"frame.ray_state": "registers", "memory.l2_gbps": 0.5}
    moved = (12 + 16) * RAYS + 4 * PIXELS - dying(12)
    assert rest(kept).beside_ms == pytest.approx(2 * moved / 0.5e9 * 1e3, rel=1e-9)


def test_arithmetic_limits_where_it_takes_longer_than_the_bytes(rest):
    start = max(START / 1e9, PIXELS * 3 / 1e6)
    seconds = start + (BEFORE + SHOW) / 1e9 + RAYS * 1000 / 1e6
    assert rest(fp32_tflops=1e-6).bound_ms == pytest.approx(seconds * 1e3, rel=1e-9)


def test_l2_keeps_the_part_of_a_call_s_buffers_for_which_it_has_room(rest):
    queries, live = 1024, 1024 * (12 + 16)
    one = {"profile": [queries], "l2_mib": live / 2 / 2**20}
    half, none = rest(**one), rest(profile=[queries])
    assert none.bound_ms - half.bound_ms == pytest.approx(live / 2 / 1e9 * 1e3, rel=1e-6)


def test_the_host_waits_for_every_number_that_a_kernel_counts(frame):
    _, work, counts = frame()
    assert waits_of(work, counts) == 1 + 2  # once a frame, and every second of three steps


def test_a_kernel_of_a_phase_runs_in_that_phase_only(round_arch, workload, make_trace):
    kernels = {"only": {"per": "invocation", "when": "pre", "phases": ["normals"], "work": {"one": {}}}}
    work = workload("nsdf", {"records": {}, "kernels": sourced(kernels)})
    trace = make_trace("nsdf", [256] * 11, ["primary"] * 3 + ["normals"] * 6 + ["shadow"] * 2)
    counts = ray_counts(trace.profile_at(trace.pixels), trace.queries, trace.pixels)
    assert rest_of(round_arch(), work, counts).dispatches == 6


def test_a_kernel_of_a_round_runs_before_invocations_with_a_compaction(round_arch, workload, make_trace):
    kernels = {"pack": {"per": "round", "when": "pre", "sync_every": 1, "work": {"alive": {}}}}
    work = workload("nsdf", {"records": {}, "kernels": sourced(kernels)})
    trace = make_trace("nsdf", [256] * 8, ["primary"] * 8)
    counts = ray_counts(trace.profile_at(trace.pixels), trace.queries, trace.pixels)
    assert rest_of(round_arch(), work, counts).dispatches == waits_of(work, counts) == 4  # after 0, 1, 3 and 7 steps


@pytest.mark.parametrize("app", APPS)
def test_fused_kernels_are_never_slower_than_unfused(simulate, app):
    fused, unfused = (simulate(f"{app}-hashgrid", {**ROOFLINE, "frame.fused": choice}) for choice in (True, False))
    assert fused.rest_ms <= unfused.rest_ms
    assert fused.rest_fusion == pytest.approx(fused.gpu_rest_ms / fused.rest_ms, rel=1e-9)
    assert fused.gpu_rest_ms == unfused.gpu_rest_ms


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
    pixels, dram = 1920 * 1080, 936e9 * 0.95
    far = 1 - 6 * 2**20 / (pixels * (8 + 12))
    clear, coordinates, look_up, shade, accumulate, tonemap = 20, 8 * far, 8 * far + 8 + 12, 20 * far + 20, 20 + 32, 20
    moved = clear + coordinates + look_up + shade + accumulate + tonemap
    assert ours.gpu_rest_ms == pytest.approx(1.3 * pixels * moved / dram * 1e3, rel=1e-9)
    pictures = 8 + 32 + 4  # texel, accumulated picture twice, surface
    assert ours.rest_ms == pytest.approx(1.3 * pixels * pictures / dram * 1e3, rel=1e-6)


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
        rest_of(round_arch(), work, ray_counts(trace.profile_at(trace.pixels), n, trace.pixels)).alone_ms
        for n in (5000, 28672, 10**6)
    ]
    assert times == sorted(times)
    assert np.isfinite(times).all()
