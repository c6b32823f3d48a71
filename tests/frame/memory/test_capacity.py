"""No frame moves more than L2's link and DRAM can: the NGPC's streams and missing lines, over its time."""

import pytest

import ngpc_sim as ngpc

NAMES = [f"{app}-hashgrid" for app in ("nerf", "nsdf", "gia", "nvr")] + ["nerf-lowres", "nvr-densegrid"]


def used_ms(result):
    """Time that the NGPC's traffic needs of DRAM and of the link: from counts and the bandwidths asked for."""
    memory, work = result.configuration["memory"], ngpc.load_workload(f"{result.app}-{result.encoding}")
    line = result.configuration["nfp"]["encoding"]["line_bytes"]
    missing, far = (sum(getattr(level, name) for level in result.levels) * line for name in ("misses", "far"))
    streams_in_dram = result.actions["dram_bytes"] - far
    dram_bytes_per_ms = memory["dram_gbps"] * 1e6
    lines_ms = far / (dram_bytes_per_ms * result.line_efficiency)
    dram_ms = streams_in_dram / (dram_bytes_per_ms * memory["dram_efficiency"]) + lines_ms
    streams = result.queries * (work.input_bytes + work.output_bytes)
    return dram_ms, (streams + missing) / (memory["l2_gbps"] * 1e6)


@pytest.mark.parametrize("scale", [8, 64, 256])
@pytest.mark.parametrize("feature_bytes", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_frame_lasts_as_long_as_its_traffic_takes(name, feature_bytes, scale, simulate):
    result = simulate(name, scale, 200_000, overrides={"nfp.encoding.feature_bytes": feature_bytes})
    assert max(used_ms(result)) <= min(result.frame_ms, result.ngpc_ms)


@pytest.mark.parametrize("dispatch", ["round_robin", "least_loaded"])
def test_the_ngpc_does_not_outrun_a_slow_link_and_a_slow_dram_either(dispatch, simulate):
    slow = {"memory.l2_gbps": 40, "memory.dram_gbps": 60, "nfp.encoding.feature_bytes": 2, "cluster.dispatch": dispatch}
    for name in ("nvr-hashgrid", "gia-hashgrid"):
        result = simulate(name, 64, 200_000, overrides=slow)
        assert max(used_ms(result)) <= min(result.frame_ms, result.ngpc_ms)
