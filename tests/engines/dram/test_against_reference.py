"""The kernels equal a plain second implementation, cycle by cycle, on random DRAMs and streams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.engines.dram import Dram, DramSpec

GAPS = {"n_bl": 4, "n_ccds": 4, "n_ccdl": 8, "n_rcd": 12, "n_rp": 12, "n_ras": 20, "n_rc": 30}
GAPS |= {"n_rrd": 6, "n_faw": 40, "n_rtp": 6, "n_ppd": 4, "n_cl": 10, "n_rfc": 40}


@st.composite
def specs(draw):
    """Small DRAMs of any shape and timing, some of them refreshed every few accesses."""
    values = {name: draw(st.integers(1, most)) for name, most in GAPS.items()}
    groups, banks, access = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.sampled_from([8, 24, 32]))
    run, runs, channels = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rows = groups * banks * max(values["n_rrd"], values["n_faw"])
    busy = values["n_rfc"] + values["n_rcd"] + values["n_ras"] + values["n_rc"] + rows
    low, one = draw(st.booleans()), draw(st.booleans())
    return DramSpec(
        **values,
        tck_ps=500.0,
        channels=channels,
        access_bytes=access,
        bank_groups=groups,
        banks_per_group=banks,
        row_bytes=access * run * runs,
        mapping="RoBaCoBgCoCh" if low else "RoBaRaCoCh",
        group_bytes=access * run if low else None,
        refresh="per_bank" if one else "all_bank",
        refresh_postponed=draw(st.integers(0, 3)) if one else None,
        n_refi=busy + draw(st.integers(1, 300)),
        queue=draw(st.integers(1, 12)),
        interleave_bytes=access * draw(st.integers(1, 3)),
    )


@st.composite
def lines(draw):
    """Addresses of lines: near ones, far ones, the same again."""
    jumps = draw(st.lists(st.sampled_from([0, 8, 32, 32, 64, 500, 3000, 50_000]), min_size=1, max_size=120))
    back = draw(st.lists(st.booleans(), min_size=len(jumps), max_size=len(jumps)))
    steps = [-jump if down else jump for jump, down in zip(jumps, back, strict=True)]
    return np.abs(np.cumsum(np.array(steps, np.int64)))


@given(spec=specs(), addresses=lines(), line_bytes=st.sampled_from([1, 8, 32, 40, 128]))
def test_a_replay_equals_the_reference_to_the_cycle(spec, addresses, line_bytes, reference):
    run = Dram(spec).replay(addresses, line_bytes)
    theirs = reference.replay(spec, addresses.tolist(), line_bytes)
    ours = (run.cycles, run.accesses, run.row_hits, run.row_misses, run.row_conflicts)
    assert (*ours, pytest.approx(run.mean_latency_cycles), run.activates, run.refreshes) == theirs


PER_BANK = {"refresh": "per_bank", "refresh_postponed": 8, "n_rfc": 106}


@pytest.mark.parametrize(
    ("kind", "n", "changes"),
    [
        *(("sequential", 1500, {}), ("random", 500, {}), ("alternating", 600, {})),
        *((kind, 400, PER_BANK) for kind in ("sequential", "random", "alternating")),
    ],
)
def test_a_real_dram_equals_the_reference_over_refreshes(kind, n, changes, gddr6, streams, reference):
    spec, stream = gddr6(**changes), streams[kind][:n]
    run = Dram(spec).replay(stream, 32)
    theirs = reference.replay(spec, stream.tolist(), 32)
    assert run.refreshes > 0
    assert (run.cycles, run.row_hits, run.activates, run.refreshes) == (theirs[0], theirs[2], *theirs[6:])


@given(spec=specs(), addresses=lines(), line_bytes=st.sampled_from([1, 8, 32, 40, 128]))
def test_no_stream_is_faster_than_the_peak_and_every_access_has_one_outcome(spec, addresses, line_bytes):
    run = Dram(spec).replay(addresses, line_bytes)
    assert 0 < run.achieved_gbps <= spec.peak_gbps
    assert run.efficiency == pytest.approx(run.achieved_gbps / spec.peak_gbps)
    assert run.row_hits + run.row_misses + run.row_conflicts == run.accesses
    assert run.mean_latency_cycles >= 1 + spec.n_cl + spec.n_bl
    assert Dram(spec).replay(addresses, line_bytes) == run
