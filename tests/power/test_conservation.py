"""What goes in comes out: blocks and totals, parts and wholes, nothing for nothing, twice for twice."""

import math
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines.nfp import Nfp, NfpWork
from ngpc_sim.power.area import area
from ngpc_sim.power.energy import DYNAMIC_BLOCKS, NGPC_BLOCKS, Activity, frame_energy, leakage_w

GENERAL = settings(max_examples=settings().max_examples // 2)
COUNTED = (
    *("pos_fract", "grid_index", "interpol_weights", "grid_sram_read", "feature_buffer_write_bytes", "mlp_mac"),
    *("feature_buffer_read_bytes", "output_fifo_bytes", "mlp_mac_padded", "mlp_mac_idle", "weight_bytes"),
    *("activation_bytes", "l2_bytes", "dram_bytes"),
)
ARCHS = [
    ngpc.load_arch(name, overrides={"power.gating": gating})
    for name in ("ngpc", "ngpc-paper")
    for gating in ("none", "clock", "power")
]


def energy_of(arch, activity):
    return frame_energy(arch, activity, area(arch, "n7_bitcell"))


@st.composite
def activities(draw):
    frame_ms = draw(st.floats(1e-3, 1e3))
    cycles = draw(st.integers(1, 10**12))
    return Activity(
        actions={name: draw(st.integers(0, 10**12)) for name in COUNTED},
        entry_bits=draw(st.sampled_from([8, 16, 32, 64, 256])),
        frame_ms=frame_ms,
        gpu_work_ms=frame_ms * draw(st.floats(0, 1)),
        nfp_cycles=cycles,
        idle_cycles=int(cycles * draw(st.floats(0, 1))),
    )


@GENERAL
@given(st.sampled_from(ARCHS), activities())
def test_the_blocks_add_up_to_the_total(arch, activity):
    report = energy_of(arch, activity)
    assert math.fsum(report.by_block.values()) == pytest.approx(report.total_mj, rel=1e-12)
    outside = math.fsum(report.by_block[name] for name in ("memory", "gpu", "gpu_idle"))
    assert report.ngpc_mj + outside == pytest.approx(report.total_mj, rel=1e-12)
    assert min(report.by_block.values()) >= 0


def added(one, two):
    """Two parts of a frame, one after the other; both keep the same share of idle cycles."""
    names = ("frame_ms", "gpu_work_ms", "nfp_cycles", "idle_cycles")
    sums = {name: getattr(one, name) + getattr(two, name) for name in names}
    return replace(one, actions={name: one.actions[name] + two.actions[name] for name in one.actions}, **sums)


@GENERAL
@given(st.sampled_from([a for a in ARCHS if a.power.gating != "none"]), activities(), activities())
def test_two_parts_of_a_frame_cost_what_the_whole_costs(arch, one, other):
    two = replace(other, entry_bits=one.entry_bits)
    whole, parts = energy_of(arch, added(one, two)), [energy_of(arch, half) for half in (one, two)]
    for block in set(whole.by_block) - {"leakage"}:
        assert whole.by_block[block] == pytest.approx(sum(p.by_block[block] for p in parts), rel=1e-9, abs=1e-12)
    if arch.power.gating != "power":  # whose leakage depends on how idle time spreads over the parts
        assert whole.total_mj == pytest.approx(sum(part.total_mj for part in parts), rel=1e-9)


@pytest.mark.parametrize("app", ["gia", "nvr"])
def test_two_halves_of_a_trace_cost_what_the_whole_trace_costs(traces, app):
    arch, work = ngpc.load_arch(), ngpc.load_workload(f"{app}-hashgrid")
    positions = traces[app].positions[: 64 * 60]
    nfp = Nfp(arch.nfp)

    def dynamic_mj(part):
        actions = nfp.timing(NfpWork(work, part)).actions
        return energy_of(arch, Activity(actions, 16, 1.0, 0.5, 1000, 0)).dynamic_mj

    cut = 64 * 25
    whole = dynamic_mj(positions)
    assert whole > 0
    assert dynamic_mj(positions[:cut]) + dynamic_mj(positions[cut:]) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("arch", [arch for arch in ARCHS if arch.power.gating != "none"], ids=lambda a: a.name)
def test_no_queries_cost_leakage_only(arch):
    report = energy_of(arch, Activity(dict.fromkeys(COUNTED, 0), 16, 10.0, 0.0, 80_000_000, 0))
    assert report.dynamic_mj == 0
    assert (
        report.ngpc_mj == report.by_block["leakage"] == pytest.approx(10.0 * leakage_w(arch, area(arch, "n7_bitcell")))
    )
    assert report.total_mj == pytest.approx(10.0 * (leakage_w(arch, area(arch, "n7_bitcell")) + 55.5))


@GENERAL
@given(activities(), st.sampled_from(["none", "clock"]))
def test_twice_every_energy_constant_is_twice_the_dynamic_energy(tmp_path_factory, activity, gating):
    arch = ngpc.load_arch(overrides={"power.gating": gating})
    data = arch.technology.model_dump(mode="json", exclude_none=True)
    for entry in data["energy"].values():
        entry["value"] *= 2
    for point in data["sram"]["access"].values():
        point["read_pj"] *= 2
    path = tmp_path_factory.mktemp("twice") / "twice.yaml"
    path.write_text(yaml.safe_dump(data))
    twice = ngpc.load_arch(overrides={"power.gating": gating, "technology": str(path)})
    one, two = energy_of(arch, activity).by_block, energy_of(twice, activity).by_block
    for block in (*DYNAMIC_BLOCKS, "memory"):
        assert two[block] == pytest.approx(2 * one[block], rel=1e-12)
    for block in ("leakage", "gpu", "gpu_idle"):
        assert two[block] == one[block]


@GENERAL
@given(activities(), st.floats(0, 1), st.integers(1, 1024))
def test_gating_never_costs_energy(activity, share, scale):
    idle = replace(activity, idle_cycles=int(activity.nfp_cycles * share))
    costs = [
        energy_of(ngpc.load_arch(scale=scale, overrides={"power.gating": gating}), idle).ngpc_mj
        for gating in ("none", "clock", "power")
    ]
    assert costs == sorted(costs, reverse=True)


def test_clocked_idle_slots_are_all_slots_without_work():
    arch = ngpc.load_arch(overrides={"power.gating": "none"})
    actions = dict.fromkeys(COUNTED, 0) | {"mlp_mac": 1000, "mlp_mac_padded": 96}
    report = energy_of(arch, Activity(actions, 16, 1.0, 0.0, 10, 0))
    assert report.by_block["idle"] == pytest.approx((10 * 64 * 64 - 1096) * 0.016 / 1e9)


@pytest.mark.parametrize("app", ["nerf", "nsdf", "gia", "nvr"])
@pytest.mark.parametrize("arch", ["ngpc", "ngpc-paper"])
def test_no_average_power_is_above_the_peak(simulate, app, arch):
    for scale in (1, 8, 64):
        for overrides in ({}, {"power.gating": "none"}, {"power.calibration": "published"}):
            result = simulate(f"{app}-hashgrid", scale, arch, overrides, detail="bound")
            assert result.total_power_w <= result.costs.peak_power_w * (1 + 1e-9)
    result = simulate(f"{app}-hashgrid", 8, arch, limit_queries=3000)
    assert result.total_power_w <= result.costs.peak_power_w * (1 + 1e-9)
    assert set(NGPC_BLOCKS) < set(result.energy_by_block)
