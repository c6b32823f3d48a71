"""Cameras of transforms.json come out in ngp space, and nothing in such a file is misread."""

import json
import math

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.cameras import MAX_VIEWS, read_cameras
from ngpc_sim.trace.inputs.json_objects import MAX_FILE_BYTES, MAX_VALUES
from ngpc_sim.trace.loops.lens import Lens

IDENTITY = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
#: looks along -y of its own world, from (1, 4, 2), z upwards; made by hand
LOOKING = [[-1, 0, 0, 1], [0, 0, 1, 4], [0, 1, 0, 2], [0, 0, 0, 1]]
MINIMAL = {"camera_angle_x": 0.6911112070083618, "frames": [{"file_path": "./r_0", "transform_matrix": LOOKING}]}
LENS = {"w": 1000, "h": 500, "fl_x": 800, "fl_y": 600, "cx": 510, "cy": 240, "k1": 0.1, "k2": 0.2, "p1": 0.3, "p2": 0.4}


@pytest.fixture
def written(tmp_path):
    def write(values=None, **changes):
        path = tmp_path / "transforms.json"
        path.write_text(values if isinstance(values, str) else json.dumps({**(values or MINIMAL), **changes}))
        return path

    return write


def frames(*matrices, **keys):
    return [{"transform_matrix": matrix, **keys} for matrix in matrices]


def test_a_camera_by_hand_lands_in_ngp_space(written):
    (view,) = read_cameras(written()).views
    camera = view.camera
    # (1, 4, 2) * 0.33 + 0.5 = (0.83, 1.82, 1.16), then y, z, x
    assert camera.position == pytest.approx((1.82, 1.16, 0.83))
    # columns (-1,0,0), -(0,0,1), -(0,1,0), then y, z, x
    assert (camera.right, camera.down, camera.forward) == ((0.0, 0.0, -1.0), (0.0, -1.0, 0.0), (-1.0, 0.0, 0.0))
    assert view.name == "./r_0"


def test_an_image_without_a_size_is_square(written):
    file = read_cameras(written())
    (view,) = file.views
    assert (view.width, view.height, file.aabb_scale) == (None, None, 1)
    assert view.camera.focal == pytest.approx(0.5 / math.tan(0.6911112070083618 / 2))
    assert (view.camera.focal_x, view.camera.lens, view.camera.centre) == (None, None, (0.5, 0.5))
    assert "square" in file.words


def test_the_fox_has_67_cameras_around_its_cube(shared):
    file = read_cameras(shared / "data" / "nerf_fox" / "transforms.json")
    assert (len(file.views), file.aabb_scale) == (67, 4)
    positions = np.array([view.camera.position for view in file.views])
    forwards = np.array([view.camera.forward for view in file.views])
    assert ((positions < 0.0) | (positions > 1.0)).any(axis=1).all()
    assert (np.abs(positions - 0.5) < 2.0).all()
    towards = 0.5 - positions
    towards /= np.linalg.norm(towards, axis=1)[:, None]
    assert ((towards * forwards).sum(axis=1) > 0.7).all()
    camera = file.views[0].camera
    assert (file.views[0].width, file.views[0].height) == (1080, 1920)
    assert camera.focal_lengths == pytest.approx((1375.52 / 1920, 1374.49 / 1920))
    assert camera.centre == pytest.approx((554.558 / 1080, 965.268 / 1920))
    assert camera.lens == Lens("opencv", (0.0578421, -0.0805099, -0.000980296, 0.00015575))


def test_a_frame_overrides_the_file(written):
    own = {"transform_matrix": LOOKING, "fl_x": 400, "k1": 0.5, "cx": 500}
    first, second = read_cameras(written(LENS, frames=[{"transform_matrix": LOOKING}, own])).views
    assert first.camera.focal_lengths == (1.6, 1.2)
    assert first.camera.centre == (0.51, 0.48)
    assert first.camera.lens == Lens("opencv", (0.1, 0.2, 0.3, 0.4))
    assert second.camera.focal_lengths == (0.8, 0.8)
    assert second.camera.centre == (0.5, 0.48)
    assert second.camera.lens == Lens("opencv", (0.5, 0.2, 0.3, 0.4))


HALF = 0.5 / math.tan(math.radians(30))


@pytest.mark.parametrize(
    ("keys", "focal_lengths"),
    [
        ({"x_fov": 60}, (HALF, HALF)),
        ({"y_fov": 60}, (HALF, HALF)),
        ({"x_fov": 60, "w": 200, "h": 100}, (2 * HALF, 2 * HALF)),
        ({"y_fov": 60, "w": 200, "h": 100}, (HALF, HALF)),
        ({"x_fov": 60, "y_fov": 60, "w": 200, "h": 100}, (2 * HALF, HALF)),
        ({"camera_angle_x": math.pi / 3, "w": 200, "h": 100}, (2 * HALF, 2 * HALF)),
        ({"camera_angle_x": 1.0, "camera_angle_y": math.pi / 3}, (HALF, HALF)),
        ({"fl_y": 50, "w": 200, "h": 100}, (0.5, 0.5)),
        ({"fl_x": 50, "x_fov": 60, "w": 200, "h": 100}, (2 * HALF, 2 * HALF)),
        ({"fl_x": 50, "camera_angle_x": 1.0, "w": 200, "h": 100}, (0.5, 0.5)),
    ],
)
def test_a_focal_length_is_said_in_three_ways(written, keys, focal_lengths):
    (view,) = read_cameras(written({"frames": frames(LOOKING), **keys})).views
    assert view.camera.focal_lengths == pytest.approx(focal_lengths)


def test_a_fisheye_has_four_coefficients(written):
    keys = {"k1": 0.1, "k2": 0.2, "k3": 0.3, "k4": 0.4}
    for said in ({"is_fisheye": True}, {"camera_model": "OPENCV_FISHEYE"}):
        (view,) = read_cameras(written(**keys, **said)).views
        assert view.camera.lens == Lens("opencv_fisheye", (0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize(
    ("keys", "position"),
    [
        ({"scale": 1, "offset": [0.1, 0.2, 0.3]}, (4.2, 2.3, 1.1)),
        ({"scale": 0.5, "offset": 0}, (2.0, 1.0, 0.5)),
        # the longest side is 4, centre (1, 2, 0): position (1, 4, 2) is (0, 2, 2) / 4 from the cube's centre
        ({"aabb": [[-1, 0, -1], [3, 4, 1]], "scale": 9}, (1.0, 1.0, 0.5)),
    ],
)
def test_scale_and_offset_or_a_box_place_the_cameras(written, keys, position):
    (view,) = read_cameras(written(**keys)).views
    assert view.camera.position == pytest.approx(position)


def test_columns_that_are_not_orthonormal_stay_as_they_are(written):
    matrix = [[2.0, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    (view,) = read_cameras(written(frames=frames(matrix))).views
    assert (view.camera.right, view.camera.down) == ((0.0, 0.0, 2.0), (-1.0, 0.0, -0.1))


def test_a_moving_camera_stands_at_its_start(written):
    frame = {"transform_matrix_start": LOOKING, "transform_matrix_end": IDENTITY}
    (view,) = read_cameras(written(frames=[frame])).views
    assert view.camera.position == pytest.approx((1.82, 1.16, 0.83))


@pytest.mark.parametrize("scale", [1, 2, 16, 128, 4.0])
def test_powers_of_two_to_128_are_worlds(written, scale):
    assert read_cameras(written(aabb_scale=scale)).aabb_scale == scale


FAULTS = {
    "has aabb_scale": {"aabb_scale": 3},
    "of 1 to 128": {"aabb_scale": 256},
    "whole number": {"aabb_scale": 1.5},
    "has no frames": {"frames": None},
    "at least one object": {"frames": []},
    "frame 0, has no transform_matrix": {"frames": [{}]},
    "finite numbers": {"frames": frames([[1, 2], [3, 4]])},
    "4 finite numbers": {"frames": frames([[1, 0, 0, "x"], *IDENTITY[1:]])},
    "not the axes": {"frames": frames([[0.0] * 4] * 3)},
    "the axes of a camera": {"frames": frames([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])},
    "fourth row": {"frames": frames(list(map(list, zip(*LOOKING, strict=True))))},
    "farther away": {"frames": frames([[1, 0, 0, 1e9], *IDENTITY[1:]])},
    "no focal length": {"camera_angle_x": None},
    "has camera_angle_x": {"camera_angle_x": 4.0},
    "must be a number": {"camera_angle_x": "wide"},
    "no w and h": {"fl_x": 500},
    "has cx in pixels": {"cx": 500},
    "has no h": {"w": 500},
    "no camera has": {"fl_x": 1e9, "w": 8, "h": 8},
    "orthographic": {"orthographic": True},
    "ftheta_p0": {"ftheta_p0": 1.0},
    "latlong": {"latlong": True},
    "equirectangular": {"equirectangular": True},
    "EQUIRECTANGULAR": {"camera_model": "EQUIRECTANGULAR"},
    "without is_fisheye": {"k3": 0.1},
    "with is_fisheye": {"p1": 0.1, "is_fisheye": True},
    "true or false": {"is_fisheye": 1},
    "Mitsuba": {"from_mitsuba": True},
    "not a text": {"frames": frames(LOOKING, file_path=3)},
    "rolling shutter": {
        "frames": [
            {"transform_matrix": LOOKING, "transform_matrix_end": IDENTITY, "rolling_shutter": [0, 0, 1]},
        ]
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_understood_is_refused(written, fault):
    values = {key: value for key, value in {**MINIMAL, **FAULTS[fault]}.items() if value is not None}
    with pytest.raises(UserError, match=fault) as caught:
        read_cameras(written(values))
    assert "transforms.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not valid JSON"),
        ("[1]", "no JSON object"),
        ('{"frames": NaN}', "NaN is not a number"),
        ('{"frames": [], "frames": []}', "twice"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "too deeply"),
        ('{"aabb_scale": ' + "1" * 5000 + "}", "not valid JSON"),
        ('{"aabb_scale": ' + "1" * 400 + "}", "very many digits"),
        ('{"aabb_scale": 1e400}', "aabb_scale = Infinity"),
    ],
)
def test_a_text_that_is_no_camera_file_is_refused(written, text, fault):
    with pytest.raises(UserError, match=fault):
        read_cameras(written(text))


def test_large_files_are_refused_before_they_take_memory(tmp_path):
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(UserError, match=f"larger than {MAX_FILE_BYTES} bytes"):
        read_cameras(large)
    large.write_bytes(b'{"frames": [' + b"{}," * (MAX_VALUES // 2) + b"{}]}")
    with pytest.raises(UserError, match="values"):
        read_cameras(large)
    large.write_bytes(b'{"frames": [' + b"{}," * MAX_VIEWS + b"{}]}")
    with pytest.raises(UserError, match=f"{MAX_VIEWS + 1} frames"):
        read_cameras(large)


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(UserError, match="cannot be read"):
            read_cameras(path)
