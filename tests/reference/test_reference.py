"""``reference == cycle >= bound``, to the cycle, on random and on adversarial cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim import reference
from ngpc_sim.config import units
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine, Nfp
from ngpc_sim.frame.bound import ngpc_bound_ps
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.results.stall_causes import CHARGED


def nfp_answer(log, done):
    """What the logged batches of a reference run say, in the words of an ``NfpRun``."""
    stalls = {cause: sum(batch.stalls[cause] for batch in log) for cause in CAUSES}
    return {
        "starts": [batch.start for batch in log],
        "ends": [batch.end for batch in log],
        "done": done,
        "cycles": log[-1].output if log else 0,
        "busy": sum(batch.busy for batch in log),
        "stalls": stalls | {"drain": log[-1].output - log[-1].free if log else 0},
    }


def fast_answer(run):
    return {
        "starts": run.batch_start_cycles.tolist(),
        "ends": run.batch_end_cycles.tolist(),
        "done": run.done_cycles.tolist(),
        "cycles": run.cycles,
        "busy": run.busy_cycles,
        "stalls": dict(run.stalls),
    }


@given(data=st.data())
def test_one_nfp_equals_its_reference_to_the_cycle(data, cases):
    case = data.draw(cases.cases())
    run = Nfp(case.spec).run(case.work, case.positions, case.arrivals, l2=case.l2, path=case.path)
    arrivals = None if case.arrivals is None else case.arrivals.tolist()
    log, done = reference.run_nfp(case.spec, case.work, case.positions, arrivals, case.l2, case.path)
    assert fast_answer(run) == nfp_answer(log, done)
    waits = dict.fromkeys(CAUSES, 0)
    for slot, row in enumerate(run.level_stalls.tolist()):
        for cause, cycles in zip(CAUSES, row, strict=True):
            waits[cause] += cycles
            if cause in CHARGED:
                assert cycles == sum(batch.stalls[cause] for batch in log if batch.waits_for == slot)
    assert {cause: run.stalls[cause] for cause in CHARGED} == {cause: waits[cause] for cause in CHARGED}
    assert run.busy_cycles + sum(run.stalls.values()) == run.cycles
    assert min(run.stalls.values()) >= 0


@given(data=st.data())
def test_intervals_and_reads_equal_their_reference(data, cases):
    case = data.draw(cases.cases())
    service = case.service()
    lookups = reference.lookups(case.spec.encoding, case.work.encoding, case.positions)
    intervals = EncodingEngine(case.spec.encoding).service_cycles(case.work.encoding, case.positions)
    assert intervals.tolist() == [[level.cycles for level in query] for query in lookups]
    assert service.reads.tolist() == [sum(level.reads for level in query) for query in lookups]
    slots = reference.slot_cycles(case.spec.encoding, lookups)
    assert [tuple(row) for row in service.slot_cycles.tolist()] == slots
    slow = reference.reference_service(case.spec.encoding, case.work.encoding, case.positions, case.l2)
    cases.assert_same_misses(service, slow)


@given(data=st.data())
def test_a_cluster_equals_its_reference_to_the_cycle(data, cases):
    case = data.draw(cases.cases())
    cases.assert_same_command(case, data.draw(st.sampled_from((1, -1))))


@given(data=st.data())
def test_work_is_conserved_on_every_nfp_of_a_cluster(data, cases):
    case = data.draw(cases.cases())
    work = case.command(np.arange(len(case.positions)))
    run = Cluster(case.cluster, case.spec, case.scale).run(work)
    assert (run.busy_cycles + run.occupancy_stalls.sum(axis=1)).tolist() == run.occupancy_cycles.tolist()
    tiles = sum(-(-i // case.spec.mlp.rows) * -(-o // case.spec.mlp.cols) for i, o in case.work.matrices())
    assert run.busy_cycles.sum() == tiles * len(case.positions)


@given(data=st.data())
def test_no_replay_beats_the_bound(data, cases):
    case = data.draw(cases.cases())
    n, hz = len(case.positions), case.arch.clock_hz
    work = case.command(np.arange(n))
    run = Cluster(case.cluster, case.spec, case.scale).run(work)
    assert ngpc_bound_ps(case.arch, case.work, n) <= units.cycles_to_ps(int(run.end_cycles.max(initial=0)), hz)
    one = case.arch.file.model_copy(update={"scale": 1})
    alone = Nfp(case.spec).run(case.work, case.positions)
    bound_ps = ngpc_bound_ps(type(case.arch)(one, case.arch.gpu, case.arch.technology), case.work, n)
    assert bound_ps <= units.cycles_to_ps(alone.cycles, hz)


@pytest.mark.parametrize("n", [0, 1])
def test_a_cluster_with_hardly_any_query_equals_its_reference(n, cases):
    case = cases.smallest(n)
    service = reference.reference_service(case.spec.encoding, case.work.encoding, case.positions)
    work = ClusterWork(case.work, service, np.arange(n))
    fast = Cluster(case.cluster, case.spec, case.scale).run(work, each_query=True)
    slow = reference.ReferenceCluster(case.cluster, case.spec, case.scale).run(work)
    assert fast.end_cycles.tolist() == slow.end_cycles.tolist()
    assert fast.done_cycles.tolist() == slow.done_cycles.tolist()
    assert (fast.end_cycles > 0).sum() == n
