"""Feature buffer, array, FIFO and ports of an NFP at the edge; not at c - 1, but at c.

Plain times: a query a cycle, batches of ``batch_queries`` = B, two tiles of B cycles, ready ``lat`` after issue.
"""

import numpy as np
import pytest


def numbers(under_test):
    """``(B, latency of encoding, pipeline depth)``."""
    mlp = under_test.spec.mlp
    return mlp.batch_queries, under_test.spec.encoding.latency_cycles.total, mlp.pipeline_depth


@pytest.mark.parametrize("query", [0, 1, 6])
@pytest.mark.parametrize("rate", [1, 5, 11, 12, 13, 64])
def test_a_query_is_issued_when_the_port_has_brought_all_its_bytes(rate, query, nfp, voxels):
    under_test = nfp(io={"input_bytes_per_cycle": rate}, encoding={"engines": 32}).feed(voxels(*range(7)))
    under_test.assert_issued_exactly_at(-(-(query + 1) * under_test.work.input_bytes // rate), query)


@pytest.mark.parametrize("arrival", [0, 1, 17, 1000])
def test_a_lone_query_is_issued_when_it_arrives_and_done_when_it_has_passed(arrival, nfp, voxels):
    under_test = nfp().feed(voxels(3), arrival_cycles=arrival)
    _, latency, depth = numbers(under_test)
    under_test.assert_issued_exactly_at(arrival)
    under_test.assert_done_exactly_at(arrival + latency + 2 * depth + depth)


@pytest.mark.parametrize("gap", [1, 2, 30])
def test_sparse_queries_are_issued_as_they_come(gap, nfp, voxels):
    arrivals = np.arange(4) * gap
    under_test = nfp(mlp={"batch_queries": 2}).feed(voxels(1, 2, 3, 4), arrivals)
    for query, arrival in enumerate(arrivals.tolist()):
        under_test.assert_issued_exactly_at(arrival, query)
    _, latency, depth = numbers(under_test)
    under_test.assert_done_exactly_at(gap + latency + 2 * depth + depth, query=1)


@pytest.mark.parametrize("batch", [1, 2, 4, 9])
def test_a_batch_starts_with_the_features_of_its_last_query(batch, nfp, voxels):
    under_test = nfp(mlp={"batch_queries": batch}).feed(voxels(*range(batch)), arrival_cycles=0)
    _, latency, depth = numbers(under_test)
    start = batch - 1 + latency
    under_test.assert_done_exactly_at(start + 2 * max(batch, depth) + depth)
    assert under_test.run.batch_start_cycles.tolist() == [start]


@pytest.mark.parametrize("left_over", [0, 1, 3])
def test_the_last_batch_takes_what_is_left(left_over, nfp, voxels):
    under_test = nfp().feed(voxels(*range(4 + left_over)), arrival_cycles=0)
    batch, latency, depth = numbers(under_test)
    free = batch - 1 + latency + 2 * batch  # of the full batch
    partial = 2 * max(left_over, depth) if left_over else 0
    under_test.assert_done_exactly_at(free + partial + depth)


@pytest.mark.parametrize("batches", [2, 3, 5])
def test_a_batch_starts_when_the_array_is_free(batches, nfp, voxels):
    under_test = nfp(encoding={"engines": 64}).feed(voxels(*[1] * 4 * batches), arrival_cycles=0)
    batch, latency, depth = numbers(under_test)
    for k in range(batches):
        half_free = latency + (k - 2) * 2 * batch + batch if k >= 2 else 0
        start = max(latency + k * 2 * batch, half_free + latency)
        under_test.assert_done_exactly_at(start + 2 * batch + depth, query=k * batch)


@pytest.mark.parametrize("batch", [1, 2, 4, 8])
@pytest.mark.parametrize("dataflow", ["layer_serial", "systolic_ws"])
def test_the_third_batch_is_issued_when_the_first_matrix_has_read_a_half(batch, dataflow, nfp, voxels):
    mlp = {"batch_queries": batch, "dataflow": dataflow, "pipeline_depth": 20}
    latencies = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 900)
    under_test = nfp(mlp=mlp, encoding={"latency_cycles": latencies})  # so long that the array waits for encoding
    under_test.feed(voxels(*range(2 * batch + 1)), arrival_cycles=0)
    spec, (_, latency, depth) = under_test.spec.mlp, numbers(under_test)
    serial = dataflow == "layer_serial"
    first_matrix, alone = (max(n, depth) if serial else 2 * spec.rows + spec.cols + n - 2 for n in (batch, 1))
    released = batch - 1 + latency + first_matrix
    under_test.assert_issued_exactly_at(2 * batch - 1, query=2 * batch - 1)
    under_test.assert_issued_exactly_at(released, query=2 * batch)
    under_test.assert_done_exactly_at(released + latency + 2 * alone + serial * depth)


@pytest.mark.parametrize("fifo", [4, 5, 7, 8, 11, 12])
def test_results_wait_for_room_in_the_output_fifo(fifo, nfp, voxels):
    under_test = nfp(io={"output_fifo_queries": fifo, "output_bytes_per_cycle": 1}, encoding={"engines": 64})
    under_test.feed(voxels(*[1] * 24), arrival_cycles=0)
    batch, latency, depth = numbers(under_test)
    output = batch * under_test.work.output_bytes
    room = fifo // batch
    first_out = latency + 2 * batch + depth + output
    for k in range(room, 6):
        under_test.assert_done_exactly_at(first_out + (k - room) * output, query=k * batch)


@pytest.mark.parametrize("left_over", [1, 3])
@pytest.mark.parametrize("rate", [1, 3, 8, 16, 64])
def test_the_last_output_leaves_its_bytes_by_rate_after_the_results(rate, left_over, nfp, voxels):
    under_test = nfp(io={"output_bytes_per_cycle": rate}).feed(voxels(*range(left_over)), arrival_cycles=0)
    output = -(-left_over * under_test.work.output_bytes // rate)
    assert under_test.cycles == under_test.done_cycles[-1] + output
    under_test.assert_stall("drain", under_test.spec.mlp.pipeline_depth + output)


@pytest.mark.parametrize("late", [0, 1, 50])
def test_late_inputs_are_charged_to_the_input(late, nfp, voxels):
    under_test = nfp().feed(voxels(1), arrival_cycles=late)
    under_test.assert_stall("input", late)
    under_test.assert_stall("encoding", under_test.spec.encoding.latency_cycles.total)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_conflicts_are_charged_to_the_banks_beyond_the_index_cycles(n, nfp, voxels):
    under_test = nfp(encoding={"banks": 1}).feed(voxels(*range(n)), arrival_cycles=0)
    under_test.assert_stall("bank_conflict", n * (8 - 1))
    under_test.assert_stall("encoding", n * 1 - 1 + under_test.spec.encoding.latency_cycles.total)


@pytest.mark.parametrize("depth", [1, 4, 5, 40])
def test_a_short_batch_fills_the_array_with_nothing(depth, nfp, voxels):
    under_test = nfp(mlp={"pipeline_depth": depth}).feed(voxels(1, 2, 3, 4), arrival_cycles=0)
    under_test.assert_stall("mlp_fill", 2 * max(0, depth - under_test.spec.mlp.batch_queries))
    assert under_test.busy_cycles == 2 * under_test.spec.mlp.batch_queries


@pytest.mark.parametrize("batches", [1, 2, 6])
def test_a_blocked_output_is_charged_to_the_output(batches, nfp, voxels):
    under_test = nfp(io={"output_fifo_queries": 4, "output_bytes_per_cycle": 1}, encoding={"engines": 64})
    under_test.feed(voxels(*[1] * 4 * batches), arrival_cycles=0)
    batch, _, depth = numbers(under_test)
    output = batch * under_test.work.output_bytes
    first_wait = output - 2 * batch  # E(1) waits for O(0) instead of F(0) + busy
    under_test.assert_stall("output", max(0, batches - 1) * first_wait)
    under_test.assert_stall("drain", depth + output)


@pytest.mark.parametrize("sram", [20, 100])
def test_a_long_latency_behind_a_half_is_charged_to_the_feature_buffer(sram, nfp, voxels):
    latencies = {"pos_fract": 0, "grid_index": 0, "grid_sram": sram, "interpol_weights": 0}
    under_test = nfp(encoding={"latency_cycles": latencies}).feed(voxels(*range(12)), arrival_cycles=0)
    batch, latency, _ = numbers(under_test)
    released = batch - 1 + latency + batch  # R(0): engines have been idle since 2 B
    under_test.assert_issued_exactly_at(released, query=2 * batch)
    start = released + batch - 1 + latency
    gap = start - (batch - 1 + latency + 2 * 2 * batch)
    under_test.assert_stall("feature_buffer", min(gap, released - 2 * batch))
    under_test.assert_done_exactly_at(start + 2 * batch + under_test.spec.mlp.pipeline_depth)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 10])
def test_a_wait_is_charged_to_late_inputs_first_and_then_to_conflicts(depth, nfp, voxels):
    arrival = 100
    under_test = nfp(encoding={"banks": 1}, mlp={"batch_queries": 1, "pipeline_depth": depth})
    under_test.feed(voxels(1, 2), arrival_cycles=[0, arrival])
    idle, gap = arrival - 8, arrival - 2 * depth  # of the engine; of the array, which was busy with query 0
    from_input = min(gap, idle)
    under_test.assert_stall("input", from_input)
    under_test.assert_stall("bank_conflict", (8 - 1) + min(gap - from_input, 8 - 1))
