"""The smallest plug-in of each kind has its effect, on a frame and on the block it stands for."""

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine, MlpEngine, MlpWork, Nfp, NfpWork
from ngpc_sim.testing import EngineUnderTest, check_engine


@pytest.fixture
def frame(plugin_arch):
    def make(**overrides):
        options = {key: overrides.pop(key) for key in ("detail",) if key in overrides}
        arch, work = plugin_arch(frame__tiles=2, **overrides), ngpc.load_workload("gia-hashgrid")
        return ngpc.simulate(arch, work, ngpc.load_trace(work.trace), limit_queries=600, **options)

    return make


@pytest.fixture
def command(work):
    positions = np.random.default_rng(1).random((600, 2), dtype=np.float32)
    service = EncodingEngine(ngpc.load_arch().nfp.encoding).service(work.encoding, positions)
    return ClusterWork(work, service, np.arange(512))  # whole batches on each of two NFPs


@pytest.mark.parametrize("n", [1, 2, 63, 64])
def test_an_mlp_engine_that_is_twice_as_fast_halves_the_busy_cycles(n, plugin_arch, work):
    spec = plugin_arch(nfp__mlp__model="small_parts:TwiceAsFastMlpEngine").nfp
    engine, built_in = Nfp(spec).mlp, MlpEngine(spec.mlp)
    tiles = sum(built_in.tiles(work))
    assert engine.busy_cycles(work, n) == tiles * -(-max(n, spec.mlp.pipeline_depth, spec.mlp.rows) // 2)
    check_engine(type(engine), spec.mlp, [MlpWork(work, n)])


def test_a_faster_mlp_engine_makes_the_frame_faster(frame):
    slow, fast = frame(), frame(nfp__mlp__model="small_parts:TwiceAsFastMlpEngine")
    assert fast.mlp_cycles * 2 == slow.mlp_cycles
    assert fast.ngpc_ms < slow.ngpc_ms


def test_an_nfp_that_sleeps_first_ends_later_by_just_that(plugin_arch, work):
    overrides = {"nfp__model": "small_parts:SleepyNfp", "nfp__options": {"sleep_cycles": 100}}
    spec = plugin_arch(**overrides).nfp
    positions = np.random.default_rng(1).random((70, 2), dtype=np.float32)
    built_in = EngineUnderTest(plugin_arch().nfp, work).feed(positions)
    sleepy = EngineUnderTest(spec, work).feed(positions)
    for query in (0, 63, 64, 69):
        sleepy.assert_done_exactly_at(built_in.done_cycles[query] + 100, query)
    sleepy.assert_stall("input", built_in.stalls["input"] + 100)
    check_engine(type(sleepy.nfp), spec, [NfpWork(work, positions)])
    with pytest.raises(UserError, match="SleepyNfp"):
        _ = sleepy.issue_cycles


def test_every_nfp_of_a_cluster_sleeps(plugin_arch, command):
    overrides = {"nfp__model": "small_parts:SleepyNfp", "nfp__options": {"sleep_cycles": 100}}
    plugin, built_in = plugin_arch(**overrides), plugin_arch()
    runs = [Cluster(arch.cluster, arch.nfp, 2).run(command) for arch in (built_in, plugin)]
    assert (runs[1].end_cycles - runs[0].end_cycles).tolist() == [100, 100]
    assert runs[1].occupancy_cycles.tolist() == runs[0].occupancy_cycles.tolist()
    assert dict(runs[1].actions) == dict(runs[0].actions)


def test_a_sleepy_nfp_makes_the_frame_slower(frame):
    assert frame(nfp__model="small_parts:SleepyNfp", nfp__options={"sleep_cycles": 10**6}).frame_ms > frame().frame_ms


def test_a_dispatcher_that_knows_one_nfp_leaves_the_other_idle(plugin_arch, command):
    arch = plugin_arch(cluster__model="small_parts:FirstNfpOnlyDispatcher")
    run = Cluster(arch.cluster, arch.nfp, 2).run(command)
    alone = Cluster(plugin_arch().cluster, arch.nfp, 1).run(command)
    assert run.end_cycles.tolist() == [*alone.end_cycles, 0]


def test_a_dispatcher_and_an_nfp_may_both_be_plugins(plugin_arch, command):
    sleepy = {"nfp__model": "small_parts:SleepyNfp", "nfp__options": {"sleep_cycles": 7}}
    arch = plugin_arch(cluster__model="small_parts:FirstNfpOnlyDispatcher", **sleepy)
    alone = Cluster(plugin_arch().cluster, plugin_arch().nfp, 1).run(command)
    assert Cluster(arch.cluster, arch.nfp, 2).run(command).end_cycles.tolist() == [int(alone.end_cycles[0]) + 7, 0]


def test_a_rest_model_says_what_the_rest_of_kernels_takes(frame):
    result = frame(frame__rest_model="small_parts:MicrosecondRest")
    assert result.rest_ms == pytest.approx(result.queries * 1e-6)
    assert result.rest_ms != frame().rest_ms


def test_the_voxel_cache_reads_less_in_a_frame(frame):
    options = {"nfp__encoding__model": "voxel_lab.cached_encoding:VoxelCacheEncodingEngine"}
    reads = [frame().actions["grid_sram_read"]]
    reads += [frame(**options, nfp__encoding__options={"voxels": n}).actions["grid_sram_read"] for n in (0, 1, 16)]
    assert reads[0] == reads[1] > reads[2] > reads[3]


@pytest.mark.parametrize("key", ["nfp__encoding__model", "nfp__mlp__model", "nfp__model", "cluster__model"])
def test_detail_reference_refuses_plugin_engines(key, frame):
    name = {
        "nfp__encoding__model": "voxel_lab.cached_encoding:VoxelCacheEncodingEngine",
        "nfp__mlp__model": "small_parts:TwiceAsFastMlpEngine",
        "nfp__model": "small_parts:SleepyNfp",
        "cluster__model": "small_parts:FirstNfpOnlyDispatcher",
    }[key]
    with pytest.raises(UserError, match=key.replace("__", ".")):
        frame(**{key: name}, detail="reference")


def test_a_faster_mlp_engine_makes_the_bound_faster_too(frame):
    options = {"nfp__mlp__model": "small_parts:TwiceAsFastMlpEngine"}
    replayed, bound = frame(**options), frame(**options, detail="bound")
    assert bound.ngpc_ms <= replayed.ngpc_ms
    assert bound.ngpc_ms == pytest.approx(frame(detail="bound").ngpc_ms / 2)


def test_a_plugin_nfp_cannot_tell_its_load(frame):
    options = {"nfp__model": "small_parts:SleepyNfp", "nfp__options": {"sleep_cycles": 1}}
    with pytest.raises(UserError, match="least_loaded"):
        frame(**options, cluster__dispatch="least_loaded")


def test_a_plugin_nfp_says_when_each_query_is_done(plugin_arch, command):
    overrides = {"nfp__model": "small_parts:SleepyNfp", "nfp__options": {"sleep_cycles": 100}}
    runs = [
        Cluster(a.cluster, a.nfp, 2).run(command, each_query=True) for a in (plugin_arch(), plugin_arch(**overrides))
    ]
    assert (runs[1].done_cycles - runs[0].done_cycles == 100).all()
