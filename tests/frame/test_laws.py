"""Laws of a whole frame: what it adds up to, and how it follows clock, scale and resolution."""

import dataclasses
import itertools
import json
import math

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.errors import UserError

TILES = {"nerf": 5, "nsdf": 3, "gia": 3, "nvr": 3}
WORKS = {"nerf-room": "nerf", "nerf-object": "nerf", "nsdf-object": "nsdf", "gia-plane": "gia", "nvr-cloud": "nvr"}
APPS = list(TILES)
IO_BYTES = {"nerf": (28, 8), "nsdf": (12, 4), "gia": (8, 12), "nvr": (12, 16)}
LEVELS = {"hashgrid": 16, "densegrid": 8, "lowres": 2}


@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
@pytest.mark.parametrize("name", WORKS)
def test_busy_and_stall_cycles_add_up_on_every_bundled_trace(simulate, name, arch):
    result = simulate(f"{WORKS[name]}-hashgrid", 16, arch, trace=ngpc.load_trace(name))
    assert result.mlp_cycles + sum(result.stalls.values()) == result.nfp_cycles
    assert min(result.stalls.values()) >= 0
    frame_cycles = result.nfp_cycles / result.scale
    assert frame_cycles - 1 <= result.frame_ms * 1e6 <= frame_cycles


@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
@pytest.mark.parametrize("app", APPS)
def test_the_critical_path_adds_up_to_the_frame_time(simulate, app, arch, ps):
    result = simulate(f"{app}-hashgrid", 32, arch)
    assert sum(ps(part) for part in result.critical_path.values()) == ps(result.frame_ms)


@pytest.mark.parametrize("scale", [1, 8, 48])
@pytest.mark.parametrize("app", APPS)
def test_mlp_cycles_are_queries_times_weight_tiles_at_every_scale(simulate, app, scale):
    result = simulate(f"{app}-hashgrid", scale, limit_queries=20_000)
    assert result.mlp_cycles == result.queries * TILES[app]


def test_a_limit_makes_the_first_queries_a_frame_of_their_own(simulate, traces):
    result = simulate("nerf-hashgrid", limit_queries=777)
    assert result.queries == 777
    last = int(traces["nerf"].invocations[776])
    assert result.invocations <= last + 1


def test_a_limit_above_the_recording_takes_all_that_was_recorded(simulate, traces):
    result = simulate("gia-hashgrid", limit_queries=10**9)
    assert result.queries == len(traces["gia"].positions)


@pytest.mark.parametrize("limit", [0, -5])
def test_a_limit_below_one_is_refused(simulate, limit):
    with pytest.raises(UserError, match="range: 1 or more"):
        simulate("gia-hashgrid", limit_queries=limit)


@pytest.mark.parametrize("app", APPS)
def test_4k_of_a_trace_of_one_size_asks_four_times_the_queries_of_fhd(simulate, traces, app):
    trace = dataclasses.replace(traces[app], profiles=())
    result = simulate(f"{app}-hashgrid", trace=trace, resolution="4k", detail="bound")
    assert result.queries == 4 * int(traces[app].profile.sum())
    assert result.queries_per_pixel == pytest.approx(traces[app].profile.sum() / (1920 * 1080), rel=1e-12)
    assert result.resolution == "4k"


@pytest.mark.parametrize("app", APPS)
def test_4k_asks_the_queries_and_invocations_that_were_counted_there(simulate, traces, app):
    path = folder("traces") / f"{traces[app].name}.trace.parquet"
    counted = json.loads(pq.ParquetFile(path).metadata.metadata[b"ngpc_sim.trace"])["profiles"]["3840x2160"]["profile"]
    result = simulate(f"{app}-hashgrid", resolution="4k", detail="bound")
    assert (result.queries, result.invocations) == (sum(counted), len(counted))


def test_4k_replays_as_many_queries_as_it_reports(simulate, traces):
    result = simulate("gia-hashgrid", resolution="4k")
    assert result.mlp_cycles == 4 * 3 * int(traces["gia"].profile.sum())


@pytest.mark.parametrize("resolution", ["5k", "1920", "0x10", "70000x10", "x", "1920x"])
def test_a_resolution_that_is_none_is_refused(simulate, resolution):
    with pytest.raises(UserError, match="resolution"):
        simulate("gia-hashgrid", resolution=resolution, limit_queries=10)


@pytest.mark.parametrize("app", APPS)
def test_halving_the_clock_doubles_ngpc_time_without_contention(simulate, app, ps):
    times = [
        ps(simulate(f"{app}-hashgrid", 16, overrides={"memory.contention": "none", "nfp.clock_ghz": ghz}).ngpc_ms)
        for ghz in (1.0, 0.5)
    ]
    assert times[1] == 2 * times[0]


@settings(max_examples=settings().max_examples // 10)
@given(ghz=st.floats(0.1, 2.0))
def test_any_halved_clock_doubles_ngpc_time_up_to_one_rounding_a_command(simulate, ps, ghz):
    overrides = {"memory.contention": "none"}
    fast, slow = (
        ps(simulate("nvr-hashgrid", 4, overrides={**overrides, "nfp.clock_ghz": g}, limit_queries=5000).ngpc_ms)
        for g in (ghz, ghz / 2)
    )
    commands = 64 * 400
    hertz = 2 * commands * slow / 1e18  # the clock is a whole number of hertz
    assert abs(slow - 2 * fast) <= 2 * commands + hertz + slow * 1e-8


@pytest.mark.parametrize("app", APPS)
def test_twice_the_nfps_are_never_slower_by_more_than_a_granule(simulate, app):
    granule_ms = 256 * TILES[app] * 1e-6
    frames = [simulate(f"{app}-hashgrid", scale, limit_queries=60_000).frame_ms for scale in (1, 2, 4, 8, 16, 32, 64)]
    for fewer, more in itertools.pairwise(frames):
        assert more <= fewer + granule_ms


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("overrides", [{}, {"memory.contention": "none"}, {"frame.rest_model": "published"}])
def test_more_nfps_never_lengthen_the_full_frame(simulate, app, overrides):
    frames = [simulate(f"{app}-hashgrid", scale, overrides=overrides).frame_ms for scale in (8, 16, 32, 64)]
    assert frames == sorted(frames, reverse=True)


def closed_form_ms(queries, encoding, app, arch):
    """Least NGPC time: the slowest of index, MLP and both ports at full throughput on all NFPs."""
    spec, levels = arch.nfp.encoding, LEVELS[encoding]
    index = math.ceil((4 if app == "gia" else 8) / spec.corner_lanes)
    encode = math.ceil(levels / spec.engines) * index / max(1, spec.engines // levels)
    inputs, outputs = IO_BYTES[app]
    ports = max(inputs / arch.nfp.io.input_bytes_per_cycle, outputs / arch.nfp.io.output_bytes_per_cycle)
    return queries * max(encode, ports) / arch.scale / arch.nfp.clock_ghz / 1e6


RANDOM_ARCHS = st.fixed_dictionaries(
    {
        "nfp.clock_ghz": st.sampled_from([0.3, 1.0, 1.7]),
        "nfp.encoding.engines": st.sampled_from([1, 4, 16, 20]),
        "nfp.encoding.corner_lanes": st.integers(1, 8),
        "nfp.encoding.banks": st.sampled_from([1, 2, 8, 32, "ideal"]),
        "nfp.encoding.read_ports": st.integers(1, 2),
        "nfp.encoding.bank_map": st.sampled_from(["low_bits", "xor_fold"]),
        "nfp.encoding.reuse": st.sampled_from(["none", "last_voxel"]),
        "nfp.mlp.rows": st.sampled_from([16, 64, 128]),
        "nfp.mlp.cols": st.sampled_from([8, 64, 256]),
        "nfp.mlp.dataflow": st.sampled_from(["layer_serial", "systolic_ws"]),
        "nfp.mlp.batch_queries": st.sampled_from([1, 16, 64, 300]),
        "nfp.mlp.weight_double_buffer": st.booleans(),
        "nfp.io.input_bytes_per_cycle": st.sampled_from([1, 12, 64]),
        "nfp.io.output_bytes_per_cycle": st.sampled_from([1, 10, 32]),
        "nfp.io.output_fifo_queries": st.sampled_from([300, 1000]),
        "cluster.dispatch": st.sampled_from(["round_robin", "least_loaded"]),
        "cluster.dispatch_queries": st.sampled_from([1, 100, 256]),
        "memory.l2_gbps": st.sampled_from([20.0, 2000.0]),
        "memory.contention": st.sampled_from(["fair", "none"]),
        "frame.tiles": st.sampled_from([1, 5, 64]),
        "frame.overlap": st.booleans(),
        "frame.fused": st.booleans(),
        "frame.schedule": st.sampled_from(["invocations", "batches"]),
    }
)


@settings(max_examples=settings().max_examples // 2)
@given(
    overrides=RANDOM_ARCHS,
    scale=st.integers(1, 70),
    limit=st.integers(1, 3000),
    app=st.sampled_from(APPS),
    encoding=st.sampled_from(list(LEVELS)),
)
def test_no_replay_beats_the_bound_and_its_cycles_add_up(simulate, overrides, scale, limit, app, encoding):
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides)
    cycle, bound = (
        simulate(f"{app}-{encoding}", scale, overrides=overrides, limit_queries=limit, detail=detail)
        for detail in ("cycle", "bound")
    )
    assert bound.ngpc_ms >= closed_form_ms(limit, encoding, app, arch) * (1 - 1e-9) - 1e-9
    assert cycle.ngpc_ms >= bound.ngpc_ms
    assert cycle.frame_ms >= max(bound.frame_ms, cycle.ngpc_ms)
    assert cycle.mlp_cycles + sum(cycle.stalls.values()) == cycle.nfp_cycles
    assert min(cycle.stalls.values()) >= 0
    assert bound.mlp_cycles + sum(bound.stalls.values()) == bound.nfp_cycles


@pytest.mark.parametrize("detail", ["cycle", "bound"])
def test_the_same_point_twice_gives_the_same_result(simulate, detail):
    first, second = (simulate("nsdf-densegrid", 24, detail=detail, limit_queries=30_000) for _ in range(2))
    assert first == second


def test_a_result_cannot_be_changed(simulate):
    result = simulate("gia-hashgrid", limit_queries=100)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.fps = 1e9


def test_a_trace_of_another_app_is_refused(simulate, traces):
    with pytest.raises(UserError, match=r"records app 'gia', but workload nvr-hashgrid is app 'nvr'\.$"):
        simulate("nvr-hashgrid", trace=traces["gia"])


def test_an_unknown_detail_is_refused(simulate):
    with pytest.raises(UserError, match="unknown detail 'exact': choose bound"):
        simulate("gia-hashgrid", detail="exact")


@pytest.mark.parametrize(("trace", "per_pixel", "invocations"), [("nerf-room", (40, 50), (54, 64))])
def test_the_room_asks_what_the_published_frame_does(trace, per_pixel, invocations):
    loaded = ngpc.load_trace(trace)
    assert per_pixel[0] <= loaded.queries_per_pixel <= per_pixel[1]
    assert invocations[0] <= loaded.n_invocations <= invocations[1]
