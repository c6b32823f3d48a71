"""Missing lines at the edge: when the features of a query are there if some of its lines are not.

A plain image grid of 32 x 32 entries, of which a line holds two rows: 16 lines, 4 of them in the grid_sram of the one
engine, loaded with lines 0 to 3. A query at ``at(n)`` asks for line n alone, at ``at(n + 0.5)`` for n and n + 1. A
single batch starts with the features of its last query, so its start is their cycle: not at c - 1, but at c.
"""

import numpy as np
import pytest

from ngpc_sim.engines import Nfp
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.memory_shares import MissPath

CYCLE = 1 << 16
LINES = {"feature_bytes": 4, "line_bytes": 256, "grid_sram_kib": 1, "ways": "full", "table_policy": "cache"}
WHOLE_L2 = L2Shape(16 * 256, 16)


def at(*lines):
    rows = (2 * np.array(lines, np.float32) + np.float32(0.25)) / np.float32(31)
    return np.stack([np.full_like(rows, 0.5), rows], axis=1).astype(np.float32)


def missing_lines(n):
    """``n`` queries, each of which misses one line: in turn, more of them than there is room for."""
    return at(*(4 + np.arange(n) % 12))


def way(link=0, dram=0, l2_latency=0, dram_latency=0, slots=1):
    """Line times in 1/65536 cycles, latencies in cycles."""
    return MissPath(l2_latency, dram_latency, ((link, dram),) * slots)


class Stream:
    """Queries on one NFP, all in one batch unless told; asserts from both sides."""

    def __init__(self, spec, work):
        self.spec, self.work = spec, work

    def run(self, positions, path, l2=None, arrival_cycles=0):
        arrivals = np.broadcast_to(np.asarray(arrival_cycles, np.int64), len(positions)).copy()
        self.answer = Nfp(self.spec).run(self.work, positions, arrivals, l2=l2, path=path)
        return self

    @property
    def cycles(self):
        """Of a query on its engine."""
        return -(-(2**self.work.encoding.n_dims) // self.spec.encoding.corner_lanes)

    @property
    def tagged(self):
        """When the tags of a query issued at 0 are known."""
        stages = self.spec.encoding.latency_cycles
        return self.cycles - 1 + stages.pos_fract + stages.grid_index

    @property
    def behind(self):
        """From the last line to the features."""
        return self.spec.encoding.latency_cycles.grid_sram + self.spec.encoding.latency_cycles.interpol_weights

    def assert_features_exactly_at(self, cycle):
        start, depth = int(self.answer.batch_start_cycles[-1]), self.spec.mlp.pipeline_depth
        assert start > cycle - 1, f"features should be there at {cycle} and not before, but are at {start}"
        assert start <= cycle, f"features should be there at {cycle}, but are not before {start}"
        queries = (len(self.answer.done_cycles) - 1) % self.spec.mlp.batch_queries + 1
        assert self.answer.done_cycles[-1] == cycle + 2 * max(queries, depth) + depth

    def assert_stalls(self, **cycles):
        assert {cause: self.answer.stalls[cause] for cause in cycles} == cycles


@pytest.fixture
def stream(spec_of, work_of):
    """A stream on one engine, with values of the encoding replaced."""

    def make(batch=64, **encoding):
        blocks = {"encoding": {"engines": 1, "corner_lanes": 4} | LINES | encoding}
        spec = spec_of(**blocks, mlp={"batch_queries": batch, "pipeline_depth": 1})
        return Stream(spec, work_of(levels=1, dims=2, n_features_per_level=1))

    return make


@pytest.mark.parametrize("arrival", [0, 7])
@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("latency", [0, 1, 150])
@pytest.mark.parametrize("line_time", [0, 1, CYCLE - 1, CYCLE, CYCLE + 1, 10 * CYCLE])
def test_a_missing_line_comes_its_line_time_rounded_up_and_its_latency_after_the_tags(
    line_time, latency, lanes, arrival, stream
):
    one = stream(batch=1, corner_lanes=lanes)
    one.run(at(4), way(line_time, l2_latency=latency), arrival_cycles=arrival)
    one.assert_features_exactly_at(arrival + one.tagged + -(-line_time // CYCLE) + latency + one.behind)
    without = one.cycles - 1 + one.spec.encoding.latency_cycles.total
    one.assert_stalls(
        input=arrival, encoding=without, miss_bandwidth=-(-line_time // CYCLE), miss_latency=latency, bank_conflict=0
    )


@pytest.mark.parametrize("cycles", [0, 1, 9])
@pytest.mark.parametrize("stage", ["pos_fract", "grid_index", "grid_sram", "interpol_weights"])
def test_every_stage_is_passed_once_with_a_missing_line(stage, cycles, stream):
    latencies = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 2) | {stage: cycles}
    one = stream(batch=1, latency_cycles=latencies).run(at(4), way(l2_latency=50))
    one.assert_features_exactly_at(3 * 2 + cycles + 50)


@pytest.mark.parametrize(("line", "missing"), [(3, 0), (4, 1), (2.5, 0), (3.5, 1), (4.5, 2)])
def test_every_missing_line_takes_its_line_time_and_those_that_are_there_none(line, missing, stream):
    one = stream().run(at(line), way(5 * CYCLE, l2_latency=20))
    one.assert_features_exactly_at(one.tagged + (5 * missing + 20 if missing else 0) + one.behind)


@pytest.mark.parametrize("dram_latency", [0, 1, 300])
@pytest.mark.parametrize(("link", "dram"), [(0, 0), (3, 0), (0, 3), (3, 4), (4, 3)])
def test_a_line_from_dram_passes_dram_and_link_at_once_and_has_both_latencies(link, dram, dram_latency, stream):
    one = stream().run(at(4), way(link * CYCLE, dram * CYCLE, 40, dram_latency), l2=L2Shape(256, 1))
    one.assert_features_exactly_at(one.tagged + max(link, dram) + 40 + dram_latency + one.behind)


def test_a_line_that_came_from_dram_comes_from_l2_the_next_time(stream):
    one = stream().run(at(4, 5, 6, 7, 8, 4), way(0, 0, 40, 300), WHOLE_L2, arrival_cycles=[0, 0, 0, 0, 0, 1000])
    one.assert_features_exactly_at(1000 + one.tagged + 40 + one.behind)


@pytest.mark.parametrize(("link", "dram", "passed"), [(5, 3, 10), (5, 9, 10), (5, 11, 11), (2, 3, 4)])
def test_lines_of_l2_are_asked_for_before_those_of_dram(link, dram, passed, stream):
    """Line 5 was dropped by 6 to 9 but is in L2, line 4 never was anywhere: both are asked for by the last query."""
    one = stream().run(
        at(5, 6, 7, 8, 9, 4.5), way(link * CYCLE, dram * CYCLE, 40, 7), WHOLE_L2, arrival_cycles=[0] * 5 + [1000]
    )
    one.assert_features_exactly_at(1000 + one.tagged + passed + 40 + 7 + one.behind)


@pytest.mark.parametrize("window", range(1, 10))
def test_a_query_with_more_lines_than_its_window_takes_a_latency_a_window(window, spec_of, work_of):
    encoding = LINES | {"line_bytes": 4, "engines": 1, "corner_lanes": 8, "outstanding_lines": window}
    one = Stream(spec_of(encoding=encoding), work_of(levels=1, dims=3, n_features_per_level=1))
    one.run(np.full((1, 3), 0.6, np.float32), way(l2_latency=100))
    one.assert_features_exactly_at(one.tagged + -(-8 // window) * 100 + one.behind)


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("window", [1, 2, 3, 7])
@pytest.mark.parametrize("slack", [-2, -1, 0, 1, 2, 90])
def test_the_window_holds_w_lines_and_the_next_waits_for_the_first_to_come(slack, window, lanes, stream):
    full = stream(corner_lanes=lanes, outstanding_lines=window)
    latency = window * full.cycles + slack  # at 0 the first line comes just when the next one is asked for
    if latency < 0:
        return
    path = way(l2_latency=latency)
    full.run(missing_lines(window), path)
    full.assert_features_exactly_at(full.tagged + (window - 1) * full.cycles + latency + full.behind)
    full.run(missing_lines(window + 1), path)
    held = max(0, slack)
    full.assert_features_exactly_at(full.tagged + window * full.cycles + held + latency + full.behind)
    full.assert_stalls(miss_bandwidth=0, miss_latency=held + latency)


@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 11, 40])
def test_latency_bounds_a_stream_to_a_window_of_lines_a_latency(n, window, stream):
    slow = stream(outstanding_lines=window).run(missing_lines(n), way(l2_latency=60))
    windows, more = divmod(n - 1, window)
    slow.assert_features_exactly_at(slow.tagged + windows * 60 + more * slow.cycles + 60 + slow.behind)


@pytest.mark.parametrize("latency", [0, 33])
@pytest.mark.parametrize("line_time", [CYCLE, CYCLE + 1, 5 * CYCLE // 3, 2 * CYCLE - 1, 7 * CYCLE])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 50])
def test_bandwidth_bounds_a_stream_to_a_line_a_line_time_and_fractions_add_up(n, line_time, latency, stream):
    slow = stream(outstanding_lines=64).run(missing_lines(n), way(line_time, l2_latency=latency))
    slow.assert_features_exactly_at(slow.tagged + -(-n * line_time // CYCLE) + latency + slow.behind)


@pytest.mark.parametrize("line_time", [CYCLE, 5 * CYCLE // 3, 2 * CYCLE])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_dram_bounds_a_stream_that_l2_does_not_hold(n, line_time, stream):
    path = way(CYCLE, line_time, 33, 20)
    slow = stream(outstanding_lines=64).run(missing_lines(n), path, L2Shape(4 * 256, 4))
    slow.assert_features_exactly_at(slow.tagged + -(-n * line_time // CYCLE) + 33 + 20 + slow.behind)


@pytest.mark.parametrize("gap", [4, 5, 6, 100])
def test_a_link_that_was_idle_saves_nothing_for_later(gap, stream):
    sparse = stream().run(missing_lines(3), way(5 * CYCLE, l2_latency=9), arrival_cycles=[0, gap, 2 * gap])
    passed = max(15, gap + 10, 2 * gap + 5)
    sparse.assert_features_exactly_at(sparse.tagged + passed + 9 + sparse.behind)


@pytest.mark.parametrize("window", [2, 3])
def test_a_line_behind_another_leaves_the_window_behind_it(window, stream):
    """From DRAM 14; from L2, though long there, 9 and as many more as the window takes; 15 waits for 14."""
    early = [9, 10][: window - 1]
    warm = [9, 10, 11, 12, 13, 0]  # 9 and 10 were dropped by 13 and 0
    one = stream(outstanding_lines=window)
    arrivals = [0] * len(warm) + [1000] * (window + 1)
    one.run(at(*warm, 14, *early, 15), way(0, 0, 10, 90), WHOLE_L2, arrivals)
    one.assert_features_exactly_at(1000 + one.tagged + 100 + 100 + one.behind)


@pytest.mark.parametrize("hits", [1, 19, 20, 21, 60])
def test_an_engine_that_waits_for_its_window_issues_no_query(hits, stream):
    """Line 4 comes after 20 cycles and lets line 5 be asked for; those behind it are there but were held as well."""
    held = stream(batch=128, outstanding_lines=1).run(at(4, 5, *[5] * hits), way(l2_latency=20))
    last_issued = held.cycles + (20 - held.cycles) + hits * held.cycles
    features = last_issued + held.tagged + held.behind
    held.assert_features_exactly_at(max(held.tagged + 2 * 20 + held.behind, features))


@pytest.mark.parametrize(("link", "latency"), [(7, 0), (0, 7), (3, 4)])
def test_a_wait_for_the_window_is_charged_as_the_line_that_it_waits_for(link, latency, stream):
    held = stream(outstanding_lines=1).run(missing_lines(3), way(link * CYCLE, l2_latency=latency))
    each = 2 * (link + latency - held.cycles)  # of the second and the third, for the line before; then for itself
    held.assert_features_exactly_at(held.tagged + 2 * held.cycles + each + link + latency + held.behind)
    by_bandwidth = 2 * min(link, link + latency - held.cycles) + link
    held.assert_stalls(miss_bandwidth=by_bandwidth, miss_latency=each + link + latency - by_bandwidth)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_every_engine_has_a_window_and_a_share_of_its_own(copies, stream):
    engines = stream(engines=copies, outstanding_lines=1)
    engines.run(missing_lines(2 * copies), way(3 * CYCLE, l2_latency=30))
    engines.assert_features_exactly_at(engines.tagged + 2 * 33 + engines.behind)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_levels_of_one_engine_share_its_window(levels, spec_of, work_of):
    """Line 4 of each table: the first lines of the first table were loaded."""
    encoding = LINES | {"engines": 1, "corner_lanes": 4, "outstanding_lines": 1}
    one = Stream(spec_of(encoding=encoding), work_of(levels=levels, dims=2, n_features_per_level=1))
    one.run(at(4), way(l2_latency=30))
    one.assert_features_exactly_at(one.tagged + (levels - 1) * one.cycles + levels * 30 + one.behind)


@pytest.mark.parametrize("latency", [0, 1, 2, 10])
def test_a_batch_that_finds_its_lines_starts_behind_one_that_does_not(latency, stream):
    """Batches of one query: the second one finds all, long before the first one has its line."""
    both = stream(batch=1).run(at(4, 0), way(l2_latency=latency))
    first = both.tagged + latency + both.behind
    assert both.answer.batch_start_cycles.tolist() == [first, first + 2]
