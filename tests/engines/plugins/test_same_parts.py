"""A class that changes nothing gives what the built-in engine gives, at every level of detail."""

from dataclasses import replace

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.trace import Trace

KEYS = {
    "nfp.encoding.model": "same_parts:SameEncoding",
    "nfp.mlp.model": "same_parts:SameMlp",
    "nfp.model": "same_parts:SameNfp",
}
CHOICES = {
    "nfp.encoding.engines": (4, 8, 16, 32),
    "nfp.encoding.corner_lanes": (2, 4, 8),
    "nfp.encoding.banks": (1, 8, "ideal"),
    "nfp.encoding.bank_map": ("low_bits", "xor_fold"),
    "nfp.encoding.grid_sram_kib": (16, 128, 1024),
    "nfp.encoding.feature_bytes": (1, 2),
    "nfp.encoding.sharing": ("replicate", "partition"),
    "nfp.encoding.table_policy": ("cache", "cache", "assume_fit"),
    "nfp.encoding.ways": (1, 4, "full"),
    "nfp.encoding.reuse": ("none", "last_voxel"),
    "nfp.mlp.batch_queries": (32, 64),
    "nfp.mlp.dataflow": ("layer_serial", "systolic_ws"),
    "cluster.dispatch": ("round_robin", "round_robin", "least_loaded"),
    "memory.contention": ("fair", "none"),
    "frame.tiles": (1, 4),
}
WORKS = ("nerf-hashgrid", "nsdf-densegrid", "gia-hashgrid", "nvr-lowres")
#: columns that say which configuration it was
NAMES = ("arch_sha256", *KEYS)


def told(result):
    """Everything that a result says beside the configuration."""
    row = {name: value for name, value in result.row().items() if name not in NAMES}
    levels, stalls = (
        [{name: value for name, value in line.items() if name not in NAMES} for line in lines]
        for lines in (result.level_rows(), result.stall_rows())
    )
    return row, levels, stalls


def both(plugin_arch, overrides, changes, work, trace, **options):
    """What the built-in engines and the plug-ins say."""
    archs = [plugin_arch(**{"scale": 4} | overrides | more) for more in ({}, changes)]
    return [told(ngpc.simulate(arch, work, trace, **options)) for arch in archs]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("detail", ["bound", "cycle", "sampled"])
def test_unchanged_classes_give_the_same_results_on_random_configurations(seed, detail, plugin_arch):
    rng = np.random.default_rng(seed)
    overrides = {key: values[rng.integers(len(values))] for key, values in CHOICES.items()}
    changes = {key: name for key, name in KEYS.items() if rng.random() < 0.6} or dict(KEYS)
    work = ngpc.load_workload(WORKS[rng.integers(len(WORKS))])
    options = {"detail": detail, "limit_queries": 3000, "seed": seed}
    built_in, plugin = both(plugin_arch, overrides, changes, work, ngpc.load_trace(work.trace), **options)
    assert plugin == built_in


def test_an_unchanged_class_gets_no_free_l2(plugin_arch):
    work, name = ngpc.load_workload("nerf-hashgrid"), "nfp.encoding.model"
    built_in, plugin = (
        ngpc.simulate(
            plugin_arch(scale=8, **{"nfp.encoding.feature_bytes": 2, "frame.tiles": 4} | own),
            *(work, ngpc.load_trace(work.trace)),
            limit_queries=20_000,
        )
        for own in ({}, {name: KEYS[name]})
    )
    assert plugin.frame_ms == built_in.frame_ms
    assert plugin.ngpc_ms == built_in.ngpc_ms
    assert plugin.dram_gbps == built_in.dram_gbps
    assert 0 < plugin.l2_hit_rate == built_in.l2_hit_rate < 1


@pytest.mark.parametrize("name", ["OwnService", "Around"])
def test_engines_that_serve_in_their_own_way_see_the_same_memory(name, plugin_arch):
    work = ngpc.load_workload("nsdf-hashgrid")
    overrides = {"nfp.encoding.feature_bytes": 2, "frame.tiles": 2}
    changes = {"nfp.encoding.model": f"same_parts:{name}"}
    built_in, plugin = both(
        plugin_arch, overrides, changes, work, ngpc.load_trace(work.trace), limit_queries=3000, detail="cycle"
    )
    assert plugin == built_in


def test_an_nfp_with_its_own_replay_fetches_missing_lines_too(plugin_arch):
    work = ngpc.load_workload("nsdf-hashgrid")
    overrides = {"nfp.encoding.feature_bytes": 2, "frame.tiles": 1, "memory.contention": "none", "scale": 2}
    changes = {"nfp.model": "same_parts:PassedOn"}
    trace = ngpc.load_trace(work.trace)
    archs = [plugin_arch(**overrides | more) for more in ({}, changes)]
    built_in, plugin = (ngpc.simulate(arch, work, trace, limit_queries=2048) for arch in archs)
    assert plugin.stalls["miss_latency"] == built_in.stalls["miss_latency"] > 0
    assert [told(plugin)[part] for part in (1, 2)] == [told(built_in)[part] for part in (1, 2)]
    assert plugin.ngpc_ms == built_in.ngpc_ms


def test_an_nfp_needs_no_more_than_what_its_place_needs(plugin_arch):
    work = ngpc.load_workload("gia-hashgrid")
    options = {"frame__tiles": 1, "memory__contention": "none"}
    trace = ngpc.load_trace(work.trace)
    plugin, built_in = (
        ngpc.simulate(plugin_arch(**options, **more), work, trace, limit_queries=2048)
        for more in ({"nfp__model": "same_parts:OnlyTheNeeds"}, {})
    )
    assert plugin.ngpc_ms == built_in.ngpc_ms


def test_a_service_that_counts_misses_must_take_the_l2(plugin_arch):
    work = ngpc.load_workload("nerf-hashgrid")
    options = {"nfp__encoding__feature_bytes": 2, "nfp__encoding__model": "same_parts:NoL2"}
    with pytest.raises(ngpc.UserError, match=r"same_parts:NoL2.*service.*l2"):
        ngpc.simulate(plugin_arch(**options), work, ngpc.load_trace(work.trace), limit_queries=500)


@pytest.fixture
def recorded_whole():
    """A frame of 8 screen tiles, recorded whole; nothing was written of its second and fourth invocation."""
    profile, written = (512, 256, 300, 64), (500, 0, 300, 0)
    counts = np.array(written)
    invocations = np.repeat(np.arange(4), counts).astype(np.int32)
    tiles = np.concatenate([np.sort(np.arange(n) % 8) for n in counts]).astype(np.int32)
    return Trace(
        name="whole", app="nsdf", scene="made", camera="none", width=64, height=16, seed=0, tool_version="test",
        profile=np.array(profile, np.int64), phases=("primary",) * 4, invocations=invocations, tiles=tiles,
        positions=np.random.default_rng(7).random((len(tiles), 3), dtype=np.float32),
        tile_weights=np.ones(8), tile_pixels=(16, 8),
    )  # fmt: skip


@pytest.fixture(params=["none", "last_voxel"])
def whole_frame(request, plugin_arch, recorded_whole):
    """Simulate that frame, with levels that do not fit."""

    def run(detail, **changes):
        values = {
            "nfp.encoding.feature_bytes": 2,
            "nfp.encoding.grid_sram_kib": 16,
            "nfp.encoding.reuse": request.param,
        }
        arch = plugin_arch(frame__tiles=2, **values, **changes)
        return ngpc.simulate(arch, ngpc.load_workload("nsdf-hashgrid"), recorded_whole, detail=detail)

    return run


def test_the_reference_replays_whole_frames_with_invocations_that_wrote_nothing(whole_frame):
    reference, cycle = (replace(whole_frame(detail), detail="") for detail in ("reference", "cycle"))
    assert reference.ngpc_ms == cycle.ngpc_ms
    assert reference.levels == cycle.levels
    assert np.array_equal(reference.nfp_stalls.dense, cycle.nfp_stalls.dense)


@pytest.mark.parametrize("name", ["SameEncoding", "OwnService", "Around"])
@pytest.mark.parametrize("detail", ["bound", "cycle", "sampled"])
def test_plugins_replay_whole_frames_with_invocations_that_wrote_nothing(name, detail, whole_frame):
    plugin = whole_frame(detail, **{"nfp.encoding.model": f"same_parts:{name}"})
    assert told(plugin) == told(whole_frame(detail))
