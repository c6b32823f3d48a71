"""SRAM tables, voltage and temperature: exact at their points, sensible between them, refused outside."""

import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.architecture.sram import Macro
from ngpc_sim.config.bundled import folder
from ngpc_sim.config.errors import UserError

NAMES = sorted(path.stem for path in (folder("arch_configs") / "tech").glob("*.yaml"))
GENERAL = settings(max_examples=settings().max_examples // 2)
# facts/technology.md 2.5, itrs-hp, 45 nm: KiB, bits, banks, read pJ, write pJ, leakage mW, mm2
CACTI = [
    (128, 32, 1, 21.2, 13.4, 121, 0.417),
    (1024, 32, 1, 41.3, 35.4, 1054, 3.19),
    (2048, 32, 1, 55.9, 50, 2107, 6.33),
    (1024, 32, 8, 39.2, 33.3, 8 * 132.6, 3.36),
]


def tech(name):
    return ngpc.load_arch(overrides={"technology": name}).technology


@pytest.mark.parametrize(("kib", "bits", "banks", "read", "write", "leak", "mm2"), CACTI)
def test_interpolation_hits_the_points_of_cacti(kib, bits, banks, read, write, leak, mm2):
    macro = Macro(kib, banks, bits)
    found = [tech("n45").access(column, macro) for column in ("read_pj", "write_pj", "leakage_mw")]
    assert [*found, tech("n45").macro_area_mm2(macro)] == pytest.approx([read, write, leak, mm2], rel=1e-12)


def test_a_wide_entry_costs_what_cacti_says_and_a_narrow_one_a_whole_word():
    n45 = tech("n45")
    assert n45.access("read_pj", Macro(1024, 1, 256)) == pytest.approx(180)
    assert n45.access("read_pj", Macro(1024, 1, 64)) == pytest.approx(41.3 + (180 - 41.3) / 7)
    assert n45.access("read_pj", Macro(1024, 1, 8)) == n45.access("read_pj", Macro(1024, 1, 32))


@GENERAL
@given(st.floats(128, 2048), st.floats(128, 2048))
def test_a_larger_macro_never_costs_less(one, two):
    n45, (small, large) = tech("n45"), sorted((one, two))
    for column in ("read_pj", "write_pj", "leakage_mw"):
        assert n45.access(column, Macro(small, 1)) <= n45.access(column, Macro(large, 1)) * (1 + 1e-12)
    assert n45.macro_area_mm2(Macro(small, 1)) <= n45.macro_area_mm2(Macro(large, 1)) * (1 + 1e-12)


@pytest.mark.parametrize("column", ["write_pj", "leakage_mw"])
def test_a_table_without_any_value_of_a_column_is_refused(column, tmp_path):
    data = tech("n45").model_dump(mode="json", exclude_none=True)
    for point in data["sram"]["access"].values():
        point.pop(column, None)
    path = tmp_path / "lacks.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(ngpc.UserError, match=f"has no {column} in its SRAM table"):
        ngpc.load_arch(overrides={"technology": str(path)}).technology.access(column, Macro(1024, 1))


def test_between_two_points_logarithms_lie_on_a_line():
    middle = tech("n45").access("read_pj", Macro(math.sqrt(1024 * 2048), 1))
    assert middle == pytest.approx(math.sqrt(41.3 * 55.9))


@pytest.mark.parametrize(
    ("macro", "says"),
    [
        (Macro(127.9, 1), "from 128 to 2048 KiB: choose nfp.encoding.grid_sram_kib"),
        (Macro(2048.1, 1), "from 128 to 2048 KiB"),
        (Macro(1024, 1, 257), "from 32 to 256 bits: choose nfp.encoding.feature_bytes"),
        (Macro(1024, 8192), "from 1 to 4096 banks: choose nfp.encoding.banks"),
        (Macro(1024, 1, ports=65), "a bank of 65 read ports is outside its SRAM table, which reaches from 1 to 64"),
    ],
)
def test_outside_the_table_is_an_error(macro, says):
    with pytest.raises(UserError, match=says):
        tech("n45").access("read_pj", macro)


@pytest.mark.parametrize("kib", [64, 4096])
def test_an_architecture_outside_the_table_is_refused_when_it_is_loaded(kib):
    with pytest.raises(UserError, match="outside its SRAM table"):
        ngpc.load_arch("ngpc-paper", overrides={"nfp.encoding.grid_sram_kib": kib})


@pytest.mark.parametrize("kib", [64, 4096])
def test_the_area_model_that_was_not_chosen_may_not_reach(simulate, kib):
    result = simulate("gia-hashgrid", overrides={"nfp.encoding.grid_sram_kib": kib}, detail="bound")
    assert result.area_stillmaker_mm2 is None
    assert result.area_bitcell_mm2 == result.area_mm2


@pytest.mark.parametrize(("kib", "pj_per_bit"), [(8, 0.022), (256, 0.12), (1024, 0.24), (4096, 0.48)])
def test_n7_reads_follow_the_square_root_of_capacity(kib, pj_per_bit):
    assert tech("n7").access("read_pj", Macro(kib, 1, 16)) == pytest.approx(16 * pj_per_bit, rel=0.01)


@pytest.mark.parametrize(("volts", "factor"), [(0.7, 0.0566), (0.75, 0.0665), (0.9, 0.1024)])
def test_n7_paper_scales_energy_by_the_polynomials(volts, factor):
    assert tech("n7-paper").energy_scale(volts) == pytest.approx(factor, rel=2e-3)


def test_n45_is_not_scaled_and_n28_lies_between():
    n45, n28 = tech("n45"), tech("n28")
    assert n45.energy_scale(None) == 1
    assert n28.energy_scale(None) * n28.scaling.sram_energy.value == pytest.approx(19.33 / 41.3, rel=5e-3)
    assert 0.059 < n28.scaling.sram_area.value < 1


@pytest.mark.parametrize("name", NAMES)
def test_leakage_lies_on_the_exponential_through_300_and_350_k(name):
    one = tech(name)
    assert one.leakage_at(350) == 1
    assert one.leakage_at(300) == pytest.approx(519 / 1054, rel=1e-3)
    assert one.leakage_at(325) == pytest.approx(math.sqrt(519 / 1054), rel=1e-3)


@pytest.mark.parametrize("kelvin", [299.9, 350.1, 20])
def test_a_temperature_outside_the_points_is_refused(kelvin):
    with pytest.raises(UserError, match="the range is 300"):
        ngpc.load_arch(overrides={"power.temperature_k": kelvin})


@pytest.mark.parametrize("volts", [0.69, 1.01])
def test_a_voltage_outside_the_ratios_is_refused(volts):
    with pytest.raises(UserError, match="outside the range of technology n7"):
        ngpc.load_arch(overrides={"power.voltage_v": volts})


@pytest.mark.parametrize("missing", ["source", "tag"])
def test_a_technology_without_a_source_or_a_tag_is_refused_wherever_it_is_missing(missing, technology, tmp_path):
    def places(tree, path=()):
        for key, value in tree.items():
            if isinstance(value, dict):
                yield from [(*path, key)] if "source" in value else places(value, (*path, key))

    for path in places(technology("n7")):
        tree = technology("n7")
        entry = tree
        for key in path:
            entry = entry[key]
        del entry[missing]
        (tmp_path / "t.yaml").write_text(yaml.safe_dump(tree))
        with pytest.raises(UserError, match=f"{path[-1]}.{missing}' is missing"):
            ngpc.load_arch(overrides={"technology": str(tmp_path / "t.yaml")})


def test_technologies_that_extend_each_other_are_refused(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: ./b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\n")
    with pytest.raises(UserError, match="goes in a circle"):
        ngpc.load_arch(overrides={"technology": str(tmp_path / "a.yaml")})
