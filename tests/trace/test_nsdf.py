"""The NSDF loop against single rays that know nothing of groups and compaction."""

import numpy as np

from ngpc_sim.trace.loops import nsdf
from ngpc_sim.trace.loops.camera import Camera, direction_of, entry_distance
from ngpc_sim.trace.loops.invocation import padded

WIDTH, HEIGHT = 32, 20
SCENE = nsdf.NsdfScene((0.1, 0.1, 0.1), (0.9, 0.9, 0.9), Camera())
RADIUS = 0.25


def ball(positions):
    return np.linalg.norm(positions.astype(float) - 0.5, axis=-1) - RADIUS


def inside(point):
    return bool((point >= 0.1).all() and (point <= 0.9).all())


def follow(point, direction):
    """Steps until a ray ends, and where; positions are float32 between steps."""
    point, steps = np.float32(point), 0
    while True:
        step = 0.95 * np.float64(np.float32(ball(point)))
        point = np.float32(point + step * direction)
        steps += 1
        if not (step > 3e-4 and inside(point)):
            return steps, point


def schedule(lifetimes):
    """Alive rays of each call: groups of 1, 2, 4, 4, ... calls between compactions."""
    launched, passed, group = [], 0, 1
    while any(lifetime > passed for lifetime in lifetimes):
        launched += [padded(sum(lifetime > passed for lifetime in lifetimes))] * min(group, 4)
        passed += min(group, 4)
        group += min(group, 4)
    return launched


def shadow_ray(hit, direction):
    normal = (hit.astype(float) - 0.5) / np.linalg.norm(hit.astype(float) - 0.5)
    normal *= -np.sign(normal @ direction)
    return np.float32(hit + 1e-3 * normal), np.float32(np.ones(3) / np.sqrt(3))


def test_the_profile_is_what_single_rays_add_up_to():
    origin, axes, film = SCENE.camera.origin, SCENE.camera.axes, SCENE.camera.film
    primary, shadow, n_hits = [], [], 0
    for pixel in range(WIDTH * HEIGHT):
        direction = np.float32(direction_of(pixel, WIDTH, HEIGHT, axes, film))
        t = entry_distance(origin, direction, SCENE.box)
        if t < 0.0:
            continue
        steps, end = follow(origin + np.float32(t) * direction.astype(float), direction)
        primary.append(steps)
        if inside(end):
            n_hits += 1
            shadow.append(follow(*shadow_ray(end, direction))[0])
    expected = schedule(primary), [padded(n_hits)] * 6, schedule(shadow)
    calls = list(nsdf.render(ball, SCENE, WIDTH, HEIGHT))
    for phase, wanted in zip(("primary", "normals", "shadow"), expected, strict=True):
        assert [call.launched for call in calls if call.phase == phase] == wanted


def test_compaction_comes_after_1_2_4_4_steps():
    sizes = [len(call.pixels) for call in nsdf.render(ball, SCENE, WIDTH, HEIGHT) if call.phase == "primary"]
    groups = [sizes[0:1], sizes[1:3], sizes[3:7], sizes[7:11]]
    assert all(len(set(group)) == 1 for group in groups)
    assert [group[0] for group in groups] == sorted((group[0] for group in groups), reverse=True)


def test_ended_rays_are_asked_again_where_they_ended():
    calls = [call for call in nsdf.render(ball, SCENE, WIDTH, HEIGHT) if call.phase == "primary"]
    third, fourth = calls[5], calls[6]
    still = (third.positions == fourth.positions).all(axis=1)
    assert still.any()
    assert not still.all()


def test_normals_ask_both_sides_of_every_hit_on_each_axis():
    calls = [call.positions for call in nsdf.render(ball, SCENE, WIDTH, HEIGHT) if call.phase == "normals"]
    for axis in range(3):
        apart = calls[2 * axis] - calls[2 * axis + 1]
        assert np.allclose(apart, 2 * nsdf.NORMAL_EPSILON * np.eye(3)[axis], atol=1e-6)


def test_shadow_rays_start_off_the_surface():
    calls = list(nsdf.render(ball, SCENE, WIDTH, HEIGHT))
    first = next(call for call in calls if call.phase == "shadow")
    assert np.abs(ball(first.positions) - nsdf.SHADOW_OFFSET).max() < 4e-4


def test_a_frame_without_hits_has_neither_normals_nor_shadows():
    calls = list(nsdf.render(lambda positions: np.ones(len(positions)), SCENE, WIDTH, HEIGHT))
    assert {call.phase for call in calls} == {"primary"}
