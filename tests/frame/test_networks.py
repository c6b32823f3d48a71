"""Frames whose calls ask several networks: each on its own section of the workload, to the cycle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.frame.memory import table_load
from ngpc_sim.workloads.gpu_kernels import GpuKernels
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network, Workload

KERNELS = GpuKernels.model_validate(
    yaml.safe_load((Path(__file__).parents[1] / "data" / "own_kernels.yaml").read_text())
)
MAIN = GridEncoding(kind="hash", n_dims=3, n_levels=16, log2_hashmap_size=14, base_resolution=8, per_level_scale=1.4)
COARSE = GridEncoding(
    kind="hash",
    n_dims=3,
    n_levels=5,
    n_features_per_level=4,
    log2_hashmap_size=12,
    base_resolution=8,
    per_level_scale=1.6,
)
NET = Network(name="net", n_input_dims="encoding", n_neurons=64, n_hidden_layers=2, n_output_dims=4)
SMALL = Network(name="small", n_input_dims="encoding", n_neurons=16, n_hidden_layers=1, n_output_dims=1)
OTHER = Workload("coarse", "mine", "coarse", COARSE, (SMALL,), 12, 2, "")
WORK = Workload("mine-hashgrid", "mine", "hashgrid", MAIN, (NET,), 12, 8, "t", KERNELS, others=(OTHER,))


@pytest.fixture
def record(tmp_path):
    """Record three calls of each network, of which one may be named otherwise, and with screen tiles or without."""

    def made(tile=None, networks=("main", "coarse"), asked=("coarse", "main")):
        random, path = np.random.default_rng(3), tmp_path / "t.trace.parquet"
        with ngpc.TraceWriter(path, app="mine", resolution=(32, 16), scene="s", networks=networks) as trace:
            for call in range(6):
                n = (260, 90)[call % 2] + 40 * call
                tiles = None if tile is None else random.integers(0, 4, n)
                network = asked[call % 2] if networks else None
                positions = random.random((n, 3)) * 1.2 - 0.1
                trace.invocation(positions, tiles, n + 20 * (call % 3), "call", network)
        return ngpc.load_trace(path)

    return made


DESIGNS = {
    "all tables fit": {},
    "tables spill": {"nfp.encoding.grid_sram_kib": 8},
    "little L2": {"nfp.encoding.grid_sram_kib": 16, "memory.l2_ways": 1, "gpu.l2_mib": 0.1},
    "batches": {"frame.schedule": "batches", "frame.tiles": 2},
    "least loaded": {"cluster.dispatch": "least_loaded", "nfp.encoding.grid_sram_kib": 8, "frame.tiles": 2},
    "reuse": {"nfp.encoding.reuse": "last_voxel", "nfp.encoding.banks": 2},
    "few engines": {"nfp.encoding.engines": 4, "nfp.encoding.grid_sram_kib": 64, "nfp.mlp.dataflow": "systolic_ws"},
    "published rest": {"frame.tiles": 2, "frame.rest_model": "roofline", "memory.contention": "none"},
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("how", ["whole", "whole with tiles", "limited"])
def test_the_reference_is_the_frame_and_the_bound_is_below_it(design, how, record):
    trace, limit = record(tile=how == "whole with tiles" or None), 700 if how == "limited" else None
    arch = ngpc.load_arch("ngpc", scale=3, overrides=DESIGNS[design])
    cycle, reference, bound = (
        ngpc.simulate(arch, WORK, trace, detail=detail, limit_queries=limit).row()
        for detail in ("cycle", "reference", "bound")
    )
    assert (cycle.pop("detail"), reference.pop("detail")) == ("cycle", "reference")
    loose = ("ngpc_ms", "peak_power_w")
    assert {**cycle, **dict.fromkeys(loose)} == {**reference, **dict.fromkeys(loose)}
    assert [cycle[name] for name in loose] == pytest.approx([reference[name] for name in loose], rel=1e-6)
    assert bound["frame_ms"] <= cycle["frame_ms"]
    assert bound["ngpc_ms"] <= cycle["ngpc_ms"]


def test_which_of_two_equal_networks_is_asked_changes_nothing_beside_the_gpu(record):
    arch = ngpc.load_arch("ngpc", scale=2)
    twin = replace(WORK, name="coarse", encoding_name="coarse", others=(), gpu_kernels=None)
    two = replace(WORK, others=(twin,))
    rows = []
    for networks in ((), ("main", "coarse")):
        row = ngpc.simulate(arch, two, record(networks=networks), detail="cycle").row()
        of_gpu = ("gpu_", "speedup", "energy_gain", "trace_sha256")  # which loads both tables
        rows.append({key: value for key, value in row.items() if not key.startswith(of_gpu)})
    assert rows[0] == rows[1]


def test_a_network_that_no_call_asks_costs_its_room_only(record):
    arch, trace = ngpc.load_arch("ngpc", scale=2), record(networks=())
    with_other, alone = (ngpc.simulate(arch, work, trace, detail="cycle") for work in (WORK, replace(WORK, others=())))
    for name in ("frame_ms", "ngpc_ms", "nfp_cycles", "energy_mj", "io_gbps"):
        assert getattr(with_other, name) == getattr(alone, name), name
    assert with_other.table_mib > alone.table_mib
    assert len(with_other.levels) == len(alone.levels) + COARSE.n_levels


def test_bytes_and_actions_are_those_of_what_each_call_asks(record):
    trace = record()
    result = ngpc.simulate(ngpc.load_arch("ngpc", scale=2), WORK, trace, detail="cycle")
    coarse, main = (int(trace.profile[trace.invocation_networks == network].sum()) for network in (1, 0))
    assert result.actions["input_bytes"] == 12 * (coarse + main)
    assert result.actions["output_bytes"] == 2 * coarse + 8 * main
    assert result.actions["grid_index"] == 8 * (5 * coarse + 16 * main)
    macs = 32 * 16 + 16 * 16, 32 * 64 + 64 * 64 + 64 * 16
    useful = 20 * 16 + 16, 32 * 64 + 64 * 64 + 64 * 4
    assert result.actions["mlp_mac"] == coarse * useful[0] + main * useful[1]
    assert result.actions["mlp_mac_padded"] == coarse * (macs[0] - useful[0]) + main * (macs[1] - useful[1])


def test_more_tables_than_fit_slow_a_frame_down(record):
    trace = record()
    room = {"nfp.encoding.grid_sram_kib": 48}
    fits, spills = (
        ngpc.simulate(ngpc.load_arch("ngpc", scale=2, overrides=room), work, trace, detail="cycle")
        for work in (WORK, replace(WORK, others=(replace(OTHER, encoding=bigger(COARSE)),)))
    )
    assert (fits.spilled_levels, spills.spilled_levels != "") == ("", True)
    assert spills.ngpc_ms > fits.ngpc_ms


def bigger(grid):
    return grid.model_copy(update={"log2_hashmap_size": 13})


def test_tables_of_all_networks_are_loaded():
    arch = ngpc.load_arch("ngpc", scale=2, overrides={"nfp.encoding.grid_sram_kib": 4096})
    both, *each = (table_load(arch, *grids) for grids in ((MAIN, COARSE), (MAIN,), (COARSE,)))
    assert both.nfp_bytes == sum(one.nfp_bytes for one in each)


def test_a_network_that_the_workload_does_not_name_is_refused_in_one_sentence(record):
    trace = record(networks=("main", "fine"), asked=("fine", "main"))
    for work, known in ((WORK, "names coarse"), (replace(WORK, others=()), "names none")):
        with pytest.raises(UserError, match=f"asks the network 'fine', but its workload {known} in other_networks"):
            ngpc.simulate(ngpc.load_arch("ngpc"), work, trace)


def test_a_network_of_which_nothing_was_recorded_is_refused(record):
    trace = record(tile=True)
    kept = trace.invocation_networks[trace.invocations] == 0
    rows = {name: getattr(trace, name)[kept] for name in ("invocations", "tiles", "positions")}
    part = replace(trace, **rows, tile_weights=np.full(4, 2.0))
    with pytest.raises(UserError, match="records no query of the network coarse, which its frame asks"):
        ngpc.simulate(ngpc.load_arch("ngpc"), WORK, part)


def test_sampling_replays_all_of_a_frame_of_several_networks(record):
    trace, arch = record(tile=True), ngpc.load_arch("ngpc", scale=2)
    sampled, whole = (ngpc.simulate(arch, WORK, trace, detail=detail) for detail in ("sampled", "cycle"))
    assert sampled.frame_ms == whole.frame_ms


def test_a_frame_of_another_size_asks_the_networks_of_the_calls_that_it_replays(record):
    trace, arch = record(tile=True), ngpc.load_arch("ngpc", scale=2)
    result = ngpc.simulate(arch, WORK, trace, resolution="64x32")
    assert trace.profile.tolist() == [260, 150, 380, 210, 440, 330]
    # four times as many up to each call, rounded down to 256, all at the end: 1024, 1536, 3072, 3840, 5632, 7080
    coarse, main = 1024 + 1536 + 1792, 512 + 768 + 1448
    assert result.queries == coarse + main == 4 * 1770
    assert result.actions["output_bytes"] == 2 * coarse + 8 * main
