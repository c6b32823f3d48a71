"""From a profile to commands: nothing is lost, and recorded queries stand for what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ngpc_sim as ngpc
from ngpc_sim.config.errors import UserError
from ngpc_sim.frame import plan as planning
from ngpc_sim.frame.plan import divide, plan_frame, scaled_profile
from ngpc_sim.frame.services import service_of

BLOCK = 256
PROFILES = st.lists(st.integers(0, 40_000), min_size=1, max_size=30).filter(any)


@given(PROFILES, st.integers(0, 10_000_000))
def test_a_scaled_profile_has_exactly_the_asked_total(profile, total):
    scaled = scaled_profile(profile, total)
    assert len(scaled) == len(profile)
    assert sum(scaled) == total
    assert min(scaled) >= 0


@given(PROFILES, st.integers(0, 10_000_000))
def test_a_scaled_profile_has_whole_blocks_up_to_its_last_queries(profile, total):
    scaled = scaled_profile(profile, total)
    if total != sum(profile):
        last = max((k for k, n in enumerate(profile) if n), default=0)
        assert all(n % BLOCK == 0 for n in scaled[:last])
        assert not any(scaled[last + 1 :])


@given(PROFILES, st.integers(0, 10_000_000))
def test_a_scaled_profile_is_never_a_block_behind_the_exact_share(profile, total):
    scaled = np.cumsum(scaled_profile(profile, total))
    exact = np.cumsum(profile) * total // sum(profile)
    assert (exact - scaled >= 0).all()
    assert (exact - scaled < BLOCK).all()


@given(PROFILES)
def test_the_recorded_total_leaves_the_profile_as_it_is(profile):
    assert scaled_profile(profile, sum(profile)) == profile


def test_a_profile_of_more_queries_than_any_frame_is_refused():
    with pytest.raises(UserError, match="more than 1000000000000"):
        scaled_profile([256], 10**12 + 1)


@given(st.integers(0, 200_000), st.integers(1, 80))
def test_tiles_share_all_queries_in_whole_blocks_but_one(queries, tiles):
    shares = divide(queries, tiles)
    assert len(shares) == tiles
    assert sum(shares) == queries
    assert min(shares) >= 0
    assert sum(share % BLOCK != 0 for share in shares) == (queries % BLOCK != 0)


@given(st.integers(0, 200_000), st.integers(1, 80))
def test_no_tile_has_two_blocks_more_than_another(queries, tiles):
    blocks = [-(-share // BLOCK) for share in divide(queries, tiles)]
    assert max(blocks) - min(blocks) <= 1
    assert blocks == sorted(blocks, reverse=True)


def plan_of(trace, tiles=4, schedule="invocations", pixels=None):
    arch = ngpc.load_arch("ngpc", overrides={"frame.tiles": tiles, "frame.schedule": schedule})
    return plan_frame(arch, ngpc.load_workload("nsdf-hashgrid"), trace, pixels or trace.pixels)


def asked(plan):
    return sum(stream.queries * n for stream, n in zip(plan.streams, plan.multiplicity(), strict=True))


@pytest.mark.parametrize("schedule", ["invocations", "batches"])
@pytest.mark.parametrize("tiles", [1, 3, 7, 64])
@pytest.mark.parametrize("growth", [1, 3])
def test_every_query_of_the_profile_is_asked_once(make_trace, schedule, tiles, growth):
    trace = make_trace(profile=(1024, 700, 513))
    plan = plan_of(trace, tiles, schedule, growth * trace.pixels)
    assert asked(plan) == plan.queries == growth * (1024 + 700 + 513)


def test_each_tile_runs_its_invocations_in_order(make_trace):
    plan = plan_of(make_trace(profile=(1024, 1024, 512)), tiles=4)
    sizes = [[plan.streams[number].queries for number in tile] for tile in plan.steps]
    assert sizes == [[256, 256, 256], [256, 256, 256], [256, 256], [256, 256]]


def test_a_command_replays_only_queries_of_its_invocation(make_trace):
    trace = make_trace()
    plan = plan_of(trace)
    of_command = [{int(trace.invocations[row]) for row in stream.rows} for stream in plan.streams]
    order = [number for tile in plan.steps[:1] for number in tile]
    assert [of_command[number] for number in order] == [{0}, {1}, {2}]


def test_sampled_tiles_contribute_in_proportion_to_what_they_stand_for(make_trace):
    trace = make_trace(recorded=((40, 60),), profile=(2560,), weights=(1.0, 3.0))
    (stream,) = plan_of(trace, tiles=1).streams
    first = int((trace.tiles[stream.rows] == 0).sum())
    assert first == round(2560 * 40 / (40 + 180))


def test_recorded_queries_keep_their_order_and_repeat(make_trace):
    trace = make_trace(recorded=((100,),), profile=(250,), weights=(1.0,))
    (stream,) = plan_of(trace, tiles=1).streams
    assert stream.rows.tolist() == [i % 100 for i in range(250)]


def test_an_invocation_of_which_nothing_was_recorded_takes_the_nearest(make_trace):
    trace = make_trace(recorded=((10,), (0,), (0,), (0,), (10,)), profile=(256,) * 5, weights=(1.0,))
    plan = plan_of(trace, tiles=1)
    used = [{int(trace.invocations[row]) for row in plan.streams[number].rows} for number in plan.steps[0]]
    assert used == [{0}, {0}, {0}, {4}, {4}]


@pytest.mark.parametrize("encoding", ["hashgrid", "densegrid", "lowres"])
def test_a_stream_sums_what_its_rows_ask(make_trace, encoding):
    trace = make_trace(recorded=((100, 7), (40, 0)), profile=(2560, 300), weights=(1.0, 2.0))
    arch = ngpc.load_arch("ngpc", overrides={"frame.tiles": 3})
    work = ngpc.load_workload(f"nsdf-{encoding}")
    service = service_of(arch, work.encoding, trace)
    for stream in plan_frame(arch, work, trace, trace.pixels).streams:
        assert stream.reads == service.reads[stream.rows].sum()
        assert stream.interval_cycles == service.slot_cycles[stream.rows].sum()
        if service.misses:
            counts = (service.misses.lines, service.misses.missing, service.misses.far)
            assert stream.lines.tolist() == [each[stream.rows].sum(axis=0).tolist() for each in counts]


def test_encodings_of_one_trace_share_their_pieces(make_trace):
    trace, arch = make_trace(recorded=((100,),), profile=(2560,), weights=(1.0,)), ngpc.load_arch("ngpc").with_tiles(2)
    plans = [
        plan_frame(arch, ngpc.load_workload(f"nsdf-{encoding}"), trace, trace.pixels)
        for encoding in ("hashgrid", "densegrid")
    ]
    for one, other in zip(*(plan.streams for plan in plans), strict=True):
        assert one.pieces is other.pieces


def test_a_plan_of_more_than_memory_holds_does_not_fit(make_trace, monkeypatch):
    """Its 2560 queries are 26 visits to 100 recorded ones, and 40 batches of 64 queries."""
    trace = make_trace(recorded=((100,),), profile=(2560,), weights=(1.0,))
    monkeypatch.setattr(planning, "MAX_PARTS", 26 + 40)
    assert plan_of(trace, tiles=1).fits(64)
    monkeypatch.setattr(planning, "MAX_PARTS", 26 + 39)
    assert not plan_of(trace, tiles=1).fits(64)
    monkeypatch.setattr(planning, "MAX_PARTS", 26 + 40)
    monkeypatch.setattr(planning, "MAX_STREAM_ROWS", 2559)
    assert not plan_of(trace, tiles=1).fits(64)
    with pytest.raises(UserError, match="a command of 2,560 queries does not fit in memory"):
        _ = plan_of(trace, tiles=1).streams[0].rows
