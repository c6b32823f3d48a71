"""Design points by name, kept for the laws that look at the same ones, and the command in this process."""

import sys
from functools import lru_cache

import pytest

import ngpc_sim as ngpc
from ngpc_sim.cli import main
from ngpc_sim.simulation.design import Sequence

#: the memory without limits: more than any NFP can ask, and no latency
HUGE = {
    "memory.l2_gbps": 1e6,
    "memory.dram_gbps": 1e6,
    "memory.dram_efficiency": 1,
    "memory.l2_latency_ns": 0,
    "memory.dram_latency_ns": 0,
    "memory.contention": "none",
}


@lru_cache(maxsize=16)
def _trace(name):
    return ngpc.load_trace(ngpc.load_workload(name).trace)


@lru_cache(maxsize=512)
def _simulated(name, scale, limit, scenes, overrides, options):
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=dict(overrides))
    sequence = Sequence(*scenes) if scenes else None
    work = ngpc.load_workload(name)
    return ngpc.simulate(arch, work, _trace(name), limit_queries=limit, sequence=sequence, **dict(options))


@pytest.fixture(scope="session")
def trace():
    """The trace of ``app-encoding``."""
    return _trace


@pytest.fixture(scope="session")
def simulate():
    """Result of ``app-encoding``: scale, the first ``limit`` queries, ``scenes`` (N, M), keys, and other options."""

    def run(name, scale=8, limit=None, scenes=None, overrides=None, **options):
        return _simulated(name, scale, limit, scenes, tuple((overrides or {}).items()), tuple(options.items()))

    return run


@pytest.fixture(scope="session")
def huge():
    """Overrides of a memory without limits and latencies."""
    return HUGE


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run ``ngpc-sim --quiet`` with these words in this process, in an empty folder; exit status and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["ngpc-sim", "--quiet", *map(str, words)])
        try:
            main()
        except SystemExit as end:
            return end.code, capsys.readouterr().err
        return 0, capsys.readouterr().err

    return call
