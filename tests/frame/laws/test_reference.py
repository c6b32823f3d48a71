"""The frame's kernel against the events that define it, to the picosecond."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.frame.events import run_frame_fast
from ngpc_sim.reference.frame import run_frame

#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
FEW = settings(max_examples=settings().max_examples // 50, derandomize=True, phases=(Phase.explicit, Phase.generate))
#: sums of times, which the kernel adds up as floats, to one picosecond
TO_ONE_PS = ("ngpc_ps", "starved_ps", "slowed_ps")
#: and a float's rounding
ONE_PS_IN_MS = 1.001e-9


def plain(run):
    """Everything in a frame's answer as Python numbers; mean bytes alive as times that agree."""
    arrays = {"fill_ps": run.fill_ps.tolist(), "placed": (run.placed.steps.tolist(), run.placed.orders.tolist())}
    sums = {name: pytest.approx(getattr(run, name), abs=1, rel=0) for name in TO_ONE_PS}
    live = (run.live_bytes[0], pytest.approx(run.live_bytes[1], rel=1e-9))
    return vars(run) | arrays | sums | {"path_ps": dict(run.path_ps), "live_bytes": live}


@CASES
@given(data=st.data())
def test_the_kernel_equals_the_events_in_every_field(data, cases):
    frame = data.draw(cases.frames())
    fast, slow = run_frame_fast(*frame), run_frame(*frame)
    assert plain(slow) == {
        **vars(fast),
        "fill_ps": fast.fill_ps.tolist(),
        "placed": (fast.placed.steps.tolist(), fast.placed.orders.tolist()),
        "path_ps": dict(fast.path_ps),
    }


@CASES
@given(data=st.data())
def test_the_critical_path_adds_up_to_the_frame(data, cases):
    run = run_frame_fast(*data.draw(cases.frames()))
    assert sum(run.path_ps.values()) == run.frame_ps
    assert min(run.path_ps.values()) >= 0


@CASES
@given(data=st.data())
def test_a_frame_is_no_shorter_than_what_each_side_did_in_it(data, cases):
    run = run_frame_fast(*data.draw(cases.frames()))
    assert run.frame_ps >= run.gpu_busy_ps >= run.gpu_work_ps
    assert run.frame_ps >= run.ngpc_any_ps >= run.starved_ps + run.slowed_ps >= 0
    assert run.fill_ps.min() >= 0


RANDOM_ARCHS = st.fixed_dictionaries(
    {
        "frame.tiles": st.sampled_from([1, 3, 16]),
        "frame.queues": st.integers(1, 8),
        "frame.fused": st.booleans(),
        "frame.overlap": st.booleans(),
        "frame.front_end": st.sampled_from(["queues", "persistent"]),
        "frame.rest_model": st.sampled_from(["roofline", "published"]),
        "memory.contention": st.sampled_from(["fair", "fair", "none"]),
        "memory.l2_gbps": st.sampled_from([60.0, 2000.0]),
        "memory.dram_gbps": st.sampled_from([30.0, 936.0]),
        "nfp.encoding.feature_bytes": st.sampled_from([1, 2]),
        "cluster.dispatch": st.sampled_from(["round_robin", "least_loaded"]),
        "cluster.dispatch_queries": st.sampled_from([16, 64]),
    }
)


@FEW
@given(overrides=RANDOM_ARCHS, scale=st.integers(1, 9), encoding=st.sampled_from(["hashgrid", "densegrid", "lowres"]))
@pytest.mark.parametrize(("app", "limit"), [("nerf", 90), ("nsdf", 120), ("gia", 300), ("nvr", 200)])
def test_every_column_but_detail_is_the_same_by_events_to_one_picosecond(app, limit, encoding, scale, overrides):
    arch, work = ngpc.load_arch("ngpc", scale=scale, overrides=overrides), ngpc.load_workload(f"{app}-{encoding}")
    trace = ngpc.load_trace(work.trace)
    fast, slow = (
        ngpc.simulate(arch, work, trace, detail=detail, limit_queries=limit).row() for detail in ("cycle", "reference")
    )
    assert (fast.pop("detail"), slow.pop("detail")) == ("cycle", "reference")
    assert {**fast, "ngpc_ms": 0, "peak_power_w": 0} == {**slow, "ngpc_ms": 0, "peak_power_w": 0}
    assert fast["ngpc_ms"] == pytest.approx(slow["ngpc_ms"], abs=ONE_PS_IN_MS, rel=0)
    assert fast["peak_power_w"] == pytest.approx(slow["peak_power_w"], rel=1e-6)  # follows ngpc_ms
