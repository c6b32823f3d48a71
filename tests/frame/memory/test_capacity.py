"""No frame moves more than L2's link and DRAM can: both sides' streams and missing lines, over its time."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine

NAMES = [f"{app}-hashgrid" for app in ("nerf", "nsdf", "gia", "nvr")] + ["nerf-lowres", "nvr-densegrid"]


def used_ms(result, sides=2):
    """Time that the frame's traffic needs of DRAM and of the link: from counts and the bandwidths asked for.

    What the GPU writes the NGPC reads, and the other way round, so both ``sides`` have the same streams.
    """
    memory, work = result.configuration["memory"], ngpc.load_workload(f"{result.app}-{result.encoding}")
    line = result.configuration["nfp"]["encoding"]["line_bytes"]
    missing, far = (sum(getattr(level, name) for level in result.levels) * line for name in ("misses", "far"))
    streams_in_dram = result.actions["dram_bytes"] - far
    dram_bytes_per_ms = memory["dram_gbps"] * 1e6
    lines_ms = far / (dram_bytes_per_ms * result.line_efficiency)
    dram_ms = sides * streams_in_dram / (dram_bytes_per_ms * memory["dram_efficiency"]) + lines_ms
    streams = result.queries * (work.input_bytes + work.output_bytes)
    return dram_ms, (sides * streams + missing) / (memory["l2_gbps"] * 1e6)


@pytest.mark.parametrize("scale", [8, 64, 256])
@pytest.mark.parametrize("feature_bytes", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_frame_lasts_as_long_as_its_traffic_takes(name, feature_bytes, scale, simulate):
    result = simulate(name, scale, overrides={"nfp.encoding.feature_bytes": feature_bytes})
    dram_ms, link_ms = used_ms(result)
    assert dram_ms <= result.frame_ms
    assert link_ms <= result.frame_ms


@pytest.mark.parametrize("dispatch", ["round_robin", "least_loaded"])
def test_the_ngpc_does_not_outrun_a_slow_link_and_a_slow_dram_either(dispatch, simulate):
    slow = {"memory.l2_gbps": 40, "memory.dram_gbps": 60, "nfp.encoding.feature_bytes": 2, "cluster.dispatch": dispatch}
    for name in ("nvr-hashgrid", "gia-hashgrid"):
        result = simulate(name, 64, overrides=slow)
        assert max(used_ms(result, sides=1)) <= min(result.frame_ms, result.ngpc_ms)


@pytest.mark.parametrize(("in_flight", "at_work"), [(0, 2), (300, 2), (512, 2), (513, 3), (1024, 4), (4096, 8)])
def test_nfps_of_the_other_commands_in_flight_take_their_part_of_the_link(in_flight, at_work, trace):
    arch, work = ngpc.load_arch("ngpc", scale=8), ngpc.load_workload("gia-hashgrid")
    service = EncodingEngine(arch.nfp.encoding).service(work.encoding, trace("gia-hashgrid").positions[:512])
    command = ClusterWork(work, service, np.arange(512), 24.0, None, in_flight)
    cluster = Cluster(arch.cluster, arch.nfp, 8)
    assert cluster.at_work(command) == at_work
    inputs, outputs = work.input_bytes, work.output_bytes
    share = 24.0 / at_work / (inputs + outputs) * 65536
    assert cluster.port_rates(command) == (int(share * inputs), int(share * outputs))


def test_a_tile_after_another_has_the_link_to_itself(simulate):
    """Without overlap one command of four granules is under way, with it 64 of them."""
    narrow = {"memory.l2_gbps": 100, "frame.tiles": 64, "cluster.dispatch_queries": 256}
    limit = 64 * 4 * 256
    alone, beside = (
        simulate("gia-hashgrid", 64, limit, overrides=narrow | {"frame.overlap": o}) for o in (False, True)
    )
    assert alone.stalls["input"] < beside.stalls["input"]
