"""Commands replayed by batches against the replay of every query, to the cycle, cause and slot."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.engines import batch_sums
from ngpc_sim.engines.batch_sums import BatchSums
from ngpc_sim.engines.cluster import Cluster, ClusterWork
from ngpc_sim.engines.command_replays import in_batches, replay_together
from ngpc_sim.engines.nfp import IDEAL_PATH, MissPath
from ngpc_sim.engines.service import Misses, Service
from ngpc_sim.frame import services

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


def pieces_of(numbers, n, count):
    """``n`` queries in up to four pieces of ``count`` recorded ones: first, size, rounds and rest of each, (4, k)."""
    ends = np.sort(numbers.integers(0, n + 1, numbers.integers(0, 4)))
    asked = np.diff(np.r_[0, ends, n])
    firsts = numbers.integers(0, count, len(asked))
    sizes = numbers.integers(1, count - firsts + 1)
    return np.array([firsts, sizes, asked // sizes, asked % sizes], np.int64)


def in_turn(n, count):
    """The pieces of ``n`` queries that ask ``count`` recorded ones in turn."""
    return np.array([[0], [count], [n // count], [n % count]], np.int64)


def rows_of(pieces):
    """Recorded queries that pieces ask."""
    each = [(np.arange(first, first + size), rounds, rest) for first, size, rounds, rest in pieces.T.tolist()]
    return np.concatenate([part for rows, rounds, rest in each for part in (*[rows] * rounds, rows[:rest])])


@st.composite
def frames(draw, *, missing=False, alike=None):
    """Commands of a frame: engines, ports, latencies and pieces in numbers that let everything wait."""
    work = WORKS[draw(st.sampled_from(sorted(WORKS)))]
    batch = draw(st.sampled_from((1, 2, 8, 16)))
    overrides = {
        "nfp.mlp.batch_queries": batch,
        "cluster.dispatch_queries": batch * draw(st.integers(1, 4)),
        "nfp.mlp.dataflow": draw(st.sampled_from(("layer_serial", "systolic_ws"))),
        "nfp.mlp.rows": draw(st.sampled_from((4, 64))),
        "nfp.io.input_bytes_per_cycle": draw(st.sampled_from((1, 3, 7, 28, 64))),
        "nfp.io.output_bytes_per_cycle": draw(st.sampled_from((1, 5, 32))),
        "nfp.io.output_fifo_queries": batch * draw(st.sampled_from((1, 2, 8))),
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
    path = MissPath(*draw(st.sampled_from(((0, 0), (40, 70), (0, 3), (300, 500)))))
    sizes = draw(st.lists(st.integers(1, 300), min_size=1, max_size=10))
    pieces = [pieces_of(numbers, n, 80) for n in sizes]
    return Frame(cluster, work, service, path, pieces)


@dataclass
class Frame:
    """Commands that ask ``pieces`` of ``service``."""

    cluster: Cluster
    work: ngpc.Workload
    service: Service
    path: MissPath
    pieces: list

    def together(self):
        """What their batches give."""
        batch = self.cluster.nfp.spec.mlp.batch_queries
        groups = self.cluster.nfp.encoding.side_by_side(self.work.encoding)
        reads = tuple(int(self.service.reads[rows_of(pieces)].sum()) for pieces in self.pieces)
        sums = BatchSums(tuple(self.pieces), reads, self.service, batch, groups)
        return list(map(plain, replay_together(self.cluster, self.work, self.path, sums)))

    def one_by_one(self):
        """What a replay of every query gives."""
        works = [ClusterWork(self.work, self.service, rows_of(pieces), self.path) for pieces in self.pieces]
        return [plain(self.cluster.run(work)) for work in works]


@given(frames())
def test_commands_by_batches_equal_the_replay_of_every_query(frame):
    assert in_batches(frame.cluster)
    assert frame.together() == frame.one_by_one()


@given(frames(alike=False))
def test_slots_that_never_count_change_nothing(frame):
    assert len(frame.service.leading) == 1
    assert frame.together() == frame.one_by_one()


@given(frames(alike=True))
def test_shares_whose_queries_are_alike_on_the_leading_slot_equal_the_replay_of_every_query(frame):
    assert frame.service.alike == frame.service.slot_cycles.max()
    assert frame.together() == frame.one_by_one()


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
        service = services.service_of(arch, work.encoding, ngpc.load_trace(work.trace))
        first = service.leading[0]
        assert service.leading.tolist() == [first]
        assert {service.alike} == set(service.slot_cycles[:, first].tolist())
        assert service.slot_cycles.max() == service.alike


@given(frames(missing=True))
def test_commands_that_miss_lines_equal_the_replay_of_every_query(frame):
    assert frame.together() == frame.one_by_one()


@given(frames(missing=True, alike=False), st.integers(0, 15))
def test_slots_that_miss_lead_beside_the_slowest(frame, one):
    """Where but one slot misses lines, a batch waits for it and for the slowest slot."""
    misses, slots = frame.service.misses, frame.service.slot_cycles.shape[1]
    one %= slots
    for counts in (misses.missing, misses.far, misses.slot_missing, misses.slot_far):
        counts[:, np.arange(counts.shape[1]) % slots != one] = 0
    slowest = int(frame.service.slot_cycles.max(axis=0).argmax())
    assert frame.service.leading.tolist() == sorted({slowest, *([one] if misses.slot_missing.any() else [])})
    assert frame.together() == frame.one_by_one()


def test_commands_of_more_parts_than_memory_holds_are_refused(monkeypatch):
    service = Service(np.ones((80, 16), np.uint16), np.ones(80, np.int32), np.ones(16, np.int64))
    arch = ngpc.load_arch("ngpc")
    frame = Frame(Cluster(arch.cluster, arch.nfp, 8), WORKS["nerf-hashgrid"], service, IDEAL_PATH, [in_turn(64000, 80)])
    monkeypatch.setattr(batch_sums, "MAX_PARTS", 64000 // 64 + 64000 // 80)
    assert frame.together()
    monkeypatch.setattr(batch_sums, "MAX_PARTS", 64000 // 64 + 64000 // 80 - 1)
    with pytest.raises(UserError, match="64,000 queries in all do not fit in memory"):
        frame.together()


def test_batches_that_take_more_than_32_bits_of_cycles_and_miss_equal_the_replay_of_every_query():
    size = dict.fromkeys(("nfp.mlp.batch_queries", "nfp.io.output_fifo_queries", "cluster.dispatch_queries"), 65536)
    arch = ngpc.load_arch("ngpc", scale=1, overrides=size)
    misses = misses_of(np.random.default_rng(1), 0.02, 16, 16)
    cycles = np.full((80, 16), 65535, np.uint16)
    service = Service(cycles, np.ones(80, np.int32), np.ones(16, np.int64), misses=misses)
    cluster = Cluster(arch.cluster, arch.nfp, 1)
    frame = Frame(cluster, WORKS["nerf-hashgrid"], service, MissPath(40, 70), [in_turn(65536, 80)])
    assert frame.together() == frame.one_by_one()


def test_batches_by_wide_ports_and_long_intervals_equal_the_replay_of_every_query():
    """Ports of 2^20 bytes a cycle and intervals of 2^16 cycles: times in 1/65536 bytes would come near 2^63."""
    arch = ngpc.load_arch("ngpc", overrides={"nfp.io.input_bytes_per_cycle": 1 << 20})
    cluster, work = Cluster(arch.cluster, arch.nfp, 8), WORKS["nerf-hashgrid"]
    service = Service(np.full((4, 16), 65535, np.uint16), np.ones(4, np.int32), np.ones(16, np.int64))
    frame = Frame(cluster, work, service, IDEAL_PATH, [in_turn(2000, 4)])
    assert frame.together() == frame.one_by_one()


def test_large_batches_of_long_queries_that_are_alike_equal_the_replay_of_every_query():
    """Batches of more than 2^32 cycles, the last of them partial, on one NFP and on more than have work."""
    size = dict.fromkeys(("nfp.mlp.batch_queries", "nfp.io.output_fifo_queries", "cluster.dispatch_queries"), 65536)
    cycles = np.full((80, 16), 65534, np.uint16)
    cycles[:, 3] = 65535
    service = Service(cycles, np.ones(80, np.int32), np.ones(16, np.int64))
    for scale in (1, 2, 9):
        arch = ngpc.load_arch("ngpc", scale=scale, overrides=size)
        cluster = Cluster(arch.cluster, arch.nfp, scale)
        frame = Frame(cluster, WORKS["nerf-hashgrid"], service, IDEAL_PATH, [in_turn(200_000, 80)])
        assert frame.together() == frame.one_by_one()
