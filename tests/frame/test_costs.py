"""Baseline, energy and area against arithmetic done here."""

import math

import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.bundled import folder
from ngpc_sim.gpu.baseline import baseline
from ngpc_sim.power.area import area

APPS = ("nerf", "nsdf", "gia", "nvr")
NS_PER_QUERY = {"nerf": 2.48, "nsdf": 1.49, "gia": 1.02, "nvr": 0.59}
ASSUME_FIT = {"nfp.encoding.table_policy": "assume_fit"}  # no cache, no tags
PUBLISHED = {"frame.rest_model": "published"}
DYNAMIC = ("encoding", "grid_sram", "buffers", "mlp", "memory")


@pytest.mark.parametrize("app", APPS)
def test_the_baseline_costs_the_published_time_per_query(app):
    work = ngpc.load_workload(f"{app}-hashgrid")
    base = baseline(ngpc.load_arch(), work, ngpc.load_trace(work.trace), 1_000_000, 1920 * 1080)
    assert base.frame_ms == pytest.approx(NS_PER_QUERY[app], rel=0.01)


@pytest.mark.parametrize("app", APPS)
def test_the_baseline_of_a_frame_follows_its_queries(simulate, app):
    result = simulate(f"{app}-hashgrid", detail="bound")
    assert result.gpu_frame_ms == pytest.approx(result.queries * NS_PER_QUERY[app] / 1e6, rel=0.01)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("encoding", ["densegrid", "lowres"])
def test_dense_encodings_cost_691_thousandths_and_the_same_rest(simulate, app, encoding):
    hashed, dense = (simulate(f"{app}-{name}", overrides=PUBLISHED, detail="bound") for name in ("hashgrid", encoding))
    assert dense.gpu_frame_ms / hashed.gpu_frame_ms == pytest.approx(0.691, rel=0.002)
    assert dense.rest_ms == hashed.rest_ms


def test_fusion_divides_the_rest_by_the_published_gain(simulate):
    fused, unfused = (
        simulate("nsdf-hashgrid", overrides={**PUBLISHED, "frame.fused": choice}, detail="bound").rest_ms
        for choice in (True, False)
    )
    assert unfused / fused == pytest.approx(9.94, rel=1e-9)


@pytest.mark.parametrize("app", APPS)
def test_the_unfused_rest_is_its_published_share_of_the_gpu(simulate, app):
    result = simulate(f"{app}-hashgrid", overrides={**PUBLISHED, "frame.fused": False}, detail="bound")
    assert result.rest_ms / result.gpu_frame_ms == pytest.approx(0.2764, rel=1e-3)
    assert result.speedup_bound == pytest.approx(1 / 0.2764, rel=1e-3)


def test_only_nerf_carries_a_band_of_published_times(simulate):
    low = {app: (r := simulate(f"{app}-hashgrid", detail="bound")).gpu_frame_ms_low / r.gpu_frame_ms for app in APPS}
    assert low == pytest.approx({"nerf": 54 / 231, "nsdf": 1, "gia": 1, "nvr": 1})


@pytest.mark.parametrize("detail", ["cycle", "bound"])
@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
def test_energy_by_block_adds_up_and_power_is_energy_over_time(simulate, arch, detail):
    result = simulate("nvr-hashgrid", 16, arch, detail=detail)
    blocks = result.energy_by_block
    assert math.fsum(blocks.values()) == pytest.approx(result.energy_mj, rel=1e-12)
    assert min(blocks.values()) >= 0
    assert result.total_power_w == pytest.approx(result.energy_mj / result.frame_ms)
    own = math.fsum(blocks[name] for name in blocks if name not in {"memory", "gpu", "gpu_idle"})
    assert result.ngpc_power_w == pytest.approx(own / result.frame_ms)
    assert result.power_pct_gpu == pytest.approx(100 * result.ngpc_power_w / 350)


def test_doubled_energy_constants_double_the_dynamic_energy_only(simulate, tmp_path):
    tree = yaml.safe_load((folder("arch_configs") / "tech" / "n7.yaml").read_text())
    for entry in tree["energy"].values():
        entry["value"] *= 2
    for point in tree["sram"]["access"].values():
        point["read_pj"] *= 2
    (tmp_path / "twice.yaml").write_text(yaml.safe_dump(tree))
    twice = {"technology": str(tmp_path / "twice.yaml")}
    one, two = (simulate("nerf-hashgrid", overrides=o, limit_queries=9000).energy_by_block for o in (None, twice))
    for block in DYNAMIC:
        assert two[block] == pytest.approx(2 * one[block], rel=1e-12)
        assert one[block] > 0
    assert [two[name] for name in ("leakage", "gpu", "gpu_idle")] == [
        one[name] for name in ("leakage", "gpu", "gpu_idle")
    ]


def test_gia_energy_is_counted_actions_by_hand(simulate):
    result = simulate("gia-hashgrid", 8, overrides={"nfp.encoding.reuse": "none"})
    n = result.queries
    macs = n * (32 * 64 + 64 * 64 + 64 * 16)
    assert result.actions["mlp_mac"] + result.actions["mlp_mac_padded"] == macs
    assert result.actions["mlp_mac_padded"] == n * 64 * 13
    assert result.actions["pos_fract"] == n * 16 * 2
    assert result.actions["grid_index"] == n * 16 * 4
    assert n * 16 <= result.actions["grid_sram_read"] <= n * 16 * 4
    assert result.actions["l2_bytes"] == n * (8 + 12)
    read_pj = result.actions["grid_sram_read"] * 2 * 8 * 0.24 * 39.2 / 41.3  # of 8 banks, CACTI
    assert result.energy_by_block["grid_sram"] == pytest.approx(read_pj / 1e9, rel=1e-4)


def test_the_gpu_burns_board_power_at_work_and_idle_power_in_wait(simulate):
    result = simulate("gia-hashgrid", 8, detail="bound")
    assert result.energy_by_block["gpu"] == pytest.approx(350 * result.rest_ms, rel=1e-4)
    waiting_mj = 55.5 * (result.frame_ms - result.rest_ms)
    assert result.energy_by_block["gpu_idle"] == pytest.approx(waiting_mj, rel=1e-4)


@pytest.mark.parametrize("model", ["n7_bitcell", "n7_product", "stillmaker_uniform"])
def test_area_is_linear_in_scale(model):
    one = area(ngpc.load_arch(scale=1), model).total_mm2
    for scale in (2, 8, 64, 1000):
        assert area(ngpc.load_arch(scale=scale), model).total_mm2 == pytest.approx(scale * one, rel=1e-12)


@pytest.mark.parametrize("kib", [1, 256, 1024, 4096])
@pytest.mark.parametrize("engines", [1, 16])
def test_bitcell_area_is_never_below_the_raw_bitcells(kib, engines):
    overrides = {"nfp.encoding.grid_sram_kib": kib, "nfp.encoding.engines": engines}
    plain = area(ngpc.load_arch(scale=8, overrides=overrides | ASSUME_FIT), "n7_bitcell")
    raw_mm2 = 8 * engines * kib * 1024 * 8 * 0.027 / 1e6
    assert plain.grid_sram_mm2 >= raw_mm2
    assert plain.grid_sram_mm2 == pytest.approx(raw_mm2 / 0.6)
    cached = area(ngpc.load_arch(scale=8, overrides=overrides), "n7_bitcell")
    sets = kib * 1024 // 32 // 4
    tag_bits = 32 - int(math.log2(sets)) + 1 + 2  # of a line address, valid, order of four ways
    assert cached.grid_sram_mm2 == pytest.approx(plain.grid_sram_mm2 * (1 + tag_bits / (32 * 8)))


def test_uniform_scaling_of_the_paper_gives_about_its_nfp():
    report = area(ngpc.load_arch("ngpc-paper", scale=1), "stillmaker_uniform")
    assert report.grid_sram_mm2 == pytest.approx(16 * 3.19 * 0.059)
    assert report.total_mm2 == pytest.approx(3.55, rel=0.15)


def test_both_areas_stand_in_the_result_and_the_model_chooses(simulate):
    paper = simulate("gia-hashgrid", 8, "ngpc-paper", detail="bound")
    ours = simulate("gia-hashgrid", 8, "ngpc", ASSUME_FIT, detail="bound")
    routers_mm2 = 8 * 16 * 8464 * 1.23 * 0.059 / 1e6  # docs/hardware.md, the law's NAND2; ideal banks have none
    assert ours.area_mm2 == ours.area_bitcell_mm2 == pytest.approx(paper.area_bitcell_mm2 + routers_mm2)
    assert paper.area_mm2 == paper.area_stillmaker_mm2
    assert ours.area_stillmaker_mm2 == pytest.approx(
        paper.area_stillmaker_mm2, rel=0.06
    )  # 8 banks and their routers against one
    assert ours.area_pct_gpu == pytest.approx(100 * ours.area_mm2 / 628.4)
