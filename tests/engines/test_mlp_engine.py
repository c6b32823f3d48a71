"""MLP engine: cycles of one batch for both dataflows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.engines import MlpEngine, MlpWork
from ngpc_sim.workloads.workload import load_workload, workload_names

DATAFLOWS = ("layer_serial", "systolic_ws")


def square(inputs, n=64):
    """A workload of two n x n matrices."""
    return inputs.workload(inputs.grid(), [inputs.network(n, n, 1, n)])


@pytest.mark.parametrize("name", workload_names())
def test_nerf_takes_five_tiles_and_the_others_three_on_64_x_64(name, inputs):
    spec = inputs.mlp_spec(rows=64, cols=64)
    tiles = 5 if name.startswith("nerf") else 3
    n = spec.batch_queries
    assert sum(MlpEngine(spec).tiles(load_workload(name))) == tiles
    assert MlpEngine(spec).busy_cycles(load_workload(name), n) == tiles * max(n, spec.pipeline_depth)


@pytest.mark.parametrize(
    ("rows", "cols", "nerf", "nsdf"),
    [
        (64, 64, [1, 1, 1, 1, 1], [1, 1, 1]),
        (32, 32, [2, 2, 2, 4, 2], [2, 4, 2]),
        (16, 64, [2, 4, 2, 4, 4], [2, 4, 4]),
        (128, 16, [4, 1, 4, 4, 1], [4, 4, 1]),
        (31, 17, [8, 3, 8, 12, 3], [8, 12, 3]),
    ],
)
def test_tiles_cover_every_matrix_of_every_network(rows, cols, nerf, nsdf, inputs):
    engine = MlpEngine(inputs.mlp_spec(rows=rows, cols=cols))
    assert engine.tiles(load_workload("nerf-hashgrid")) == nerf  # 32x64 64x16 | 32x64 64x64 64x16
    assert engine.tiles(load_workload("nsdf-hashgrid")) == nsdf  # 32x64 64x64 64x16


@given(data=st.data())
def test_busy_cycles_equal_the_formula(data, reference, inputs):
    work = data.draw(inputs.workloads(data.draw(inputs.grids())))
    spec = inputs.mlp_spec(**data.draw(inputs.mlp_specs()))
    n = data.draw(st.integers(0, 200))
    engine, tiles = MlpEngine(spec), reference.weight_tiles(spec, work)
    assert engine.tiles(work) == tiles
    assert engine.busy_cycles(work, n) == sum(tiles) * reference.tile_cycles(spec, n)
    assert engine.first_matrix_cycles(work, n) == tiles[0] * reference.tile_cycles(spec, n)


@pytest.mark.parametrize("double_buffer", [True, False])
@pytest.mark.parametrize("depth", [1, 8, 100])
def test_a_tile_of_layer_serial_takes_its_weights_a_row_a_cycle(depth, double_buffer, inputs):
    spec = inputs.mlp_spec(pipeline_depth=depth, weight_double_buffer=double_buffer, rows=64)
    engine, work = MlpEngine(spec), square(inputs)
    assert engine.busy_cycles(work, 0) == 0
    for n in (1, depth, 63, 64, 65, 300):
        streaming = max(n, depth)
        assert engine.busy_cycles(work, n) == 2 * (max(streaming, 64) if double_buffer else 64 + streaming)


@pytest.mark.parametrize(("double_buffer", "cycles"), [(True, 5 * 64), (False, 5 * 72)])
def test_a_small_batch_of_nerf_pays_for_its_weights(double_buffer, cycles, inputs):
    spec = inputs.mlp_spec(batch_queries=8, weight_double_buffer=double_buffer)
    assert MlpEngine(spec).busy_cycles(load_workload("nerf-hashgrid"), 8) == cycles


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_a_stage_more_of_every_unit_delays_fill_and_drain(stages, inputs):
    """A query enters a cycle; its sum passes 64 units down and 64 across, each ``stages`` deep."""
    spec = inputs.mlp_spec(dataflow="systolic_ws", pe_stages=stages)
    last_query, last_unit = 10 - 1, (64 - 1 + 64 - 1) * stages
    assert MlpEngine(spec).busy_cycles(square(inputs), 10) == 2 * (64 + last_query + last_unit + stages)


def test_a_tile_of_systolic_ws_fills_and_drains(inputs):
    spec = inputs.mlp_spec(dataflow="systolic_ws", rows=64, cols=64)
    engine, work, scale_sim_last_cycle = MlpEngine(spec), square(inputs), 4285
    assert engine.busy_cycles(work, 4096) == 2 * (scale_sim_last_cycle + 1)
    assert engine.busy_cycles(work, 1) == 2 * (2 * spec.rows + spec.cols - 1)
    assert engine.busy_cycles(work, 0) == 0


@pytest.mark.parametrize("depth", [1, 8, 300])
@pytest.mark.parametrize("double_buffer", [True, False])
def test_systolic_ws_has_neither_tail_nor_weight_load(depth, double_buffer, inputs):
    values = {"rows": 16, "cols": 32, "pipeline_depth": depth, "weight_double_buffer": double_buffer}
    engine = MlpEngine(inputs.mlp_spec(dataflow="systolic_ws", **values))
    assert engine.tail_cycles == 0
    assert engine.busy_cycles(square(inputs, 16), 10) == 2 * (2 * 16 + 32 + 10 - 2)


@pytest.mark.parametrize("depth", [1, 8, 300])
def test_results_of_layer_serial_leave_a_pipeline_depth_after_the_array(depth, inputs):
    spec = inputs.mlp_spec(pipeline_depth=depth)
    engine, work = MlpEngine(spec), square(inputs)
    timing = engine.timing(MlpWork(work, 5))
    assert timing.busy_cycles == engine.busy_cycles(work, 5)
    assert timing.latency_cycles == timing.busy_cycles + spec.pipeline_depth


@given(data=st.data())
def test_useful_cycles_are_queries_times_tiles_and_never_more_than_busy(data, reference, inputs):
    work = data.draw(inputs.workloads(data.draw(inputs.grids())))
    spec = inputs.mlp_spec(**data.draw(inputs.mlp_specs()))
    n = data.draw(st.integers(0, 200))
    engine = MlpEngine(spec)
    assert engine.useful_cycles(work, n) == n * sum(reference.weight_tiles(spec, work))
    assert 0 <= engine.useful_cycles(work, n) <= engine.busy_cycles(work, n)
    assert 0 <= engine.first_matrix_cycles(work, n) <= engine.busy_cycles(work, n)


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_the_first_matrix_has_its_share_of_the_tiles(dataflow, inputs):
    engine = MlpEngine(inputs.mlp_spec(dataflow=dataflow, rows=16, cols=16))
    work = inputs.workload(inputs.grid(), [inputs.network(32, 64, 1, 16), inputs.network(16, 32, 1, 3)])
    first, others = 2 * 4, 4 * 1 + 1 * 2 + 2 * 1
    assert engine.first_matrix_cycles(work, 64) * (first + others) == engine.busy_cycles(work, 64) * first


@pytest.mark.parametrize("dataflow", DATAFLOWS)
def test_one_more_query_never_takes_less_time(dataflow, inputs):
    engine, work = MlpEngine(inputs.mlp_spec(dataflow=dataflow)), square(inputs)
    cycles = [engine.busy_cycles(work, n) for n in range(200)]
    assert cycles == sorted(cycles)


def test_actions_count_macs_weights_and_activations(inputs):
    spec = inputs.mlp_spec(rows=64, cols=64)
    work = load_workload("nerf-hashgrid")
    shapes = [(32, 64), (64, 16), (32, 64), (64, 64), (64, 16)]
    macs = sum(i * o for i, o in shapes)
    padded = 13 * 64  # of 16 outputs the last matrix has 3 that anybody reads
    assert MlpEngine(spec).timing(MlpWork(work, 10)).actions == {
        "mlp_mac": 10 * (macs - padded),
        "mlp_mac_padded": 10 * padded,
        "mlp_mac_idle": 10 * (5 * spec.rows * spec.cols - macs),
        "weight_bytes": 2 * macs,
        "activation_bytes": 10 * 2 * sum(i + o for i, o in shapes),
    }
