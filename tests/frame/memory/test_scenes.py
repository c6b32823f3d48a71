"""Scenes one after another: the mean frame with the loads of its tables, beside first and steady frames."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.results.stall_causes import STALLS
from ngpc_sim.simulation.design import Sequence

POINTS = [("nerf-hashgrid", 1), ("gia-hashgrid", 1), ("nvr-densegrid", 2), ("nerf-lowres", 2)]
LIMIT = 5000
SEQUENCES = [(1, 1), (1, 7), (3, 1), (4, 25), (1000, 1000)]


def ps(ms):
    return round(ms * 1e9)


@pytest.fixture(params=[False, True], ids=["", "early"])
def point(request, simulate):
    """A design point, and the same in scenes; tables of the next one loaded early or not."""

    def run(name, feature_bytes, scenes=None, **options):
        overrides = {"nfp.encoding.feature_bytes": feature_bytes, "memory.prefetch_next_scene": request.param}
        return simulate(name, 8, LIMIT, scenes, overrides, **options)

    return run


@pytest.mark.parametrize("detail", ["cycle", "bound"])
@pytest.mark.parametrize("scenes", SEQUENCES)
@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_the_mean_frame_is_a_steady_one_and_its_part_of_the_loads(name, feature_bytes, scenes, detail, point):
    steady, mean = (point(name, feature_bytes, s, detail=detail) for s in (None, scenes))
    load_ps, (n, frames) = ps(steady.scenes.table_load_ms), scenes
    early = mean.configuration["memory"]["prefetch_next_scene"]
    waits = n * load_ps
    if early:
        tables = [min(t, 2**20) for t in level_bytes(name, feature_bytes)]
        early_ps = load_ps * sum(min(t, 2**20 - t) for t in tables) // sum(tables)
        waits -= (n - 1) * min(early_ps, frames * ps(steady.frame_ms))
    assert ps(mean.frame_ms) == ps(steady.frame_ms) + waits // (n * frames)
    assert mean.critical_path["table"] == pytest.approx(mean.frame_ms - steady.frame_ms)
    assert (mean.scenes.scenes, mean.scenes.frames_per_scene) == scenes


def level_bytes(name, feature_bytes):
    from ngpc_sim.workloads.grids import grid_levels

    encoding = ngpc.load_workload(name).encoding
    return [level.entries * encoding.n_features_per_level * feature_bytes for level in grid_levels(encoding)]


@pytest.mark.parametrize("scenes", [None, *SEQUENCES])
@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_first_and_steady_frames_do_not_depend_on_the_sequence(name, feature_bytes, scenes, point):
    steady, result = point(name, feature_bytes), point(name, feature_bytes, scenes)
    assert result.scenes.steady_fps == pytest.approx(1e3 / steady.frame_ms)
    assert result.scenes.first_frame_fps == pytest.approx(1e3 / (steady.frame_ms + result.scenes.table_load_ms))
    assert result.scenes.first_frame_fps <= result.fps * (1 + 1e-12)
    assert result.fps <= result.scenes.steady_fps * (1 + 1e-12)


@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_a_frame_of_a_loaded_scene_waits_for_no_table(name, feature_bytes, point):
    steady = point(name, feature_bytes)
    assert steady.stalls["table"] == 0
    assert steady.fps == pytest.approx(steady.scenes.steady_fps)
    assert (steady.scenes.scenes, steady.scenes.frames_per_scene) == (1, None)


@pytest.mark.parametrize("scenes", SEQUENCES)
@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_all_nfps_wait_for_the_tables_and_the_rows_still_add_up(name, feature_bytes, scenes, point):
    steady, mean = point(name, feature_bytes), point(name, feature_bytes, scenes)
    more = mean.nfp_cycles - steady.nfp_cycles
    assert mean.stalls["table"] == more
    assert more % mean.scale == 0
    assert mean.mlp_cycles + sum(mean.stalls.values()) == mean.nfp_cycles
    assert {**mean.stalls, "table": 0} == steady.stalls
    column = STALLS.index("table")
    waits = mean.nfp_stalls.dense[:, :, column]
    assert waits[:, -1].tolist() == [more // mean.scale] * mean.scale
    assert not waits[:, :-1].any()


@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_a_scene_of_many_frames_tends_to_steady_ones(name, feature_bytes, point):
    times = [point(name, feature_bytes, (1, frames)).frame_ms for frames in (1, 10, 1000, 10**9)]
    steady = point(name, feature_bytes)
    assert times == sorted(times, reverse=True)
    assert times[-1] == pytest.approx(steady.frame_ms, rel=1e-6)
    energies = [point(name, feature_bytes, (1, frames)).energy_mj for frames in (1, 10, 1000, 10**9)]
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] == pytest.approx(steady.energy_mj, rel=1e-6)


@pytest.mark.parametrize(("name", "feature_bytes"), POINTS)
def test_energy_grows_by_the_traffic_of_the_loads_and_the_wait(name, feature_bytes, point):
    steady, each = point(name, feature_bytes), point(name, feature_bytes, (5, 1))
    held = sum(min(size, 2**20) for size in level_bytes(name, feature_bytes))
    assert each.actions["dram_bytes"] - steady.actions["dram_bytes"] == held
    assert each.actions["l2_bytes"] - steady.actions["l2_bytes"] == held
    assert each.actions["grid_sram_fill_bytes"] - steady.actions["grid_sram_fill_bytes"] == 8 * held
    tech = each.configuration["technology_file"]["energy"]
    moved = held * (tech["l2_byte"]["value"] + tech["dram_byte"]["value"]) * 1e-9
    assert each.energy_by_block["memory"] - steady.energy_by_block["memory"] == pytest.approx(moved)
    waited = (each.frame_ms - steady.frame_ms) * each.configuration["gpu_file"]["idle_power_w"]["value"]
    assert each.energy_by_block["gpu_idle"] - steady.energy_by_block["gpu_idle"] == pytest.approx(waited)
    for block in ("encoding", "mlp", "buffers", "gpu"):
        assert each.energy_by_block[block] == steady.energy_by_block[block]
    assert each.energy_by_block["leakage"] > steady.energy_by_block["leakage"]
    assert each.energy_by_block["grid_sram"] > steady.energy_by_block["grid_sram"]


def test_early_loads_are_hidden_behind_the_frames_before_but_not_the_first(simulate):
    room = {"nfp.encoding.grid_sram_kib": 2048, "memory.prefetch_next_scene": True}
    none = simulate("nerf-hashgrid", 8, LIMIT, None, room)
    short, long = (simulate("nerf-hashgrid", 8, LIMIT, (10, frames), room) for frames in (1, 10_000))
    load_ps, steady_ps = ps(none.scenes.table_load_ms), ps(none.frame_ms)
    assert ps(long.frame_ms) == steady_ps + load_ps // (10 * 10_000)
    hidden = min(load_ps, steady_ps)
    assert ps(short.frame_ms) == steady_ps + (load_ps + 9 * (load_ps - hidden)) // 10


def test_a_load_that_outweighs_the_frames_is_their_bottleneck(simulate):
    slow = {"memory.l2_gbps": 1000, "memory.dram_gbps": 1}
    assert simulate("gia-hashgrid", 8, LIMIT, (1, 1), slow).bottleneck == "table"


@pytest.mark.parametrize("scenes", [(0, 1), (1, 0), (-1, 5), (10**9 + 1, 1), (1, 10**10)])
def test_a_sequence_without_or_with_too_many_frames_is_refused(scenes, trace):
    work = ngpc.load_workload("gia-hashgrid")
    with pytest.raises(ngpc.UserError, match="a sequence has 1 to 1,000,000,000 scenes") as caught:
        ngpc.simulate(ngpc.load_arch("ngpc"), work, trace("gia-hashgrid"), sequence=Sequence(*scenes))
    assert "\n" not in str(caught.value)
