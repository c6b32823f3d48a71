"""Profiles of frame sizes: recorded ones are exact, those between follow from their neighbours, files keep them."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace import load_trace, write_trace
from ngpc_sim.trace.profiles import FrameProfile, counterparts, profile_at
from ngpc_sim.trace.record import count, record
from ngpc_sim.trace.subjects import SCENES

#: instant-ngp's rule and padding, as the facts about the render loop give it
SLOTS, BLOCK = 2 * 1024 * 1024, 256
SIZES = {"1280x720", "1920x1080", "3840x2160", "7680x4320"}
CHEAP = ["gia-plane", "nerf-object", "nsdf-object", "nvr-cloud"]


def known(*profiles):
    """Profiles of 10x10, 20x20, ... pixels, of one phase where no phases are given."""
    return [
        FrameProfile.recorded(10 * k, 10 * k, *(one if isinstance(one, tuple) else (one, ["track"] * len(one))))
        for k, one in enumerate(profiles, 1)
    ]


def blocks(*counts):
    return [BLOCK * n for n in counts]


def test_a_known_number_of_pixels_has_its_own_profile_whatever_the_sides():
    sizes = known(blocks(1, 2), blocks(4, 8))
    assert profile_at(sizes, 100) == sizes[0]
    assert profile_at(sizes, 50 * 8) == sizes[1]


def test_beyond_all_known_sizes_the_nearest_one_is_scaled_by_pixels():
    sizes = known(blocks(1, 2), blocks(4, 8))
    below, above = profile_at(sizes, 50), profile_at(sizes, 800)
    assert (below, above) == tuple(sizes)
    assert (below.queries_at(50), above.queries_at(800)) == (BLOCK * 3 // 2, BLOCK * 24)


def test_as_many_invocations_at_both_sizes_stay_as_many_and_their_queries_grow_as_a_power_of_the_pixels():
    between = profile_at(known(blocks(20, 10, 1, 1), blocks(80, 40, 4, 4)), 200)
    assert list(between.launched) == blocks(40, 20, 2, 2)
    assert between.sizes == ("10x10", "20x20")


def test_invocations_before_the_last_of_one_block_grow_as_a_power_of_the_pixels_and_those_are_the_mean_of_all_sizes():
    sizes = known(blocks(*[10] * 4, *[1] * 2), blocks(*[10] * 16, *[1] * 3), blocks(*[10] * 16, *[1] * 7))
    assert list(profile_at(sizes, 200).launched) == blocks(*[10] * 8, *[1] * 4)


def test_each_phase_is_interpolated_by_itself():
    phases = ["primary", "primary", "normals", "shadow"]
    sizes = known((blocks(8, 4, 2, 3), phases), (blocks(32, 16, 8, 12), phases))
    between = profile_at(sizes, 200)
    assert (list(between.launched), list(between.phases)) == (blocks(16, 8, 4, 6), phases)


def test_between_sizes_whose_phases_differ_the_nearer_one_is_scaled():
    sizes = known((blocks(8), ["primary"]), (blocks(32, 8), ["primary", "shadow"]))
    assert [profile_at(sizes, pixels) for pixels in (199, 201)] == sizes
    assert profile_at(sizes, 201).queries_at(201) == round(40 * BLOCK * 201 / 400)


profiles = st.lists(st.integers(1, 40), min_size=1, max_size=30).map(lambda counts: blocks(*counts))


@given(profiles, profiles, st.integers(101, 399))
def test_every_invocation_between_launches_whole_blocks_and_the_total_is_between_the_two(low, high, pixels):
    between = profile_at(known(low, high), pixels)
    assert all(n >= BLOCK and n % BLOCK == 0 for n in between.launched)
    slack = BLOCK * (len(between.launched) + len(low) + len(high))
    assert min(sum(low), sum(high)) - slack <= between.queries <= max(sum(low), sum(high)) + slack
    assert between == profile_at(known(low, high), pixels)


def marched(pixels, rays, life):
    """Launches of a loop of whose rays as many are alive after s steps as ``exp(-s / life)`` says, 200 at most."""
    step, launched = 0, []
    while step < 200:
        alive = max(round(rays * pixels * math.exp(-step / life)), 1)
        steps = min(max(SLOTS // alive, 1), 8)
        launched.append(-(-alive * steps // BLOCK) * BLOCK)
        step += steps
    return launched


@pytest.mark.parametrize("pixels", [1_200_000, 1_440_000, 1_800_000, 3_000_000, 3_686_400, 6_000_000])
@pytest.mark.parametrize("rays", [0.17, 0.98])
def test_a_marching_loop_between_two_sizes_makes_its_own_calls_on_the_rays_that_are_alive(pixels, rays):
    sizes = [
        FrameProfile.recorded(side, side, launched, ["march"] * len(launched))
        for side in (960, 1440, 2880, 5760)
        for launched in [marched(side * side, rays, 30)]
    ]
    ours, expected = profile_at(sizes, pixels).launched, marched(pixels, rays, 30)
    assert abs(len(ours) - len(expected)) <= 1
    assert sum(ours) == pytest.approx(sum(expected), rel=0.01)
    assert ours[0] == pytest.approx(expected[0], rel=0.01)


def test_invocations_of_another_size_have_their_counterparts_at_the_same_place_of_the_same_phase():
    own = ["primary"] * 4 + ["normals"] * 6 + ["shadow"] * 2
    assert counterparts(own, own) == list(range(12))
    other = ["primary"] * 2 + ["normals"] * 6 + ["shadow"] * 4
    assert counterparts(other, own) == [1, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11, 11]
    assert counterparts(["march"] * 6, own) == [1, 3, 5, 7, 9, 11]


@pytest.mark.parametrize("name", SCENES)
def test_counting_a_frame_gives_the_profile_that_recording_it_gives(name):
    small = record(name, 64, 36, seed=4, also=[(160, 90), (64, 36)])
    large = record(name, 160, 90, seed=4)
    assert small.profiles == (FrameProfile.recorded(160, 90, large.profile.tolist(), large.phases),)
    assert small.profiles == (count(name, 160, 90, seed=4),)
    assert dataclasses.replace(small, profiles=()).sha256 == record(name, 64, 36, seed=4).sha256


def test_the_bundled_traces_know_four_sizes():
    for name in SCENES:
        trace = load_trace(name)
        assert {"1920x1080", *(profile.sizes[0] for profile in trace.profiles)} == SIZES
    nsdf = load_trace("nsdf-object")
    assert len(nsdf.profile_at(1280 * 720).launched) == 332
    gia = load_trace("gia-plane")
    assert [profile.queries for profile in gia.profiles] == [profile.pixels for profile in gia.profiles]


def test_progress_counts_all_sizes():
    fractions = []
    record("nvr-cloud", 64, 36, progress=fractions.append, also=[(128, 72)])
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert min(fractions) < 0.1


@pytest.mark.parametrize("also", [[(36, 64)], [(128, 72), (72, 128)], [(16 * k, 9) for k in range(1, 18)], [(0, 9)]])
def test_sizes_that_a_trace_cannot_have_beside_its_own_are_refused_before_anything_is_rendered(also):
    with pytest.raises(UserError):
        record("nsdf-object", 64, 36, also=also, progress=lambda _: pytest.fail("it renders"))


OTHERS = {"64x16": {"profile": [512, 256], "phases": [["image", 2]]}}


def test_a_file_keeps_profiles_in_any_order_and_gives_them_ascending(by_hand, tmp_path):
    trace = load_trace(by_hand({"profiles": {"128x16": {"profile": [0, 2048], "phases": [["image", 2]]}, **OTHERS}}))
    assert trace.profiles == (
        FrameProfile.recorded(64, 16, [512, 256], ["image"] * 2),
        FrameProfile.recorded(128, 16, [0, 2048], ["image"] * 2),
    )
    write_trace(trace, tmp_path / "again.trace.parquet")
    assert load_trace(tmp_path / "again.trace.parquet").profiles == trace.profiles


def test_a_file_without_profiles_is_scaled_by_pixels(by_hand):
    trace = load_trace(by_hand())
    profile = trace.profile_at(4 * trace.pixels)
    assert (profile.launched, profile.queries_at(4 * trace.pixels)) == ((256,), 1024)
    assert profile.words("64x16", 1024) == "profile of 64x16 scaled by pixels from 32x8"


def one(size="64x16", **changes):
    return {size: OTHERS["64x16"] | changes}


@pytest.mark.parametrize(
    ("profiles", "reason"),
    [
        ([1], "no valid 'profiles'"),
        ({"64x16": [1]}, "no valid profile of 64x16"),
        (one(more=1), "no valid profile of 64x16"),
        ({"64x16": {"profile": [1]}}, "no valid profile of 64x16"),
        (one(profile=[512, 1.5]), "no valid profile of 64x16"),
        (one(profile=[512, True]), "no valid profile of 64x16"),
        (one(phases=[[]]), "no valid profile of 64x16"),
        (one(phases=[["image", 1 << 40]]), "no valid profile of 64x16"),
        (one(profile=[512, -256]), "negative count in its profile of 64x16"),
        (one(profile=[0, 0]), "sum is not in 1..9007199254740992 of 64x16"),
        (one(profile=[1 << 70, 0]), "sum is not in 1..9007199254740992 of 64x16"),
        (one(profile=[512]), "one phase per invocation of 64x16"),
        (one(phases=[["march", 2]]), "a phase at another size that its own frame does not have"),
        (one("32x8"), "two profiles of as many pixels"),
        (one("8x32"), "two profiles of as many pixels"),
        (one("064x16"), "which is not WIDTHxHEIGHT"),
        (one("64x16x1"), "which is not WIDTHxHEIGHT"),
        (one("9999999x9"), "which is not WIDTHxHEIGHT"),
        (one("x" * 1000), "'xxxxxxxxxxxxxxxxxxxx', which is not WIDTHxHEIGHT"),
        ({f"{k}x1": OTHERS["64x16"] for k in range(1, 18)}, "more than 16 other sizes"),
    ],
)
def test_profiles_that_no_recorder_writes_are_refused(by_hand, profiles, reason):
    with pytest.raises(UserError) as caught:
        load_trace(by_hand({"profiles": profiles}))
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 400


def test_runs_of_the_own_phases_that_are_no_pairs_are_refused(by_hand):
    for runs in ([[]], [["image"]], [["image", 1, 1]], [{}], ["i1"]):
        with pytest.raises(UserError, match="damaged"):
            load_trace(by_hand({"phases": runs}))


def test_a_limited_trace_knows_its_own_size_only(make_trace):
    trace = make_trace(profiles=(FrameProfile.recorded(128, 32, [4096], ["primary"]),))
    assert trace.limited(10).profiles == ()
    assert trace.sha256 != make_trace().sha256
