"""A cluster is its NFPs, each alone with its granules, cycle for cycle and line for line."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine, Nfp
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import MissPath

LAW = settings(max_examples=settings().max_examples // 2)
PATH = MissPath(150, 250)


def alone(spec, work, rows, copies=1):
    """One NFP over these queries of the command, as often as asked, its inputs through its own port."""
    rows = np.tile(rows, copies)
    cycles = -(-np.arange(1, len(rows) + 1) * work.workload.input_bytes // spec.io.input_bytes_per_cycle)
    return Nfp(spec).replay(work.workload, work.service.rows(rows), cycles.astype(np.int64), work.path)


def granules_of(nfp, work, cluster, scale):
    """Numbers of the queries in granules ``nfp``, ``nfp + scale``, ..."""
    numbers = np.arange(len(work.stream))
    return numbers[numbers // cluster.dispatch_queries % scale == nfp]


@pytest.fixture(scope="module")
def command(spec_of):
    """A part of a bundled trace with cached levels behind an L2 that misses as well."""

    def make(name, n, **encoding):
        work, spec = ngpc.load_workload(name), spec_of(**encoding)
        positions = ngpc.load_trace(work.trace).positions[: 20 * n : 20]
        service = EncodingEngine(spec.encoding).service(work.encoding, positions, L2Shape(1 << 18, 8))
        assert service.misses.missing.sum() > service.misses.far.sum() > 0
        return spec, ClusterWork(work, service, np.arange(n)[::-1], PATH)

    return make


DESIGNS = {
    "hashgrid": ("nerf-hashgrid", 7000, {"feature_bytes": 2, "grid_sram_kib": 8}),
    "densegrid": ("nerf-densegrid", 9000, {"grid_sram_kib": 4, "outstanding_lines": 4}),
    "lowres in parts": ("nerf-lowres", 9000, {"grid_sram_kib": 1, "sharing": "partition", "ways": "full"}),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_64_nfps_are_64_nfps_alone_cycle_for_cycle(design, command, cluster_of):
    name, n, encoding = DESIGNS[design]
    spec, work = command(name, n, **encoding)
    dispatcher = cluster_of(dispatch_queries=48)
    cluster = Cluster(dispatcher, spec, 64)
    run = cluster.run(work, each_query=True)
    for nfp in range(64):
        mine = granules_of(nfp, work, dispatcher, 64)
        once = alone(spec, work, work.stream[mine])
        assert run.end_cycles[nfp] == once.cycles
        assert run.done_cycles[mine].tolist() == once.done_cycles.tolist()


@pytest.mark.parametrize("design", DESIGNS)
def test_a_command_behind_itself_adds_what_one_nfp_takes_for_it_twice(design, command, cluster_of):
    """Granules of whole batches, so that none is left open by the first copy."""
    name, _, encoding = DESIGNS[design]
    spec, work = command(name, 64 * 64 + 5 * 64, **encoding)
    dispatcher = cluster_of(dispatch_queries=64)
    cluster = Cluster(dispatcher, spec, 64)
    run = cluster.run(work)
    for nfp in range(64):
        rows = work.stream[granules_of(nfp, work, dispatcher, 64)]
        once, twice = (alone(spec, work, rows, copies) for copies in (1, 2))
        assert run.occupancy_cycles[nfp] == twice.cycles - once.cycles
        assert run.busy_cycles[nfp] == twice.busy_cycles - once.busy_cycles


@LAW
@given(data=st.data())
def test_a_random_cluster_is_its_nfps_alone(data, small_case):
    case = data.draw(small_case(grid_sram_kib=1))
    case = replace(case, cluster=case.cluster.model_copy(update={"dispatch": "round_robin"}))
    work = case.command(np.arange(len(case.positions)))
    cluster = Cluster(case.cluster, case.spec, case.scale)
    run = cluster.run(work, each_query=True)
    for nfp in range(case.scale):
        mine = granules_of(nfp, work, case.cluster, case.scale)
        once = alone(case.spec, work, work.stream[mine])
        assert (run.end_cycles[nfp], run.done_cycles[mine].tolist()) == (once.cycles, once.done_cycles.tolist())


@LAW
@given(data=st.data())
def test_every_nfp_counts_the_lines_that_its_own_queries_ask_and_miss(data, small_case):
    case = data.draw(small_case(grid_sram_kib=1))
    case = replace(case, cluster=case.cluster.model_copy(update={"dispatch": "round_robin"}))
    work = case.command(np.arange(len(case.positions)))
    counted, misses = Cluster(case.cluster, case.spec, case.scale).run(work).lines, work.service.misses
    if misses is None or not len(case.positions):
        assert counted is None
        return
    for nfp in range(case.scale):
        mine = work.stream[granules_of(nfp, work, case.cluster, case.scale)]
        own = [lines[mine].sum(dtype=np.int64) for lines in (misses.lines, misses.missing, misses.far)]
        assert counted[nfp].sum(axis=1).tolist() == own
