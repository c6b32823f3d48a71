"""MLP engine at the edge: tiles, batches, dataflows; alone and as an NFP's queries see it."""

import pytest

from ngpc_sim.engines import MlpEngine, MlpWork

DEPTH = 6


def end_of_first_batch(under_test, busy, tail):
    """Results of a single batch whose queries arrive together: a query a cycle, latency, array, tail."""
    ready = len(under_test.done_cycles) - 1 + under_test.spec.encoding.latency_cycles.total
    return ready + busy + tail


@pytest.mark.parametrize("n", [1, DEPTH - 1, DEPTH, DEPTH + 1, 63, 64, 65])
@pytest.mark.parametrize("double_buffer", [True, False])
def test_a_tile_takes_a_cycle_a_query_but_no_less_than_depth_and_load(n, double_buffer, nfp, voxels):
    mlp = {"rows": 64, "batch_queries": 65, "pipeline_depth": DEPTH, "weight_double_buffer": double_buffer}
    under_test = nfp(mlp=mlp).feed(voxels(*[1] * n), arrival_cycles=0)
    streaming = max(n, under_test.spec.mlp.pipeline_depth)
    busy = 2 * (max(streaming, 64) if double_buffer else 64 + streaming)
    under_test.assert_done_exactly_at(end_of_first_batch(under_test, busy, under_test.spec.mlp.pipeline_depth))


@pytest.mark.parametrize("n", [1, 2, 64])
@pytest.mark.parametrize(("rows", "cols"), [(64, 64), (64, 128), (128, 64), (80, 64)])
def test_a_systolic_tile_takes_fill_and_drain_and_has_no_tail(n, rows, cols, nfp, voxels):
    mlp = {"dataflow": "systolic_ws", "rows": rows, "cols": cols, "batch_queries": 64}
    under_test = nfp(mlp=mlp).feed(voxels(*[1] * n), arrival_cycles=0)
    busy = 2 * (2 * under_test.spec.mlp.rows + under_test.spec.mlp.cols + n - 2)
    under_test.assert_done_exactly_at(end_of_first_batch(under_test, busy, tail=0))


@pytest.mark.parametrize(("neurons", "tiles"), [(1, 2), (63, 2), (64, 2), (65, 4), (128, 4), (129, 6)])
def test_a_neuron_more_than_the_array_holds_needs_another_tile(neurons, tiles, nfp, voxels):
    under_test = nfp(mlp={"rows": 64}, neurons=neurons).feed(voxels(1, 1, 1, 1), arrival_cycles=0)
    busy = tiles * 64  # 16 -> neurons -> 16: a column tile, then a row tile each
    under_test.assert_done_exactly_at(end_of_first_batch(under_test, busy, under_test.spec.mlp.pipeline_depth))


@pytest.mark.parametrize(("outputs", "columns"), [(1, 1), (16, 1), (17, 2), (32, 2), (33, 3)])
def test_outputs_are_padded_to_sixteen(outputs, columns, nfp, voxels):
    under_test = nfp(mlp={"rows": 64, "cols": 16}, neurons=64, outputs=outputs).feed(
        voxels(1, 1, 1, 1), arrival_cycles=0
    )
    busy = (64 // 16 + columns) * 64
    under_test.assert_done_exactly_at(end_of_first_batch(under_test, busy, under_test.spec.mlp.pipeline_depth))


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_every_hidden_layer_is_a_tile_more(hidden, nfp, voxels):
    under_test = nfp(hidden=hidden).feed(voxels(1, 1, 1, 1), arrival_cycles=0)
    busy = (hidden + 1) * under_test.spec.mlp.batch_queries
    under_test.assert_done_exactly_at(end_of_first_batch(under_test, busy, under_test.spec.mlp.pipeline_depth))


@pytest.mark.parametrize("n", [0, 1, 4, 4096])
@pytest.mark.parametrize("dataflow", ["layer_serial", "systolic_ws"])
def test_a_batch_alone_takes_busy_and_tail(n, dataflow, spec_of, work_of):
    spec = spec_of(mlp={"dataflow": dataflow}).mlp
    timing = MlpEngine(spec).timing(MlpWork(work_of(), n))
    tile = max(n, spec.pipeline_depth) if dataflow == "layer_serial" else 2 * spec.rows + spec.cols + n - 2
    tail = spec.pipeline_depth if dataflow == "layer_serial" else 0
    assert timing.busy_cycles == (2 * tile if n else 0)
    assert timing.latency_cycles == (2 * tile + tail if n else 0)
