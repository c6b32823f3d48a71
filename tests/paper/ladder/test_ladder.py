"""The ladder leads exactly from one architecture's own result to the other's."""

from dataclasses import replace
from itertools import pairwise
from math import fsum, log, prod
from statistics import fmean

import pytest

import ngpc_sim as ngpc
from ngpc_sim.paper.ladder import Climb, climb
from ngpc_sim.paper.ladder.games import Game, in_turn
from ngpc_sim.workloads.apps import APPS


@pytest.fixture(scope="module")
def rungs(climbed, small):
    """Rows by scale, in the order of the ladder."""
    return {scale: [row for row in climbed.rows() if row["scale"] == scale] for scale in small.scales}


@pytest.mark.parametrize("app", APPS)
def test_whole_frames_begin_and_end_at_the_results_of_both_architectures(speedup, app):
    steps = tuple(step for step in Climb().steps() if step.values)
    first, last = Game("ngpc-paper", steps, f"{app}-hashgrid", 64).speedups([0, (1 << len(steps)) - 1])
    assert first == speedup(app, "ngpc-paper", 64)
    assert last == speedup(app, "ngpc", 64)


def test_the_first_and_the_last_rung_are_the_means_of_both_architectures(rungs, small, speedup):
    for scale, rows in rungs.items():
        for row, arch in ((rows[0], "ngpc-paper"), (rows[-1], "ngpc")):
            own = [speedup(app, arch, scale, limit_queries=small.limit_queries) for app in small.apps]
            assert row["speedup"] == fmean(own)
            assert [row[app] for app in small.apps] == own


def test_a_rung_between_is_what_overriding_by_hand_gives(rungs, small, speedup):
    values = {"calibration.baseline": "per_query", "calibration.queries_per_pixel": {}, "calibration.rest_share": {}}
    values |= {"nfp.encoding.banks": 8, "nfp.encoding.table_policy": "cache"}
    for scale, rows in rungs.items():
        row = next(row for row in rows if row["step"] == "tables")
        for app in small.apps:
            assert row[app] == speedup(app, "ngpc-paper", scale, values, small.limit_queries)


def test_the_step_of_tiles_takes_the_number_that_the_last_architecture_chooses(climbed, small):
    place = [step.name for step in climbed.acting].index("tiles")
    work = ngpc.load_workload("nvr-hashgrid")
    trace = ngpc.load_trace(work.trace)
    chosen = ngpc.simulate(ngpc.load_arch("ngpc", scale=4), work, trace, limit_queries=small.limit_queries).tiles
    alone = ngpc.load_arch("ngpc-paper", scale=4, overrides={"frame.tiles": chosen})
    expected = ngpc.simulate(alone, work, trace, limit_queries=small.limit_queries).speedup
    assert climbed.speedups["nvr", 4][1 << place] == expected


def test_gains_and_shapley_values_each_make_the_whole_gain(rungs):
    for rows in rungs.values():
        whole = rows[-1]["speedup"] / rows[0]["speedup"]
        for column in ("gain", "shapley"):
            assert prod(row[column] for row in rows[1:]) == pytest.approx(whole, rel=1e-12)
            assert fsum(row[f"ln_{column}"] for row in rows[1:]) == pytest.approx(log(whole), rel=1e-12)


def test_a_gain_is_the_rung_over_the_one_before(rungs):
    for rows in rungs.values():
        for before, row in pairwise(rows):
            assert row["gain"] * before["speedup"] == pytest.approx(row["speedup"], rel=1e-12)


def test_a_step_whose_keys_agree_has_no_effect(written, speedup):
    last = written("last", "extends: ngpc-paper\ncluster: {dispatch_queries: 256}\n")
    rows = climb(Climb("ngpc-paper", last, scales=(4,), apps=("gia",), limit_queries=1500), jobs=1).rows()
    assert rows[-1]["speedup"] == speedup("gia", last, 4, limit_queries=1500)
    for row in rows[1:]:
        if row["step"] == "dispatch":
            assert row["keys"] == "cluster.dispatch_queries"
            assert row["shapley"] == pytest.approx(row["gain"], rel=1e-12)
        else:
            assert (row["keys"], row["gain"], row["shapley"]) == ("", 1.0, 1.0)


def test_an_architecture_is_no_step_away_from_itself(speedup):
    alone = climb(Climb("ngpc", "ngpc", scales=(4,), apps=("gia",), limit_queries=1500), jobs=1)
    assert {row["speedup"] for row in alone.rows()} == {speedup("gia", "ngpc", 4, limit_queries=1500)}
    assert not alone.acting


def test_the_last_steps_change_first_and_every_combination_comes_once():
    assert in_turn(3, 0b111) == [0b000, 0b100, 0b010, 0b110, 0b001, 0b101, 0b011, 0b111]
    assert in_turn(3, 0b101) == [0b000, 0b100, 0b001, 0b101]


def test_workers_change_nothing(small, climbed):
    heard = []
    one = replace(small, scales=(4,), apps=("gia",))
    again = climb(one, jobs=2, tell=lambda known, total: heard.append((known, total)))
    assert again.speedups == {("gia", 4): climbed.speedups["gia", 4]}
    frames = 1 << (len(climbed.acting) - 1)  # all but the cache, for all tables fit
    assert heard == [(32 * part, frames) for part in range(1, frames // 32 + 1)]


@pytest.mark.parametrize("jobs", [0, 257])
def test_a_number_of_workers_out_of_range_is_refused(small, jobs):
    with pytest.raises(ngpc.UserError, match=f"jobs = {jobs} is out of range"):
        climb(small, jobs=jobs)
