"""Area and power against the published 4.52 / 36.18 % and 2.75 / 22.06 %, and what the output says about them."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.power.area import area
from ngpc_sim.power.energy import published_power_pct
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point

AREA_PCT = {8: 4.52, 64: 36.18}
POWER_PCT = {8: 2.75, 64: 22.06}
EVERYWHERE = ("stillmaker_uniform", "n7_bitcell")
APPS = ("nerf", "nsdf", "gia", "nvr")
# features, staged results, FIFO and weights, 2 bytes each; 16 copies of 128 positions with two ports, 1.91 times as big
BUFFERED_KIB = (2 * 64 * 64 + 64 * 64 + 64 * 64 + 4 * 64 * 64) * 2 / 1024 + 16 * 128 * 12 / 1024 * 6.079 / 3.19


@pytest.mark.parametrize("scale", AREA_PCT)
# the default has real banks and their routers as well, which the paper's analytic method does not name
@pytest.mark.parametrize(("arch", "within"), [("ngpc-paper", 0.15), ("ngpc", 0.16)])
def test_uniform_scaling_gives_about_the_published_area(arch, within, scale):
    overrides = {"technology": "n7-paper", "nfp.encoding.table_policy": "assume_fit"}
    chosen = ngpc.load_arch(arch, scale=scale, overrides=overrides)
    share = 100 * area(chosen, "stillmaker_uniform").total_mm2 / 628.4
    assert share == pytest.approx(AREA_PCT[scale], rel=within)


def test_the_blocks_of_uniform_scaling_by_hand():
    report = area(ngpc.load_arch("ngpc-paper", scale=1), "stillmaker_uniform")
    assert report.grid_sram_mm2 == pytest.approx(16 * 3.19 * 0.059)
    assert report.mlp_mm2 == pytest.approx(4096 * 3000e-6 * 0.059)
    assert report.encoding_mm2 == pytest.approx(0.14, rel=0.01)
    assert report.buffers_mm2 == pytest.approx(BUFFERED_KIB * 0.184 / 32 * 0.059)


@pytest.mark.parametrize("name", ["n7", "n7-paper"])
@pytest.mark.parametrize("kib", [128, 1024, 2048])
def test_buildable_area_is_never_below_the_bare_cells(name, kib):
    overrides = {"technology": name, "nfp.encoding.grid_sram_kib": kib}
    for scale in (1, 8, 64):
        built = area(ngpc.load_arch(scale=scale, overrides=overrides), "n7_bitcell")
        assert built.grid_sram_mm2 > scale * 16 * kib * 8192 * 0.027 / 1e6


@pytest.mark.parametrize(("kib", "mib"), [(1024, 16), (256, 4)])
def test_the_area_of_sold_caches_by_hand(kib, mib):
    overrides = {"area_model": "n7_product", "nfp.encoding.grid_sram_kib": kib}
    report = area(ngpc.load_arch(scale=8, overrides=overrides), "n7_product")
    assert report.grid_sram_mm2 == pytest.approx(8 * mib * 36 / 64)
    assert report.buffers_mm2 == pytest.approx(8 * BUFFERED_KIB / 1024 * 36 / 64)
    assert report.logic_mm2 == area(ngpc.load_arch(scale=8, overrides=overrides), "n7_bitcell").logic_mm2


def test_sold_caches_are_larger_than_cells_and_their_periphery():
    cells, sold = (area(ngpc.load_arch(scale=1), model).grid_sram_mm2 for model in ("n7_bitcell", "n7_product"))
    assert 6.0 < cells < sold == pytest.approx(9.0)


@pytest.mark.parametrize("technology", ["n28", "n45"])
def test_a_technology_of_which_no_cache_was_sold_refuses_that_model_and_leaves_its_columns_empty(simulate, technology):
    with pytest.raises(ngpc.UserError, match=f"technology {technology} has no area.product_mm2_per_mib"):
        ngpc.load_arch(overrides={"technology": technology, "area_model": "n7_product"})
    result = simulate("gia-hashgrid", overrides={"technology": technology}, detail="bound")
    assert result.area_product_mm2 is result.costs.areas["product_grid_sram"] is None


@pytest.mark.parametrize(
    ("technology", "model"),
    [
        *((technology, model) for technology in ("n7", "n7-paper", "n28", "n45") for model in EVERYWHERE),
        ("n7", "n7_product"),
        ("n7-paper", "n7_product"),
    ],
)
def test_every_block_is_linear_in_scale(technology, model):
    one, many = (area(ngpc.load_arch(scale=s, overrides={"technology": technology}), model) for s in (1, 48))
    for block, mm2 in one.by_block().items():
        assert many.by_block()[block] == pytest.approx(48 * mm2, rel=1e-12)
    assert sum(one.by_block().values()) == pytest.approx(one.total_mm2)


def test_the_columns_of_a_result_are_its_blocks(simulate):
    row = simulate("gia-hashgrid", detail="bound").row()
    for model in ("stillmaker", "bitcell", "product"):
        parts = [row[f"area_{model}_{block}_mm2"] for block in ("grid_sram", "mlp", "encoding", "buffers")]
        assert sum(parts) == pytest.approx(row[f"area_{model}_mm2"])
    chosen = simulate("gia-hashgrid", overrides={"area_model": "n7_product"}, detail="bound")
    assert chosen.area_mm2 == chosen.area_product_mm2 == row["area_product_mm2"]
    assert row["power_density_w_mm2"] == pytest.approx(row["ngpc_power_w"] / row["area_mm2"])


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("scale", POWER_PCT)
def test_paper_power_lies_within_its_printed_factor(simulate, app, scale):
    result = simulate(f"{app}-hashgrid", scale, "ngpc-paper")
    factor = result.costs.power_factor
    assert result.power_pct_gpu * factor == pytest.approx(POWER_PCT[scale])
    assert 1 / 3 < factor < 3  # the facts: treat power as +-3x
    assert "power" not in result.calibrated


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("scale", POWER_PCT)
@pytest.mark.parametrize("arch", ["ngpc-paper", "ngpc"])
def test_calibrated_power_is_exact_and_labelled(simulate, arch, app, scale):
    plain = simulate(f"{app}-hashgrid", scale, arch, detail="bound")
    fitted = simulate(f"{app}-hashgrid", scale, arch, {"power.calibration": "published"}, detail="bound")
    assert fitted.power_pct_gpu == pytest.approx(POWER_PCT[scale], rel=1e-12)
    assert "power calibrated" in fitted.calibrated
    assert fitted.costs.power_factor == pytest.approx(plain.costs.power_factor, rel=1e-12)
    assert fitted.fps == plain.fps
    for block in ("memory", "gpu", "gpu_idle"):
        assert fitted.energy_by_block[block] == plain.energy_by_block[block]
    assert sum(fitted.energy_by_block.values()) == pytest.approx(fitted.energy_mj)


def test_published_power_is_a_line_through_its_two_points():
    assert [published_power_pct(scale) for scale in (8, 64)] == [2.75, 22.06]
    assert published_power_pct(36) == pytest.approx((2.75 + 22.06) / 2)
    assert published_power_pct(1) > 0


def test_off_and_null_are_the_defaults_as_typed():
    assert ngpc.load_arch(overrides={"power.calibration": "off"}).power.calibration == "off"
    assert ngpc.load_arch().power.voltage_v is None


def test_notes_have_the_factor_and_compare_the_area(traces):
    points = [
        Point(ngpc.load_arch(arch, scale=8), ngpc.load_workload("gia-hashgrid"), traces["gia"], Options(detail="bound"))
        for arch in ("ngpc", "ngpc-paper")
    ]
    results = list(map(run_point, points))
    text = "\n".join(f"{note.about}: {note.text}" for note in notes_of(points, results))
    for result in results:
        assert f"2.75 % of the GPU, or 9.62 W. It is x{result.costs.power_factor:.2f} of ours" in text
        assert f"{result.costs.energy_gain:.1f} times less energy than on the GPU alone" in text
    assert (
        "ngpc in n7, scale 8: The area is 9.52 % of the GPU by n7_bitcell. That is +111% from the published 4.52 %."
        in text
    )
    assert "take 3.62 mm2. A whole NFP is published with 3.55 mm2." in text
    assert "ngpc-paper in n7-paper, scale 8: The area is 4.98 % of the GPU by stillmaker_uniform. That is +10%" in text
