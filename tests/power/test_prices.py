"""Ports, banks, bank router, position buffer, staged results and tags have a price, by runs of CACTI and synthesis."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.architecture.sram import Macro
from ngpc_sim.power.area import area, position_kib, tag_store
from ngpc_sim.power.energy import Activity, frame_energy, leakage_w
from ngpc_sim.power.router import router_gates, toggled_gates

MODELS = ("n7_bitcell", "n7_product", "stillmaker_uniform")
GENERAL = settings(max_examples=settings().max_examples // 2)
# CACTI 1ffd8df, 1 MB, 32 bit, itrs-hp, 45 nm, 350 K (docs/hardware.md): banks, ports, mm2, read pJ, leakage mW
RUNS = [
    (1, 1, 3.192, 41.29, 1053.7),
    (1, 2, 6.079, 97.96, 1186.3),
    (1, 4, 15.214, 244.68, 1654.3),
    (1, 8, 45.206, 744.92, 2601.7),
    (8, 1, 3.357, 39.20, 1061.0),
    (8, 2, 6.738, 88.70, 1302.1),
    (8, 4, 16.903, 247.28, 1798.5),
    (8, 8, 49.858, 800.12, 2838.1),
    (32, 1, 3.111, 34.86, 1141.4),
    (32, 2, 6.254, 79.41, 1456.5),
    (128, 1, 3.303, 28.96, 1364.1),
    (128, 2, 6.825, 76.58, 1850.3),
    (1024, 1, 3.624, 27.65, 2638.7),
]
# yosys 0.23, docs/hardware.md: lanes, banks, ports, entry bits, NAND2, and NAND2 that toggle by a read
SYNTHESISED = [
    (8, 1, 1, 16, 4744, 343),
    (8, 8, 1, 16, 8899, 564),
    (8, 8, 1, 32, 11814, 795),
    (8, 32, 1, 16, 21631, 799),
    (8, 128, 1, 16, 70048, 1724),
    (8, 8, 2, 16, 13106, 702),
    (8, 8, 4, 16, 20977, 997),
    (8, 32, 2, 16, 37034, 1181),
    (16, 8, 1, 16, 23660, 813),
]
ACTIONS = ("pos_fract", "grid_index", "interpol_weights", "grid_sram_read", "feature_buffer_write_bytes", "mlp_mac")
ACTIONS += ("feature_buffer_read_bytes", "output_fifo_bytes", "mlp_mac_padded", "weight_bytes", "activation_bytes")


def shaped(banks, ports, technology="n7", **more):
    keys = {"nfp.encoding.banks": banks, "nfp.encoding.read_ports": ports, "technology": technology}
    return ngpc.load_arch(scale=8, overrides={**keys, **more})


def energy_of(arch, **counts):
    activity = Activity(dict.fromkeys(ACTIONS, 0) | counts, 16, 1.0, 0.0, 1000, 0)
    return frame_energy(arch, activity, area(arch, "n7_bitcell")).by_block


@pytest.mark.parametrize("technology", ["n7", "n45"])
@pytest.mark.parametrize(("banks", "ports", "mm2", "read", "leak"), RUNS)
def test_banks_and_ports_cost_what_cacti_says_within_a_fifth(technology, banks, ports, mm2, read, leak):
    one = shaped(1, 1, technology).technology
    macro, plain = Macro(1024, banks, ports=ports), Macro(1024, 1)
    assert one.macro_area_mm2(macro) / one.macro_area_mm2(plain) == pytest.approx(mm2 / 3.192, rel=0.11)
    assert one.access("read_pj", macro) / one.access("read_pj", plain) == pytest.approx(read / 41.29, rel=0.12)
    assert one.access("leakage_mw", macro) / one.access("leakage_mw", plain) == pytest.approx(leak / 1053.7, rel=0.18)


@GENERAL
@given(st.sampled_from(MODELS), st.integers(0, 11), st.integers(1, 63))
def test_another_port_or_twice_the_banks_cost_area_under_every_model(model, power, ports):
    few = area(shaped(1 << power, ports), model)
    for more in (area(shaped(2 << power, ports), model), area(shaped(1 << power, ports + 1), model)):
        assert more.grid_sram_mm2 >= few.grid_sram_mm2
        assert more.encoding_mm2 > few.encoding_mm2
        assert more.total_mm2 > few.total_mm2


@GENERAL
@given(st.sampled_from(["n7", "n45"]), st.integers(0, 12), st.integers(1, 63))
def test_another_port_costs_energy_and_leaks(technology, power, ports):
    few, more = shaped(1 << power, ports, technology), shaped(1 << power, ports + 1, technology)
    reads = {"grid_sram_read": 10**9}
    for block in ("grid_sram", "encoding", "leakage"):
        assert energy_of(more, **reads)[block] > energy_of(few, **reads)[block]


@pytest.mark.parametrize("technology", ["n7", "n45"])
def test_more_banks_leak_more_and_toggle_more_of_the_router_but_their_reads_are_cheaper(technology):
    costs = [energy_of(shaped(banks, 1, technology), grid_sram_read=10**9) for banks in (1, 8, 32, 128, 1024)]
    for few, more in pairwise(costs):
        assert more["leakage"] > few["leakage"]
        assert more["encoding"] > few["encoding"]
        assert more["grid_sram"] < few["grid_sram"]


@pytest.mark.parametrize("model", MODELS)
def test_default_area_at_scale_8_is_within_3_percent_of_what_it_was_without_these_prices(model):
    free = {"n7_bitcell": 59.556, "n7_product": 79.166, "stillmaker_uniform": 36.268}[model]
    assert free < area(shaped(8, 1), model).total_mm2 < 1.03 * free


@pytest.mark.parametrize(("lanes", "banks", "ports", "bits", "gates", "toggled"), SYNTHESISED)
def test_the_law_of_the_bank_router_is_what_was_synthesised_within_a_fifth(lanes, banks, ports, bits, gates, toggled):
    # 19 bits of index: 1 MiB of 16-bit entries, 2 MiB of 32-bit ones
    overrides = {"nfp.encoding.corner_lanes": lanes, "nfp.encoding.feature_bytes": bits // 16}
    overrides["nfp.encoding.grid_sram_kib"] = 1024 * bits // 16
    encoding = shaped(banks, ports, **overrides).nfp.encoding
    assert router_gates(encoding) == pytest.approx(gates, rel=0.125)
    if banks > 1:  # with one bank the corners go one after another and toggle less than the law says
        assert toggled_gates(encoding, bits) == pytest.approx(toggled, rel=0.2)


def test_fewer_lanes_than_corners_have_queues_as_deep_as_a_voxel():
    four, eight = (shaped(8, 1, **{"nfp.encoding.corner_lanes": lanes}).nfp.encoding for lanes in (4, 8))
    assert router_gates(four) == router_gates(eight)


def test_ideal_banks_have_no_router_and_their_ports_no_price():
    one, four = (shaped("ideal", ports) for ports in (1, 4))
    assert router_gates(one.nfp.encoding) == toggled_gates(one.nfp.encoding, 16) == 0
    assert area(one, "n7_bitcell") == area(four, "n7_bitcell")


def test_every_engine_has_its_own_positions_of_two_halves():
    nfp = shaped(8, 1).nfp
    assert position_kib(nfp) == 16 * 2 * 64 * 3 * 4 / 1024
    small, large = (area(shaped(8, 1, **{"nfp.encoding.engines": n}), "n7_bitcell").buffers_mm2 for n in (16, 32))
    two_ports = 6.079 / 3.19
    assert large - small == pytest.approx(8 * 24 * two_ports * 8192 * 0.027 / 0.6 / 1e6)


def test_a_position_is_written_and_read_and_a_result_staged_and_buffered():
    arch = shaped(8, 1)
    assert energy_of(arch, pos_fract=10**9)["buffers"] == pytest.approx(2 * 4 * 0.076)
    assert energy_of(arch, output_fifo_bytes=10**9)["buffers"] == pytest.approx(2 * 0.176)


def test_tags_leak_by_their_bits():
    cache, fit = (shaped(8, 1, **{"nfp.encoding.table_policy": policy}) for policy in ("cache", "assume_fit"))
    one = area(fit, "n7_bitcell")
    tags_w = 8 * 16 * 8e-3 * tag_store(cache).bytes / (1 << 20)
    assert leakage_w(cache, one) - leakage_w(fit, one) == pytest.approx(tags_w)
    assert math.isclose(tag_store(cache).bytes, 32768 * 22 / 8)
