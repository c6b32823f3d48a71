"""A sampled frame against the same frame replayed whole."""

from dataclasses import fields

import numpy as np
import pytest

import ngpc_sim as ngpc
from ngpc_sim.engines.encoding_engine import EncodingEngine

CONFLICTS = {"nfp.encoding.bank_map": "xor_fold"}
OWN = {"detail", "intervals", "replayed_queries"}


def differing(one, two):
    """Fields in which two results differ."""
    names = [f.name for f in fields(one) if f.name not in OWN]
    return {name for name in names if not np.array_equal(getattr(one, name), getattr(two, name))}


@pytest.mark.parametrize("overrides", [CONFLICTS, CONFLICTS | {"nfp.encoding.reuse": "last_voxel"}])
def test_with_every_share_drawn_it_is_the_whole_frame_to_the_cycle(point, overrides):
    asked = point("gia-plane", 8, overrides=overrides)
    sampled = ngpc.simulate(*asked, detail="sampled", relative_error=1e-12)
    assert differing(sampled, ngpc.simulate(*asked)) == set()
    assert all(low == high == sampled.row()[name] for name, (low, high) in sampled.intervals.items())


def test_with_every_share_drawn_lines_of_caches_are_those_of_the_whole_frame(point):
    arch, work, trace = point("nvr-cloud", 16, "densegrid")
    asked = arch, work, trace.limited(6000)
    sampled = ngpc.simulate(*asked, detail="sampled", relative_error=1e-12)
    assert differing(sampled, ngpc.simulate(*asked)) == set()


@pytest.mark.parametrize("name", ["nvr-cloud", "gia-plane"])
def test_where_shares_take_equal_times_the_frame_time_is_exact(point, name):
    asked = point(name)
    sampled, whole = ngpc.simulate(*asked, detail="sampled"), ngpc.simulate(*asked)
    for column in ("frame_ms", "ngpc_ms", "fps", "speedup", "io_gbps"):
        assert sampled.intervals[column] == (getattr(whole, column), getattr(whole, column))
    low, high = sampled.intervals["energy_mj"]
    assert low <= whole.energy_mj <= high


@pytest.mark.parametrize("name", ["nvr-cloud", "gia-plane"])
def test_of_many_tiles_less_than_two_percent_of_the_queries_are_replayed(point, name):
    for scale in (8, 64):
        sampled = ngpc.simulate(*point(name, scale, overrides={"frame.tiles": 64}), detail="sampled")
        assert 0 < sampled.replayed_queries < 0.02 * sampled.queries


@pytest.mark.parametrize("tiles", ["auto", 1, 2])
def test_of_few_tiles_fewer_queries_are_replayed_than_the_frame_has_twice(point, tiles):
    """All shares of one tile are all queries, each replayed once to fill the NFP and once behind it."""
    asked = point("nvr-cloud", 8, overrides={"frame.tiles": tiles})
    sampled, whole = ngpc.simulate(*asked, detail="sampled"), ngpc.simulate(*asked)
    assert 0 < sampled.replayed_queries < 2 * sampled.queries
    assert (sampled.tiles, sampled.frame_ms) == (whole.tiles, whole.frame_ms)


@pytest.mark.parametrize("detail", ["sampled", "reference"])
def test_tiles_are_chosen_alike_at_every_detail_that_replays(point, detail):
    arch, work, trace = point("gia-plane", 16, overrides=CONFLICTS)
    asked = arch, work, trace.limited(3000)
    assert ngpc.simulate(*asked, detail=detail).tiles == ngpc.simulate(*asked).tiles


def test_a_draw_does_not_grow_for_few_degrees_of_freedom(point):
    """Shares of GIA are few: a spread of 8 degrees of freedom would take three draws as many again."""
    asked = point("gia-plane", 8, overrides=CONFLICTS | {"frame.tiles": 64})
    sampled = ngpc.simulate(*asked, detail="sampled", relative_error=0.5)
    low, high = sampled.intervals["frame_ms"]
    assert low < ngpc.simulate(*asked).frame_ms < high
    assert 0 < sampled.replayed_queries < 0.02 * sampled.queries


def test_intervals_are_computed_for_the_drawn_chunks_only(point, monkeypatch):
    asked = point("nvr-cloud", 8)
    seen = []
    service = EncodingEngine.service

    def counting(self, encoding, positions, *rest):
        seen.append(len(positions))
        return service(self, encoding, positions, *rest)

    monkeypatch.setattr(EncodingEngine, "service", counting)
    ngpc.simulate(*asked, detail="sampled", seed=9)
    assert 0 < sum(seen) < 0.7 * len(asked[2].positions)


def test_same_seed_same_row_and_another_seed_another_draw(point):
    asked = point("gia-plane", 64, overrides=CONFLICTS)
    rows = [ngpc.simulate(*asked, detail="sampled", seed=seed).row() for seed in (1, 1, 2)]
    assert rows[0] == rows[1]
    assert rows[0]["ci_high_frame_ms"] != rows[2]["ci_high_frame_ms"]


def test_a_smaller_error_replays_more_until_the_interval_is_short_enough(point):
    by_nfps = {"nfp.encoding.reuse": "last_voxel", "frame.rest_model": "published"}
    asked = point("gia-plane", 64, overrides=CONFLICTS | by_nfps)
    results = [ngpc.simulate(*asked, detail="sampled", relative_error=error) for error in (0.01, 2e-5)]
    assert results[0].replayed_queries < results[1].replayed_queries
    low, high = results[1].intervals["frame_ms"]
    assert (high - low) / 2 <= 2e-5 * results[1].frame_ms


def test_cycles_of_a_sampled_frame_add_up(point):
    sampled = ngpc.simulate(*point("gia-plane", 64, overrides=CONFLICTS), detail="sampled")
    assert sampled.mlp_cycles + sum(sampled.stalls.values()) == sampled.nfp_cycles


def test_where_nobody_knows_which_nfp_gets_what_all_is_replayed(point):
    arch, work, trace = point("nvr-cloud", 8, overrides={"cluster.dispatch": "least_loaded"})
    asked = arch, work, trace.limited(3000)
    sampled, whole = ngpc.simulate(*asked, detail="sampled"), ngpc.simulate(*asked)
    assert differing(sampled, whole) == set()
    assert sampled.intervals["frame_ms"] == (whole.frame_ms, whole.frame_ms)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"relative_error": 0.0}, "relative_error = 0 is out of range: above 0, below 1."),
        ({"relative_error": float("nan")}, "relative_error = nan is out of range: above 0, below 1."),
        ({"seed": -1}, "seed = -1 is out of range"),
    ],
)
def test_what_cannot_be_is_refused(point, options, said):
    with pytest.raises(ngpc.UserError, match=f"^{said}"):
        ngpc.simulate(*point("gia-plane", 8), detail="sampled", **options)
