"""Rays behind the launches: taken back from known frames, and compactions by phase."""

import numpy as np
import pytest

from ngpc_sim.gpu.ray_counts import ray_counts
from ngpc_sim.trace.loops.march import SLOTS_PER_INVOCATION, steps_of
from ngpc_sim.trace.profiles import FrameProfile

#: instant-ngp's rule and padding, as the facts about the render loop give it
SLOTS, PADDING = 2 * 1024 * 1024, 256


def launched(alive):
    steps = [min(max(SLOTS // n, 1), 8) for n in alive]
    return [-(-n * s // PADDING) * PADDING for n, s in zip(alive, steps, strict=True)], steps


@pytest.mark.parametrize(
    "alive",
    [
        [269233, 261869, 103286, 29436, 14101, 7150, 3509, 1677, 851, 422, 201, 86, 29, 4, 1],
        [262144, 200000, 100],
        [31],
    ],
)
def test_steps_are_found_again_from_the_launches(alive):
    profile, steps = launched(alive)
    assert steps_of(profile, SLOTS_PER_INVOCATION) == steps


@pytest.mark.parametrize("seed", range(20))
def test_rays_found_explain_every_launch_and_are_never_more_than_there_were(seed):
    random = np.random.default_rng(seed)
    alive = np.sort(random.integers(1, 2_500_000, 30))[::-1].tolist()
    profile, _ = launched(alive)
    steps = steps_of(profile, SLOTS_PER_INVOCATION)
    found = [n // s for n, s in zip(profile, steps, strict=True)]
    assert [-(-n * s // PADDING) * PADDING for n, s in zip(found, steps, strict=True)] == profile
    assert sum(found) <= sum(alive) + PADDING * len(alive)


SCENES = ["nerf_99pct_in_8_steps_tight", "nerf_soft_dil1", "room_aabb4_medium_shell", "nerf_soft_dil1_4k"]


@pytest.mark.parametrize("scene", SCENES)
def test_rays_of_a_golden_frame_are_found_within_ten_percent_and_never_too_many(golden_frames, scene):
    frame = golden_frames[scene]
    profile = FrameProfile.recorded(frame["W"], frame["H"], frame["queries"], ["march"] * len(frame["queries"]))
    counts = ray_counts(profile, profile.queries, profile.pixels)
    padding = PADDING * len(frame["alive"])
    assert 0.9 * sum(frame["alive"]) <= counts.alive.sum() <= sum(frame["alive"]) + padding


def test_most_steps_of_golden_frames_are_found_exactly(golden_frames):
    pairs = [
        pair
        for s in SCENES
        for pair in zip(
            steps_of(golden_frames[s]["queries"], SLOTS_PER_INVOCATION), golden_frames[s]["steps"], strict=True
        )
    ]
    assert sum(ours == theirs for ours, theirs in pairs) > 0.85 * len(pairs)


def test_sphere_tracing_compacts_after_1_2_4_4_steps_of_each_phase():
    phases = ["primary"] * 9 + ["normals"] * 6 + ["shadow"] * 4
    counts = ray_counts(FrameProfile.recorded(32, 32, [256] * 19, phases), 19 * 256, 1024)
    primary, shadow = [1, 1, 0, 1, 0, 0, 0, 1, 0], [1, 1, 0, 1]
    assert counts.rounds.astype(int).tolist() == primary + [0] * 6 + shadow


def test_a_query_of_sphere_tracing_is_a_ray_and_normals_count_the_hits():
    profile = [1024, 512, 512, *[256] * 6, 256]
    phases = ["primary"] * 3 + ["normals"] * 6 + ["shadow"]
    counts = ray_counts(FrameProfile.recorded(32, 32, profile, phases), sum(profile), 1024)
    assert counts.alive.tolist() == profile
    assert (counts.rays, counts.hits) == (1024, 256)


def test_rays_grow_with_the_queries_of_a_frame():
    profile = FrameProfile.recorded(32, 32, [1024, 512], ["track"] * 2)
    once, four = (ray_counts(profile, 1536 * factor, 1024 * factor) for factor in (1, 4))
    assert (four.alive == 4 * once.alive).all()
    assert four.rays == 4 * once.rays


def test_an_invocation_without_queries_has_no_rays():
    counts = ray_counts(FrameProfile.recorded(32, 32, [800, 0, 80], ["march"] * 3), 880, 1024)
    assert counts.alive.tolist() == [100, 0, 10]
