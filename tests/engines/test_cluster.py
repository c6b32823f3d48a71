"""Cluster: dispatch and passes against a slow simulation; conservation; queues of commands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.engines import Cluster, ClusterSpec, ClusterWork, EncodingEngine, Nfp
from ngpc_sim.engines.service import Service
from ngpc_sim.kernels.command_queue import ALONE, DONE, FILL, LAST, ORDER, admit, idle

POLICIES = ("round_robin", "least_loaded")


def random_case(data, inputs, max_queries=120):
    """Spec, workload and the intervals of a stream, drawn directly: any interval may occur on any engine."""
    encoding = inputs.grid("dense", 2, data.draw(st.integers(1, 8)), per_level_scale=1.0)
    work, nfp = data.draw(inputs.workloads(encoding)), data.draw(inputs.nfp_specs())
    lanes_cycles = -(-4 // nfp.encoding.corner_lanes)
    slots = min(nfp.encoding.engines, encoding.n_levels)
    levels = [len(range(slot, encoding.n_levels, slots)) for slot in range(slots)]
    base = np.array(levels, dtype=np.int64) * lanes_cycles
    n = data.draw(st.integers(0, max_queries))
    recorded = data.draw(st.integers(1, 40))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    slow = rng.integers(0, data.draw(st.sampled_from((1, 2, 5, 40))), (recorded, slots))
    service = Service((base + slow).astype(np.uint16), rng.integers(0, 99, recorded).astype(np.int32), base)
    return work, nfp, service, rng.integers(0, recorded, n)


def random_cluster(data):
    return ClusterSpec(dispatch=data.draw(st.sampled_from(POLICIES)), dispatch_queries=data.draw(st.integers(1, 50)))


def rows_of(service, stream):
    return service.slot_cycles[stream].astype(int).tolist()


@given(data=st.data())
def test_every_nfp_follows_the_slow_simulation_exactly(data, reference, inputs):
    work, nfp, service, stream = random_case(data, inputs)
    spec, scale = random_cluster(data), data.draw(st.integers(1, 9))
    run = Cluster(spec, nfp, scale).run(ClusterWork(work, service, stream), each_query=True)
    expected = reference.cluster(spec, nfp, scale, work, rows_of(service, stream))
    assert run.end_cycles.tolist() == expected["ends"]
    assert (run.end_cycles + run.occupancy_cycles).tolist() == expected["twice"]
    assert run.done_cycles.tolist() == expected["done"]


@given(data=st.data())
def test_busy_cycles_and_stalls_add_up_to_the_occupancy_of_every_nfp(data, inputs):
    work, nfp, service, stream = random_case(data, inputs)
    run = Cluster(random_cluster(data), nfp, data.draw(st.integers(1, 9))).run(ClusterWork(work, service, stream))
    np.testing.assert_array_equal(run.busy_cycles + run.occupancy_stalls.sum(axis=1), run.occupancy_cycles)
    assert (run.occupancy_stalls >= 0).all()
    assert (run.occupancy_cycles >= run.busy_cycles).all()


@given(data=st.data())
def test_every_query_is_served_once(data, reference, inputs):
    work, nfp, service, stream = random_case(data, inputs)
    spec, scale = random_cluster(data), data.draw(st.integers(1, 9))
    run = Cluster(spec, nfp, scale).run(ClusterWork(work, service, stream))
    n, tiles = len(stream), sum(reference.weight_tiles(nfp.mlp, work))
    assert run.n_queries == n
    assert run.busy_cycles.sum() == n * tiles
    given_to = reference.cluster(spec, nfp, scale, work, rows_of(service, stream))["given"]
    assert run.busy_cycles.tolist() == [len(part) * tiles for part in given_to]
    assert run.actions["input_bytes"] == n * work.input_bytes
    assert run.actions["output_bytes"] == n * work.output_bytes
    assert run.actions["grid_sram_read"] == sum(service.reads[stream].tolist())
    batches = sum(-(-len(part) // nfp.mlp.batch_queries) for part in given_to)
    assert run.actions["weight_bytes"] == batches * work.macs_per_query * 2


@given(data=st.data())
def test_one_nfp_is_the_nfp_alone(data, inputs):
    encoding = data.draw(inputs.grids(max_levels=6))
    work, nfp = data.draw(inputs.workloads(encoding)), data.draw(inputs.nfp_specs())
    positions = data.draw(inputs.streams(encoding.n_dims, max_queries=40))
    spec = ClusterSpec(dispatch="round_robin", dispatch_queries=data.draw(st.integers(1, 50)))
    service = EncodingEngine(nfp.encoding).service(encoding, positions)
    work_of_all = ClusterWork(work, service, np.arange(len(positions)))
    run = Cluster(spec, nfp, 1).run(work_of_all, each_query=True)
    alone = Nfp(nfp).run(work, positions)
    assert run.end_cycles.tolist() == [alone.cycles]
    assert run.done_cycles.tolist() == alone.done_cycles.tolist()


@pytest.mark.parametrize("policy", POLICIES)
@given(data=st.data())
def test_twice_the_nfps_are_never_slower_by_more_than_a_granule(policy, data, inputs):
    work, nfp, service, stream = random_case(data, inputs)
    spec = ClusterSpec(dispatch=policy, dispatch_queries=data.draw(st.integers(1, 50)))
    scale = data.draw(st.integers(1, 5))
    command = ClusterWork(work, service, stream)
    fewer, more = (Cluster(spec, nfp, n).timing(command).latency_cycles for n in (scale, 2 * scale))
    size = spec.dispatch_queries
    granules = [stream[i : i + size] for i in range(0, len(stream), size)]
    alone = [Cluster(spec, nfp, 1).timing(ClusterWork(work, service, g)).latency_cycles for g in granules]
    assert more <= fewer + max([0, *alone])


@given(data=st.data())
def test_behind_itself_a_command_never_takes_longer_than_from_idle(data, inputs):
    work, nfp, service, stream = random_case(data, inputs)
    side_by_side = max(1, nfp.encoding.engines // work.encoding.n_levels)
    spec = ClusterSpec(dispatch="round_robin", dispatch_queries=side_by_side * data.draw(st.integers(1, 9)))
    stream = stream[: len(stream) // side_by_side * side_by_side]  # groups start over with every command
    run = Cluster(spec, nfp, data.draw(st.integers(1, 5))).run(ClusterWork(work, service, stream))
    assert (run.occupancy_cycles <= run.end_cycles).all()


def simple_case(inputs, n):
    """One level, one engine: granules of two queries; every query takes the cycles of its row."""
    nfp = inputs.nfp_spec(
        encoding={"engines": 1},
        mlp={"batch_queries": 2, "pipeline_depth": 1},
        io={"input_bytes_per_cycle": 64, "output_bytes_per_cycle": 64, "output_fifo_queries": 2},
    )
    work = inputs.workload(inputs.grid("dense", 3, 1), input_bytes=8, output_bytes=8)
    cycles = np.ones((n, 1), np.uint16)
    return nfp, work, Service(cycles, np.ones(n, np.int32), np.ones(1, np.int64))


def test_round_robin_hands_granule_g_to_nfp_g_mod_n(inputs):
    nfp, work, service = simple_case(inputs, 14)
    spec = ClusterSpec(dispatch="round_robin", dispatch_queries=2)
    run = Cluster(spec, nfp, 3).run(ClusterWork(work, service, np.arange(14)))
    tiles = 3
    assert run.busy_cycles.tolist() == [6 * tiles, 4 * tiles, 4 * tiles]  # granules 0 3 6, 1 4, 2 5
    assert run.end_cycles[0] > run.end_cycles[1] == run.end_cycles[2]


def test_least_loaded_gives_a_slow_granule_no_company(inputs):
    nfp, work, service = simple_case(inputs, 14)
    service.slot_cycles[:2] = 500
    spec = ClusterSpec(dispatch="least_loaded", dispatch_queries=2)
    run = Cluster(spec, nfp, 3).run(ClusterWork(work, service, np.arange(14)))
    tiles = 3
    assert run.busy_cycles.tolist() == [2 * tiles, 6 * tiles, 6 * tiles]  # granules 0, 1 3 5, 2 4 6


def test_a_partial_batch_closes_when_the_last_granule_has_been_handed_out(inputs):
    instant = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 0)
    nfp = inputs.nfp_spec(
        encoding={"engines": 1, "latency_cycles": instant},
        mlp={"batch_queries": 2},
        io={"input_bytes_per_cycle": 8},
    )
    work = inputs.workload(inputs.grid("dense", 3, 1), input_bytes=8, output_bytes=8)
    service = Service(np.full((3, 1), 5, np.uint16), np.ones(3, np.int32), np.ones(1, np.int64))
    spec = ClusterSpec(dispatch="least_loaded", dispatch_queries=1)
    run = Cluster(spec, nfp, 2).run(ClusterWork(work, service, np.arange(3)), each_query=True)
    handed_at = 1 + 5  # arrival and interval: both NFPs run dry, and the first one takes granule 2
    pass_cycles = 3 * nfp.mlp.rows + nfp.mlp.pipeline_depth
    ready = handed_at + 5 - 1
    assert run.done_cycles.tolist() == [ready + pass_cycles, handed_at + pass_cycles, ready + pass_cycles]


def test_no_cause_gives_cycles_back_to_a_command_behind_itself(inputs):
    nfp = inputs.nfp_spec(
        encoding={"engines": 1, "corner_lanes": 4},
        mlp={"batch_queries": 1, "pipeline_depth": 3},
        io={"output_bytes_per_cycle": 1, "output_fifo_queries": 2},
    )
    work = inputs.workload(inputs.grid("dense", 2, 1), [inputs.network(16, 64, 1, 3)], 1, 11)
    service = Service(np.array([[6], [10]], np.uint16), np.ones(2, np.int32), np.ones(1, np.int64))
    spec = ClusterSpec(dispatch="round_robin", dispatch_queries=2)
    run = Cluster(spec, nfp, 1).run(ClusterWork(work, service, np.arange(2)))
    assert (run.occupancy_stalls >= 0).all()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_nfps_without_a_granule_take_no_time(policy, n, inputs):
    nfp, work, service = simple_case(inputs, 5)
    spec = ClusterSpec(dispatch=policy, dispatch_queries=2)
    run = Cluster(spec, nfp, 4).run(ClusterWork(work, service, np.arange(n)))
    working = -(-n // 2)
    for cycles in (run.end_cycles, run.occupancy_cycles, run.busy_cycles):
        assert [c > 0 for c in cycles.tolist()] == [j < working for j in range(4)]


def admit_slowly(done, alone, last, fill, end, occupancy, start, offset, policy, number):
    n = len(done)
    free_first = sorted(range(n), key=lambda j: (done[j], j))
    finishes = {}
    for share in range(n):
        if end[share]:
            j = free_first[share] if policy == "least_loaded" else (share + offset) % n
            finish = max(start + end[share], done[j] + occupancy[share])
            behind = last[j] if done[j] + occupancy[share] > start + end[share] else -1
            fill[j] += finish - max(start, done[j]) - occupancy[share]
            finishes[share] = (finish, behind)
            alone[j] = max(end[share], alone[j] + occupancy[share])
            done[j], last[j] = finish, number
    return max(finishes.values(), key=lambda pair: pair[0], default=(0, -1))


@given(data=st.data())
def test_commands_queue_behind_each_other(data):
    n, policy = data.draw(st.integers(1, 6)), data.draw(st.sampled_from(POLICIES))
    times = st.lists(st.integers(0, 12), min_size=n, max_size=n)
    queue, slow_state = idle(n), [[0] * n, [0] * n, [-1] * n, [0] * n]
    for number in range(data.draw(st.integers(1, 6))):
        end, occupancy = data.draw(times), data.draw(times)
        start, offset = data.draw(st.integers(0, 20)), data.draw(st.integers(0, 7))
        arrays = np.array(end, np.int64), np.array(occupancy, np.int64)
        before = queue[DONE].tolist()
        got = admit(queue, *arrays, start, offset, policy == "least_loaded", number)
        assert got == admit_slowly(*slow_state, end, occupancy, start, offset, policy, number)
        assert queue[[DONE, ALONE, LAST, FILL]].tolist() == slow_state
        if policy == "least_loaded":
            assert queue[ORDER].tolist() == sorted(range(n), key=lambda j: before[j])


def test_a_command_on_idle_nfps_ends_after_its_end_and_behind_another_after_its_occupancy():
    queue, costs = idle(2), (np.array([30, 20]), np.array([25, 15]))
    assert admit(queue, *costs, 100, 0, False, 7) == (130, -1)  # noqa: FBT003
    assert admit(queue, *costs, 104, 0, False, 8) == (155, 7)  # noqa: FBT003
    assert queue[DONE].tolist() == [155, 135]
    assert queue[ALONE].tolist() == [55, 35]
    assert queue[LAST].tolist() == [8, 8]
    assert admit(queue, *costs, 500, 1, False, 9) == (530, -1)  # noqa: FBT003
    assert queue[DONE].tolist() == [520, 530]


@pytest.mark.parametrize("scale", [1, 3, 8])
@pytest.mark.parametrize(("n", "granule"), [(0, 4), (1, 1), (7, 1), (64, 16), (200, 16), (333, 10)])
def test_equal_queries_cost_what_each_of_them_replayed_costs(n, granule, scale, inputs):
    nfp = inputs.nfp_spec(encoding={"banks": "ideal", "corner_lanes": 2}, mlp={"batch_queries": 16})
    work = inputs.workload(inputs.grid("hash", 3, 5), input_bytes=12, output_bytes=4)
    service = Service(np.full((n, 5), 4, np.uint16), np.full(n, 40, np.int32), np.full(5, 4, np.int64))
    cluster = Cluster(ClusterSpec(dispatch="round_robin", dispatch_queries=granule), nfp, scale)
    command = ClusterWork(work, service, np.arange(n))
    at_once, each = cluster.run(command), cluster.run(command, each_query=True)
    for name in ("end_cycles", "occupancy_cycles", "occupancy_stalls", "busy_cycles"):
        assert getattr(at_once, name).tolist() == getattr(each, name).tolist(), name
    assert dict(at_once.actions) == dict(each.actions)
