"""What a table load is charged is what its column says."""

import pytest

import ngpc_sim as ngpc

#: bytes of NeRF's hashgrid at one byte a feature; pJ a byte over L2, from DRAM, and written into a grid_sram of 8 banks
TABLES, L2_PJ, DRAM_PJ, WRITE_PJ = 13_074_912, 242.4, 58.0, 1.92 * 33.3 / 35.4
SCALE = 64


def simulate(overrides, **options):
    work = ngpc.load_workload("nerf-hashgrid")
    arch = ngpc.load_arch("ngpc", scale=SCALE, overrides=overrides)
    return ngpc.simulate(arch, work, ngpc.load_trace(work.trace), limit_queries=500, **options)


def charged(overrides):
    """Energy of a frame with a load in it, less that of the same frame without one, leakage and GPU left out."""
    without, loaded = (simulate(overrides, sequence=sequence) for sequence in (None, ngpc.Sequence(1, 1)))
    return sum(loaded.energy_by_block[name] - without.energy_by_block[name] for name in ("grid_sram", "memory"))


@pytest.mark.parametrize(
    ("mode", "copies"),
    [("broadcast", 1), ("unicast", SCALE)],
)
def test_the_column_is_what_a_load_is_charged(mode, copies):
    overrides = {"memory.table_load": mode}
    moved_mj = TABLES * (copies * L2_PJ + (copies if TABLES > 6 * 2**20 else 1) * DRAM_PJ) / 1e9
    written_mj = SCALE * TABLES * WRITE_PJ / 1e9
    column = simulate(overrides).costs.table_load_mj
    assert column == pytest.approx(moved_mj + written_mj, rel=2e-3)
    assert column == pytest.approx(charged(overrides), rel=1e-9)
    assert column == pytest.approx({"broadcast": 5.439, "unicast": 252.884}[mode], abs=5e-3)


@pytest.mark.parametrize(
    "changes", [{"nfp.encoding.feature_bytes": 2}, {"technology": "n28"}, {"power.voltage_v": 0.8}]
)
def test_it_is_so_for_other_tables_and_technologies(changes):
    assert simulate(changes).costs.table_load_mj == pytest.approx(charged(changes), rel=1e-9)
