"""``systolic_ws`` against SCALE-Sim on every GEMM of the 12 workloads; how the values were made: ``scale_sim.md``.

SCALE-Sim prints the index of its last cycle, so a GEMM takes one cycle more than it says.
"""

import csv
from pathlib import Path

import pytest

from ngpc_sim.engines import MlpEngine
from ngpc_sim.workloads.workload import load_workload, workload_names

HERE = Path(__file__).parent
NUMBERS = ("array_rows", "array_cols", "queries", "inputs", "outputs", "total_cycles", "stall_cycles")


def _printed():
    """Total cycles by array rows, array columns, queries, inputs and outputs; a missing file fails."""
    with (HERE / "scale_sim.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(int(row[name]) for name in NUMBERS) for row in csv.DictReader(file)]
    assert all(stalls == 0 for *_, stalls in rows)
    return {tuple(key): cycles for *key, cycles, _ in rows}


PRINTED = _printed()
BATCHES = sorted({(rows, cols, n) for rows, cols, n, *_ in PRINTED})


@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: "x".join(map(str, batch)))
@pytest.mark.parametrize("name", workload_names())
def test_a_batch_of_a_workload_takes_its_gemms_of_scale_sim_one_after_another(name, batch, inputs):
    rows, cols, n = batch
    work = load_workload(name)
    theirs = sum(PRINTED[rows, cols, n, in_width, out_width] + 1 for in_width, out_width in work.matrices())
    spec = inputs.mlp_spec(dataflow="systolic_ws", rows=rows, cols=cols)
    assert MlpEngine(spec).busy_cycles(work, n) == theirs
