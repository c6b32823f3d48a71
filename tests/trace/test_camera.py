"""A pixel's ray: OpenCV's lenses forwards give the pixel back, and the default camera is a case of the general one."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.loops.camera import (
    DEFAULT_FOV_DEGREES,
    MAX_WORDS,
    Camera,
    direction_of,
    focal_of,
    jittered,
    looking_at,
    rays_into_box,
)
from ngpc_sim.trace.loops.gia import GiaScene, render
from ngpc_sim.trace.loops.lens import Lens

WIDTH, HEIGHT = 48, 32
PIXELS = st.integers(0, WIDTH * HEIGHT - 1)
UNIT_CUBE = np.array([[0.0] * 3, [1.0] * 3])


def ray(camera, pixel):
    return np.array(direction_of(pixel, WIDTH, HEIGHT, camera.axes, camera.film))


def bent(kind, coefficients, x, y, z):
    """OpenCV's lens forwards: where the direction (x, y, z) falls on the film, in focal lengths."""
    if kind == "opencv":
        k1, k2, p1, p2 = coefficients
        a, b = x / z, y / z
        r2 = a**2 + b**2
        radial = 1 + k1 * r2 + k2 * r2**2
        return a * radial + 2 * p1 * a * b + p2 * (r2 + 2 * a**2), b * radial + p1 * (r2 + 2 * b**2) + 2 * p2 * a * b
    theta = math.atan2(math.hypot(x, y), z)
    k1, k2, k3, k4 = coefficients
    distance = theta * (1 + k1 * theta**2 + k2 * theta**4 + k3 * theta**6 + k4 * theta**8)
    return tuple(distance * v / (math.hypot(x, y) or 1.0) for v in (x, y))


def film_point(camera, pixel):
    """Where a pixel lies on the film, in focal lengths from the centre."""
    u = ((pixel % WIDTH + camera.offset[0]) / WIDTH - camera.centre[0]) * WIDTH / HEIGHT
    v = (pixel // WIDTH + camera.offset[1]) / HEIGHT - camera.centre[1]
    return u / (camera.focal_x or camera.focal), v / camera.focal


small = st.floats(-0.02, 0.05)
tangential = st.floats(-0.01, 0.01)
LENSES = st.one_of(
    st.builds(Lens, st.just("opencv"), st.tuples(small, small, tangential, tangential)),
    st.builds(Lens, st.just("opencv_fisheye"), st.tuples(small, tangential, tangential, tangential)),
)


@given(lens=LENSES, pixel=PIXELS, focal=st.floats(0.8, 2.0), centre=st.floats(0.4, 0.6), seed=st.integers(0, 2**40))
def test_a_ray_sent_through_the_lens_falls_on_its_pixel(lens, pixel, focal, centre, seed):
    camera = jittered(Camera(focal=1.1, focal_x=focal, centre=(centre, 0.5), lens=lens), seed)
    direction = ray(camera, pixel)
    seen = [float(np.dot(direction, axis)) for axis in (camera.right, camera.down, camera.forward)]
    assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-12)
    assert bent(lens.kind, lens.coefficients, *seen) == pytest.approx(film_point(camera, pixel), abs=1e-9)


@given(pixel=PIXELS)
def test_a_lens_without_distortion_is_a_pinhole(pixel):
    bare = Lens("opencv", (0.0,) * 4)
    assert ray(Camera(lens=bare), pixel) == pytest.approx(ray(Camera(), pixel), abs=1e-15)


def test_a_fisheye_sees_past_a_right_angle():
    wide = Camera(focal=0.4, lens=Lens("opencv_fisheye", (0.0,) * 4))
    corner = ray(wide, 0)
    angle = math.hypot(*film_point(wide, 0))
    assert angle > math.pi / 2
    assert np.dot(corner, wide.forward) == pytest.approx(math.cos(angle), abs=1e-14)


def test_pixels_past_the_fold_of_a_lens_have_no_ray():
    barrel = Lens("opencv", (-0.3, 0.0, 0.0, 0.0))
    farthest = (1 - 0.3 * (1 / 0.9)) * math.sqrt(1 / 0.9)
    camera = Camera(position=(0.5, 0.5, 0.5), focal=0.5, lens=barrel)
    reached = [p for p in range(WIDTH * HEIGHT) if math.hypot(*film_point(camera, p)) < farthest]
    pixels, directions, _ = rays_into_box(WIDTH, HEIGHT, camera.origin, camera.axes, camera.film, UNIT_CUBE)
    assert 0 < len(reached) < WIDTH * HEIGHT
    assert pixels.tolist() == reached
    assert np.isfinite(directions).all()


def test_an_image_is_not_asked_where_the_lens_sees_nothing():
    camera = Camera(position=(0.5, 0.5, 1.5), focal=0.5, lens=Lens("opencv", (-0.3, 0.0, 0.0, 0.0)))
    (call,) = render(GiaScene(8, 8, camera), WIDTH, HEIGHT)
    assert (call.positions[0] == -1.0).all()
    assert np.isfinite(call.positions).all()


@given(k=st.tuples(*[st.floats(-1e3, 1e3)] * 4), kind=st.sampled_from(["opencv", "opencv_fisheye"]), pixel=PIXELS)
def test_every_lens_gives_a_direction_of_unit_length_or_none(k, kind, pixel):
    length = np.linalg.norm(ray(Camera(focal=0.1, lens=Lens(kind, k)), pixel))
    assert np.isnan(length) or length == pytest.approx(1.0, abs=1e-9)


def test_the_principal_point_is_where_the_axis_meets_the_image():
    camera = Camera(centre=((10 + 0.5) / WIDTH, (20 + 0.5) / HEIGHT))
    assert ray(camera, 20 * WIDTH + 10) == pytest.approx(camera.forward, abs=1e-15)


def test_all_pixels_move_by_the_drawn_offset():
    camera = jittered(Camera(), 7)
    assert all(0.0 <= v < 1.0 for v in camera.offset)
    assert camera.offset != jittered(Camera(), 8).offset
    assert jittered(camera, None) == Camera()
    for pixel in (0, 100, WIDTH * HEIGHT - 1):
        x, y, z = ray(camera, pixel)
        assert (x / -z, -y / -z) == pytest.approx(film_point(camera, pixel), abs=1e-14)


def test_looking_straight_ahead_is_the_default_camera():
    camera = looking_at((0.5, 0.5, 2.0), (0.5, 0.5, 0.5), (0.0, 1.0, 0.0))
    assert camera == replace(Camera(), focal=camera.focal)
    assert camera.focal == pytest.approx(Camera().focal, rel=1e-5)
    assert str(camera) == str(Camera())


coordinate = st.floats(-5, 5)
points = st.tuples(coordinate, coordinate, coordinate)


@given(eye=points, target=points, up=points)
def test_the_axes_are_orthonormal_right_handed_and_keep_up_upwards(eye, target, up):
    view = np.subtract(target, eye)
    if np.linalg.norm(np.cross(view, up)) < 1e-2:
        return
    camera = looking_at(eye, target, up, 60.0)
    axes = np.array([camera.right, camera.down, camera.forward])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.cross(camera.right, camera.down) == pytest.approx(camera.forward, abs=1e-9)
    assert camera.forward == pytest.approx(view / np.linalg.norm(view), abs=1e-9)
    assert np.dot(camera.down, up) < 0.0


@given(degrees=st.floats(0.1, 179.9))
def test_the_focal_length_is_half_an_image_over_the_tangent_of_half_the_angle(degrees):
    assert focal_of(degrees) == pytest.approx(0.5 / math.tan(math.radians(degrees) / 2), rel=1e-12)


@pytest.mark.parametrize(
    ("eye", "target", "up", "fov", "fault"),
    [
        ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.0, 1.0, 0.0), 50.0, "must differ"),
        ((0.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, -1.0, 0.0), 50.0, "along the view"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0), 50.0, "neither zero"),
        ((0.0, 0.0, math.nan), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), 50.0, "the eye is"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, math.inf), (0.0, 1.0, 0.0), 50.0, "looked at is"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), 0.0, "field of view is 0"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), 180.0, "field of view is 180"),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), math.nan, "field of view is nan"),
    ],
)
def test_a_view_that_says_no_direction_is_refused(eye, target, up, fov, fault):
    with pytest.raises(UserError, match=fault):
        looking_at(eye, target, up, fov)


@given(numbers=st.lists(st.floats(-1e6, 1e6), min_size=16, max_size=16), fisheye=st.booleans())
def test_a_camera_in_words_is_one_short_line(numbers, fisheye):
    a = numbers
    lens = Lens("opencv_fisheye" if fisheye else "opencv", (0.1,) * 4)
    vectors = tuple(a[0:3]), tuple(a[3:6]), tuple(a[6:9]), tuple(a[9:12])
    words = str(Camera(*vectors, focal=a[12], focal_x=a[13], centre=(a[14], a[15]), offset=(0.1, 0.2), lens=lens))
    assert len(words) <= MAX_WORDS
    assert words.isprintable()
    assert words.startswith(lens.kind)


def test_the_default_field_of_view_is_the_default_focal_length():
    assert focal_of(DEFAULT_FOV_DEGREES) == pytest.approx(Camera().focal, rel=1e-5)
