"""Counts of NFPs without their zeros against plain arrays, and what a result keeps of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import ngpc_sim as ngpc
from ngpc_sim.results.nfp_counts import NfpCounts

few = st.sampled_from((0, 0, 0, 1, -7, 2**62))
tables = arrays(np.int64, array_shapes(min_dims=3, max_dims=3, min_side=0, max_side=6), elements=few, fill=st.just(0))


@given(tables)
def test_what_is_kept_without_zeros_is_the_plain_array(plain):
    kept = NfpCounts.of(plain)
    assert kept.shape == plain.shape[1:]
    assert (kept.dense.dtype, kept.dense.tolist()) == (np.int64, plain.tolist())
    assert kept.total.tolist() == plain.sum(axis=0).tolist()
    assert [kept.of_nfp(nfp).tolist() for nfp in range(len(plain))] == plain.tolist()
    assert 0 not in np.abs(kept.values).max(axis=0, initial=0)


@pytest.fixture(scope="module")
def simulated():
    """Result of nerf-hashgrid on 5 NFPs of the paper's 16 engines with these values."""
    work = ngpc.load_workload("nerf-hashgrid")
    trace = ngpc.load_trace(work.trace)

    def run(detail="cycle", **values):
        overrides = {f"nfp.encoding.{key}": value for key, value in values.items()}
        arch = ngpc.load_arch("ngpc", scale=5, overrides=overrides)
        return ngpc.simulate(arch, work, trace, limit_queries=3000, detail=detail)

    return run


@pytest.mark.parametrize(("engines", "feature_bytes"), [(16, 1), (16, 2), (4, 1)])
def test_waits_have_a_row_an_engine_slot_and_one_for_none_and_a_column_a_cause(simulated, engines, feature_bytes):
    result = simulated(engines=engines, feature_bytes=feature_bytes)
    causes = [name for name in result.row() if name.startswith("stall_")]
    assert result.nfp_stalls.dense.shape == (5, engines + 1, len(causes))
    assert result.nfp_lines.dense.shape == (5, 3, engines)
    assert result.nfp_busy.shape == (5,)
    by_cause = dict(zip(causes, result.nfp_stalls.dense.sum(axis=(0, 1)).tolist(), strict=True))
    assert by_cause == {name: value for name, value in result.row().items() if name in by_cause}


def test_waits_of_a_bound_have_the_row_for_none_alone(simulated):
    result = simulated(detail="bound")
    assert result.nfp_stalls.dense.shape == (5, 1, 14)
    assert result.nfp_lines.dense.shape == (5, 3, 0)


def test_a_result_without_missing_lines_keeps_a_few_numbers_an_nfp(simulated):
    """Of 286: busy cycles, waits in 17 rows and 14 columns, and 3 x 16 counts of lines."""
    result = simulated()
    assert result.nfp_lines.values.size == 0
    assert result.nfp_stalls.values.shape[1] <= 8
