"""Commands replayed by batches against the replay of every query, to the cycle, cause and slot."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.engines import batch_sums, command_replays
from ngpc_sim.engines.batch_sums import BatchSums
from ngpc_sim.engines.cluster import Cluster, ClusterWork
from ngpc_sim.engines.command_replays import in_batches, replay_together
from ngpc_sim.engines.memory_shares import Memory
from ngpc_sim.engines.service import Misses, Service
from ngpc_sim.frame import plan

WORKS = {name: ngpc.load_workload(name) for name in ("nerf-hashgrid", "nvr-densegrid", "gia-lowres")}


def plain(run):
    """A command's run as Python numbers."""
    arrays = (run.end_cycles, run.occupancy_cycles, run.level_stalls, run.busy_cycles, run.done_cycles)
    lines = None if run.lines is None else run.lines.tolist()
    return [array.tolist() for array in arrays], run.n_queries, dict(run.actions), lines


def misses_of(numbers, often, levels, slots):
    """Random misses of 80 queries: of all levels those that ``often`` says, as a part of 1."""
    asked = (numbers.random((80, levels)) < often) * numbers.integers(1, 9, (80, levels))
    missing = numbers.integers(0, asked + 1)
    far = numbers.integers(0, missing + 1)
    by_level = [counts.astype(np.uint8) for counts in (asked, missing, far)]
    by_slot = [
        np.stack([counts[:, slot::slots].sum(axis=1) for slot in range(slots)], axis=1).astype(np.uint16)
        for counts in (missing, far)
    ]
    return Misses(*by_level, *by_slot, np.zeros(0, np.int64))


def led(cycles, numbers, slot, *, alike):
    """Give one engine slot at least the cycles of every other one, more than those in front; ``alike`` for all."""
    slowest = np.uint16(cycles.max())
    cycles[:, :slot] = np.minimum(cycles[:, :slot], max(slowest, 1) - 1)
    cycles[:, slot] = slowest if alike else slowest + numbers.integers(0, 4, len(cycles))


@st.composite
def frames(draw, *, missing=False, alike=None):
    """A cluster and the works of a frame: engines, ports, links and streams in numbers that let everything wait."""
    work = WORKS[draw(st.sampled_from(sorted(WORKS)))]
    batch = draw(st.sampled_from((1, 2, 8, 16)))
    overrides = {
        "nfp.mlp.batch_queries": batch,
        "cluster.dispatch_queries": batch * draw(st.integers(1, 4)),
        "nfp.mlp.dataflow": draw(st.sampled_from(("layer_serial", "systolic_ws"))),
        "nfp.mlp.rows": draw(st.sampled_from((4, 64))),
        "nfp.io.input_bytes_per_cycle": draw(st.sampled_from((1, 3, 7, 28, 64))),
        "nfp.io.output_bytes_per_cycle": draw(st.sampled_from((1, 5, 32))),
        "nfp.io.output_fifo_queries": draw(st.sampled_from((1, 16, 64))),
        "nfp.encoding.outstanding_lines": draw(st.sampled_from((1, 2, 5, 16))),
    }
    arch = ngpc.load_arch("ngpc", scale=draw(st.integers(1, 9)), overrides=overrides)
    cluster = Cluster(arch.cluster, arch.nfp, arch.scale)
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    slots = min(16, work.encoding.n_levels)
    least, most = draw(st.sampled_from(((1, 2), (1, 9), (2, 40), (0, 3))))
    cycles = numbers.integers(least, most, (80, slots)).astype(np.uint16)
    if alike is not None:
        led(cycles, numbers, draw(st.integers(0, slots - 1)), alike=alike)
    base = np.full(slots, cycles.min(), np.int64)
    often = draw(st.sampled_from((0.0, 0.02, 0.2, 1.0)))
    misses = misses_of(numbers, often, work.encoding.n_levels, slots) if missing else None
    service = Service(cycles, numbers.integers(1, 99, 80).astype(np.int32), base, misses=misses)
    slow = Memory(draw(st.sampled_from((3.5, 200.0))), draw(st.sampled_from((1.5, 90.0))), 40, 70, 11.0)
    memory = draw(st.sampled_from((None, slow, Memory(500.0, 300.0, 0, 3)))) if missing else None
    sizes = draw(st.lists(st.integers(1, 300), min_size=1, max_size=10))
    link = draw(st.sampled_from((None, 2.5, 40.0, 1000.0)))
    works = [
        ClusterWork(
            work, service, numbers.integers(0, 80, n).astype(np.int32), link, memory, draw(st.sampled_from((0, 2000)))
        )
        for n in sizes
    ]
    return cluster, works


def together(cluster, works):
    service, encoding = works[0].service, works[0].workload.encoding
    batch, groups = cluster.nfp.spec.mlp.batch_queries, cluster.nfp.encoding.side_by_side(encoding)
    return replay_together(cluster, works, BatchSums(tuple(work.stream for work in works), service, batch, groups))


@given(frames())
def test_commands_by_batches_equal_the_replay_of_every_query(frame):
    cluster, works = frame
    assert in_batches(cluster)
    for by_batches, by_queries in zip(together(cluster, works), map(cluster.run, works), strict=True):
        assert plain(by_batches) == plain(by_queries)


@given(frames(alike=False))
def test_slots_that_never_count_change_nothing(frame):
    cluster, works = frame
    assert len(works[0].service.leading) == 1
    for by_batches, by_queries in zip(together(cluster, works), map(cluster.run, works), strict=True):
        assert plain(by_batches) == plain(by_queries)


@given(frames(alike=True))
def test_shares_whose_queries_are_alike_on_the_leading_slot_equal_the_replay_of_every_query(frame):
    cluster, works = frame
    assert works[0].service.alike == works[0].service.slot_cycles.max()
    assert list(map(plain, together(cluster, works))) == list(map(plain, map(cluster.run, works)))


def test_slots_in_front_have_to_take_less_to_be_left_out():
    """A batch waits for the first slot of those that are done together."""

    def leading(*rows):
        cycles = np.array(rows, np.uint16)
        return Service(cycles, np.ones(len(rows), np.int32), np.ones(3, np.int64)).leading.tolist()

    assert leading((3, 3, 3), (1, 3, 3)) == [0, 1]
    assert leading((2, 3, 3), (1, 3, 3)) == [1]
    assert leading((2, 3, 4), (2, 3, 2)) == [1, 2]
    assert leading((0, 0, 0)) == [0]


def test_bundled_hashgrids_have_one_leading_slot_on_which_all_queries_are_alike():
    arch = ngpc.load_arch("ngpc")
    for name in ("nerf-hashgrid", "nsdf-hashgrid", "nvr-hashgrid", "gia-hashgrid"):
        work = ngpc.load_workload(name)
        service = plan.service_of(arch, work.encoding, ngpc.load_trace(work.trace))
        first = service.leading[0]
        assert service.leading.tolist() == [first]
        assert {service.alike} == set(service.slot_cycles[:, first].tolist())
        assert service.slot_cycles.max() == service.alike


@given(frames(missing=True))
def test_commands_that_miss_lines_equal_the_replay_of_every_query(frame):
    cluster, works = frame
    assert in_batches(cluster)
    for by_batches, by_queries in zip(together(cluster, works), map(cluster.run, works), strict=True):
        assert plain(by_batches) == plain(by_queries)


def test_more_misses_than_are_kept_are_replayed_query_by_query(monkeypatch):
    cluster = Cluster(ngpc.load_arch("ngpc").cluster, ngpc.load_arch("ngpc").nfp, 8)
    work, numbers = WORKS["nerf-hashgrid"], np.random.default_rng(1)
    misses = misses_of(numbers, 1.0, 16, 16)
    service = Service(np.full((80, 16), 2, np.uint16), np.ones(80, np.int32), np.ones(16, np.int64), misses=misses)
    works = [ClusterWork(work, service, np.arange(2000, dtype=np.int32) % 80)]
    kept = plain(together(cluster, works)[0])
    monkeypatch.setattr(batch_sums, "MOST_MISSES", 1000)
    monkeypatch.setattr(command_replays, "replay_commands", None)
    assert plain(together(cluster, works)[0]) == kept


def test_batches_that_take_more_than_32_bits_of_cycles_and_miss_equal_the_replay_of_every_query():
    size = {"nfp.mlp.batch_queries": 65536, "cluster.dispatch_queries": 65536}
    arch = ngpc.load_arch("ngpc", scale=1, overrides=size)
    cluster = Cluster(arch.cluster, arch.nfp, 1)
    misses = misses_of(np.random.default_rng(1), 0.02, 16, 16)
    cycles = np.full((80, 16), 65535, np.uint16)
    service = Service(cycles, np.ones(80, np.int32), np.ones(16, np.int64), misses=misses)
    works = [ClusterWork(WORKS["nerf-hashgrid"], service, np.arange(65536, dtype=np.int32) % 80)]
    assert plain(together(cluster, works)[0]) == plain(cluster.run(works[0]))


def test_batches_by_wide_ports_and_long_intervals_equal_the_replay_of_every_query():
    """Ports of 2^20 bytes a cycle and intervals of 2^16 cycles: times in 1/65536 bytes would come near 2^63."""
    arch = ngpc.load_arch("ngpc", overrides={"nfp.io.input_bytes_per_cycle": 1 << 20})
    cluster, work = Cluster(arch.cluster, arch.nfp, 8), WORKS["nerf-hashgrid"]
    service = Service(np.full((4, 16), 65535, np.uint16), np.ones(4, np.int32), np.ones(16, np.int64))
    works = [ClusterWork(work, service, np.arange(2000, dtype=np.int32) % 4)]
    assert plain(together(cluster, works)[0]) == plain(cluster.run(works[0]))


def test_large_batches_of_long_queries_that_are_alike_equal_the_replay_of_every_query():
    """Batches of more than 2^32 cycles, the last of them partial, on one NFP and on more than have work."""
    size = {"nfp.mlp.batch_queries": 65536, "cluster.dispatch_queries": 65536}
    cycles = np.full((80, 16), 65534, np.uint16)
    cycles[:, 3] = 65535
    service = Service(cycles, np.ones(80, np.int32), np.ones(16, np.int64))
    for scale in (1, 2, 9):
        arch = ngpc.load_arch("ngpc", scale=scale, overrides=size)
        cluster = Cluster(arch.cluster, arch.nfp, scale)
        works = [ClusterWork(WORKS["nerf-hashgrid"], service, np.arange(200_000, dtype=np.int32) % 80)]
        assert plain(together(cluster, works)[0]) == plain(cluster.run(works[0]))
