"""Which clock a block allows, and that a run says so when it asks for more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.job.notes.collecting import notes_of
from ngpc_sim.power.clock import block_clocks, slowest_block
from ngpc_sim.simulation.design import Options, Point
from ngpc_sim.simulation.points import run_point

TWO_CYCLES = {"nfp.encoding.latency_cycles.pos_fract": 2}
GENERAL = settings(max_examples=settings().max_examples // 2)


def arch(name="ngpc", **overrides):
    return ngpc.load_arch(name, overrides=TWO_CYCLES | overrides)


def told(traces, chosen):
    point = Point(chosen, ngpc.load_workload("gia-hashgrid"), traces["gia"], Options("fhd", "bound"))
    return [note.text for note in notes_of([point], [run_point(point)]) if "is beyond what" in note.text]


def test_70_fo4_fit_a_cycle_of_1_ghz_at_7_nm():
    clock = arch().technology.clock
    assert 70 * clock.fo4_ps.value / clock.logic_share.value == pytest.approx(1000)


@pytest.mark.parametrize(("cycles", "ghz"), [(1, 70 / 102), (2, 140 / 102), (3, 210 / 102)])
def test_pos_fract_is_102_fo4_deep(cycles, ghz):
    one = arch(**{"nfp.encoding.latency_cycles.pos_fract": cycles})
    assert block_clocks(one)["pos_fract"] == pytest.approx(ghz)


@pytest.mark.parametrize("name", ["ngpc", "ngpc-paper"])
def test_the_default_clock_is_within_every_block(name, traces):
    one = arch(name)
    assert min(block_clocks(one).values()) >= one.nfp.clock_ghz
    assert told(traces, one) == []


def test_a_fused_multiply_add_in_one_stage_is_named(traces):
    one = arch(**{"nfp.mlp.dataflow": "systolic_ws"})
    assert slowest_block(one) == ("mlp", pytest.approx(70 / 88))
    assert told(traces, one) == ["nfp.clock_ghz 1 is beyond what mlp allows in n7, about 0.8 GHz."]


def test_a_clock_is_said_to_be_too_fast_from_the_slowest_block_on(traces):
    ghz = slowest_block(arch())[1]
    assert told(traces, arch(**{"nfp.clock_ghz": round(ghz - 0.001, 3)})) == []
    assert len(told(traces, arch(**{"nfp.clock_ghz": round(ghz + 0.001, 3)}))) == 1


def test_grid_sram_allows_what_cactis_access_time_allows():
    # CACTI 1ffd8df, 1 MB, 8 banks, itrs-hp, 45 nm: 1.59 ns, x 10 / 22 to 7 nm, in 2 cycles of which logic has 0.7
    assert block_clocks(arch())["grid_sram"] == pytest.approx(0.7 * 2 / (1.59 * 10 / 22), rel=2e-3)
    assert "grid_sram" not in block_clocks(arch(**{"nfp.encoding.grid_sram_kib": 4096}))


@GENERAL
@given(st.sampled_from([1, 2, 8, 64]), st.integers(0, 11), st.integers(1, 63))
def test_more_lanes_banks_or_ports_never_allow_a_faster_router(lanes, power, ports):
    def ghz(lanes, banks, ports):
        keys = {"corner_lanes": lanes, "banks": banks, "read_ports": ports}
        return block_clocks(arch(**{f"nfp.encoding.{key}": value for key, value in keys.items()}))["bank router"]

    here = ghz(lanes, 1 << power, ports)
    assert max(ghz(2 * lanes if lanes < 64 else 64, 1 << power, ports), ghz(lanes, 2 << power, ports)) <= here
    assert ghz(lanes, 1 << power, ports + 1) < here
