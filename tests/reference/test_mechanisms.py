"""``reference == cycle >= bound`` with the mechanisms of other accelerators switched on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim import reference
from ngpc_sim.config import units
from ngpc_sim.engines import Cluster, EncodingEngine, Nfp
from ngpc_sim.frame.bound import ngpc_bound_ps
from ngpc_sim.kernels.causes import CAUSES

DESIGNS = settings(max_examples=max(200, settings().max_examples))


def reference_run(case):
    arrivals = None if case.arrivals is None else case.arrivals.tolist()
    return reference.run_nfp(case.spec, case.work, case.positions, arrivals, case.l2, case.path)


@DESIGNS
@given(data=st.data())
def test_an_nfp_with_mechanisms_equals_its_reference_to_the_cycle(data, cases):
    case = data.draw(cases.mechanisms())
    run = Nfp(case.spec).run(case.work, case.positions, case.arrivals, l2=case.l2, path=case.path)
    log, done = reference_run(case)
    assert run.batch_start_cycles.tolist() == [batch.start for batch in log]
    assert run.batch_end_cycles.tolist() == [batch.end for batch in log]
    assert run.done_cycles.tolist() == done
    assert run.cycles == (log[-1].output if log else 0)
    stalls = {cause: sum(batch.stalls[cause] for batch in log) for cause in CAUSES}
    assert dict(run.stalls) == stalls | {"drain": log[-1].output - log[-1].free if log else 0}
    assert run.busy_cycles + sum(run.stalls.values()) == run.cycles
    assert min(run.stalls.values()) >= 0


@given(data=st.data())
def test_a_service_with_mechanisms_equals_its_reference(data, cases):
    case = data.draw(cases.mechanisms())
    fast = EncodingEngine(case.spec.encoding).service(case.work.encoding, case.positions, case.l2)
    slow = reference.reference_service(case.spec.encoding, case.work.encoding, case.positions, case.l2)
    for name in ("slot_cycles", "reads", "base_cycles"):
        assert getattr(fast, name).tolist() == getattr(slow, name).tolist(), name
    assert (fast.subgrids is None) == (slow.subgrids is None)
    if fast.subgrids and slow.subgrids:
        assert fast.subgrids.numbers.tolist() == slow.subgrids.numbers.tolist()
        assert fast.subgrids.slots.tolist() == slow.subgrids.slots.tolist()
        assert fast.subgrids.bytes == slow.subgrids.bytes
    cases.assert_same_misses(fast, slow)


@given(data=st.data())
def test_a_cluster_with_mechanisms_equals_its_reference_to_the_cycle(data, cases):
    case = data.draw(cases.mechanisms())
    cases.assert_same_command(case, data.draw(st.sampled_from((1, -1))))


@given(data=st.data())
def test_no_replay_with_mechanisms_beats_the_bound(data, cases):
    case = data.draw(cases.mechanisms())
    n = len(case.positions)
    run = Cluster(case.cluster, case.spec, case.scale).run(case.command(np.arange(n)))
    least_ps = ngpc_bound_ps(case.arch, case.work, n)
    assert least_ps <= units.cycles_to_ps(int(run.end_cycles.max(initial=0)), case.arch.clock_hz)
