"""The modelled frame on the GPU alone: by hand, beside published times below its bound, and empty with a reason."""

from pathlib import Path

import pytest

import ngpc_sim as ngpc

APPS = ("nerf", "nsdf", "gia", "nvr")
#: milliseconds of a gap, a launch, a submission and a wait
GAP, LAUNCH, SUBMIT, WAIT = 200e-6, 1e-3, 3.0, 1.0


def test_between_kernels_lie_gaps_the_submission_and_the_waits_of_the_host(round_arch, workload, make_trace):
    kernels = {
        "first": {"per": "frame", "when": "first", "sync_every": 1, "work": {"one": {}}, "source": "made"},
        "step": {"per": "invocation", "when": "post", "sync_every": 2, "work": {"one": {}}, "source": "made"},
        "cast": {"part": "mlp", "per": "invocation", "launches": 2, "work": {"one": {}}, "source": "made"},
    }
    trace = make_trace("nvr", [256] * 5, ["track"] * 5)
    result = ngpc.simulate(round_arch(), workload("nvr", {"records": {}, "kernels": kernels}), trace, detail="bound")
    dispatches = 1 + 5 * (1 + 1 + 2 + 1)  # first; a call's encoding, network, casts and step
    waits = 1 + 3
    expected = (dispatches - 1) * GAP + SUBMIT + LAUNCH + waits * (WAIT + LAUNCH)
    assert result.gpu_between_ms == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("app", APPS)
def test_only_nvr_s_published_time_is_below_its_own_lower_bound(simulate, app):
    result = simulate(f"{app}-hashgrid")
    assert result.gpu_below_bound == (result.gpu_frame_ms < result.gpu_bound_ms) == (app == "nvr")
    assert result.gpu_bound_ms < result.gpu_modelled_ms


def test_speedups_are_of_both_frames_on_the_gpu_alone(simulate):
    result = simulate("gia-hashgrid")
    assert result.speedup == result.gpu_frame_ms / result.frame_ms
    assert result.speedup_modelled == result.gpu_modelled_ms / result.frame_ms


def test_without_a_peak_a_published_frame_has_no_model_beside_it_and_says_why(round_gpu):
    path = ngpc.config.bundled.folder("arch_configs") / "gpu" / "rtx3090.yaml"
    text = "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith("sms:"))
    mine = round_gpu()
    Path(mine).write_text(text)
    arch, work = ngpc.load_arch("ngpc", gpu=mine), ngpc.load_workload("gia-hashgrid")
    row = ngpc.simulate(arch, work, ngpc.load_trace("gia-plane"), detail="bound").row()
    assert row["gpu_modelled_ms"] is row["speedup_modelled"] is row["gpu_bound_ms"] is None
    assert "has no sms in its file" in row["gpu_modelled_note"]
    assert row["speedup"] > 0
    assert not row["gpu_below_bound"]


@pytest.mark.parametrize("key", ["gpu.dispatch_ns", "gpu.rest_over_bound", "gpu.kernel_floor_ns"])
def test_what_dispatches_and_kernels_take_more_makes_the_modelled_frame_longer_and_no_published_one(simulate, key):
    less, more = (simulate("nvr-hashgrid", {key: value}) for value in (1.0, 3000.0))
    assert more.gpu_modelled_ms > less.gpu_modelled_ms
    assert more.gpu_frame_ms == less.gpu_frame_ms
    assert more.gpu_bound_ms == less.gpu_bound_ms


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("tiles", [1, 8, 64])
@pytest.mark.parametrize("where", ["memory", "registers"])
def test_no_frame_has_less_rest_of_kernels_than_the_closed_form(app, tiles, where):
    arch = ngpc.load_arch("ngpc", overrides={"frame.tiles": tiles, "frame.ray_state": where})
    work = ngpc.load_workload(f"{app}-hashgrid")
    trace = ngpc.load_trace(work.trace)
    bound, cycle = (ngpc.simulate(arch, work, trace, detail=detail) for detail in ("bound", "cycle"))
    assert bound.rest_ms <= cycle.rest_ms * (1 + 1e-6)
    assert bound.speedup_bound >= cycle.speedup
