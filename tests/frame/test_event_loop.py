"""The frame against a second event loop, written without SimPy."""

import heapq
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.reference.frame import run_frame


@st.composite
def frames(draw, schedule=None, overlap=None):
    """A small frame in small numbers, so that equal times happen: settings, commands, steps by tile."""
    scale = draw(st.integers(1, 4))
    numbers = st.integers(0, 12)
    chosen = schedule or draw(st.sampled_from(["invocations", "batches"]))
    longest = 1 if chosen == "batches" else 5
    commands = []
    for _ in range(draw(st.integers(1, 4))):
        occupancy = draw(st.lists(numbers, min_size=scale, max_size=scale))
        fill = draw(st.lists(numbers, min_size=scale, max_size=scale))
        used = draw(st.integers(1, scale))
        ends = [1 + o + f if j < used else 0 for j, (o, f) in enumerate(zip(occupancy, fill, strict=True))]
        occupancy = [o if j < used else 0 for j, o in enumerate(occupancy)]
        commands.append((ends, occupancy, draw(st.integers(1, 600)), draw(st.integers(1, 9))))
    step = st.integers(0, len(commands) - 1)
    steps = draw(st.lists(st.lists(step, min_size=1, max_size=longest), min_size=1, max_size=6))
    return {
        "scale": scale,
        "schedule": chosen,
        "overlap": draw(st.booleans()) if overlap is None else overlap,
        "dispatch": draw(st.sampled_from(["round_robin", "least_loaded"])),
        "pre_share": draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        "launch_ns": draw(st.sampled_from([0.0, 0.003, 0.011])),
        "submit_us": draw(st.sampled_from([0.0, 7e-6])),
        "latency_ns": draw(st.sampled_from([0.0, 0.004])),
        "rest_ps": draw(st.integers(0, 200)),
        "commands": commands,
        "steps": steps,
    }


def simulated(f):
    overrides = {
        "frame.schedule": f["schedule"],
        "frame.overlap": f["overlap"],
        "frame.pre_share": f["pre_share"],
        "frame.launch_overhead_ns": f["launch_ns"],
        "frame.submit_overhead_us": f["submit_us"],
        "memory.l2_latency_ns": f["latency_ns"],
        "cluster.dispatch": f["dispatch"],
    }
    commands = [
        Command(SimpleNamespace(n_queries=n), np.array(ends, np.int64), np.array(occupancy, np.int64), granules)
        for ends, occupancy, n, granules in f["commands"]
    ]
    plan = FramePlan(queries_of(f), 1, (), (), tuple(map(tuple, f["steps"])))
    return run_frame(ngpc.load_arch("ngpc", scale=f["scale"], overrides=overrides), plan, commands, f["rest_ps"])


def queries_of(f):
    return sum(f["commands"][number][2] for tile in f["steps"] for number in tile)


class Queues:
    """GPU and NFPs by their next free time, everything in ps."""

    def __init__(self, f):
        self.f = f
        self.gpu_free = self.gpu_busy = self.offset = 0
        self.nfp_free = [0] * f["scale"]
        self.launch, self.submit = round(f["launch_ns"] * 1000), round(f["submit_us"] * 10**6)
        self.cross = self.launch + round(f["latency_ns"] * 1000)

    def rest(self, number):
        """(before, after) the network: a command's part of the rest of kernels, rounded up as a whole."""
        whole = -(-self.f["rest_ps"] * self.f["commands"][number][2] // queries_of(self.f))
        before = int(whole * self.f["pre_share"])
        return before, whole - before

    def gpu(self, ready, duration):
        self.gpu_free = max(self.gpu_free, ready) + duration
        self.gpu_busy += duration
        return self.gpu_free

    def ngpc(self, ready, number):
        ends, occupancy, _, granules = self.f["commands"][number]
        scale = self.f["scale"]
        if self.f["dispatch"] == "least_loaded":
            nfps = sorted(range(scale), key=lambda j: self.nfp_free[j])
        else:
            nfps = [(share + self.offset) % scale for share in range(scale)]
            self.offset += granules
        finish = 0
        for share, nfp in enumerate(nfps):
            if ends[share]:
                self.nfp_free[nfp] = max(ready + ends[share], self.nfp_free[nfp] + occupancy[share])
                finish = max(finish, self.nfp_free[nfp])
        return finish


def dispatches(f, queues, tile):
    """(device, latency, what) of a tile in order."""
    if f["schedule"] == "batches":
        number = tile[0]
        return [("ngpc", queues.cross, number), ("gpu", queues.cross, sum(queues.rest(number)))]
    chain, carried, latency = [], 0, queues.launch
    for number in tile:
        before, after = queues.rest(number)
        chain += [("gpu", latency, carried + before), ("ngpc", queues.cross, number)]
        carried, latency = after, queues.cross
    return [*chain, ("gpu", queues.cross, carried)]


def looped(f):
    """``(frame_ps, gpu_busy_ps)`` by a heap of (time, order of arrival, tile, position in its chain)."""
    queues = Queues(f)
    chains = [dispatches(f, queues, tile) for tile in f["steps"]]
    groups = [range(len(chains))] if f["overlap"] else [[tile] for tile in range(len(chains))]
    frame = queues.submit
    for group in groups:
        heap = [(frame, order, tile, 0) for order, tile in enumerate(group)]
        counter = len(chains)
        while heap:
            now, _, tile, position = heapq.heappop(heap)
            frame = max(frame, now)
            if position < len(chains[tile]):
                device, latency, what = chains[tile][position]
                end = getattr(queues, device)(now + latency, what)
                counter += 1
                heapq.heappush(heap, (end, counter, tile, position + 1))
    return frame, queues.gpu_busy


@given(frames())
def test_the_frame_equals_an_independent_event_loop(frame):
    run = simulated(frame)
    assert (run.frame_ps, run.gpu_busy_ps) == looped(frame)


@given(frames())
def test_the_critical_path_adds_up_to_the_frame(frame):
    run = simulated(frame)
    assert sum(run.path_ps.values()) == run.frame_ps
    assert min(run.path_ps.values()) >= 0


@given(frames(overlap=False))
def test_without_overlap_the_frame_is_the_serial_sum(frame):
    queues = Queues(frame)
    total = queues.submit
    for tile in frame["steps"]:
        for device, latency, what in dispatches(frame, queues, tile):
            total += latency + (what if device == "gpu" else max(frame["commands"][what][0]))
    assert simulated(frame).frame_ps == total


@given(frames(overlap=True))
def test_overlap_keeps_the_frame_between_its_longest_device_and_nothing(frame):
    run = simulated(frame)
    assert run.frame_ps >= run.gpu_busy_ps
    assert run.frame_ps >= run.ngpc_any_ps >= 0
    assert run.fill_ps.min() >= 0


@pytest.mark.parametrize("tiles", [1, 2, 64])
@pytest.mark.parametrize(("ngpc_ps", "rest_ps"), [(1000, 300), (300, 1000), (500, 500), (700, 0)])
def test_uniform_tiles_of_two_stages_take_the_longer_and_one_of_the_shorter(tiles, ngpc_ps, rest_ps):
    frame = {
        "scale": 1,
        "schedule": "batches",
        "overlap": True,
        "dispatch": "round_robin",
        "pre_share": 0.5,
        "launch_ns": 0,
        "submit_us": 0,
        "latency_ns": 0,
        "rest_ps": rest_ps * tiles,
        "commands": [([ngpc_ps], [ngpc_ps], 256, 1)],
        "steps": [[0]] * tiles,
    }
    longer, shorter = max(ngpc_ps, rest_ps) * tiles, min(ngpc_ps, rest_ps) * tiles
    assert simulated(frame).frame_ps == longer + shorter // tiles
