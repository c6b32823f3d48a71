"""``ngpc_ms`` against one first-come-first-served queue of the link and one of DRAM that all NFPs share."""

import heapq
from collections import deque

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.frame.events import run_frame_fast

FP16 = {"nfp.encoding.feature_bytes": 2}
#: ngpc_ms of a queue written elsewhere, at 64 tiles, 1920x1080: name, NFPs, overrides, ms
ELSEWHERE = [
    ("nvr-lowres", 64, {}, 0.564),
    ("nvr-lowres", 8, {}, 3.257),
    ("nsdf-lowres", 64, {}, 1.067),
    pytest.param("nsdf-lowres", 8, {}, 5.913, marks=pytest.mark.nightly),
    pytest.param("nsdf-densegrid", 64, {}, 0.874, marks=pytest.mark.nightly),
    ("nvr-densegrid", 64, {}, 0.318),
    pytest.param("nvr-hashgrid", 64, FP16, 1.093, marks=pytest.mark.nightly),
]


@pytest.fixture
def point(traces, monkeypatch):
    """Result, tables and run of a frame of 64 tiles."""

    def make(name, scale, overrides):
        found = []

        def kept(*frame):
            found.append((frame, run_frame_fast(*frame)))
            return found[-1][1]

        monkeypatch.setattr("ngpc_sim.simulation.design_point.run_frame_fast", kept)
        arch = ngpc.load_arch("ngpc", scale=scale, overrides={"frame.tiles": 64} | overrides)
        result = ngpc.simulate(arch, ngpc.load_workload(name), traces[name.partition("-")[0]])
        return result, *found[-1]

    return make


def shares_of(tiles, rules, n_nfps, rounds, streamed):
    """What each NFP is given: time to work, time of the link and of DRAM; commands by invocation, then tile."""
    tile = np.repeat(np.arange(len(tiles.firsts) - 1), np.diff(tiles.firsts))
    buffers = tiles.asks[tiles.steps, :2].sum()
    given, offset = [deque() for _ in range(n_nfps)], 0
    for command in np.lexsort((tile, rounds[tiles.steps])):
        step = tiles.steps[command]
        inputs, outputs, missing, far = tiles.asks[step].tolist()
        link = (inputs + outputs + missing) * rules.link_ps
        dram = (inputs + outputs) * streamed / buffers * rules.dram_ps + far * rules.lines_ps
        works = tiles.occupancy[step, : tiles.shares[step]].tolist()
        for share, work in enumerate(works):
            part = work / sum(works)
            given[(share + offset) % n_nfps].append((work, link * part, dram * part))
        offset = (offset + int(tiles.granules[step])) % n_nfps
    return given


def first_come_first_served(given):
    """When the last NFP is done. It asks for a share's bytes when it begins the one before, and works on what it has.

    Whoever asks first is served first, by the link and by DRAM.
    """
    asking = [(0.0, nfp, 0.0) for nfp, shares in enumerate(given) if shares]
    link_free = dram_free = last = 0.0
    while asking:
        now, nfp, done = heapq.heappop(asking)
        work, link, dram = given[nfp].popleft()
        link_free, dram_free = max(link_free, now) + link, max(dram_free, now) + dram
        begin = max(link_free, dram_free, done)
        last = max(last, begin + work)
        if given[nfp]:
            heapq.heappush(asking, (begin, nfp, begin + work))
    return last


@pytest.mark.parametrize(("name", "scale", "overrides", "elsewhere_ms"), ELSEWHERE)
def test_ngpc_time_is_that_of_one_shared_queue_within_a_tenth(name, scale, overrides, elsewhere_ms, point):
    result, frame, run = point(name, scale, overrides)
    queue_ms = first_come_first_served(shares_of(*frame, run.streamed_bytes)) * 1e-9
    assert result.ngpc_ms == pytest.approx(queue_ms, rel=0.1)
    assert result.ngpc_ms == pytest.approx(elsewhere_ms, rel=0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("overrides", [{}, FP16])
@pytest.mark.parametrize("encoding", ["hashgrid", "densegrid", "lowres"])
@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia", "nvr"])
def test_so_is_that_of_every_other_workload(app, encoding, overrides, point):
    for scale in (8, 64):
        result, frame, run = point(f"{app}-{encoding}", scale, overrides)
        queue_ms = first_come_first_served(shares_of(*frame, run.streamed_bytes)) * 1e-9
        assert result.ngpc_ms == pytest.approx(queue_ms, rel=0.1), scale
