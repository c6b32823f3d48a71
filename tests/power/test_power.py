"""Energy by query and pixel, performance per watt, and the GPU alone under the same treatment."""

import pytest

APPS = ("nerf", "nsdf", "gia", "nvr")


@pytest.mark.parametrize("app", APPS)
def test_the_columns_follow_from_energy_time_and_queries(simulate, app):
    result = simulate(f"{app}-hashgrid", 16, detail="bound", resolution="4k")
    costs, pixels = result.costs, 3840 * 2160
    assert costs.energy_per_query_nj == pytest.approx(result.energy_mj * 1e6 / result.queries)
    assert costs.energy_per_pixel_nj == pytest.approx(result.energy_mj * 1e6 / pixels)
    assert costs.fps_per_w == pytest.approx(result.fps / result.total_power_w)
    assert costs.edp_mj_ms == pytest.approx(result.energy_mj * result.frame_ms)
    assert costs.gpu_energy_per_query_nj == pytest.approx(350 * result.gpu_frame_ms * 1e6 / result.queries)
    assert costs.gpu_energy_per_pixel_nj == pytest.approx(350 * result.gpu_frame_ms * 1e6 / pixels)
    assert costs.gpu_fps_per_w == pytest.approx(1e3 / result.gpu_frame_ms / 350)
    assert costs.gpu_edp_mj_ms == pytest.approx(350 * result.gpu_frame_ms**2)
    assert costs.energy_gain == pytest.approx(350 * result.gpu_frame_ms / result.energy_mj)
    assert costs.energy_gain > 1


def test_the_idle_share_is_time_without_work(simulate):
    result = simulate("nsdf-hashgrid", 64)
    idle = result.stalls["gpu"] + result.stalls["dispatch"]
    assert result.costs.idle_share == pytest.approx(idle / result.nfp_cycles)
    assert 0 < result.costs.idle_share < 1


def test_power_gating_saves_the_logic_leakage_of_idle_nfps_only(simulate):
    clock, power = (simulate("nsdf-hashgrid", 64, overrides={"power.gating": gating}) for gating in ("clock", "power"))
    logic_mm2 = sum(clock.costs.areas[f"bitcell_{block}"] for block in ("mlp", "encoding", "buffers"))
    saved = clock.energy_by_block["leakage"] - power.energy_by_block["leakage"]
    assert saved == pytest.approx(0.04 * logic_mm2 * clock.frame_ms * clock.costs.idle_share)
    assert power.fps == clock.fps


def test_a_cooler_cluster_leaks_less_and_works_the_same(simulate):
    hot, cool = (simulate("gia-hashgrid", overrides={"power.temperature_k": k}, detail="bound") for k in (350, 300))
    assert cool.energy_by_block["leakage"] == pytest.approx(hot.energy_by_block["leakage"] * 519 / 1054, rel=1e-3)
    assert cool.costs.dynamic_mj == hot.costs.dynamic_mj


def test_loading_the_tables_writes_every_entry_into_every_nfp(simulate):
    result = simulate("gia-hashgrid", 4, detail="bound")
    entries = round(result.table_mib * (1 << 20) / 2)
    moved, written = entries * 2 * (242.4 + 58), 4 * entries * 16 * 0.24 * 33.3 / 35.4  # a write into 8 banks, CACTI
    assert result.costs.table_load_mj == pytest.approx((moved + written) / 1e9, rel=1e-4)


def test_leakage_of_the_paper_is_cactis_times_the_ratio_of_energies(simulate):
    result = simulate("gia-hashgrid", 8, "ngpc-paper", detail="bound")
    sram_w = 8 * 16 * 1.054 * 0.05663
    logic_w = 0.04 * sum(result.costs.areas[f"bitcell_{block}"] for block in ("mlp", "encoding", "buffers"))
    assert result.energy_by_block["leakage"] / result.frame_ms == pytest.approx(sram_w + logic_w, rel=1e-3)
