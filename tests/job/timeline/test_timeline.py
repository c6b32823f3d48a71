"""A timeline holds what the result holds: the same cycles on every lane, no gap without a cause, in a bounded file."""

import shutil

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.timeline import Maker, check_timeline
from ngpc_sim.job.timeline_blockers import BLOCKERS_FILE, _milliseconds
from ngpc_sim.job.timeline_window import Window
from ngpc_sim.results.stall_causes import STALL_CAUSES, STALLS
from ngpc_sim.simulation.design import Options, Point, Sequence
from ngpc_sim.simulation.simulate import simulate_point

from .decoding import decoded

MOST = 20_000_000
#: counts of a lane's intervals, added up
LANE_SUMS = """
select lane.parent, sum(int_value) from args join slice on args.slice = slice.id join lane on lane.id = track
where lane.name = 'MLP engine' and key = ? group by lane.parent
"""
#: the longest part of the critical path; and where that is the NGPC, what its NFPs spend most cycles on
LONGEST_PART = """
select replace(key, '_ps', '') from args join slice on args.slice = slice.id join lane on lane.id = track
where lane.name = 'critical path' and key like '%_ps' group by key order by sum(int_value) desc limit 1
"""
MOST_CYCLES = """
select limits.name from args join slice on args.slice = slice.id join lane on lane.id = track
join limits on limits.key = args.key
where lane.name = 'MLP engine' group by limits.name order by sum(int_value) desc limit 1
"""


def point(workload="nvr-hashgrid", trace="nvr-cloud", scale=4, overrides=None, **options):
    arch = ngpc.load_arch("ngpc", scale=scale, overrides=overrides or {})
    chosen = Options(**{"limit_queries": 20_000, "detail": "cycle", **options})
    return Point(arch, ngpc.load_workload(workload), ngpc.load_trace(trace), chosen)


def made(own, window=None, most=MOST):
    result = simulate_point(own)
    maker = Maker(own, result, Window.parsed(window) if window else None)
    timeline = maker.timeline(most)
    return maker, timeline, result, decoded(timeline.content)


def lane_sums(sql, key):
    return dict(sql.execute(LANE_SUMS, (key,)).fetchall())


def one(sql, query):
    return sql.execute(query).fetchone()[0]


CASES = {
    "plain": {},
    "least loaded": {"overrides": {"cluster.dispatch": "least_loaded"}},
    "cached tables": {"overrides": {"nfp.encoding.table_policy": "cache", "nfp.encoding.grid_sram_kib": 32}},
    "slow memory": {"overrides": {"memory.l2_gbps": 20.0, "memory.dram_gbps": 20.0}},
    "sequence": {"sequence": Sequence(2, 3)},
    "nsdf": {"workload": "nsdf-hashgrid", "trace": "nsdf-object", "scale": 8},
}


@pytest.fixture(scope="module", params=CASES, ids=list(CASES))
def shown(request):
    return made(point(**CASES[request.param]))


def test_busy_cycles_of_every_lane_are_the_result_s(shown):
    _, _, result, sql = shown
    assert lane_sums(sql, "busy_cycles") == {f"NFP {j}": n for j, n in enumerate(result.nfp_busy.tolist()) if n}


@pytest.mark.parametrize("cause", [cause for cause in STALLS if cause != "dispatch"])
def test_cycles_of_every_wait_of_a_lane_are_the_result_s(shown, cause):
    _, _, result, sql = shown
    counted = result.nfp_stalls.dense.sum(axis=1)[:, STALLS.index(cause)].tolist()
    assert lane_sums(sql, f"{cause}_cycles") == {f"NFP {j}": n for j, n in enumerate(counted) if n}


def test_dispatch_is_the_result_s_but_for_the_rounding_of_times(shown):
    """The result takes what is left to whole cycles of the frame; a lane rounds at every seam of its intervals."""
    maker, _, result, sql = shown
    counted = result.nfp_stalls.dense.sum(axis=1)[:, STALLS.index("dispatch")]
    sums = lane_sums(sql, "dispatch_cycles")
    own = np.array([sums.get(f"NFP {j}", 0) for j in range(len(counted))])
    seams = 4 * len(maker._run.plan.in_tiles[0]) + 4
    assert np.abs(own - counted).max() <= seams


def test_no_lane_has_a_gap(shown):
    query = """select count(*) from (select ts, lag(ts + dur) over (partition by track order by id) as before
    from slice) where before is not null and before != ts"""
    assert one(shown[3], query) == 0


def test_every_wait_says_its_cause_and_counts_it(shown):
    """But for a wait that is shorter than a cycle, which rounding leaves without one."""
    query = """select count(*) from slice where category = 'wait' and dur > 2
    and id not in (select slice from args where int_value > 0)"""
    assert one(shown[3], query) == 0


def test_sql_finds_the_bottleneck_of_the_result(shown):
    _, timeline, result, sql = shown
    sql.execute("create table limits (key text, name text)")
    rows = [("busy_cycles", "mlp_engine"), *((f"{c.name}_cycles", c.limit) for c in STALL_CAUSES if c.limit)]
    sql.executemany("insert into limits values (?, ?)", rows)
    longest = one(sql, LONGEST_PART)
    found = one(sql, MOST_CYCLES) if longest == "ngpc" else longest
    assert found == timeline.tables[BLOCKERS_FILE][0]["blocker"] == result.bottleneck


def test_the_critical_path_is_as_long_as_the_result_s(shown):
    _, _, result, sql = shown
    query = """select replace(key, '_ps', ''), sum(int_value) / 1e9 from args join slice on args.slice = slice.id
    join lane on lane.id = track where lane.name = 'critical path' and key like '%_ps' group by key"""
    longest = {name: ms for name, ms in result.critical_path.items() if ms}
    assert dict(sql.execute(query).fetchall()) == pytest.approx(longest)


def test_every_command_has_an_arrow_to_it_and_one_back(shown):
    maker, _, _, sql = shown
    assert one(sql, "select count(*) from flow where kind = 'begin'") == 2 * len(maker._run.plan.in_tiles[0])
    loose = "select count(*) from (select id from flow group by id having count(distinct kind) != 2 or count(*) != 2)"
    assert one(sql, loose) == 0


def test_encoding_engines_of_the_whole_frame_work_as_long_as_its_queries_ask():
    maker, _, _, sql = made(point(), "0..100000")
    plan = maker._run.plan
    asked = sum(stream.interval_cycles * n for stream, n in zip(plan.streams, plan.multiplicity(), strict=True))
    query = """select sum(int_value) from args join slice on args.slice = slice.id join lane on lane.id = track
    where lane.name like 'encoding engine%' and key = 'busy_cycles'"""
    assert one(sql, query) == asked


def test_counters_add_up_to_the_bytes_and_the_energy_of_the_result():
    _, _, result, sql = made(point())
    query = """select name, sum(value * (next - ts)) from (select track, value, ts, lead(ts) over
    (partition by track order by rowid) as next from counter) join track on track = track.id group by name"""
    totals = dict(sql.execute(query).fetchall())
    assert totals["L2: NGPC"] == pytest.approx(result.actions["l2_bytes"], rel=1e-3)
    power = totals["power: GPU"] + totals["power: NGPC and its memory traffic"]
    assert power / 1e6 == pytest.approx(result.energy_mj, rel=1e-3)


def test_a_smaller_file_counts_the_same():
    _, timeline, result, sql = made(point(), "0..100000", most=150_000)
    assert len(timeline.content) <= 150_000
    assert one(sql, "select count(*) from slice where category = 'merged'")
    assert lane_sums(sql, "busy_cycles") == {f"NFP {j}": n for j, n in enumerate(result.nfp_busy.tolist())}
    assert any("merges intervals" in sentence for sentence in timeline.sentences)


def test_equal_inputs_give_equal_bytes():
    assert made(point())[1].content == made(point())[1].content


def test_a_frame_of_nerf_in_full_hd_stays_below_20_mb():
    own = point("nerf-hashgrid", "nerf-room-fhd", 8, resolution="1920x1080", limit_queries=None)
    _, timeline, result, sql = made(own)
    assert len(timeline.content) < MOST
    assert lane_sums(sql, "busy_cycles") == {f"NFP {j}": n for j, n in enumerate(result.nfp_busy.tolist())}
    assert timeline.tables[BLOCKERS_FILE][0]["blocker"] == result.bottleneck


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soon", "is no window"),
        ("4ms..2ms", "ends before"),
        ("5..3", "ends before"),
        ("2..3ms", "is no window"),
        ("9000ms..9001ms", "begins behind the frame"),
        ("9000..9001", "names no invocation"),
    ],
)
def test_a_window_that_is_none_is_refused(text, words):
    with pytest.raises(UserError, match=words):
        made(point(), text)


def test_several_design_points_are_refused():
    with pytest.raises(UserError, match="one design point, not 2"):
        check_timeline(None, [point(), point(scale=8)])


def test_a_frame_without_events_is_refused():
    with pytest.raises(UserError, match="detail cycle, not bound"):
        check_timeline(None, [point(detail="bound")])


@pytest.mark.skipif(shutil.which("trace_processor") is None, reason="needs trace_processor on PATH")
def test_trace_processor_reads_the_same_cycles(tmp_path):
    from perfetto.trace_processor import TraceProcessor, TraceProcessorConfig

    _, timeline, result, _ = made(point())
    path = tmp_path / "t.pftrace"
    path.write_bytes(timeline.content)
    config = TraceProcessorConfig(bin_path=shutil.which("trace_processor"))
    with TraceProcessor(trace=str(path), config=config) as processor:
        query = "select sum(int_value) as n from args where key = 'debug.busy_cycles'"
        busy = next(iter(processor.query(query))).n
    assert busy >= int(result.nfp_busy.sum())


def test_milliseconds_of_blockers_have_nine_digits_and_no_rest_of_a_division():
    assert _milliseconds(36_000_000, 1.0000000000000002) == 0.036
