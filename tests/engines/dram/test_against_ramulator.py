"""One channel of GDDR6 on the three streams that Ramulator has run, with its timing and no constant of our own."""

import pytest

from ngpc_sim.engines.dram import Dram


@pytest.mark.parametrize("stream", ["sequential", "random", "alternating"])
def test_a_stream_takes_the_cycles_and_latency_of_ramulator(stream, gddr6, streams, published):
    theirs = published[stream]
    run = Dram(gddr6()).replay(streams[stream], 32)
    assert run.accesses == int(theirs["loads"])
    tolerance = float(theirs["tolerance"])
    assert run.cycles == pytest.approx(int(theirs["cycles"]), rel=tolerance)
    assert run.achieved_gbps == pytest.approx(float(theirs["gbps"]), rel=tolerance)
    assert run.mean_latency_cycles == pytest.approx(float(theirs["latency_cycles"]), rel=tolerance)


def test_the_reference_says_the_same_bandwidth_in_cycles_and_in_gb_per_s(gddr6, published):
    for theirs in published.values():
        gbps = int(theirs["loads"]) * 32 / (int(theirs["cycles"]) * gddr6().tck_ps) * 1e3
        assert gbps == pytest.approx(float(theirs["gbps"]), rel=3e-3)


def test_the_peak_of_a_channel_is_28_gb_per_s(gddr6):
    assert gddr6().peak_gbps == pytest.approx(28.07, abs=0.01)
