"""NFP: exact equality with the recurrences of the design, hand-computed queues, closed forms, monotony."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import Nfp

ARRIVAL_KINDS = ("port", "at once", "sparse", "bursts", "any order")
WIDTHS = (
    *[("encoding", key) for key in ("banks", "read_ports", "corner_lanes")],
    *[("io", key) for key in ("input_bytes_per_cycle", "output_bytes_per_cycle", "output_fifo_queries")],
)


def arrival_cycles(data, kind, n):
    """Arrivals of one kind, or none where the port delivers."""
    if kind == "port":
        return None
    gap = {"at once": 0, "sparse": 300, "bursts": 40, "any order": 2000}[kind]
    cycles = data.draw(st.lists(st.integers(0, gap), min_size=n, max_size=n))
    if kind == "bursts":
        cycles = [c if i % 7 == 0 else 0 for i, c in enumerate(cycles)]
    return np.array(cycles if kind == "any order" else np.cumsum(cycles), dtype=np.int64).reshape(n)


def check(reference, spec, work, positions, arrivals=None):
    run = Nfp(spec).run(work, positions, arrivals)
    intervals, _ = reference.service(work.encoding, spec.encoding, positions)
    rows = reference.by_engine(spec.encoding, intervals)
    expected = reference.nfp(spec, work, rows, None if arrivals is None else arrivals.tolist())
    assert run.batch_start_cycles.tolist() == expected["S"]
    assert run.batch_end_cycles.tolist() == expected["E"]
    batch = spec.mlp.batch_queries
    assert run.done_cycles.tolist() == [expected["E"][i // batch] for i in range(len(positions))]
    assert run.cycles == max([0, *expected["O"][-1:]])
    assert run.busy_cycles == len(positions) * sum(reference.weight_tiles(spec.mlp, work))
    assert run.busy_cycles + sum(run.stalls.values()) == run.cycles
    assert min(run.stalls.values()) >= 0
    return run


STAGES = {"pos_fract": 1, "grid_index": 4, "grid_sram": 2, "interpol_weights": 4}


@given(data=st.data())
def test_any_stream_follows_the_recurrences_exactly(data, reference, inputs):
    encoding = data.draw(inputs.grids())
    work, spec = data.draw(inputs.workloads(encoding)), data.draw(inputs.nfp_specs())
    positions = data.draw(inputs.streams(encoding.n_dims))
    kind = data.draw(st.sampled_from(ARRIVAL_KINDS))
    check(reference, spec, work, positions, arrival_cycles(data, kind, len(positions)))


@pytest.mark.parametrize("dataflow", ["layer_serial", "systolic_ws"])
@pytest.mark.parametrize("n_levels", [1, 2, 3, 8, 16, 20])
@pytest.mark.parametrize("batch", [1, 5, 16, 64])
def test_long_streams_follow_the_recurrences_exactly(dataflow, n_levels, batch, reference, inputs):
    rng = np.random.default_rng(n_levels * 100 + batch)
    for _ in range(3):
        spec = inputs.nfp_spec(
            encoding={"banks": int(2 ** rng.integers(0, 5)), "engines": int(rng.choice([1, 6, 16]))},
            mlp={"dataflow": dataflow, "batch_queries": batch, "rows": int(rng.choice([8, 32, 64]))},
            io={
                "output_fifo_queries": batch + int(rng.integers(0, 200)),
                "input_bytes_per_cycle": int(rng.integers(1, 40)),
                "output_bytes_per_cycle": int(rng.integers(1, 40)),
            },
        )
        work = inputs.workload(inputs.grid("hash", 3, n_levels, per_level_scale=1.2))
        positions = rng.random((8, 3), dtype=np.float32)[rng.integers(0, 8, 333)]
        check(reference, spec, work, positions)


def stream_of(name, inputs, n=150):
    """A grid and a stream that is hard in one way."""
    rng = np.random.default_rng(3)
    if name == "one bank":  # strides are multiples of the banks
        return inputs.grid("dense", 3, 4, base_resolution=32, per_level_scale=1.0), rng.random((n, 3), np.float32)
    grid = inputs.grid("hash", 3, 4, base_resolution=64)
    if name == "one voxel":
        return grid, np.full((n, 3), 0.3, np.float32)
    return grid, np.repeat(rng.random((n // 10, 3), np.float32), 10, axis=0)


@pytest.mark.parametrize("reuse", ["none", "last_voxel"])
@pytest.mark.parametrize("name", ["one voxel", "one bank", "runs of one voxel"])
@pytest.mark.parametrize("width", [1, 64])
def test_adversarial_streams_follow_the_recurrences_exactly(name, reuse, width, reference, inputs):
    grid, positions = stream_of(name, inputs)
    for port in ("input_bytes_per_cycle", "output_bytes_per_cycle"):
        spec = inputs.nfp_spec(encoding={"banks": 32, "reuse": reuse, "engines": 9}, io={port: width})
        run = check(reference, spec, inputs.workload(grid), positions)
        if reuse == "last_voxel" and name == "one voxel":
            engine_bound = -(-len(positions) // 2)
            assert run.stalls["bank_conflict"] <= 8 * 2
            assert run.cycles >= engine_bound


@pytest.fixture
def simple(inputs):
    """Two levels on two engines, one query a cycle, two tiles, ideal ports: times can be added by hand."""

    def make(output_bytes=1, **mlp):
        spec = inputs.nfp_spec(
            encoding={"engines": 2, "banks": "ideal", "corner_lanes": 8, "latency_cycles": STAGES},
            mlp={"batch_queries": 4, "pipeline_depth": 2, "rows": 1, "cols": 64, **mlp},
            io={"input_bytes_per_cycle": 1, "output_bytes_per_cycle": 1, "output_fifo_queries": 4},
        )
        grid = inputs.grid("dense", 3, 2)
        return spec, inputs.workload(grid, [inputs.network(1, 1, 1, 3)], 1, output_bytes)

    return make


def positions_for(n):
    return np.random.default_rng(1).random((n, 3), dtype=np.float32)


def test_a_simple_stream_has_the_times_added_by_hand(simple):
    spec, work = simple()
    latency, batch, depth = spec.encoding.latency_cycles.total, spec.mlp.batch_queries, spec.mlp.pipeline_depth
    run = Nfp(spec).run(work, positions_for(12))  # query i arrives at i + 1
    busy = 2 * batch
    s0 = batch + latency
    s1 = s0 + busy
    s2 = s0 + batch + batch - 1 + latency  # the first half is free again at R(0) = S(0) + busy / 2
    assert run.batch_start_cycles.tolist() == [s0, s1, s2] == [15, 23, 33]
    assert run.batch_end_cycles.tolist() == [s0 + busy + depth, s1 + busy + depth, s2 + busy + depth]
    assert run.done_cycles.tolist() == [25] * 4 + [33] * 4 + [43] * 4
    assert run.cycles == 43 + batch * work.output_bytes
    stalls = {"input": 1, "encoding": s0 - 1, "feature_buffer": s2 - s1 - busy, "drain": depth + batch}
    assert dict(run.stalls) == dict.fromkeys(run.stalls, 0) | stalls


def test_a_slow_output_blocks_the_array_until_the_fifo_has_room(simple):
    spec, work = simple(output_bytes=10)
    run = Nfp(spec).run(work, positions_for(12))
    output = spec.mlp.batch_queries * work.output_bytes  # 40 cycles a batch, one batch fits the FIFO
    first_out = 25 + output
    assert run.batch_end_cycles.tolist() == [25, first_out, first_out + output]
    assert run.batch_start_cycles.tolist() == [15, 23, first_out - spec.mlp.pipeline_depth]
    assert run.cycles == 25 + 3 * output
    assert run.stalls["output"] == (first_out - 33) + (output - 8)


def test_a_deeper_fifo_lets_the_array_run_ahead(simple, inputs):
    spec, work = simple(output_bytes=10)
    deep = inputs.replaced(spec, io={"output_fifo_queries": 11})
    run = Nfp(deep).run(work, positions_for(12))
    output = spec.mlp.batch_queries * work.output_bytes
    assert run.batch_start_cycles.tolist() == [15, 23, 33]  # as if output were fast: m = 11 div 4 = 2 batches fit
    assert run.batch_end_cycles.tolist() == [25, 33, 25 + output]
    assert run.cycles == 25 + 3 * output


def test_sparse_arrivals_are_served_when_they_come(simple):
    spec, work = simple()
    arrivals = np.array([0, 100, 200, 300, 301, 302, 303, 304, 1000, 1000])
    run = Nfp(spec).run(work, positions_for(10), arrivals)
    latency = spec.encoding.latency_cycles.total
    ready = [300 + latency, 304 + latency, 1001 + latency]
    busy = 2 * spec.mlp.batch_queries
    starts = [ready[0], ready[0] + busy, ready[2]]
    assert run.batch_start_cycles.tolist() == starts == [311, 319, 1012]
    partial = 2 * max(2, spec.mlp.pipeline_depth)
    depth = spec.mlp.pipeline_depth
    assert run.batch_end_cycles.tolist() == [starts[0] + busy + depth, starts[1] + busy + depth, 1012 + partial + depth]
    assert run.cycles == 1012 + partial + depth + 2 * work.output_bytes


def test_a_slow_array_holds_back_encoding_through_the_feature_buffer(simple):
    spec, work = simple(pipeline_depth=50)
    run = Nfp(spec).run(work, positions_for(16), np.zeros(16, np.int64))
    latency, batch, depth = spec.encoding.latency_cycles.total, spec.mlp.batch_queries, 50
    s0 = batch - 1 + latency
    starts = [s0, s0 + 2 * depth, s0 + 4 * depth, s0 + 6 * depth]
    assert run.batch_start_cycles.tolist() == starts
    assert run.stalls["feature_buffer"] == 0  # the half is free after the first matrix, in good time
    assert run.stalls["mlp_fill"] == 4 * 2 * (depth - batch)


def test_a_half_of_the_feature_buffer_is_free_when_the_first_matrix_has_read_it(simple, inputs):
    spec, work = simple()
    slow = inputs.nfp_spec(
        encoding={"engines": 2, "banks": "ideal", "corner_lanes": 8, "latency_cycles": {
            "pos_fract": 0, "grid_index": 0, "grid_sram": 100, "interpol_weights": 0}},
        mlp=spec.mlp.model_dump(),
        io={"input_bytes_per_cycle": 64, "output_bytes_per_cycle": 64},
    )  # fmt: skip
    run = Nfp(slow).run(work, positions_for(16), np.zeros(16, np.int64))
    batch = slow.mlp.batch_queries
    s0, busy = batch - 1 + 100, 2 * batch
    s1 = s0 + busy
    s2 = s0 + batch + batch - 1 + 100  # R(0) = S(0) + half of busy, then four issues and the latency
    s3 = max(s2 + busy, s1 + batch + batch - 1 + 100)
    assert run.batch_start_cycles.tolist() == [s0, s1, s2, s3]
    assert run.stalls["feature_buffer"] > 0


@given(data=st.data())
def test_steady_state_runs_at_the_slower_of_encoding_and_mlp(data, inputs):
    n_levels = data.draw(st.integers(1, 16))
    encoding = inputs.grid("dense", data.draw(st.sampled_from((2, 3))), n_levels, per_level_scale=1.0)
    side_by_side = 16 // n_levels
    batch = side_by_side * data.draw(st.integers(8, 12))
    values = data.draw(inputs.mlp_specs()) | {"batch_queries": batch, "dataflow": "layer_serial"}
    lanes = data.draw(st.sampled_from((1, 2, 8)))
    spec = inputs.nfp_spec(
        encoding={"banks": "ideal", "corner_lanes": lanes},
        mlp=values,
        io={"output_fifo_queries": 100 * batch, "output_bytes_per_cycle": 1 << 20},
    )
    work = inputs.workload(encoding, [inputs.network(16, 64, 2, 3)])
    nfp, n = Nfp(spec), 8 * batch
    per_batch = batch // side_by_side * -(-(2**encoding.n_dims) // lanes)
    busy = nfp.mlp.busy_cycles(work, batch)
    round_trip = nfp.mlp.first_matrix_cycles(work, batch) + per_batch - 1 + spec.encoding.latency_cycles.total
    assume(round_trip <= 2 * max(per_batch, busy))  # two halves hide the latency
    positions = np.zeros((n, encoding.n_dims), np.float32)
    starts = nfp.run(work, positions, np.zeros(n, np.int64)).batch_start_cycles
    assert set(np.diff(starts).tolist()) == {max(per_batch, busy)}


@given(data=st.data())
def test_more_banks_ports_lanes_or_width_are_never_slower(data, inputs):
    encoding = data.draw(inputs.grids(max_levels=6))
    work, spec = data.draw(inputs.workloads(encoding)), data.draw(inputs.nfp_specs())
    banks = data.draw(st.sampled_from((1, 2, 4, 8)))
    spec = inputs.replaced(spec, encoding={"bank_map": "low_bits", "banks": banks})
    positions = data.draw(inputs.streams(encoding.n_dims, max_queries=60))
    block, key = data.draw(st.sampled_from(WIDTHS))
    wider = inputs.replaced(spec, **{block: {key: 2 * getattr(getattr(spec, block), key)}})
    before, after = Nfp(spec).run(work, positions), Nfp(wider).run(work, positions)
    assert after.cycles <= before.cycles
    assert (after.done_cycles <= before.done_cycles).all()


@given(data=st.data())
def test_later_arrivals_never_end_earlier(data, inputs):
    encoding = data.draw(inputs.grids(max_levels=4))
    work, nfp = data.draw(inputs.workloads(encoding)), Nfp(data.draw(inputs.nfp_specs()))
    positions = data.draw(inputs.streams(encoding.n_dims, max_queries=40))
    early = arrival_cycles(data, "bursts", len(positions))
    late = early + np.array(data.draw(st.lists(st.integers(0, 99), min_size=len(early), max_size=len(early))), np.int64)
    a, b = nfp.run(work, positions, early), nfp.run(work, positions, late)
    assert a.cycles <= b.cycles
    assert (a.done_cycles <= b.done_cycles).all()


@pytest.mark.parametrize("batch", [1, 4, 64])
def test_the_last_batch_may_be_partial(batch, reference, inputs):
    spec = inputs.nfp_spec(mlp={"batch_queries": batch})
    work = inputs.workload(inputs.grid(n_levels=16))
    for n in (1, batch - 1, batch, batch + 1, 2 * batch + 1):
        run = check(reference, spec, work, positions_for(n))
        assert len(run.batch_start_cycles) == -(-n // batch)


def test_no_queries_take_no_time(inputs):
    run = Nfp(inputs.nfp_spec()).run(inputs.workload(inputs.grid()), np.zeros((0, 3), np.float32))
    assert run.cycles == run.busy_cycles == sum(run.stalls.values()) == 0
    assert [a.shape for a in (run.batch_start_cycles, run.batch_end_cycles, run.done_cycles)] == [(0,)] * 3


def test_default_arrivals_are_those_of_the_input_port(inputs):
    spec = inputs.nfp_spec(io={"input_bytes_per_cycle": 7})
    work = inputs.workload(inputs.grid(), input_bytes=12)
    cycles = np.array([-(-(i + 1) * 12 // 7) for i in range(90)])
    a, b = Nfp(spec).run(work, positions_for(90)), Nfp(spec).run(work, positions_for(90), cycles)
    assert (a.cycles, a.stalls, a.done_cycles.tolist()) == (b.cycles, b.stalls, b.done_cycles.tolist())


@pytest.mark.parametrize(
    "bad",
    [
        *([0, 1], [0, 1, 2, 3], [[0, 1, 2]], [0.0, 1.0, 2.0], [0, -1, 2], ["a", "b", "c"], [None] * 3),
        *([0, 1, 2**63 - 10], np.array([0, 1, 2**63 + 5], np.uint64)),
    ],
)
def test_arrivals_that_are_not_one_integer_a_query_are_refused(bad, inputs):
    with pytest.raises(UserError, match="arrival_cycles"):
        Nfp(inputs.nfp_spec()).run(inputs.workload(inputs.grid()), positions_for(3), np.array(bad))


def test_a_fifo_that_holds_less_than_a_batch_is_refused():
    with pytest.raises(UserError, match=r"nfp\.io\.output_fifo_queries of 64 .* nfp\.mlp\.batch_queries, 128"):
        load_arch(overrides={"nfp.mlp.batch_queries": 128})
    both = {"nfp.mlp.batch_queries": 128, "nfp.io.output_fifo_queries": 128}
    assert load_arch(overrides=both).nfp.mlp.batch_queries == 128
