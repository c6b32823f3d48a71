"""What a frame's NFPs are charged with, share by share, and the kernel of a frame on bundled traces."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.events import run_frame_fast
from ngpc_sim.frame.stalls import stall_report
from ngpc_sim.frame.timing import FrameRun, Placed
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.reference.frame import run_frame
from ngpc_sim.results.nfp_counts import NfpCounts

#: waits for an engine slot and for none
COLUMNS = np.array([4, 21])
SMALL = {"nerf": 30_000, "nsdf": 30_000, "gia": 300_000, "nvr": 300_000}


def a_command(draw, scale):
    """Random stalls on the first NFPs."""
    used = draw(st.integers(1, scale))
    occupancy = [draw(st.integers(0, 12)) * (j < used) for j in range(scale)]
    end = [o + 1 if j < used else 0 for j, o in enumerate(occupancy)]
    kinds = np.array(draw(st.lists(st.integers(0, 2), min_size=scale, max_size=scale)), np.uint16)
    numbers = st.lists(st.integers(0, 9), min_size=6, max_size=6)
    waits = NfpCounts(kinds, np.array(draw(numbers), np.int64).reshape(3, 2), COLUMNS, (3, len(CAUSES)))
    if draw(st.booleans()):
        waits = NfpCounts.of(waits.dense)
    busy, lines = np.arange(scale), np.arange(6 * scale).reshape(scale, 3, 2)
    run = ClusterRun(*map(np.array, (end, occupancy)), waits, busy, draw(st.integers(1, 600)), {}, np.zeros(0), lines)
    return Command(run, np.array(end, np.int64), np.array(occupancy, np.int64), draw(st.integers(1, 9)))


@st.composite
def placed_frames(draw):
    """Architecture, commands and where they went."""
    scale, least_loaded = draw(st.integers(1, 4)), draw(st.booleans())
    commands = [a_command(draw, scale) for _ in range(draw(st.integers(1, 4)))]
    n = draw(st.integers(1, 20))
    steps = draw(st.lists(st.integers(0, len(commands) - 1), min_size=n, max_size=n))
    order = st.permutations(range(scale)) if least_loaded else st.integers(0, scale - 1).map(lambda first: [first])
    orders = draw(st.lists(order, min_size=n, max_size=n))
    placed = Placed(np.array(steps, np.int32), np.array(orders, np.int16))
    dispatch = "least_loaded" if least_loaded else "round_robin"
    return ngpc.load_arch("ngpc", scale=scale, overrides={"cluster.dispatch": dispatch}), commands, placed


@given(placed_frames())
def test_every_nfp_is_charged_with_the_shares_that_it_was_given(frame):
    """Against one addition a command and share, as they were placed."""
    arch, commands, placed = frame
    idle = {field.name: 0 for field in dataclasses.fields(FrameRun)}
    run = FrameRun(**idle | {"placed": placed, "frame_ps": 10**9, "fill_ps": np.zeros(arch.scale)})
    busy, lines = np.zeros(arch.scale, np.int64), np.zeros((arch.scale, 3, 2), np.int64)
    stalls = np.zeros((arch.scale, 3, len(CAUSES)), np.int64)
    in_turn = arch.cluster.dispatch == "round_robin"
    for step, order in zip(placed.steps.tolist(), placed.orders.tolist(), strict=True):
        for share in range(min(arch.scale, commands[step].granules) if in_turn else arch.scale):
            nfp = order[share] if len(order) > 1 else (order[0] + share) % arch.scale
            busy[nfp] += commands[step].run.busy_cycles[share]
            lines[nfp] += commands[step].run.lines[share]
            stalls[nfp] += commands[step].run.level_stalls[share]
    report = stall_report(arch, commands, run)
    assert report.busy.tolist() == busy.tolist()
    assert report.lines.dense.tolist() == lines.tolist()
    assert report.waits.dense[:, :, : len(CAUSES)].tolist() == stalls.tolist()


@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
@pytest.mark.parametrize("encoding", ["hashgrid", "densegrid", "lowres"])
@pytest.mark.parametrize("app", list(SMALL))
def test_bundled_frames_come_out_the_same_by_events(app, encoding, arch, monkeypatch):
    work = ngpc.load_workload(f"{app}-{encoding}")
    asked = []

    def kept(*arguments):
        asked.append((arguments, run_frame_fast(*arguments)))
        return asked[-1][1]

    monkeypatch.setattr("ngpc_sim.simulation.design_point.run_frame_fast", kept)
    trace = ngpc.load_trace(work.trace)
    ngpc.simulate(ngpc.load_arch(arch, scale=48), work, trace, limit_queries=SMALL[app])
    arguments, fast = asked[-1]
    slow = run_frame(*arguments)
    for name in ("frame_ps", "gpu_busy_ps", "gpu_work_ps", "ngpc_any_ps", "streamed_bytes", "path_ps"):
        assert getattr(fast, name) == getattr(slow, name), name
    for name in ("ngpc_ps", "starved_ps", "slowed_ps"):
        assert abs(getattr(fast, name) - getattr(slow, name)) <= 1, name
    assert fast.live_bytes == (slow.live_bytes[0], pytest.approx(slow.live_bytes[1]))
    assert fast.fill_ps.tolist() == slow.fill_ps.tolist()
    for name in ("steps", "orders"):
        assert getattr(fast.placed, name).tolist() == getattr(slow.placed, name).tolist()
