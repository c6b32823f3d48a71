"""Loading the tables of a scene: bytes over the slower of link and DRAM, and what a scene before can take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.frame.memory import table_load
from ngpc_sim.workloads.grids import grid_levels

MIB = 1 << 20
NAMES = [f"{app}-{encoding}" for app in ("nerf", "gia") for encoding in ("hashgrid", "densegrid", "lowres")]


def load(name, scale=8, **keys):
    arch = ngpc.load_arch("ngpc", scale=scale, overrides={key.replace("__", "."): value for key, value in keys.items()})
    return arch, table_load(arch, ngpc.load_workload(name).encoding)


def table_bytes(name, feature_bytes):
    encoding = ngpc.load_workload(name).encoding
    return [level.entries * encoding.n_features_per_level * feature_bytes for level in grid_levels(encoding)]


def latencies_ns(arch):
    return arch.memory.l2_latency_ns + arch.memory.dram_latency_ns


def held_bytes(name, feature_bytes, sram_bytes, engines=16):
    """What the engines hold, levels by turns on the engines: their tables, or as much of them as fits."""
    tables = table_bytes(name, feature_bytes)
    return [min(sum(tables[engine::engines]), sram_bytes) for engine in range(min(engines, len(tables)))]


@given(
    name=st.sampled_from(NAMES),
    scale=st.sampled_from((1, 2, 8, 64)),
    link=st.floats(1, 1e4),
    dram=st.floats(1, 1e4),
    way=st.sampled_from(("broadcast", "unicast")),
    feature_bytes=st.sampled_from((1, 2, 4)),
    sram_kib=st.sampled_from((64, 1024, 65536)),
)
def test_a_load_takes_its_bytes_over_the_slower_of_link_and_dram(name, scale, link, dram, way, feature_bytes, sram_kib):
    keys = {"memory__l2_gbps": link, "memory__dram_gbps": dram, "memory__table_load": way}
    keys |= {"nfp__encoding__feature_bytes": feature_bytes, "nfp__encoding__grid_sram_kib": sram_kib}
    arch, found = load(name, scale, **keys)
    once = sum(held_bytes(name, feature_bytes, sram_kib * 1024))
    copies = scale if way == "unicast" else 1
    again = copies if once > 6 * MIB else 1  # an RTX 3090's L2
    seconds = max(copies * once / (link * 1e9), again * once / (dram * 1e9 * 0.95))
    assert found.load_ps == pytest.approx((seconds + latencies_ns(arch) * 1e-9) * 1e12, rel=1e-9, abs=1)
    assert (found.nfp_bytes, found.link_bytes, found.dram_bytes) == (once, copies * once, again * once)
    assert found.early_ps == 0


def test_unicast_takes_as_many_copies_as_nfps_and_broadcast_one():
    """Through a link that limits, 64 NFPs take 64 times as long one by one; through DRAM, tables that L2 keeps once."""
    narrow = {"memory__l2_gbps": 1, "memory__dram_latency_ns": 0, "memory__l2_latency_ns": 0}
    (_, one), (_, each) = (load("gia-hashgrid", 64, memory__table_load=w, **narrow) for w in ("broadcast", "unicast"))
    assert each.load_ps == pytest.approx(64 * one.load_ps)
    assert each.dram_bytes == one.dram_bytes


def test_tables_that_l2_does_not_hold_leave_dram_for_every_nfp():
    more = next(kib for kib in range(1, 1025) if sum(held_bytes("nerf-hashgrid", 1, kib * 1024)) > 6 * MIB)
    keys = [{"memory__table_load": "unicast", "nfp__encoding__grid_sram_kib": kib} for kib in (more - 1, more)]
    small, large = (load("nerf-hashgrid", 8, **chosen)[1] for chosen in keys)
    assert small.nfp_bytes <= 6 * MIB < large.nfp_bytes
    assert small.dram_bytes == small.nfp_bytes
    assert large.dram_bytes == 8 * large.nfp_bytes


@pytest.mark.parametrize("name", NAMES)
def test_tables_that_fit_are_loaded_whole_and_others_as_far_as_there_is_room(name):
    whole = sum(table_bytes(name, 2))
    assert load(name, nfp__encoding__feature_bytes=2, nfp__encoding__grid_sram_kib=65536)[1].nfp_bytes == whole
    cut = {"nfp__encoding__feature_bytes": 2, "nfp__encoding__grid_sram_kib": 64}
    assert load(name, **cut)[1].nfp_bytes == sum(min(table, 64 * 1024) for table in table_bytes(name, 2))
    assert load(name, nfp__encoding__table_policy="assume_fit", **cut)[1].nfp_bytes == whole


def test_engines_that_share_a_table_have_room_for_all_its_parts():
    """densegrid: two engines a level, lowres: eight."""
    for name, engines in (("nerf-densegrid", 2), ("nerf-lowres", 8)):
        keys = {"nfp__encoding__sharing": "partition", "nfp__encoding__grid_sram_kib": 256}
        expected = sum(min(table, engines * 256 * 1024) for table in table_bytes(name, 1))
        assert load(name, **keys)[1].nfp_bytes == expected


def test_levels_of_one_engine_share_its_room():
    """Four engines serve four levels of sixteen each, in turn."""
    keys = {"nfp__encoding__engines": 4, "nfp__encoding__grid_sram_kib": 256}
    assert load("nerf-hashgrid", **keys)[1].nfp_bytes == sum(held_bytes("nerf-hashgrid", 1, 256 * 1024, engines=4))


@pytest.mark.parametrize("kib", [256, 512, 768, 1024, 1536, 2048, 4096])
def test_a_scene_is_loaded_early_only_into_room_that_the_present_one_leaves(kib):
    keys = {"nfp__encoding__grid_sram_kib": kib, "memory__prefetch_next_scene": True}
    _, found = load("nerf-hashgrid", **keys)
    tables, room = held_bytes("nerf-hashgrid", 1, kib * 1024), kib * 1024
    early = sum(min(table, room - table) for table in tables)
    assert found.early_ps == pytest.approx(found.load_ps * early / sum(tables), abs=1)
    assert 0 <= found.early_ps <= found.load_ps
    largest = max(table_bytes("nerf-hashgrid", 1))
    if 2 * largest <= room:
        assert found.early_ps == found.load_ps


def test_a_grid_sram_that_is_full_has_no_room_for_the_next_scene():
    keys = {"nfp__encoding__feature_bytes": 4, "nfp__encoding__grid_sram_kib": 4, "memory__prefetch_next_scene": True}
    assert load("gia-lowres", **keys)[1].early_ps == 0


@pytest.mark.parametrize("bad", ["multicast", "none"])
def test_an_unknown_way_to_load_is_one_sentence(bad):
    with pytest.raises(ngpc.UserError, match=r"memory\.table_load"):
        load("gia-hashgrid", memory__table_load=bad)
