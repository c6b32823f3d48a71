"""Files of other accelerators: what a replay counts is what arithmetic says, whatever size and samples."""

import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError

BATCH, TILES = 8192, 12


@pytest.fixture(scope="module")
def frame():
    """A frame of NeuRex of another size and number of samples than the published one."""
    arch = ngpc.load_arch("neurex-server", overrides={"nfp.io.queries_per_output": 32})
    trace = ngpc.load_trace("uniform-rays-32")
    return ngpc.simulate(arch, ngpc.load_workload("neurex-hashgrid"), trace, resolution="128x96")


def test_traffic_of_neurex_follows_from_size_and_samples(frame):
    queries = 128 * 96 * 32
    assert frame.queries == queries
    assert frame.actions["input_bytes"] == queries * 12
    assert frame.actions["grid_cache_read_bytes"] == queries * 8 * 8 * 4
    assert frame.actions["subgrid_buffer_read_bytes"] == queries * 8 * 8 * 4
    assert frame.actions["output_bytes"] == 128 * 96 * 6
    assert frame.actions["subgrid_fill_bytes"] == 64 * 8 * (1 << 19) // 64 * 4


def test_the_arrays_of_neurex_bound_its_frame(frame):
    batches = frame.queries // BATCH
    per_tile = 32 + BATCH // 16 + 62
    assert frame.nfp_cycles >= batches * TILES * per_tile
    assert frame.mlp_cycles == batches * TILES * BATCH // 16


def test_a_machine_without_a_gpu_asks_nothing_of_one(frame):
    assert frame.rest_ms == 0
    assert frame.energy_by_block["gpu"] == frame.energy_by_block["gpu_idle"] == 0


def test_icarus_takes_a_cycle_a_tile_in_the_closed_form_and_refuses_a_replay():
    arch, work = ngpc.load_arch("icarus"), ngpc.load_workload("icarus-hashgrid")
    trace = ngpc.load_trace("uniform-rays-192")
    bound = ngpc.simulate(arch, work, trace, detail="bound")
    widths = [(63, 256), *[(256, 256)] * 4, (319, 256), *[(256, 256)] * 3, (283, 128), (128, 16)]
    tiles = sum(-(-i // 64) * -(-o // 64) for i, o in widths)
    assert bound.frame_ms == pytest.approx(800 * 800 * 192 * tiles / 0.4e6)
    with pytest.raises(UserError, match="nothing to replay: use --detail bound"):
        ngpc.simulate(arch, work, trace)


@pytest.mark.parametrize("name", ["neurex-server", "neurex-edge", "instant3d-forward", "icarus"])
def test_every_value_that_differs_from_the_ngpc_has_a_source(name):
    arch = ngpc.load_arch(name).file
    plain = ngpc.load_arch("ngpc").file
    ours, theirs = (dict(_leaves(file.nfp.model_dump(), "nfp.")) for file in (arch, plain))
    for key, value in ours.items():
        assert value == theirs.get(key) or key in arch.sources, key


def _leaves(tree, prefix):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
