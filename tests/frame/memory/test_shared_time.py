"""Clocks of two sides that slow down while both work: hand-made jobs against closed forms, frames against none."""

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.sharing import FULL
from ngpc_sim.reference import shared_time
from ngpc_sim.reference.frame import run_frame
from ngpc_sim.reference.shared_time import GPU, NGPC, RealTime, SharedTime

HALF = FULL // 2
SPEEDS = st.tuples(st.integers(1, 16), st.integers(1, 16)).map(lambda parts: tuple(FULL * p // 16 for p in parts))


def ends(jobs, both):
    """Real end of every job: side, real time of its request, start and end by its side's clock from that on."""
    env = simpy.Environment()
    time, ended = SharedTime(env, both), {}

    def job(number, side, asked, wait, work):
        yield env.timeout(asked)
        start = time.now(side) + wait
        yield time.until(side, start, start + work)
        ended[number] = int(env.now)

    for number, (side, asked, wait, work) in enumerate(jobs):
        env.process(job(number, side, asked, wait, work))
    env.run()
    return [ended[number] for number in range(len(jobs))], time


def test_two_equal_jobs_that_each_want_all_take_twice_as_long():
    (gpu, ngpc_end), time = ends([(GPU, 0, 0, 1000), (NGPC, 0, 0, 1000)], (HALF, HALF))
    assert (gpu, ngpc_end) == (2000, 2000)
    assert (time.gpu_slowed_ps, time.slowed_ps) == (1000, 1000)


def test_a_side_alone_runs_at_full_speed():
    assert ends([(NGPC, 0, 0, 1000), (NGPC, 1500, 0, 200)], (1, 1))[0] == [1000, 1700]
    assert ends([(GPU, 0, 100, 1000)], (1, 1))[0] == [1100]


def test_a_job_that_starts_in_the_middle_of_another_slows_only_its_rest():
    """400 alone, then both at half speed: the longer's last 600 take 1,200; the other's 1,000 end 400 later."""
    finished, time = ends([(GPU, 0, 0, 1000), (NGPC, 0, 400, 1000)], (HALF, HALF))
    assert finished == [400 + 1200, 400 + 1200 + 400]
    assert (time.gpu_slowed_ps, time.slowed_ps) == (600, 600)


def test_the_shorter_of_two_hands_its_half_back_when_it_ends():
    assert ends([(GPU, 0, 0, 300), (NGPC, 0, 0, 1000)], (HALF, HALF))[0] == [600, 600 + 700]


def test_a_light_job_is_not_slowed_by_a_heavy_one():
    finished, time = ends([(GPU, 0, 0, 800), (NGPC, 0, 0, 900)], (FULL, HALF))
    assert finished == [800, 800 + 500]
    assert (time.gpu_slowed_ps, time.slowed_ps) == (0, 400)


def test_a_gap_between_jobs_of_one_side_is_no_work():
    """The GPU's kernels from 0 to 100 and from 500 to 600 of its clock slow the NGPC for 200 each."""
    finished, time = ends([(GPU, 0, 0, 100), (GPU, 0, 500, 100), (NGPC, 0, 0, 2000)], (HALF, HALF))
    assert finished[:2] == [200, 200 + 400 + 200]
    assert finished[2] == 2000 + 200
    assert time.slowed_ps == 200


def test_waiting_for_a_start_is_no_work_either():
    assert ends([(GPU, 0, 1000, 50), (NGPC, 0, 0, 1000)], (HALF, HALF))[0] == [1050, 1000]


@given(
    st.lists(
        st.tuples(st.sampled_from((GPU, NGPC)), st.integers(0, 50), st.integers(0, 20), st.integers(1, 60)),
        min_size=1,
        max_size=6,
    ),
    SPEEDS,
)
def test_every_clock_loses_what_it_is_said_to_lose_and_no_job_ends_early(jobs, both):
    jobs = sorted(jobs, key=lambda job: job[1] + job[2])
    finished, time = ends(jobs, both)
    for (_, asked, wait, work), end in zip(jobs, finished, strict=True):
        assert end >= asked + wait + work
    now = int(time.env.now)
    assert [time.now(side) for side in (GPU, NGPC)] == [now - time.gpu_slowed_ps, now - time.slowed_ps]
    assert min(time.gpu_slowed_ps, time.slowed_ps) >= 0


def a_frame(data):
    """Architecture, plan, commands and rest of kernels of a small random frame, in small numbers."""
    scale = data.draw(st.integers(1, 3))
    commands = []
    for _ in range(data.draw(st.integers(1, 3))):
        used = data.draw(st.integers(1, scale))
        occupancy = [data.draw(st.integers(1, 40)) * (j < used) for j in range(scale)]
        end = [o + data.draw(st.integers(0, 20)) if o else 0 for o in occupancy]
        run = ClusterRun(*map(np.array, (end, occupancy, [], [])), data.draw(st.integers(1, 600)), {}, np.zeros(0))
        commands.append(Command(run, np.array(end, np.int64), np.array(occupancy, np.int64), used))
    step = st.integers(0, len(commands) - 1)
    steps = data.draw(st.lists(st.lists(step, min_size=1, max_size=4), min_size=1, max_size=5))
    queries = sum(commands[number].run.n_queries for tile in steps for number in tile)
    overrides = {
        "frame.overlap": data.draw(st.booleans()),
        "frame.launch_overhead_ns": data.draw(st.sampled_from((0.0, 0.007))),
        "frame.submit_overhead_us": data.draw(st.sampled_from((0.0, 1e-5))),
        "memory.l2_latency_ns": data.draw(st.sampled_from((0.0, 0.003))),
        "cluster.dispatch": data.draw(st.sampled_from(("round_robin", "least_loaded"))),
    }
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides)
    plan = FramePlan(queries, 1, (), (), tuple(map(tuple, steps)))
    return arch, plan, commands, data.draw(st.integers(0, 300))


@given(data=st.data())
def test_clocks_that_never_slow_give_the_frame_without_sharing(data):
    frame = a_frame(data)
    usual = run_frame(*frame)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ngpc_sim.reference.frame.RealTime", lambda env: SharedTime(env, (FULL, FULL)))
        shared = run_frame(*frame)
    for name in ("frame_ps", "gpu_busy_ps", "ngpc_ps", "ngpc_any_ps", "slowed_ps", "path_ps"):
        assert getattr(shared, name) == getattr(usual, name), name
    for name in ("steps", "orders"):
        assert getattr(shared.placed, name).tolist() == getattr(usual.placed, name).tolist()
    assert shared.fill_ps.tolist() == usual.fill_ps.tolist()


@given(data=st.data(), both=SPEEDS)
def test_a_frame_that_shares_still_adds_up(data, both):
    arch, plan, commands, rest_ps = a_frame(data)
    run = run_frame(arch, plan, commands, rest_ps, both)
    assert sum(run.path_ps.values()) == run.frame_ps
    assert min(run.path_ps.values()) >= 0
    assert run.frame_ps >= run.ngpc_any_ps >= run.slowed_ps >= 0
    assert run.frame_ps >= run.gpu_busy_ps
    alone = run_frame(arch, plan, commands, rest_ps)
    assert run.gpu_busy_ps >= alone.gpu_busy_ps
    assert len(run.placed.steps) == len(run.placed.orders) == sum(map(len, plan.steps))


@given(data=st.data(), both=SPEEDS)
def test_sharing_never_makes_a_frame_of_one_tile_faster(data, both):
    """With one tile nothing can be reordered; two sides never work at once, so it is not slower either."""
    arch, plan, commands, rest_ps = a_frame(data)
    one = FramePlan(sum(commands[n].run.n_queries for n in plan.steps[0]), 1, (), (), plan.steps[:1])
    assert run_frame(arch, one, commands, rest_ps, both).frame_ps == run_frame(arch, one, commands, rest_ps).frame_ps


#: another order of the commands moves a frame by less than this, to either side
REORDERED = 0.02


@pytest.mark.parametrize("feature_bytes", [1, 2])
@pytest.mark.parametrize("scale", [8, 64, 256])
@pytest.mark.parametrize("name", ["nerf-hashgrid", "nsdf-hashgrid", "gia-hashgrid", "nvr-hashgrid", "nerf-lowres"])
def test_sharing_with_the_gpu_never_makes_a_frame_faster(name, scale, feature_bytes, simulate, monkeypatch):
    """Exactly where commands keep their order; where tiles overtake each other, commands meet other NFPs."""
    for schedule, allowed in (("batches", 0.0), ("invocations", REORDERED)):
        overrides = {"nfp.encoding.feature_bytes": feature_bytes, "frame.schedule": schedule}
        limit = 200_000 if schedule == "batches" else None
        shared = simulate(name, scale, limit, overrides=overrides)
        with monkeypatch.context() as patch:
            patch.setattr("ngpc_sim.simulation.traffic.speeds", lambda *_: (FULL, FULL))
            alone = simulate(name, scale, limit, overrides=overrides, rest_factor=1)
        assert shared.frame_ms >= alone.frame_ms * (1 - allowed)
        assert alone.stalls["contention"] == 0


def test_time_that_is_not_shared_is_the_environments():
    env = simpy.Environment(initial_time=7)
    time: shared_time.Time = RealTime(env)
    assert (time.now(GPU), time.now(NGPC), time.slowed_ps) == (7, 7, 0)
    env.run(time.until(GPU, 8, 20))
    assert env.now == 20
