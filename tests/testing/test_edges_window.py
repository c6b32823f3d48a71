"""A reorder window: intervals by hand, and laws for any stream."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.engines import EncodingEngine

#: one level on one engine; x alone decides the bank of a voxel of 32 x 32 x 32 entries, four corners in each of two
ONE = {"engines": 1, "banks": 8, "corner_lanes": 8, "read_ports": 1}


def intervals(spec_of, work_of, positions, **values):
    spec = spec_of(encoding=ONE | values, mlp={"batch_queries": 64}).encoding
    return EncodingEngine(spec).service_cycles(work_of(levels=1).encoding, positions).ravel().tolist()


def test_queries_in_other_banks_are_served_beside_the_first_one(spec_of, work_of, voxels):
    # voxels 0, 2, 4, 6 meet banks (0, 1), (2, 3), (4, 5), (6, 7); query m enters at m - 1, its banks take 4 cycles
    assert intervals(spec_of, work_of, voxels(0, 2, 4, 6), reorder_window=4) == [4, 1, 1, 1]
    assert intervals(spec_of, work_of, voxels(0, 2, 4, 6), reorder_window=2) == [4, 1, 4, 1]
    assert intervals(spec_of, work_of, voxels(0, 2, 4, 6)) == [4, 4, 4, 4]


def test_queries_in_the_same_banks_gain_nothing(spec_of, work_of, voxels):
    assert intervals(spec_of, work_of, voxels(0, 8, 16, 24), reorder_window=4) == [4, 4, 4, 4]


def test_a_query_waits_for_the_one_before_it_and_leaves_a_cycle_later(spec_of, work_of, voxels):
    # 0 and 8 share banks and leave at 4 and 8; 2 is served by cycle 2 + 4, but leaves in order at 9
    assert intervals(spec_of, work_of, voxels(0, 8, 2), reorder_window=4) == [4, 4, 1]


@pytest.mark.parametrize(("ports", "cycles"), [(1, [4, 1]), (2, [2, 1]), (4, [1, 1])])
def test_ports_serve_several_reads_a_cycle(ports, cycles, spec_of, work_of, voxels):
    assert intervals(spec_of, work_of, voxels(0, 2), reorder_window=2, read_ports=ports) == cycles


def test_engines_side_by_side_have_their_own_queries_of_a_window(spec_of, work_of, voxels):
    # engine 0 has voxels 0 and 2, engine 1 has 8 and 16
    found = intervals(spec_of, work_of, voxels(0, 8, 2, 16), reorder_window=4, engines=2)
    assert found == [4, 4, 1, 4]


def test_a_window_that_cuts_a_batch_is_refused(spec_of):
    with pytest.raises(ValueError, match=r"of 4 should be a multiple of nfp\.encoding\.reorder_window, 3"):
        spec_of(encoding={"reorder_window": 3})


@given(
    seed=st.integers(0, 2**32 - 1),
    window=st.sampled_from((2, 4, 16, 64)),
    lanes=st.integers(1, 9),
    ports=st.integers(1, 3),
    banks=st.sampled_from((1, 2, 8, 32)),
)
def test_a_window_is_never_slower_and_never_beats_its_banks_and_groups(
    seed, window, lanes, ports, banks, spec_of, work_of
):
    positions = np.random.default_rng(seed).uniform(0, 1, (128, 3)).astype(np.float32)
    values = {"corner_lanes": lanes, "read_ports": ports, "banks": banks}
    without = np.cumsum(intervals(spec_of, work_of, positions, **values))
    found = np.array(intervals(spec_of, work_of, positions, reorder_window=window, **values))
    groups, spec = -(-8 // lanes), spec_of(encoding=ONE)
    reads = EncodingEngine(spec.encoding).service(work_of(levels=1).encoding, positions).reads
    assert (found >= groups).all()
    assert (np.cumsum(found) <= without).all()
    by_window = reads.reshape(-1, window).sum(axis=1)
    assert (found.reshape(-1, window).sum(axis=1) >= by_window / (banks * ports)).all()
