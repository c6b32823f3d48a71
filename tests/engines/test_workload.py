"""The twelve workloads against the committed table of their levels, networks and bytes."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.engines.table_fit import check_tables, spilled_levels
from ngpc_sim.workloads.grids import grid_levels
from ngpc_sim.workloads.workload import describe, load_workload, workload_names

FACTS = json.loads((Path(__file__).parents[1] / "data" / "workloads.json").read_text(encoding="utf-8"))
MIB = 2**20
SPILLED = {  # levels over 1 MiB with 1-byte and with 2-byte features, from the table of sizes
    "nerf-hashgrid": ([], range(4, 16)),
    "nsdf-hashgrid": ([], range(5, 16)),
    "gia-hashgrid": ([], []),
    "nvr-hashgrid": ([], range(6, 16)),
    "nerf-densegrid": (range(5, 8), range(5, 8)),
    "nsdf-densegrid": (range(5, 8), range(5, 8)),
    "gia-densegrid": ([], []),
    "nvr-densegrid": (range(5, 8), range(5, 8)),
    "nerf-lowres": (range(2), range(2)),
    "nsdf-lowres": (range(2), range(2)),
    "gia-lowres": ([], []),
    "nvr-lowres": (range(2), range(2)),
}


def name_of(facts):
    return f"{facts['app'].lower()}-{facts['encoding']}"


@pytest.fixture(params=FACTS, ids=name_of)
def case(request):
    return load_workload(name_of(request.param)), request.param


def test_there_are_twelve_workloads():
    assert sorted(workload_names()) == sorted(map(name_of, FACTS)) == sorted(SPILLED)


def test_encoding_parameters_are_those_of_the_facts(case):
    work, facts = case
    e = work.encoding
    got = [e.kind, e.n_dims, e.n_levels, e.n_features_per_level, e.base_resolution, e.per_level_scale, e.width]
    assert got == [facts[key] for key in ("kind", "D", "L", "F", "base", "b", "enc_width_padded")]
    assert e.kind != "hash" or e.log2_hashmap_size == facts["log2T"]


def test_levels_are_those_of_the_facts(case):
    work, facts = case
    got = [(np.float32(v.scale), v.resolution, v.entries, v.offset, v.hashed) for v in grid_levels(work.encoding)]
    expected = [(np.float32(v["scale"]), v["res"], v["entries"], v["offset"], v["hashed"]) for v in facts["levels"]]
    assert got == expected


def test_networks_are_those_of_the_facts(case):
    work, facts = case
    expected = []
    for net in facts["networks"]:
        widths = [net["inp"], *[net["neurons"]] * net["hidden_layers"], net["out_padded"]]
        expected += itertools.pairwise(widths)
    assert work.matrices() == expected
    assert work.macs_per_query == facts["macs_per_query"] == facts["mlp_params"]


def test_lookups_and_bytes_are_those_of_the_facts(case):
    work, facts = case
    text = describe(work)
    assert text["lookups_per_query"] == work.encoding.n_levels * work.encoding.corners == facts["lookups_per_query"]
    assert text["table_entries"] == facts["table_entries"]
    assert text["macs_per_query"] == facts["macs_per_query"]
    assert (work.input_bytes, work.output_bytes) == (facts["in_bytes"], facts["out_bytes"])


@pytest.mark.parametrize("feature_bytes", [1, 2])
def test_levels_over_one_mib_spill(case, feature_bytes, inputs):
    work, facts = case
    spec = inputs.encoding_spec(grid_sram_kib=1024, feature_bytes=feature_bytes)
    got = spilled_levels(spec, work.encoding)
    assert got == list(SPILLED[work.name][feature_bytes - 1])
    key = ("bytes_int8", "bytes_fp16")[feature_bytes - 1]
    assert got == [v["level"] for v in facts["levels"] if v[key] > MIB]


def test_a_table_of_exactly_the_capacity_fits(inputs):
    work = load_workload("nerf-hashgrid")
    needed = 2**19 * 2 // 1024
    assert spilled_levels(inputs.encoding_spec(grid_sram_kib=needed), work.encoding) == []
    too_small = spilled_levels(inputs.encoding_spec(grid_sram_kib=needed - 1), work.encoding)
    assert too_small == list(range(4, 16))


def test_tables_of_one_engine_share_its_grid_sram(inputs):
    encoding = inputs.grid("dense", 2, 3, base_resolution=16, per_level_scale=2.0, n_features_per_level=8)
    sizes = [level.entries * 8 for level in grid_levels(encoding)]
    kib = (sizes[0] + sizes[2]) // 1024  # engine 0 serves levels 0 and 2, engine 1 level 1
    assert (sizes[0] + sizes[2]) % 1024 == 0
    assert spilled_levels(inputs.encoding_spec(engines=2, grid_sram_kib=kib), encoding) == []
    assert spilled_levels(inputs.encoding_spec(engines=2, grid_sram_kib=kib - 1), encoding) == [0, 2]


def test_reject_names_the_levels_that_do_not_fit(inputs):
    spec = inputs.encoding_spec(feature_bytes=2, table_policy="reject")
    with pytest.raises(UserError, match=r"levels 4-15 .* 1024 KiB"):
        check_tables(spec, load_workload("nerf-hashgrid").encoding, "nerf-hashgrid")
    assert check_tables(spec, load_workload("gia-hashgrid").encoding, "gia-hashgrid") == []


def test_an_unknown_workload_names_the_nearest():
    with pytest.raises(UserError, match="nerf-hashgrid"):
        load_workload("nref-hashgrid")
    with pytest.raises(UserError, match="lowres"):
        load_workload("nerf-hugegrid")
