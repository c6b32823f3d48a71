"""The kernel of a frame against the events that define it: every number of the answer, on equal times too."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.events import fits_kernel, run_frame_fast
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.sharing import FULL
from ngpc_sim.frame.stalls import stall_report
from ngpc_sim.reference import frame as system
from ngpc_sim.reference.frame import run_frame
from ngpc_sim.results.nfp_counts import NfpCounts

SPEED = st.sampled_from((1, FULL // 3, FULL // 2, FULL - 1, FULL)) | st.integers(1, FULL)
#: picoseconds small enough to meet often, and some that do not fit in 64 bits as fixed-point numbers
TIMES = {"small": st.integers(0, 12), "usual": st.integers(0, 10**9), "huge": st.integers(0, 10**15)}


#: waits for an engine slot and for none
COLUMNS = np.array([4, 23])


def plain(run):
    """Everything in a frame's answer as Python numbers."""
    arrays = {"fill_ps": run.fill_ps.tolist(), "placed": (run.placed.steps.tolist(), run.placed.orders.tolist())}
    return vars(run) | arrays | {"path_ps": dict(run.path_ps)}


def a_command(draw, scale, times):
    """Random ends, occupancy and stalls on the first NFPs."""
    used = draw(st.integers(1, scale))
    occupancy = [draw(times) * (j < used) for j in range(scale)]
    end = [o + draw(times) + 1 if j < used else 0 for j, o in enumerate(occupancy)]
    kinds = np.array(draw(st.lists(st.integers(0, 2), min_size=scale, max_size=scale)), np.uint16)
    numbers = st.lists(st.integers(0, 9), min_size=6, max_size=6)
    waits = NfpCounts(kinds, np.array(draw(numbers), np.int64).reshape(3, 2), COLUMNS, (3, 9))
    if draw(st.booleans()):
        waits = NfpCounts.of(waits.dense)
    busy, lines = np.arange(scale), np.arange(6 * scale).reshape(scale, 3, 2)
    run = ClusterRun(*map(np.array, (end, occupancy)), waits, busy, draw(st.integers(1, 600)), {}, np.zeros(0), lines)
    return Command(run, np.array(end, np.int64), np.array(occupancy, np.int64), draw(st.integers(1, 9)))


@st.composite
def frames(draw, kinds=tuple(TIMES)):
    """Arguments of ``run_frame``."""
    scale, times = draw(st.integers(1, 4)), TIMES[draw(st.sampled_from(kinds))]
    commands = [a_command(draw, scale, times) for _ in range(draw(st.integers(1, 4)))]
    step = st.integers(0, len(commands) - 1)
    steps = draw(st.lists(st.lists(step, max_size=5), min_size=1, max_size=8).filter(any))
    schedule, dispatch = draw(st.sampled_from(("invocations", "batches"))), draw(st.sampled_from((0, 1, 2)))
    overrides = {
        "frame.schedule": schedule,
        "frame.overlap": draw(st.booleans()),
        "frame.pre_share": draw(st.sampled_from((0.0, 0.3, 1.0))),
        "frame.launch_overhead_ns": draw(st.sampled_from((0.0, 0.003, 0.011))),
        "frame.submit_overhead_us": draw(st.sampled_from((0.0, 7e-6))),
        "memory.l2_latency_ns": draw(st.sampled_from((0.0, 0.004))),
        "cluster.dispatch": ("round_robin", "least_loaded", "round_robin")[dispatch],
        "cluster.model": ("builtin", "builtin", "some.where:Dispatcher")[dispatch],
    }
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides, allow_plugins=True)
    steps = [tile[:1] for tile in steps] if schedule == "batches" else steps
    queries = sum(commands[number].run.n_queries for tile in steps for number in tile)
    plan = FramePlan(queries, 1, (None,) * len(commands), (), tuple(map(tuple, steps)))
    return arch, plan, commands, draw(st.integers(0, 200) | times), draw(st.tuples(SPEED, SPEED))


@given(frames())
def test_the_kernel_equals_the_events_in_every_number(frame):
    assert plain(run_frame_fast(*frame)) == plain(run_frame(*frame))


@given(frames(kinds=("small",)))
def test_the_kernel_equals_the_events_where_nothing_is_shared(frame):
    assert plain(run_frame_fast(*frame[:4])) == plain(run_frame(*frame[:4]))


@given(frames(kinds=("small", "usual")))
def test_no_frame_of_usual_times_goes_back_to_the_events(frame):
    assert fits_kernel(*frame[:4], (max(frame[4][0], 99), max(frame[4][1], 99)))


@given(frames(kinds=("small",)))
def test_every_nfp_is_charged_with_the_shares_that_it_was_given(frame):
    """Against one addition a command and share, as they were placed."""
    arch, _, commands, *_ = frame
    run = run_frame(*frame)
    busy, lines = np.zeros(arch.scale, np.int64), np.zeros((arch.scale, 3, 2), np.int64)
    stalls = np.zeros((arch.scale, 3, 9), np.int64)
    in_turn = arch.cluster.dispatch == "round_robin" and arch.cluster.model == "builtin"
    for step, order in zip(run.placed.steps.tolist(), run.placed.orders.tolist(), strict=True):
        for share in range(min(arch.scale, commands[step].granules) if in_turn else arch.scale):
            nfp = order[share] if len(order) > 1 else (order[0] + share) % arch.scale
            busy[nfp] += commands[step].run.busy_cycles[share]
            lines[nfp] += commands[step].run.lines[share]
            stalls[nfp] += commands[step].run.level_stalls[share]
    report = stall_report(arch, commands, run)
    assert report.busy.tolist() == busy.tolist()
    assert report.lines.dense.tolist() == lines.tolist()
    assert report.waits.dense[:, :, :9].tolist() == stalls.tolist()


@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
@pytest.mark.parametrize("encoding", ["hashgrid", "densegrid", "lowres"])
@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia", "nvr"])
def test_bundled_frames_come_out_the_same(app, encoding, arch, monkeypatch):
    work = ngpc.load_workload(f"{app}-{encoding}")
    asked = []

    def both(*arguments):
        asked.append(run_frame_fast(*arguments))
        assert plain(asked[-1]) == plain(system.run_frame(*arguments))
        return asked[-1]

    monkeypatch.setattr("ngpc_sim.simulation.design_point.run_frame_fast", both)
    ngpc.simulate(ngpc.load_arch(arch, scale=48), work, ngpc.load_trace(work.trace))
    assert len(asked) in {1, 2}  # alone, and again where GPU and NGPC slow each other
