"""Sums that do not fit are refused by a sentence: times of more than 64 bits, and weights without a finite sum."""

from dataclasses import replace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.trace import write_trace

#: a megahertz and one multiplier: 7,168 cycles a query of GIA
SLOW = {"nfp.clock_ghz": 0.001, "nfp.mlp.rows": 1, "nfp.mlp.cols": 1}
CYCLES_A_QUERY = 7168


@pytest.mark.parametrize("detail", ["cycle", "sampled"])
def test_a_frame_of_more_than_106_days_is_refused_by_a_replay(detail, simulate):
    with pytest.raises(ngpc.UserError, match=r"up to 356 days, and a replay counts at most 106 days.*--detail bound"):
        simulate("gia-hashgrid", scale=1, overrides=SLOW, detail=detail, resolution="65536x65536")


def test_the_closed_form_has_its_time(simulate):
    bound = simulate("gia-hashgrid", scale=1, overrides=SLOW, detail="bound", resolution="65536x65536")
    microseconds = CYCLES_A_QUERY * 65536 * 65536
    assert bound.frame_ms == pytest.approx(microseconds / 1000, rel=1e-12)
    assert min(bound.stalls.values()) >= 0


def test_a_frame_of_90_days_is_replayed(simulate):
    size = "32768x32768"
    replayed, bound = (
        simulate("gia-hashgrid", scale=1, overrides=SLOW | {"frame.tiles": 64}, detail=detail, resolution=size)
        for detail in ("cycle", "bound")
    )
    assert replayed.frame_ms >= bound.frame_ms == pytest.approx(CYCLES_A_QUERY * 32768**2 / 1000, rel=1e-12)
    assert replayed.frame_ms < 1.01 * bound.frame_ms
    assert min(replayed.stalls.values()) >= 0
    assert replayed.mlp_cycles + sum(replayed.stalls.values()) == replayed.nfp_cycles


def test_an_endless_latency_of_each_dispatch_is_refused_too(simulate):
    overrides = {"frame.launch_overhead_ns": 1e9, "nfp.clock_ghz": 0.001}
    with pytest.raises(ngpc.UserError, match=r"out of range|should be|a replay counts at most 106 days"):
        simulate("nerf-hashgrid", scale=1, overrides=overrides | SLOW, resolution="65536x65536")


@pytest.mark.parametrize("weights", [(1e308, 1e308), (1e305, 1.0)])
def test_weights_without_a_finite_sum_are_refused_in_a_trace_and_in_its_file(weights, simulate, make_trace, tmp_path):
    trace = make_trace(weights=weights)
    with pytest.raises(ngpc.UserError, match="tile weights whose sum is not finite"):
        simulate("nsdf-hashgrid", trace=trace)
    with pytest.raises(ngpc.UserError, match="tile weights whose sum is not finite"):
        write_trace(trace, tmp_path / "x.trace.parquet")


def test_large_weights_with_a_finite_sum_are_their_proportions(simulate, make_trace):
    large, small = (
        simulate("nsdf-hashgrid", trace=make_trace(weights=weights)) for weights in ((1e200, 3e200), (1.0, 3.0))
    )
    assert large.frame_ms == small.frame_ms


def test_a_profile_that_wraps_in_64_bits_is_refused(make_trace, simulate):
    wrapping = replace(make_trace(), profile=np.array([1 << 62, 1 << 62, (1 << 62) + 512]), sha256="")
    with pytest.raises(ngpc.UserError):
        simulate("nsdf-hashgrid", trace=wrapping)
