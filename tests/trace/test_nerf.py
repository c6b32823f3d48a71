"""The NeRF loop against a per-ray walk over the whole step lattice, without skipping or compaction."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.trace.loops import march, nerf
from ngpc_sim.trace.loops.camera import Camera, direction_of, entry_distance
from ngpc_sim.trace.loops.invocation import NOT_RECORDED, padded
from ngpc_sim.trace.loops.occupancy import build, occupied_at
from ngpc_sim.trace.loops.portable_math import uniform

WIDTH, HEIGHT = 20, 12
SIGMA = 60.0


def ball(points):
    return np.linalg.norm(points - 0.5, axis=1) - 0.3


def scene_of(aabb_scale):
    n_cascades = 1 + int(math.log2(aabb_scale))
    bits = build(lambda centres, cascade: np.abs(ball(centres)) < 0.03 * 2**cascade, n_cascades)
    return nerf.NerfScene(aabb_scale, bits, Camera(position=(0.5, 0.5, 0.5 + 0.9 * aabb_scale)), seed=11)


def density(scene):
    low, high = scene.box

    def sigma(positions):
        return np.where(ball(positions * (high - low) + low) < 0.0, SIGMA, 0.0)

    return sigma


def walk_every_step(scene, pixel):
    """Occupied lattice positions of a ray up to its exit, and how many make it opaque (None: all do not)."""
    origin, (low, high), lattice = scene.camera.origin, scene.box, nerf.step_lattice(scene.cone_angle)
    direction = np.float32(direction_of(pixel, WIDTH, HEIGHT, scene.camera.axes, scene.camera.film)).astype(float)
    t = entry_distance(origin, direction, scene.box)
    if t < 0.0:
        return 0, None
    n, opacity, visited, needed = nerf.to_steps(t, lattice) + uniform(pixel, scene.seed), 0.0, 0, None
    while True:
        t, after = nerf.from_steps(n, lattice), nerf.from_steps(n + 1, lattice)
        point = origin + t * direction
        if not ((low <= point) & (point <= high)).all():
            return visited, needed
        if occupied_at(scene.occupancy, nerf.cascade_of(*point, len(scene.occupancy)), *point):
            visited += 1
            sigma = SIGMA if ball(point[None])[0] < 0.0 else 0.0
            opacity += (1 - opacity) * (1 - math.exp(-sigma * (after - t)))
            if opacity > 0.99 and needed is None:
                needed = visited
        n += 1


def calls_of(rays):
    """Queries launched and slots written by each call, from single rays alone."""
    n_steps, expected, passed = march.MAX_STEPS_PER_INVOCATION, [], 0
    alive = [ray for ray in rays if ray[0]]
    while alive:
        written = sum(min(visited - passed, n_steps) for visited, _ in alive)
        expected.append((padded(n_steps * len(alive)), written))
        passed += n_steps
        alive = [ray for ray in alive if ray[0] >= passed and (ray[1] is None or ray[1] > passed)]
    return expected


@pytest.mark.parametrize("aabb_scale", [1, 4])
def test_the_profile_is_what_single_rays_add_up_to(aabb_scale):
    scene = scene_of(aabb_scale)
    expected = calls_of([walk_every_step(scene, pixel) for pixel in range(WIDTH * HEIGHT)])
    calls = list(nerf.render(density(scene), scene, WIDTH, HEIGHT))
    assert [call.launched for call in calls] == [launched for launched, _ in expected]
    written = [int((call.pixels != NOT_RECORDED).sum()) for call in calls]
    assert written == pytest.approx([slots for _, slots in expected], rel=0.01, abs=2)


def test_a_slot_is_a_ray_and_a_step():
    calls = list(nerf.render(density(scene_of(1)), scene_of(1), WIDTH, HEIGHT))
    for call in calls:
        n_alive = len(call.pixels) // march.MAX_STEPS_PER_INVOCATION
        by_step = call.pixels.reshape(-1, n_alive)
        for column in by_step.T:
            written = column[column != NOT_RECORDED]
            assert len(set(written)) <= 1
            assert (column[: len(written)] == written).all(), "a ray's unwritten slots come last"


def test_the_first_call_asks_rays_in_row_major_order():
    call = next(nerf.render(density(scene_of(1)), scene_of(1), WIDTH, HEIGHT))
    first = call.pixels[: len(call.pixels) // march.MAX_STEPS_PER_INVOCATION]
    assert (np.diff(first) > 0).all()


def test_positions_lie_in_the_unit_cube():
    for call in nerf.render(density(scene_of(4)), scene_of(4), WIDTH, HEIGHT):
        assert call.positions.min() >= 0.0
        assert call.positions.max() <= 1.0


@pytest.mark.parametrize(
    ("n_alive", "steps"),
    [(1, 8), (262_144, 8), (262_145, 7), (1_048_576, 2), (1_048_577, 1), (2_097_152, 1), (8_294_400, 1)],
)
def test_steps_per_call_follow_the_number_of_rays(n_alive, steps):
    assert march.steps_per_invocation(n_alive, march.SLOTS_PER_INVOCATION) == steps


@given(t=st.floats(1e-3, 1000.0))
def test_the_step_lattice_can_be_inverted(t):
    lattice = nerf.step_lattice(nerf.CONE_ANGLE)
    assert nerf.from_steps(nerf.to_steps(t, lattice), lattice) == pytest.approx(t, rel=1e-5, abs=1e-6)


@given(t=st.floats(1e-3, 2000.0))
def test_a_step_grows_with_distance_between_its_limits(t):
    lattice = nerf.step_lattice(nerf.CONE_ANGLE)
    step = nerf.from_steps(float(nerf.to_steps(t, lattice)) + 1.0, lattice) - t
    wanted = min(max(t * nerf.CONE_ANGLE, nerf.MIN_STEP), nerf.MAX_STEP)
    assert step == pytest.approx(wanted, rel=0.05)


def test_an_empty_scene_asks_nothing():
    empty = nerf.NerfScene(1, build(lambda centres, _: np.zeros(len(centres), bool), 1), Camera())
    assert list(nerf.render(density(empty), empty, WIDTH, HEIGHT)) == []
