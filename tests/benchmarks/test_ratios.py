"""How fast it is beside something else in the same run: ``--benchmark-only -s`` prints the ratios, nothing asserts one.

What a ratio compares runs in turns, a few times each, and the shortest times count: other programs on the machine then
disturb both sides alike. Counts and results are asserted.
"""

import ctypes
import shutil
import subprocess
import sys
from time import perf_counter, process_time

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim import reference
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine
from ngpc_sim.engines.grid_index import level_arguments
from ngpc_sim.frame import plan, services
from ngpc_sim.frame.memory import l2_shape

TURNS = 5
#: by the clock, where whoever takes the second core or its memory disturbs one side only
CLOCK_TURNS = 20
C_LOOP = """
#include <math.h>
#include <stdint.h>
#include <stddef.h>

uint64_t table_indices(const float *x, size_t n, int levels, const float *scale, const uint8_t *hashed,
                       const uint32_t *factors, const uint32_t *entries) {
  uint64_t sum = 0;
  for (int l = 0; l < levels; l++)
    for (size_t i = 0; i < n; i++) {
      uint32_t t[3][2];
      for (int d = 0; d < 3; d++) {
        uint32_t cell = (uint32_t)(int32_t)floorf(fmaf(scale[l], x[3 * i + d], 0.5f));
        t[d][0] = cell * factors[3 * l + d];
        t[d][1] = (cell + 1) * factors[3 * l + d];
      }
      for (int k = 0; k < 8; k++) {
        uint32_t a = t[0][k & 1], b = t[1][k >> 1 & 1], c = t[2][k >> 2];
        sum += (hashed[l] ? a ^ b ^ c : a + b + c) % entries[l];
      }
    }
  return sum;
}
"""


@pytest.fixture(scope="module")
def work():
    return ngpc.load_workload("nerf-hashgrid")


@pytest.fixture(scope="module")
def trace():
    return ngpc.load_trace("nerf-room")


@pytest.fixture
def table_indices(tmp_path, work):
    """Sum of the table indices of all queries and levels, by a C loop that the system's compiler made at -O2."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler called cc here")
    (tmp_path / "indices.c").write_text(C_LOOP)
    library = tmp_path / "indices.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, tmp_path / "indices.c", "-lm"]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(library)).table_indices
    function.restype = ctypes.c_uint64
    levels = level_arguments(work.encoding)
    columns = [
        np.array([level[k] for level in levels], kind) for k, kind in ((0, "f4"), (1, "u1"), (2, "u4"), (3, "u4"))
    ]

    def loop(positions):
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (positions, *columns)]
        return function(pointers[0], ctypes.c_size_t(len(positions)), len(levels), *pointers[1:])

    return loop


def in_turns(*functions, clock=process_time, turns=TURNS):
    """Shortest time of each function."""
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, taken in zip(functions, times, strict=True):
            began = clock()
            function()
            taken.append(clock() - began)
    return [min(taken) for taken in times]


def test_exact_replay_against_indices_in_c(benchmark, tell, table_indices, work, trace):
    positions = np.ascontiguousarray(trace.positions)
    arch = ngpc.load_arch("ngpc")
    caching = ngpc.load_arch("ngpc", overrides={"nfp.encoding.feature_bytes": 2})
    engine, cached = EncodingEngine(arch.nfp.encoding), EncodingEngine(caching.nfp.encoding)
    assert table_indices(positions[:500]) == int(
        ngpc.grid_index(work.encoding, positions[:500])[0].sum(dtype=np.uint64)
    )
    runs = (
        lambda: table_indices(positions),
        lambda: engine.service(work.encoding, positions),
        lambda: cached.service(work.encoding, positions, l2_shape(caching)),
    )
    benchmark.pedantic(runs[1], warmup_rounds=1)
    runs[2]()
    c, exact, with_caches = in_turns(*runs)
    tell(exact_rate_over_c=c / exact, cached_rate_over_c=c / with_caches)


def test_two_threads_against_one(benchmark, tell, work, trace, monkeypatch):
    positions = np.resize(trace.positions, (1 << 22, 3))
    engine = EncodingEngine(ngpc.load_arch("ngpc").nfp.encoding)
    answers = {}

    def run(threads):
        monkeypatch.setenv("NGPC_SIM_THREADS", str(threads))
        answers[threads] = engine.service(work.encoding, positions)

    benchmark.pedantic(run, (2,), warmup_rounds=1)
    one, two = in_turns(lambda: run(1), lambda: run(2), clock=perf_counter, turns=CLOCK_TURNS)
    assert np.array_equal(answers[1].slot_cycles, answers[2].slot_cycles)
    tell(two_threads_over_one=one / two)


def from_positions_to_cycles(arch, work, positions):
    """Cycles of each NFP for a command of all positions."""
    service = EncodingEngine(arch.nfp.encoding).service(work.encoding, positions)
    return Cluster(arch.cluster, arch.nfp, arch.scale).run(ClusterWork(work, service, np.arange(len(positions))))


def test_more_queries_and_a_million(benchmark, tell, work, trace):
    arch = ngpc.load_arch("ngpc", scale=8)
    few, twice, many = (np.resize(trace.positions, (count, 3)) for count in (1 << 20, 1 << 21, 1 << 22))
    run = benchmark.pedantic(from_positions_to_cycles, (arch, work, few), warmup_rounds=1)
    n, two_n, four_n = in_turns(*(lambda p=p: from_positions_to_cycles(arch, work, p) for p in (few, twice, many)))
    assert run.busy_cycles.sum() == 5 << 20
    cycles = float((run.end_cycles + run.occupancy_cycles).sum())
    tell(
        two_n_over_n=two_n / n,
        four_n_over_n=four_n / n,
        seconds_of_a_million_queries=n,
        nfp_cycles_per_second=cycles / n,
    )


def test_the_fast_path_against_the_reference(benchmark, tell, work, trace):
    arch = ngpc.load_arch("ngpc", scale=4)
    positions = trace.positions[:2000]

    def by_events():
        service = reference.reference_service(arch.nfp.encoding, work.encoding, positions, l2_shape(arch))
        cluster = reference.ReferenceCluster(arch.cluster, arch.nfp, arch.scale)
        return cluster.run(ClusterWork(work, service, np.arange(len(positions))))

    began = process_time()
    slow = by_events()
    took = process_time() - began
    fast = benchmark.pedantic(from_positions_to_cycles, (arch, work, positions), warmup_rounds=1)
    assert fast.end_cycles.tolist() == slow.end_cycles.tolist()
    assert fast.occupancy_cycles.tolist() == slow.occupancy_cycles.tolist()
    large = np.resize(trace.positions, (1 << 18, 3))
    (seconds,) = in_turns(lambda: from_positions_to_cycles(arch, work, large))
    tell(queries_per_second_over_reference=len(large) / seconds / (len(positions) / took))


def test_a_design_point_against_importing_numpy_and_numba(benchmark, tell, work, trace):
    arch = ngpc.load_arch("ngpc", scale=32)

    def point():
        services.SERVICES.forget()
        plan.PLANS.forget()
        return ngpc.simulate(arch, work, trace)

    result = benchmark.pedantic(point, warmup_rounds=1)
    call = [sys.executable, "-c", "import numpy, numba"]
    imports, fresh, kept = in_turns(
        lambda: subprocess.run(call, check=True),
        point,
        lambda: ngpc.simulate(arch, work, trace),
        clock=perf_counter,
    )
    assert result.queries == trace.queries
    tell(design_point_over_imports=fresh / imports, kept_design_point_over_imports=kept / imports)
