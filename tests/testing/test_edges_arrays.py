"""Several MLP arrays: a batch is divided among them, and each loads all weights."""

import pytest

from ngpc_sim.engines import MlpEngine, Nfp
from ngpc_sim.workloads.workload import load_workload

WORK = load_workload("nsdf-hashgrid")  # 3 tiles on 64 x 64


@pytest.fixture
def mlp_of(spec_of):
    return lambda **values: spec_of(mlp=values).mlp


@pytest.mark.parametrize(
    ("n", "arrays", "dataflow", "busy"),
    [
        (64, 1, "layer_serial", 3 * 64),
        (64, 4, "layer_serial", 3 * 64),  # 16 queries, but 64 rows of weights a tile
        (512, 4, "layer_serial", 3 * 128),
        (513, 4, "layer_serial", 3 * 129),
        (513, 4, "systolic_ws", 3 * (64 + 129 + 126)),
        (3, 4, "systolic_ws", 3 * (64 + 1 + 126)),
    ],
)
def test_a_batch_takes_as_long_as_the_part_of_the_first_array(n, arrays, dataflow, busy, mlp_of):
    spec = mlp_of(rows=64, cols=64, dataflow=dataflow, pipeline_depth=8, batch_queries=1024, arrays=arrays)
    assert MlpEngine(spec).busy_cycles(WORK, n) == busy
    assert MlpEngine(spec).first_matrix_cycles(WORK, n) == busy // 3
    assert MlpEngine(spec).useful_cycles(WORK, n) == 3 * -(-n // arrays)


def test_every_array_reads_the_weights_of_every_batch(mlp_of):
    one, many = (MlpEngine(mlp_of(batch_queries=64, arrays=arrays)) for arrays in (1, 16))
    before, after = (engine.actions(WORK, 640, 10) for engine in (one, many))
    assert after["weight_bytes"] == 16 * before["weight_bytes"] == 16 * 10 * 2 * WORK.macs_per_query
    assert {**after, "weight_bytes": 0} == {**before, "weight_bytes": 0}


def test_a_batch_starts_when_the_one_before_has_left_all_arrays(spec_of, work_of, voxels):
    spec = spec_of(mlp={"arrays": 2, "batch_queries": 8, "pipeline_depth": 1, "rows": 1, "cols": 64})
    run = Nfp(spec).run(work_of(), voxels(*[1] * 24), [0] * 24)
    # encoding 8 - 1 + 11 cycles; two tiles of 8 / 2 queries; batch 2 is encoded from R(0) = 18 + 4 on
    assert run.batch_start_cycles.tolist() == [18, 18 + 8, 22 + 8 - 1 + 11]


def test_more_arrays_than_queries_of_a_batch_are_refused(mlp_of):
    with pytest.raises(ValueError, match=r"nfp.mlp.arrays of 3 should be at most nfp.mlp.batch_queries, 2"):
        mlp_of(batch_queries=2, arrays=3)


@pytest.mark.parametrize(("together", "cycles"), [(1, 8), (3, 3), (64, 1)])
def test_composited_results_leave_as_one(together, cycles, spec_of, work_of, voxels):
    io = {"output_bytes_per_cycle": 4, "queries_per_output": together}
    run = Nfp(spec_of(io=io)).run(work_of(), voxels(*[1] * 4))  # one batch of 4 x 8 bytes
    assert run.cycles - int(run.batch_end_cycles[-1]) == cycles
    assert Nfp(spec_of(io=io)).actions(work_of(), 640, 0, 160)["output_bytes"] == -(-640 * 8 // together)
