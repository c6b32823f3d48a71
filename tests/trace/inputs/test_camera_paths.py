"""Camera paths go where instant-ngp's go; orbits close, and start at the camera that they are given."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.camera_paths import CameraPath, Keyframe, orbit, read_path, weights
from ngpc_sim.trace.loops.camera import Camera

#: half a turn about x: right stays, down and forward are negated: the default camera
DEFAULT = (1.0, 0.0, 0.0, 0.0)
FRAME = {"R": DEFAULT, "T": [0.5, 0.5, 2.0], "fov": 50.625, "slice": 0.0, "scale": 1.5, "aperture_size": 0.0}
PLACES = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 2.0, 0.0), (0.0, 2.0, 3.0)]
ORDERS = [0, 1, 2, 3]


def through(places, **keys):
    return CameraPath(tuple(Keyframe(DEFAULT, place, 50.625) for place in places), **keys)


def axes(camera):
    return np.array([camera.right, camera.down, camera.forward])


@pytest.fixture
def written(tmp_path):
    def write(values):
        path = tmp_path / "base_cam.json"
        path.write_text(json.dumps(values))
        return path

    return write


@given(f=st.floats(0.0, 1.0))
@pytest.mark.parametrize("order", ORDERS)
def test_weights_are_not_negative_and_sum_to_one(order, f):
    found = weights(f, order)
    assert math.fsum(weight for _, weight in found) == pytest.approx(1.0, abs=1e-15)
    assert min(weight for _, weight in found) >= -1e-16


@given(t=st.floats(0.0, 1.0), turn=st.tuples(*[st.floats(-1, 1)] * 4))
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("loop", [False, True])
def test_equal_keyframes_are_one_camera(order, loop, t, turn):
    if np.linalg.norm(turn) < 0.1:
        return
    frame = Keyframe(turn, (1.0, 2.0, 3.0), 60.0)
    camera = CameraPath((frame,) * 3, order, loop).camera(t)
    still = CameraPath((frame,)).camera(0.0)
    assert camera.position == pytest.approx((1.0, 2.0, 3.0))
    assert axes(camera) == pytest.approx(axes(still), abs=1e-12)
    assert axes(camera) @ axes(camera).T == pytest.approx(np.eye(3), abs=1e-12)
    assert camera.focal == pytest.approx(0.5 / math.tan(math.radians(30)))


@pytest.mark.parametrize("order", [0, 1])
def test_orders_0_and_1_pass_through_the_keyframes(order):
    found = [camera.position for camera in through(PLACES, spline_order=order).cameras(4)]
    assert np.array(found) == pytest.approx(np.array(PLACES), abs=1e-12)


def test_order_1_goes_straight_between_keyframes():
    assert through(PLACES, spline_order=1).camera(0.5).position == pytest.approx((1.0, 1.0, 0.0))


def test_order_2_is_halfway_at_the_keyframes():
    halfway = np.add(PLACES[0], PLACES[1]) / 2
    assert through(PLACES, spline_order=2).camera(1 / 3).position == pytest.approx(tuple(halfway))


def test_order_3_passes_inner_keyframes_at_a_sixth_of_both_neighbours():
    passed = (np.array(PLACES[0]) + 4 * np.array(PLACES[1]) + np.array(PLACES[2])) / 6
    path = through(PLACES)
    assert path.camera(1 / 3).position == pytest.approx(tuple(passed))
    # at the end the neighbour outside is the end itself
    assert path.camera(1.0).position == pytest.approx(tuple((5 * np.array(PLACES[3]) + np.array(PLACES[2])) / 6))


@pytest.mark.parametrize("order", ORDERS)
def test_a_loop_ends_where_it_starts(order):
    path = through(PLACES, spline_order=order, loop=True)
    assert path.camera(1.0).position == pytest.approx(path.camera(0.0).position)
    assert path.camera(0.25).position != pytest.approx(path.camera(0.5).position)


def test_a_linear_loop_is_at_the_last_keyframe_one_step_before_its_end():
    assert through(PLACES, spline_order=1, loop=True).camera(0.75).position == pytest.approx(PLACES[3])


@given(t=st.floats(0.0, 1.0), signs=st.tuples(*[st.sampled_from([1.0, -1.0])] * 3))
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_quaternion_and_its_negative_are_one_rotation(order, t, signs):
    turns = [(math.cos(a), 0.0, math.sin(a), 0.1) for a in (0.0, 0.4, 0.8)]
    plain, signed = (
        CameraPath(
            tuple(Keyframe(tuple(s * v for v in q), (0.0, 0.0, 0.0), 50.0) for s, q in zip(ones, turns, strict=True)),
            order,
        )
        for ones in ((1.0, 1.0, 1.0), signs)
    )
    assert axes(plain.camera(t)) == pytest.approx(axes(signed.camera(t)), abs=1e-12)


def test_a_quaternion_turns_as_its_matrix(written):
    # a quarter turn about y, from z towards x, of length 3
    half = 3 * math.sqrt(0.5)
    camera = read_path(written({"path": [{**FRAME, "R": [0.0, half, 0.0, half]}]})).camera(0.3)
    assert axes(camera) == pytest.approx(np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]]), abs=1e-15)


def test_a_file_of_the_first_release_is_read(written):
    old = {key: value for key, value in FRAME.items() if key != "aperture_size"} | {"dof": 0.1}
    path = read_path(written({"time": 1.0, "path": [old, old]}))
    assert (path.spline_order, path.loop) == (3, False)
    camera = path.camera(0.5)
    assert camera.position == pytest.approx(Camera().position)
    assert axes(camera) == pytest.approx(axes(Camera()))
    assert camera.focal == pytest.approx(Camera().focal, rel=1e-5)


def test_a_newer_file_has_order_loop_and_duration(written):
    newer = {"loop": True, "duration_seconds": 5.0, "spline_order": 1, "path": [{**FRAME, "timestamp": 1.0}]}
    path = read_path(written(newer))
    assert (path.spline_order, path.loop) == (1, True)


def test_one_camera_is_at_the_start():
    path = through(PLACES, spline_order=1)
    assert path.cameras(1) == [path.camera(0.0)]
    assert len(path.cameras(5)) == 5


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({}, "has no path"),
        ({"path": []}, "at least one"),
        ({"path": [FRAME], "spline_order": 4}, "spline_order = 4"),
        ({"path": [FRAME], "loop": "yes"}, "true or false"),
        ({"path": [{**FRAME, "R": [0, 0, 0, 0]}]}, "keyframe 0, has a quaternion"),
        ({"path": [FRAME, {**FRAME, "R": [0, 0, 1]}]}, "keyframe 1, has R"),
        ({"path": [{**FRAME, "T": [0, 0, 1e7]}]}, "farther away"),
        ({"path": [{**FRAME, "fov": 180}]}, "has fov = 180"),
    ],
)
def test_a_path_that_is_not_understood_is_refused(written, values, fault):
    with pytest.raises(UserError, match=fault) as caught:
        read_path(written(values))
    assert "base_cam.json" in str(caught.value)


@pytest.mark.parametrize("t", [-0.1, 1.1, math.nan])
def test_times_outside_0_to_1_are_refused(t):
    with pytest.raises(UserError, match="time along a camera path"):
        through(PLACES).camera(t)


@pytest.mark.parametrize("n", [0, -1, 10**6])
def test_counts_of_frames_that_nobody_records_are_refused(n):
    for make in (through(PLACES).cameras, lambda n: orbit(n, (0.5, 0.5, 0.5), Camera())):
        with pytest.raises(UserError, match="frames was asked for"):
            make(n)


def test_an_orbit_starts_at_its_camera_and_keeps_distance_height_and_aim():
    start, centre = Camera(position=(0.5, 1.0, 2.0)), (0.5, 0.5, 0.5)
    cameras = orbit(60, centre, start)
    assert cameras[0] is start
    positions = np.array([camera.position for camera in cameras])
    assert np.linalg.norm(positions - centre, axis=1) == pytest.approx(math.hypot(0.5, 1.5))
    assert (positions[:, 1] == 1.0).all()
    # a quarter of the way from z towards x
    assert positions[15] == pytest.approx((2.0, 1.0, 0.5))
    for camera in cameras:
        flat = np.subtract(centre, camera.position) * (1, 0, 1)
        assert np.array(camera.forward) == pytest.approx(flat / 1.5, abs=1e-12)
        assert axes(camera) @ axes(camera).T == pytest.approx(np.eye(3), abs=1e-12)


def test_an_orbit_has_even_steps():
    positions = np.array([camera.position for camera in orbit(7, (0.0, 0.5, 0.0), Camera())])
    steps = np.linalg.norm(positions - np.roll(positions, 1, axis=0), axis=1)
    assert steps == pytest.approx(np.full(7, steps[0]))
