"""Missing lines at the edge: when the features of a query are there if some of its lines are not.

A plain image grid of 32 x 32 entries, of which a line holds two rows: 16 lines, 4 of them in the grid_sram of the one
engine, loaded with lines 0 to 3. A query at ``at(n)`` asks for line n alone, at ``at(n + 0.5)`` for n and n + 1. A
single batch starts with the features of its last query, so its start is their cycle: not at c - 1, but at c.
"""

import numpy as np
import pytest

from ngpc_sim.engines import Nfp
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import MissPath

LINES = {"feature_bytes": 4, "line_bytes": 256, "grid_sram_kib": 1, "ways": "full", "table_policy": "cache"}
WHOLE_L2 = L2Shape(16 * 256, 16)


def at(*lines):
    rows = (2 * np.array(lines, np.float32) + np.float32(0.25)) / np.float32(31)
    return np.stack([np.full_like(rows, 0.5), rows], axis=1).astype(np.float32)


def missing_lines(n):
    """``n`` queries, each of which misses one line: in turn, more of them than there is room for."""
    return at(*(4 + np.arange(n) % 12))


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
def test_a_missing_line_comes_its_latency_after_the_tags(latency, lanes, arrival, stream):
    one = stream(batch=1, corner_lanes=lanes)
    one.run(at(4), MissPath(latency), arrival_cycles=arrival)
    one.assert_features_exactly_at(arrival + one.tagged + latency + one.behind)
    without = one.cycles - 1 + one.spec.encoding.latency_cycles.total
    one.assert_stalls(input=arrival, encoding=without, miss_latency=latency, bank_conflict=0)


@pytest.mark.parametrize("cycles", [0, 1, 9])
@pytest.mark.parametrize("stage", ["pos_fract", "grid_index", "grid_sram", "interpol_weights"])
def test_every_stage_is_passed_once_with_a_missing_line(stage, cycles, stream):
    latencies = dict.fromkeys(("pos_fract", "grid_index", "grid_sram", "interpol_weights"), 2) | {stage: cycles}
    one = stream(batch=1, latency_cycles=latencies).run(at(4), MissPath(50))
    one.assert_features_exactly_at(3 * 2 + cycles + 50)


@pytest.mark.parametrize(("line", "missing"), [(3, 0), (4, 1), (2.5, 0), (3.5, 1), (4.5, 2)])
def test_missing_lines_of_a_query_come_side_by_side_and_those_that_are_there_take_no_time(line, missing, stream):
    one = stream().run(at(line), MissPath(20))
    one.assert_features_exactly_at(one.tagged + (20 if missing else 0) + one.behind)
    one.assert_stalls(miss_latency=20 if missing else 0)


@pytest.mark.parametrize("dram_latency", [0, 1, 300])
def test_a_line_from_dram_has_both_latencies(dram_latency, stream):
    one = stream().run(at(4), MissPath(40, dram_latency), l2=L2Shape(256, 1))
    one.assert_features_exactly_at(one.tagged + 40 + dram_latency + one.behind)


def test_a_line_that_came_from_dram_comes_from_l2_the_next_time(stream):
    one = stream().run(at(4, 5, 6, 7, 8, 4), MissPath(40, 300), WHOLE_L2, arrival_cycles=[0, 0, 0, 0, 0, 1000])
    one.assert_features_exactly_at(1000 + one.tagged + 40 + one.behind)


@pytest.mark.parametrize("hits", [60, 61])
def test_lines_of_l2_are_asked_for_before_those_of_dram(hits, stream):
    """Line 5 was dropped by 6 to 9 but is in L2, line 4 never was anywhere: a query asks for both.

    In a window of one the second waits for the first, and so do the queries behind, which find what they ask.
    """
    one = stream(batch=128, outstanding_lines=1)
    one.run(at(5, 6, 7, 8, 9, 4.5, *[5] * hits), MissPath(40, 7), WHOLE_L2, [0] * 5 + [1000] * (1 + hits))
    one.assert_features_exactly_at(1000 + one.tagged + 40 + hits * one.cycles + one.behind)


@pytest.mark.parametrize("window", range(1, 10))
def test_a_query_with_more_lines_than_its_window_takes_a_latency_a_window(window, spec_of, work_of):
    encoding = LINES | {"line_bytes": 4, "engines": 1, "corner_lanes": 8, "outstanding_lines": window}
    one = Stream(spec_of(encoding=encoding), work_of(levels=1, dims=3, n_features_per_level=1))
    one.run(np.full((1, 3), 0.6, np.float32), MissPath(100))
    one.assert_features_exactly_at(one.tagged + -(-8 // window) * 100 + one.behind)


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("window", [1, 2, 3, 7])
@pytest.mark.parametrize("slack", [-2, -1, 0, 1, 2, 90])
def test_the_window_holds_w_lines_and_the_next_waits_for_the_first_to_come(slack, window, lanes, stream):
    full = stream(corner_lanes=lanes, outstanding_lines=window)
    latency = window * full.cycles + slack  # at 0 the first line comes just when the next one is asked for
    if latency < 0:
        return
    path = MissPath(latency)
    full.run(missing_lines(window), path)
    full.assert_features_exactly_at(full.tagged + (window - 1) * full.cycles + latency + full.behind)
    full.run(missing_lines(window + 1), path)
    held = max(0, slack)
    full.assert_features_exactly_at(full.tagged + window * full.cycles + held + latency + full.behind)
    full.assert_stalls(miss_latency=held + latency)


@pytest.mark.parametrize("window", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 11, 40])
def test_latency_bounds_a_stream_to_a_window_of_lines_a_latency(n, window, stream):
    slow = stream(outstanding_lines=window).run(missing_lines(n), MissPath(60))
    windows, more = divmod(n - 1, window)
    slow.assert_features_exactly_at(slow.tagged + windows * 60 + more * slow.cycles + 60 + slow.behind)


@pytest.mark.parametrize("window", [2, 3])
def test_a_line_behind_another_leaves_the_window_behind_it(window, stream):
    """From DRAM 14; from L2, though long there, 9 and as many more as the window takes; 15 waits for 14."""
    early = [9, 10][: window - 1]
    warm = [9, 10, 11, 12, 13, 0]  # 9 and 10 were dropped by 13 and 0
    one = stream(outstanding_lines=window)
    arrivals = [0] * len(warm) + [1000] * (window + 1)
    one.run(at(*warm, 14, *early, 15), MissPath(10, 90), WHOLE_L2, arrivals)
    one.assert_features_exactly_at(1000 + one.tagged + 100 + 100 + one.behind)


@pytest.mark.parametrize("hits", [1, 19, 20, 21, 60])
def test_an_engine_that_waits_for_its_window_issues_no_query(hits, stream):
    """Line 4 comes after 20 cycles and lets line 5 be asked for; those behind it are there but were held as well."""
    held = stream(batch=128, outstanding_lines=1).run(at(4, 5, *[5] * hits), MissPath(20))
    last_issued = held.cycles + (20 - held.cycles) + hits * held.cycles
    features = last_issued + held.tagged + held.behind
    held.assert_features_exactly_at(max(held.tagged + 2 * 20 + held.behind, features))


@pytest.mark.parametrize("latency", [1, 2, 7])
def test_a_wait_for_the_window_is_charged_as_the_line_that_it_waits_for(latency, stream):
    held = stream(outstanding_lines=1).run(missing_lines(3), MissPath(latency))
    before = 2 * (latency - held.cycles)  # of the second and the third, for the line before; then for itself
    held.assert_features_exactly_at(held.tagged + 2 * held.cycles + before + latency + held.behind)
    held.assert_stalls(miss_latency=before + latency)


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_every_engine_has_a_window_of_its_own(copies, stream):
    engines = stream(engines=copies, outstanding_lines=1)
    engines.run(missing_lines(2 * copies), MissPath(30))
    engines.assert_features_exactly_at(engines.tagged + 2 * 30 + engines.behind)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_levels_of_one_engine_share_its_window(levels, spec_of, work_of):
    """Line 4 of each table: the first lines of the first table were loaded."""
    encoding = LINES | {"engines": 1, "corner_lanes": 4, "outstanding_lines": 1}
    one = Stream(spec_of(encoding=encoding), work_of(levels=levels, dims=2, n_features_per_level=1))
    one.run(at(4), MissPath(30))
    one.assert_features_exactly_at(one.tagged + (levels - 1) * one.cycles + levels * 30 + one.behind)


@pytest.mark.parametrize("latency", [0, 1, 2, 10])
def test_a_batch_that_finds_its_lines_starts_behind_one_that_does_not(latency, stream):
    """Batches of one query: the second one finds all, long before the first one has its line."""
    both = stream(batch=1).run(at(4, 0), MissPath(latency))
    first = both.tagged + latency + both.behind
    assert both.answer.batch_start_cycles.tolist() == [first, first + 2]
