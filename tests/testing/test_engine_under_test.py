"""The harness itself: what it reads is what the NFP and the reference say, and it fails when it should."""

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import Nfp
from ngpc_sim.reference import ReferenceNfp, lookups, slot_cycles
from ngpc_sim.testing import EngineUnderTest

LAW = settings(max_examples=settings().max_examples // 2)


def reference_issues(spec, work, positions, arrivals):
    """``(query, slot)`` to start cycle, from the event-level NFP."""
    env = simpy.Environment()
    nfp = ReferenceNfp(env, spec, work)
    queries = slot_cycles(spec.encoding, lookups(spec.encoding, work.encoding, positions))
    for slots, arrival in zip(queries, arrivals, strict=True):
        nfp.hand(slots, arrival=arrival)
    nfp.close()
    env.run()
    return {(issue.query, issue.slot): issue.start for issue in nfp.issues}


@LAW
@given(data=st.data())
def test_issue_cycles_are_those_of_the_event_level_reference(data, spec_of, work_of):
    encoding = {"engines": data.draw(st.integers(1, 9)), "banks": data.draw(st.sampled_from((1, 4, "ideal")))}
    mlp = {"batch_queries": data.draw(st.integers(1, 5)), "pipeline_depth": data.draw(st.integers(1, 60))}
    spec, work = spec_of(encoding=encoding, mlp=mlp), work_of(levels=data.draw(st.integers(1, 5)))
    n = data.draw(st.integers(0, 40))
    positions = np.random.default_rng(n).random((n, 3), dtype=np.float32)
    arrivals = np.cumsum(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), dtype=np.int64)
    nfp = EngineUnderTest(spec, work).feed(positions, arrivals)
    issues = {at: int(cycle) for at, cycle in np.ndenumerate(nfp.issue_cycles)}
    assert issues == reference_issues(spec, work, positions, arrivals.tolist())


@pytest.mark.parametrize("pieces", [[9], [1, 8], [4, 0, 5], [1] * 9])
def test_queries_fed_in_pieces_are_the_stream_fed_at_once(pieces, nfp, voxels):
    positions, under_test = voxels(*range(9)), nfp(io={"input_bytes_per_cycle": 5})
    first = 0
    for size in pieces:
        under_test.feed(positions[first : first + size])
        assert len(under_test.done_cycles) == len(under_test.issue_cycles) == first + size
        first += size
    run = Nfp(under_test.spec).run(under_test.work, positions)
    assert under_test.done_cycles.tolist() == run.done_cycles.tolist()
    assert (under_test.cycles, under_test.busy_cycles) == (run.cycles, run.busy_cycles)
    assert under_test.busy_cycles + sum(under_test.stalls.values()) == under_test.cycles


def test_nothing_fed_takes_no_time(nfp):
    under_test = nfp()
    assert (under_test.cycles, len(under_test.done_cycles), under_test.issue_cycles.shape) == (0, 0, (0, 2))


@pytest.mark.parametrize(
    ("asserted", "sentence"),
    [
        (19, "query 0 should be done at cycle 19, but is not before cycle 20."),
        (21, "query 0 should be done at cycle 21 and not before, but is at cycle 20."),
    ],
)
def test_a_query_that_is_done_a_cycle_off_fails_on_its_side(asserted, sentence, nfp, voxels):
    under_test = nfp().feed(voxels(1), arrival_cycles=0)
    under_test.assert_done_exactly_at(20)
    with pytest.raises(AssertionError) as failure:
        under_test.assert_done_exactly_at(asserted)
    assert str(failure.value).splitlines()[0] == sentence


@pytest.mark.parametrize("cycle", [12, 14])
def test_an_issue_that_is_a_cycle_off_fails(cycle, nfp, voxels):
    under_test = nfp().feed(voxels(1), arrival_cycles=13)
    under_test.assert_issued_exactly_at(13)
    with pytest.raises(AssertionError, match="issued on slot 0 at cycle"):
        under_test.assert_issued_exactly_at(cycle)


def test_a_stall_that_is_a_cycle_off_fails_and_shows_the_trace(nfp, voxels):
    under_test = nfp().feed(voxels(1), arrival_cycles=5)
    with pytest.raises(AssertionError) as failure:
        under_test.assert_stall("input", 4)
    sentence, header, *lines = str(failure.value).splitlines()
    assert sentence == "stall 'input' should be 4 cycles, not 5."
    assert header.split() == ["cycle", "e0", "e1", "mlp", "done", "output"]
    assert [line.split()[0] for line in lines] == [str(cycle) for cycle in range(under_test.cycles + 1)]


def test_an_unknown_cause_or_query_is_told_what_there_is(nfp, voxels):
    under_test = nfp().feed(voxels(1))
    with pytest.raises(AssertionError, match="'banks' is no cause of a stall: there are input, encoding"):
        under_test.assert_stall("banks", 0)
    with pytest.raises(AssertionError, match="query 1 was not fed: there are 1"):
        under_test.assert_done_exactly_at(1, query=1)


def test_the_trace_has_a_line_a_cycle_and_every_column_its_event(nfp, voxels):
    mlp = {"batch_queries": 2, "pipeline_depth": 1}
    latencies = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 0)
    under_test = nfp(encoding={"latency_cycles": latencies, "corner_lanes": 4}, mlp=mlp, io={"output_fifo_queries": 2})
    lines = under_test.feed(voxels(1, 2, 3), arrival_cycles=[0, 0, 9]).trace().splitlines()[1:]
    assert [line.split() for line in lines] == [
        ["0", "q0", "q0", ".", ".", "."],
        ["1", "|", "|", ".", ".", "."],
        ["2", "q1", "q1", ".", ".", "."],
        ["3", "|", "|", "b0", ".", "."],
        ["4", ".", ".", "b0", ".", "."],
        ["5", ".", ".", "b0", ".", "."],
        ["6", ".", ".", "b0", ".", "."],
        ["7", ".", ".", ".", ".", "."],
        ["8", ".", ".", ".", "b0", "b0"],
        ["9", "q2", "q2", ".", ".", "."],
        ["10", "|", "|", "b1", ".", "."],
        ["11", ".", ".", "b1", ".", "."],
        ["12", ".", ".", ".", ".", "."],
        ["13", ".", ".", ".", "b1", "b1"],
        ["14", ".", ".", ".", ".", "."],
    ]


def test_a_blocked_array_is_seen_waiting(nfp, voxels):
    under_test = nfp(io={"output_fifo_queries": 4, "output_bytes_per_cycle": 1}).feed(voxels(*range(12)))
    waiting = [line for line in under_test.trace().splitlines() if "wait" in line]
    assert len(waiting) == under_test.stalls["output"] > 0


def test_a_run_beyond_the_cycle_cap_fails(spec_of, work_of, voxels):
    patient = EngineUnderTest(spec_of(), work_of(), max_cycles=1000).feed(voxels(1), 900)
    assert patient.cycles < 1000
    with pytest.raises(AssertionError, match="need 1021 cycles, more than max_cycles = 1000"):
        _ = EngineUnderTest(spec_of(), work_of(), max_cycles=1000).feed(voxels(1), 1000).cycles


@pytest.mark.parametrize("bad", [[1, 2], [[1]], 1.5, -1, "now"])
def test_arrivals_that_are_no_cycles_are_refused(bad, nfp, voxels):
    with pytest.raises(UserError, match="arrival_cycles"):
        nfp().feed(voxels(1), bad)


def test_issue_cycles_that_do_not_explain_the_batches_are_an_error(nfp, voxels):
    under_test = nfp().feed(voxels(*range(5)), arrival_cycles=0)
    under_test.run.batch_start_cycles[1] += 1
    with pytest.raises(AssertionError, match="batch 1 starts at"):
        _ = under_test.issue_cycles
