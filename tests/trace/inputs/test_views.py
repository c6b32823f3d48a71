"""Views that are asked for: each option moves the camera as it says, and contradictions are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.views import Asked, vector, views
from ngpc_sim.trace.loops.camera import Camera

USUAL = Camera()


def only(**asked):
    (view,) = views(Asked(**asked), USUAL)
    return view.camera


def test_nothing_said_is_the_usual_view():
    assert only() == USUAL


def test_an_eye_looks_at_the_middle_of_the_cube():
    camera = only(eye=(0.5, 0.5, -1.0))
    assert np.allclose(camera.forward, (0, 0, 1))
    assert np.allclose(camera.right, (-1, 0, 0))
    assert camera.focal == USUAL.focal


def test_a_field_of_view_alone_leaves_the_camera_where_it_is():
    camera = only(fov=90.0)
    assert (camera.position, camera.forward) == (USUAL.position, USUAL.forward)
    assert camera.focal == pytest.approx(0.5, rel=1e-12)


def test_what_is_looked_at_turns_the_usual_camera():
    camera = only(look_at=(2.0, 0.5, 2.0))
    assert np.allclose(camera.forward, (1, 0, 0))
    assert camera.position == USUAL.position


def test_an_orbit_begins_with_the_usual_view_and_goes_around_the_middle():
    around = [view.camera for view in views(Asked(path="orbit:4"), USUAL)]
    assert around[0] == USUAL
    assert np.allclose(
        [camera.position for camera in around], [(0.5, 0.5, 2), (2, 0.5, 0.5), (0.5, 0.5, -1), (-1, 0.5, 0.5)]
    )


def test_an_orbit_can_begin_elsewhere():
    first, half = (view.camera for view in views(Asked(path="orbit:2", eye=(0.5, 1.5, 0.9)), USUAL))
    assert np.allclose(first.position, (0.5, 1.5, 0.9))
    assert np.allclose(half.position, (0.5, 1.5, 0.1))


def test_a_jitter_moves_all_rays_alike_and_follows_its_seed():
    one, again, other = (only(jitter_seed=seed).offset for seed in (1, 1, 2))
    assert one == again != other
    assert all(0 <= part < 1 for part in one)


@pytest.fixture
def cameras(tmp_path):
    turned = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]]
    frames = [{"file_path": f"{k}.png", "transform_matrix": turned} for k in range(3)]
    path = tmp_path / "transforms.json"
    path.write_text(json.dumps({"camera_angle_x": 0.7, "w": 80, "h": 60, "frames": frames}))
    return path


def test_a_file_of_cameras_gives_one_of_them_or_all(cameras):
    assert [view.name for view in views(Asked(cameras=cameras), USUAL)] == ["0.png"]
    assert [view.name for view in views(Asked(cameras=cameras, frame="2"), USUAL)] == ["2.png"]
    assert len(views(Asked(cameras=cameras, frame="all"), USUAL)) == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"cameras": Path("c.json"), "path": "orbit:3"}, "--cameras and --path both"),
        ({"cameras": Path("c.json"), "eye": (1, 1, 1)}, "--eye changes nothing beside --cameras"),
        ({"path": "p.json", "fov": 30.0}, "--fov changes nothing beside --path"),
        ({"frame": "1"}, "--frame chooses a camera of --cameras"),
        ({"frames": 10}, "--frames says how many"),
        ({"path": "orbit:8", "frames": 10}, "--frames says how many"),
        ({"path": "orbit:0"}, "orbit:N"),
        ({"path": "orbit:"}, "orbit:N"),
        ({"path": "nowhere.json"}, "nowhere.json"),
        ({"path": "p.json", "frames": 0}, "--frames 0 is out of range"),
        ({"jitter_seed": -1}, "--jitter-seed -1"),
        ({"fov": 180.0}, "180"),
        ({"eye": (0.5, 0.5, 0.5)}, "must differ"),
        ({"up": (0.0, 0.0, 1.0)}, "up vector"),
    ],
)
def test_what_contradicts_itself_is_one_sentence(asked, words):
    with pytest.raises(UserError, match=words) as refused:
        views(Asked(**asked), USUAL)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("frame", ["3", "-1", "first", "1.0"])
def test_a_camera_that_is_not_there_is_refused(frame, cameras):
    with pytest.raises(UserError, match="0 to 2, or all"):
        views(Asked(cameras=cameras, frame=frame), USUAL)


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "a,b,c", ""])
def test_a_point_is_three_numbers(text):
    with pytest.raises(UserError, match="three numbers"):
        vector(text, "--eye")
