"""How fast it is: run with ``--benchmark-only``; nothing here asserts a time, counts are asserted instead."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim import commands
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine

COMMAND = Path(sys.executable).parent / "ngpc-sim"


@pytest.fixture(scope="module")
def arch():
    return ngpc.load_arch("ngpc")


@pytest.fixture(scope="module")
def work():
    return ngpc.load_workload("nerf-hashgrid")


@pytest.fixture(scope="module")
def trace():
    return ngpc.load_trace("nerf-room")


def test_intervals_of_a_trace(benchmark, arch, work, trace):
    service = benchmark(EncodingEngine(arch.nfp.encoding).service, work.encoding, trace.positions)
    assert service.slot_cycles.shape == (len(trace.positions), 16)


def test_replay_of_a_million_queries(benchmark, arch, work, trace):
    service = EncodingEngine(arch.nfp.encoding).service(work.encoding, trace.positions)
    stream = np.arange(1_000_000) % len(trace.positions)
    run = benchmark(Cluster(arch.cluster, arch.nfp, 8).run, ClusterWork(work, service, stream))
    assert run.busy_cycles.sum() == 5 * 1_000_000


def test_a_design_point(benchmark, arch, work, trace):
    result = benchmark(ngpc.simulate, arch, work, trace)
    assert result.queries == trace.queries


def test_a_design_point_from_nothing(benchmark, arch, work, trace):
    def forget():
        commands._services.clear()
        commands._plans.clear()

    result = benchmark.pedantic(ngpc.simulate, (arch, work, trace), setup=forget, rounds=5)
    assert result.queries == trace.queries


def test_the_main_job(benchmark, tmp_path):
    call = [COMMAND, "--scale", "8..64", "--quiet", "--out", tmp_path]
    done = benchmark.pedantic(subprocess.run, (call,), {"check": True}, rounds=3, warmup_rounds=1)
    assert done.returncode == 0


def test_help(benchmark):
    done = benchmark.pedantic(
        subprocess.run, ([COMMAND, "--help"],), {"check": True, "capture_output": True}, rounds=5, warmup_rounds=1
    )
    assert b"--scale" in done.stdout
