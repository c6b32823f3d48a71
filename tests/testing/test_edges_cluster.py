"""Dispatcher and command queue at the edge: who gets a granule, when a batch closes, what overlaps."""

import numpy as np
import pytest

from ngpc_sim.engines import Cluster, ClusterWork, EncodingEngine
from ngpc_sim.kernels.command_queue import DONE, FILL, admit, idle


@pytest.fixture
def cluster(spec_of, work_of, voxels, default):
    """Runs ``n`` queries on a cluster: granules of ``granule``, a query a cycle on each NFP."""

    def run(n, scale, granule=4, dispatch="round_robin", stream=None, **blocks):
        spec, work = spec_of(**blocks), work_of()
        service = EncodingEngine(spec.encoding).service(work.encoding, voxels(*range(max(n, 1))) % 1)
        parts = {"dispatch": dispatch, "dispatch_queries": granule}
        rows = np.arange(n) if stream is None else np.array(stream)
        command = ClusterWork(work, service, rows)
        return Cluster(default.cluster.model_copy(update=parts), spec, scale).run(command, each_query=True)

    return run


def alone(spec, n, behind=0):
    """Results of ``n`` queries, one batch that arrives with the first port cycle, ``behind`` others issued before."""
    mlp = spec.mlp
    ready = 1 + behind + n - 1 + spec.encoding.latency_cycles.total
    return ready + 2 * max(n, mlp.pipeline_depth) + mlp.pipeline_depth


@pytest.mark.parametrize("scale", [1, 2, 3, 5])
def test_round_robin_gives_granule_g_to_nfp_g_mod_n(scale, cluster, spec_of):
    run = cluster(4 * scale, scale)
    assert run.done_cycles.tolist() == [alone(spec_of(), 4)] * 4 * scale
    assert run.end_cycles.tolist() == [alone(spec_of(), 4) + 1] * scale  # 4 x 8 bytes leave in a cycle


@pytest.mark.parametrize(
    ("n", "busy"), [(1, [1, 0, 0]), (4, [4, 0, 0]), (5, [4, 1, 0]), (9, [4, 4, 1]), (13, [5, 4, 4])]
)
def test_the_last_granule_takes_what_is_left(n, busy, cluster):
    assert cluster(n, 3).busy_cycles.tolist() == [2 * queries for queries in busy]


@pytest.mark.parametrize("granule", [1, 2, 3, 4])
def test_a_batch_holds_queries_of_several_granules(granule, cluster, spec_of):
    run = cluster(8, 2, granule)
    queries = [sum(1 for i in range(8) if i // granule % 2 == nfp) for nfp in range(2)]
    first = [i for i in range(8) if i // granule % 2 == 0][:4]
    assert sum(queries) == 8
    assert run.done_cycles[first].tolist() == [alone(spec_of(), 4)] * 4


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_least_loaded_serves_the_lowest_number_of_equals(scale, cluster):
    run = cluster(4, scale, dispatch="least_loaded")
    assert (run.busy_cycles > 0).tolist() == [True] + [False] * (scale - 1)


@pytest.mark.parametrize("slow_reads", [2, 3, 8])
def test_least_loaded_waits_for_the_first_nfp_to_run_dry(slow_reads, cluster, spec_of):
    blocks = {"encoding": {"banks": 1, "read_ports": -(-8 // slow_reads)}, "mlp": {"batch_queries": 64}}
    run = cluster(6, 2, granule=2, dispatch="least_loaded", **blocks)
    interval = -(-8 // blocks["encoding"]["read_ports"])
    handed = 1 + 2 * interval  # both NFPs take a granule at once and run dry together: NFP 0 gets the third
    spec = spec_of(**blocks)
    ready = handed + 2 * interval - 1 + spec.encoding.latency_cycles.total
    done = ready + 3 * spec.mlp.pipeline_depth
    assert run.done_cycles[[0, 1, 4, 5]].tolist() == [max(done, ready + 2 * 4 + 3)] * 4


@pytest.mark.parametrize("behind", [0, 1, 2])
def test_a_partial_batch_closes_when_the_last_granule_has_been_handed_out(behind, cluster, spec_of):
    latencies = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 0)
    blocks = {"encoding": {"banks": 1, "latency_cycles": latencies}, "mlp": {"batch_queries": 64}}
    n = 4 * (2 + behind)
    run = cluster(n, 2, granule=4, dispatch="least_loaded", **blocks)
    rounds = -(-(2 + behind) // 2)
    handed = 1 + (rounds - 1) * 4 * 8 if rounds > 1 else 0
    queries = 4 * ((2 + behind) // 2)  # of NFP 1, which has the fewer granules
    ready = max(1 + queries * 8 - 1, handed)
    depth = spec_of(**blocks).mlp.pipeline_depth
    assert run.done_cycles[4:8].tolist() == [ready + 2 * max(queries, depth) + depth] * 4


@pytest.mark.parametrize("batches", [1, 2, 5])
def test_a_command_behind_itself_adds_what_its_bottleneck_takes(batches, cluster, spec_of):
    run = cluster(4 * batches, 1, encoding={"engines": 64})
    spec = spec_of()
    assert run.occupancy_cycles.tolist() == [batches * 2 * spec.mlp.batch_queries]
    assert run.busy_cycles.tolist() == run.occupancy_cycles.tolist()


def admitted(done, end, occupancy, start, *, offset=0, least_loaded=False):
    queue, costs = idle(len(done)), (np.array(a, np.int64) for a in (end, occupancy))
    queue[DONE] = done
    slowest, _ = admit(queue, *costs, start, offset, least_loaded, 7)
    return queue[DONE].tolist(), slowest, queue[FILL].tolist()


@pytest.mark.parametrize(("done_before", "finish"), [(0, 150), (50, 150), (110, 150), (111, 151), (300, 340)])
def test_a_command_ends_after_its_own_length_or_behind_the_one_before(done_before, finish):
    start, end, occupancy = 100, 50, 40
    done, slowest, _ = admitted([done_before], [end], [occupancy], start)
    assert done == [slowest] == [finish] == [max(start + end, done_before + occupancy)]


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4])
def test_the_shares_of_a_command_rotate_over_the_nfps(offset):
    done, _, _ = admitted([0, 0, 0], [10, 20, 30], [10, 20, 30], 0, offset=offset)
    assert done == [[10, 20, 30][(j - offset) % 3] for j in range(3)]


def test_the_first_nfp_to_be_free_takes_the_first_share():
    done, _, _ = admitted([30, 10, 20], [5, 5, 5], [5, 5, 0], 0, least_loaded=True)
    assert done == [30, 15, 25]


@pytest.mark.parametrize(("done_before", "fill"), [(0, 10), (100, 10), (104, 6), (109, 1), (110, 0), (400, 0)])
def test_fill_is_what_a_command_takes_longer_than_behind_another(done_before, fill):
    _, _, filled = admitted([done_before], [50], [40], 100)
    assert filled == [fill]
