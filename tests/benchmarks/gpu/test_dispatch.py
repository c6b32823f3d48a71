"""What starting a kernel costs by CUDA: ``python -m pytest tests/benchmarks/gpu --benchmark-only -s``.

A chain of kernels runs in a stream, or recorded as a graph. Each kernel reads and writes a word a thread and then waits
until so many cycles of its multiprocessor have passed. A period is the time of the chain divided by its kernels. A gap
is a period less what the first block of a kernel takes by its own clock. Where a kernel has one block, gaps are also
taken one by one, from the end of a kernel to the start of the next one on the same multiprocessor.
"""

import ctypes

import numpy as np
import pytest

COUNT, TURNS, HOST_CALLS, MEETINGS = 1000, 50, 2000, 1000
CYCLES = (0, 1000, 4000, 10000, 20000)
STAMP = np.dtype([("began", "i8"), ("ended", "i8"), ("sm", "i8")])
HOST = ("launch_call_us", "launch_wait_us", "launch_copy_wait_us", "graph_launch_wait_us")


def periods(call, turns, chains, blocks):
    """(turns,) ns a kernel of a stream (chains 0) or a graph of so many chains, and its stamps, by cycles."""
    for cycles in CYCLES:
        ms, stamps = turns(TURNS), np.zeros(COUNT, STAMP)
        call("time_chain", chains, COUNT, blocks, ctypes.c_int64(cycles), ms, stamps)
        yield ms / COUNT * 1e6, stamps


@pytest.mark.parametrize("blocks", [1, 132, 1056])
@pytest.mark.parametrize("way", ["stream", "graph"])
def test_chain(benchmark, tell, call, turns, spread, way, blocks):
    found = benchmark.pedantic(lambda: list(periods(call, turns, int(way == "graph"), blocks)))
    own = [np.median(stamps["ended"] - stamps["began"]) for _, stamps in found]
    short, long = (np.median(period) for period, _ in found[-2:])
    ghz = (own[-1] - own[-2]) / (long - short)
    tell(ghz=ghz)
    for cycles, (period, stamps), taken in zip(CYCLES, found, own, strict=True):
        tell(**{f"own_{cycles}_ns": taken / ghz}, **spread(f"period_{cycles}_ns", period))
        tell(**spread(f"gap_{cycles}_ns", period - taken / ghz))
        if blocks == 1:
            gaps = (stamps["began"][1:] - stamps["ended"][:-1]) / ghz
            tell(**spread(f"one_gap_{cycles}_ns", gaps[np.diff(stamps["sm"]) == 0]))


@pytest.mark.parametrize("blocks", [1, 132, 1056])
def test_eight_chains_side_by_side(benchmark, tell, call, turns, spread, blocks):
    found = benchmark.pedantic(lambda: list(periods(call, turns, 8, blocks)))
    for cycles, (period, _) in zip(CYCLES, found, strict=True):
        tell(**spread(f"period_{cycles}_ns", period))


@pytest.mark.parametrize("way", range(len(HOST)), ids=HOST)
def test_host(benchmark, tell, call, spread, way):
    us = np.zeros(HOST_CALLS)
    benchmark.pedantic(call, ("time_host", way, HOST_CALLS, us))
    tell(**spread(HOST[way], us[HOST_CALLS // 10 :]))


def test_polling(benchmark, tell, call, turns, spread):
    ms = turns(TURNS)
    benchmark.pedantic(call, ("time_polling", MEETINGS, ms))
    tell(**spread("meeting_ns", ms / MEETINGS * 1e6))
