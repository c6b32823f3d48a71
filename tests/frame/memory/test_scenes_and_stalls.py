"""Table loads, sequences of scenes, causes that add up, and what doubling a bottleneck gives."""

import csv

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.architecture.arch import changed
from ngpc_sim.frame.memory import table_load
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.results.stall_causes import STALLS
from ngpc_sim.simulation.design import Options, Point, Sequence
from ngpc_sim.simulation.points import run_point
from ngpc_sim.simulation.what_if import doubling

MIB = 1 << 20


def load(**overrides):
    arch = ngpc.load_arch(scale=8, overrides={key.replace("__", "."): value for key, value in overrides.items()})
    return table_load(arch, ngpc.load_workload("nerf-hashgrid").encoding)


def test_tables_are_loaded_once_for_all_or_once_for_each():
    once = sum(level.entries * 2 for level in ngpc.grid_levels(ngpc.load_workload("nerf-hashgrid").encoding))
    broadcast, unicast = load(), load(memory__table_load="unicast")
    assert (broadcast.nfp_bytes, broadcast.link_bytes, broadcast.dram_bytes) == (once, once, once)
    assert broadcast.load_ps / 1e3 == pytest.approx(once / (936 * 0.95) + 150 + 150, abs=1)
    assert (unicast.link_bytes, unicast.dram_bytes) == (8 * once, 8 * once)  # larger than L2
    assert unicast.load_ps / 1e3 == pytest.approx(8 * once / (936 * 0.95) + 300, abs=1)


def test_a_level_that_does_not_fit_loads_what_fits_and_only_free_room_is_filled_early():
    levels = [level.entries * 4 for level in ngpc.grid_levels(ngpc.load_workload("nerf-hashgrid").encoding)]
    held = load(nfp__encoding__feature_bytes=2)
    assert held.nfp_bytes == sum(min(table, MIB) for table in levels)
    assert held.early_ps == 0
    early = load(nfp__encoding__feature_bytes=2, memory__prefetch_next_scene=True)
    free = sum(min(table, MIB - table) for table in levels if table < MIB)
    assert early.early_ps == early.load_ps * free // early.nfp_bytes > 0


@pytest.mark.parametrize(("scenes", "frames"), [(1, 1), (1, 1000), (5, 3)])
def test_a_sequence_spreads_its_loads_over_its_frames(scenes, frames, simulate):
    steady = simulate("nvr-hashgrid", 16)
    result = simulate("nvr-hashgrid", 16, scenes=(scenes, frames))
    load_ms = result.scenes.table_load_ms
    assert result.frame_ms == pytest.approx(steady.frame_ms + load_ms / frames, abs=1e-8)
    assert result.scenes.steady_fps == pytest.approx(steady.fps)
    assert result.scenes.first_frame_fps == pytest.approx(1e3 / (steady.frame_ms + load_ms))
    assert result.stalls["table"] == pytest.approx(16 * load_ms / frames * 1e6, abs=32)
    assert result.critical_path["table"] == pytest.approx(load_ms / frames, abs=1e-8)
    assert result.energy_mj > steady.energy_mj
    assert result.mlp_cycles + sum(result.stalls.values()) == result.nfp_cycles


@pytest.mark.parametrize("dispatch", ["round_robin", "least_loaded"])
@pytest.mark.parametrize(
    "name", ["nerf-hashgrid", "nsdf-hashgrid", "gia-hashgrid", "nvr-hashgrid", "nerf-lowres", "nvr-densegrid"]
)
def test_every_cycle_of_every_nfp_has_one_cause(name, dispatch, simulate):
    overrides = {"nfp.encoding.feature_bytes": 4, "nfp.encoding.grid_sram_kib": 256, "cluster.dispatch": dispatch}
    result = simulate(name, 24, 20_000, overrides=overrides)
    waits, busy = result.nfp_stalls.dense, np.array(result.nfp_busy)
    assert (waits >= 0).all()
    assert (busy + waits.sum(axis=(1, 2)) == result.nfp_cycles // 24).all()
    assert busy.sum() == result.mlp_cycles
    assert dict(zip(STALLS, waits.sum(axis=(0, 1)).tolist(), strict=True)) == dict(result.stalls)
    rows = result.stall_rows()
    for column in ("lines", "misses", "far"):
        assert sum(row[column] for row in rows) == sum(getattr(level, column) for level in result.levels)
    assert sum(row["mlp_cycles"] for row in rows) == result.mlp_cycles
    assert sum(row["stall_miss_latency"] for row in rows) == result.stalls["miss_latency"]


@pytest.mark.parametrize(
    ("name", "scale", "overrides"),
    [
        ("nerf-hashgrid", 8, {}),
        ("nsdf-hashgrid", 64, {}),
        ("nerf-hashgrid", 8, {"nfp.encoding.feature_bytes": 2}),
        ("nvr-hashgrid", 64, {"gpu": "rtx3090", "frame.fused": False}),
    ],
)
def test_doubling_is_a_run_of_its_own(name, scale, overrides, trace):
    arch, work = ngpc.load_arch(scale=scale, overrides=overrides), ngpc.load_workload(name)
    first = ngpc.simulate(arch, work, trace(name), limit_queries=30_000)
    second = doubling(arch, first)
    again = ngpc.simulate(second.arch, work, trace(name), limit_queries=30_000, rest_factor=second.rest_factor)
    assert second.words
    if first.bottleneck == "gpu_rest":
        assert again.rest_ms == pytest.approx(first.rest_ms / 2, rel=1e-6)  # every dispatch in whole picoseconds
    else:
        assert second.arch.sha256 != arch.sha256
        assert second.arch.file != changed(arch, {}).file


def test_with_a_memory_without_limits_cache_is_assume_fit(simulate, huge):
    overrides = {"nfp.encoding.feature_bytes": 2, "frame.launch_overhead_ns": 0, **huge}
    cached, fits = (
        simulate("nerf-hashgrid", 8, 20_000, overrides=overrides | {"nfp.encoding.table_policy": policy})
        for policy in ("cache", "assume_fit")
    )
    assert cached.hit_rate < 1
    assert cached.frame_ms == fits.frame_ms


@pytest.mark.parametrize("name", ["nerf-hashgrid", "nerf-densegrid", "nerf-lowres"])
@pytest.mark.parametrize("feature_bytes", [1, 2])
def test_more_fully_associative_sram_misses_less_and_what_fits_is_assume_fit(name, feature_bytes, simulate):
    sizes = (256, 512, 1024, 2048, 4096)
    found = []
    for kib in sizes:
        overrides = {
            "nfp.encoding.feature_bytes": feature_bytes,
            "nfp.encoding.grid_sram_kib": kib,
            "nfp.encoding.ways": "full",
            "frame.tiles": 4,
        }
        cached = simulate(name, 8, 20_000, overrides=overrides)
        found.append([level.misses for level in cached.levels])
        if not cached.spilled_levels:
            fits = simulate(name, 8, 20_000, overrides={**overrides, "nfp.encoding.table_policy": "assume_fit"})
            assert (cached.frame_ms, cached.stalls, cached.speedup) == (fits.frame_ms, fits.stalls, fits.speedup)
    assert (np.diff(np.array(found), axis=0) <= 0).all()


def test_the_command_writes_levels_stalls_and_loads(command, tmp_path):
    words = ["--app", "nerf", "--scale", "8", "--limit-queries", "4000", "--set", "nfp.encoding.feature_bytes=4"]
    assert command(*words, "--out", "o", "--export", "ramulator", "loads.trace")[0] == 0
    with (tmp_path / "o" / "results.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    with (tmp_path / "o" / "levels.csv").open(newline="") as stream:
        levels = list(csv.DictReader(stream))
    with (tmp_path / "o" / "stalls.csv").open(newline="") as stream:
        stalls = list(csv.DictReader(stream))
    assert len(levels) == 16
    asked, missing = (sum(int(level[name]) for level in levels) for name in ("lines", "misses"))
    assert float(row["hit_rate"]) == pytest.approx(1 - missing / asked)
    assert len(stalls) == 8 * 17
    assert sum(int(s["stall_miss_latency"]) for s in stalls) == int(row["stall_miss_latency"])
    assert row["doubled"]
    assert float(row["doubled_gain"]) > 0
    loads = (tmp_path / "loads.trace").read_text().splitlines()
    assert loads
    assert all(line.startswith("LD 0x") and int(line[3:], 16) % 32 == 0 for line in loads)
    assert (tmp_path / "o" / "misses.png").exists()


def test_notes_say_first_frame_steady_state_and_what_doubling_gives(trace):
    arch, work = ngpc.load_arch(scale=8), ngpc.load_workload("gia-hashgrid")
    point = Point(arch, work, trace("gia-hashgrid"), Options(sequence=Sequence(2, 3)), what_if=True)
    result = run_point(point)
    text = " ".join(note.text for note in notes_of([point], [result]))
    load_ms, steady_ms = result.scenes.table_load_ms, 1e3 / result.scenes.steady_fps
    first, steady = f"{1e3 / (load_ms + steady_ms):.4g}", f"{1e3 / steady_ms:.4g}"
    assert f"The first frame of a scene runs at {first} FPS, the others at {steady} FPS" in text
    assert f"With {result.doubled} it is {result.doubled_gain:.2f} times as fast." in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--scenes", "0"), "--scenes 0 is out of range"),
        (("--frames-per-scene", "0"), "--frames-per-scene 0 is out of range"),
        (("--export", "ramulator", "x"), "misses no line in L2"),
        (("--scale", "8,16", "--export", "ramulator", "x"), "of one design point, but this asks for 2"),
        (("--set", "nfp.encoding.line_bytes=1"), "does not fit a line of 1"),
        (("--set", "nfp.encoding.ways=0"), "ways"),
    ],
)
def test_a_mistake_is_one_sentence(words, sentence, command):
    status, err = command("--app", "gia", "--limit-queries", "256", "--no-what-if", *words)
    assert status == 2
    assert sentence in err
    assert err.count("\n") == 1
