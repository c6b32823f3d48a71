"""The NVR loop against single rays: delta tracking, and a host that reads the count every fourth call."""

import math

import numpy as np

from ngpc_sim.trace.loops import nvr
from ngpc_sim.trace.loops.camera import Camera, direction_of, entry_distance
from ngpc_sim.trace.loops.invocation import padded
from ngpc_sim.trace.loops.occupancy import bit_at, build
from ngpc_sim.trace.loops.portable_math import uniform

WIDTH, HEIGHT = 18, 12
MAJORANT = 2.0


def cloud(positions):
    return np.where(np.linalg.norm(positions - 0.5, axis=-1) < 0.3, 0.2, 0.0)


def scene():
    bits = build(lambda centres, _: np.linalg.norm(centres - 0.5, axis=1) < 0.32, 1)
    return nvr.NvrScene((0.1, 0.1, 0.1), (0.9, 0.9, 0.9), MAJORANT, bits, Camera(), seed=5)


def lifetime(scene, pixel):
    """Network calls that one ray takes part in."""
    direction = [float(np.float32(d)) for d in direction_of(pixel, WIDTH, HEIGHT, scene.camera.axes, scene.camera.film)]
    t = entry_distance(scene.camera.origin, np.array(direction), scene.box)
    if t < 0.0:
        return 0
    point = [p + t * d for p, d in zip(scene.camera.position, direction, strict=True)]
    opacity, calls, draw = 0.0, 0, 0
    while calls < nvr.MAX_ITERATIONS:
        while True:
            xi = float(uniform(pixel * nvr.MAX_DRAWS + draw, scene.seed))
            draw += 1
            step = -math.log(1.0 - xi) / (nvr.INV_DISTANCE_SCALE * MAJORANT)
            point = [p + step * d for p, d in zip(point, direction, strict=True)]
            if not all(0.1 <= p <= 0.9 for p in point):
                return calls
            if bit_at(scene.occupancy, 0, *(math.floor(p * 128 + 0.5) for p in point)):
                break
        calls += 1
        opacity += float(cloud(np.array(point))) / MAJORANT * (1.0 - opacity)
        if opacity > 0.99:
            return calls
    return calls


def test_the_profile_is_what_single_rays_add_up_to():
    fixed = scene()
    lifetimes = np.array([lifetime(fixed, pixel) for pixel in range(WIDTH * HEIGHT)])
    alive = [int((lifetimes > call).sum()) for call in range(nvr.MAX_ITERATIONS)]
    read = [alive[call - call % nvr.COUNT_READ_EVERY] for call in range(nvr.MAX_ITERATIONS)]
    calls = list(nvr.render(cloud, fixed, WIDTH, HEIGHT))
    assert [call.launched for call in calls] == [padded(count) for count in read if count]
    total = sum(len(call.pixels) for call in calls)
    assert abs(total - sum(alive)) <= 0.01 * total


def test_the_count_grows_stale_for_three_calls():
    launched = [call.launched for call in nvr.render(cloud, scene(), 96, 64)]
    assert all(len(set(launched[i : i + 4])) == 1 for i in range(0, len(launched), 4))
    assert len(set(launched)) > 1


def test_queries_are_in_occupied_cells_of_the_box():
    fixed = scene()
    for call in nvr.render(cloud, fixed, WIDTH, HEIGHT):
        cells = np.floor(call.positions.astype(float) * 128 + 0.5).astype(int)
        assert all(bit_at(fixed.occupancy, 0, *cell) for cell in cells)


def test_clear_air_keeps_rays_until_they_leave_or_64_calls_are_over():
    calls = list(nvr.render(lambda positions: np.zeros(len(positions)), scene(), WIDTH, HEIGHT))
    assert len(calls) == nvr.MAX_ITERATIONS


def test_another_seed_is_another_walk():
    first = next(nvr.render(cloud, scene(), WIDTH, HEIGHT))
    other = nvr.NvrScene((0.1,) * 3, (0.9,) * 3, MAJORANT, scene().occupancy, Camera(), seed=6)
    assert not np.array_equal(first.positions, next(nvr.render(cloud, other, WIDTH, HEIGHT)).positions)
