"""Traces of users' files from the command line: what each file is taken for, what views do, and one-step replays."""

import json
import os
import sys

import numpy as np
import pytest

from ngpc_sim.machine.store import forget_all
from ngpc_sim.trace import kept_recordings, load_trace, recordings
from ngpc_sim.trace.sequences import read_sequence

SMALL = (96, 54)
MATRIX = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]]
FRAMES = [{"file_path": "a.png", "transform_matrix": MATRIX}]
CAMERAS = json.dumps({"camera_angle_x": 0.7, "w": 40, "h": 30, "frames": FRAMES})
BOX = """OFF
8 12 0
0 0 0
2 0 0
2 1 0
0 1 0
0 0 1
2 0 1
2 1 1
0 1 1
3 0 2 1
3 0 3 2
3 4 5 6
3 4 6 7
3 0 1 5
3 0 5 4
3 1 2 6
3 1 6 5
3 2 3 7
3 2 7 6
3 3 0 4
3 3 4 7
"""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(recordings, "USUAL_SIZE", SMALL)


@pytest.fixture
def files(tmp_path):
    """Small files of every kind in the folder of the run."""
    from PIL import Image

    (tmp_path / "box.off").write_text(BOX)
    (tmp_path / "open.off").write_text("\n".join(BOX.splitlines()[:-1]).replace("8 12 0", "8 11 0") + "\n")
    Image.new("L", (300, 200)).save(tmp_path / "grey.png")
    np.save(tmp_path / "full.npy", np.ones((8, 8, 8), np.float32))
    np.save(tmp_path / "cells.npy", np.ones((128, 128, 128), np.bool_))
    return tmp_path


@pytest.fixture
def kept_folder(tmp_path, monkeypatch):
    """Where recordings are kept, on for this test."""
    monkeypatch.setenv("NGPC_SIM_CACHE", str(tmp_path / "kept"))
    monkeypatch.setenv("NGPC_SIM_CACHE_MIB", "64")
    forget_all()
    yield tmp_path / "kept"
    forget_all()


def recorded(run, *words):
    ran = run("trace", "record", *words, "--quiet")
    assert ran.status == 0, ran.err
    return load_trace(ran.folder / ran.out.partition(":")[0])


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "app", "scene"),
    [
        (("box.off",), "nsdf", "box.off, mesh of 12 triangles"),
        (("box.off", "--app", "nerf"), "nerf", "box.off, mesh of 12 triangles"),
        (("full.npy",), "nvr", "full.npy, volume of 8x8x8 values"),
        (("full.npy", "--app", "nerf"), "nerf", "full.npy, volume of 8x8x8 values"),
        (("cells.npy",), "nerf", "cells.npy, 2,097,152 occupied cells in 1 cascades"),
    ],
)
def test_a_file_is_a_scene_of_its_app(words, app, scene, run):
    trace = recorded(run, *words)
    assert (trace.app, trace.scene, trace.width, trace.height) == (app, scene, *SMALL)


@pytest.mark.usefixtures("files")
def test_of_an_image_only_the_size_counts(run):
    ran = run("trace", "record", "grey.png", "--tiles", "all", "--quiet")
    assert "grey.png a hash grid with per_level_scale 1.16091" in ran.err, "(150 / 16) ** (1 / 15), half of 300 pixels"
    trace = load_trace(ran.folder / "grey-96x54.trace.parquet")
    height, width = 54, 96
    y, x = np.divmod(np.arange(width * height), width)
    u = ((x + 0.5 - width / 2) / height) * (200 / 300) + 0.5  # the image fills the frame's height
    v = (y + 0.5) / height
    found = trace.positions[np.lexsort((trace.positions[:, 0], trace.positions[:, 1]))]
    expected = np.stack([u, v], axis=1)
    assert found == pytest.approx(expected[np.lexsort((expected[:, 0], expected[:, 1]))], abs=1e-6)


@pytest.mark.usefixtures("files")
def test_a_full_volume_ends_each_ray_at_its_first_collision(run):
    """Density 1 everywhere is the majorant: no collision is a null one, and a ray passes 100 free paths."""
    trace = recorded(run, "full.npy", "--resolution", "480x270", "--tiles", "all")
    side = 1.0571552 * 270  # pixels of the cube's front face, which is higher than the frame
    assert 0.97 * side * 270 < trace.recorded < side * 270, "beside its edges rays leave the cube soon"
    assert trace.n_invocations == 4, "the host reads the number of rays every fourth call"


@pytest.mark.usefixtures("files")
def test_clear_air_is_marched_by_the_smallest_step_from_side_to_side(run):
    trace = recorded(run, "cells.npy", "--density-scale", "0", "--tiles", "all")
    focal, steps = 1.0571552, 0.0
    for pixel in np.ndindex(54, 96):
        direction = np.array([(pixel[1] + 0.5 - 48) / 54 / focal, (pixel[0] + 0.5 - 27) / 54 / focal, -1.0])
        direction /= np.linalg.norm(direction)
        origin = np.array([0.5, 0.5, 2.0])
        with np.errstate(divide="ignore"):
            ends = np.sort([(0 - origin) / direction, (1 - origin) / direction], axis=0)
        steps += max(ends[1].min() - ends[0].max(), 0.0) / (3**0.5 / 1024)
    assert trace.recorded == pytest.approx(steps, rel=0.005)


@pytest.mark.usefixtures("files")
def test_an_open_mesh_is_told_and_recorded(run):
    ran = run("trace", "record", "open.off", "--quiet")
    assert ran.status == 0
    assert (
        ran.err
        == "ngpc-sim: note: open.off is open: what lies inside it is where its winding number is above a half.\n"
    )


@pytest.mark.usefixtures("files")
def test_rays_that_start_inside_a_mesh_end_at_once(run):
    trace = recorded(run, "box.off", "--eye", "0.5,0.5,0.5", "--look-at", "0.5,0.5,0")
    pixels = -(-96 * 54 // 256) * 256
    assert trace.profile.tolist() == [pixels] * 8, "one primary call, six for the normals, one for the shadows"


@pytest.mark.usefixtures("files")
def test_the_rule_of_2022_aims_at_one_query_a_pixel(run):
    of_2022 = recorded(run, "cells.npy", "--density-scale", "0", "--compaction", "2022")
    of_2023 = recorded(run, "cells.npy", "--density-scale", "0", "--compaction", "2023")
    assert set(of_2022.phases) == {"march-2022"}
    assert set(of_2023.phases) == {"march"}
    rays = of_2023.profile[0] / 8
    steps = 96 * 54 // (rays - 255)
    assert of_2022.profile[0] == pytest.approx(steps * rays, abs=8 * 256)


@pytest.mark.usefixtures("files")
def test_a_path_is_a_folder_of_frames_with_an_index(run):
    ran = run("trace", "record", "box.off", "--path", "orbit:3", "--quiet")
    assert ran.status == 0, ran.err
    sequence = read_sequence(ran.folder / "box-96x54")
    assert (sequence.app, sequence.path, len(sequence)) == ("nsdf", "orbit:3", 3)
    alone = recorded(run, "box.off", "--eye", "0.5,0.5,2")
    assert np.array_equal(sequence.frame(0).load().positions, alone.positions), "an orbit begins with the usual view"


@pytest.mark.usefixtures("files")
def test_a_mesh_is_recorded_once_and_replayed(quick, monkeypatch, tmp_path, kept_folder):
    ran = quick("--app", "all", "--scale", "8", "--trace", "box.off", "--no-what-if")
    assert ran.status == 0, ran.err
    (row,) = ran.rows()
    assert (row["app"], row["trace"], row["resolution"]) == ("nsdf", "box-96x54", "fhd")
    assert any(kept_folder.iterdir())
    forget_all()
    monkeypatch.setattr("ngpc_sim.trace.kept_recordings._made", None)
    (again,) = quick("--app", "all", "--scale", "8", "--trace", "box.off", "--no-what-if").rows()
    assert again == row
    forget_all()
    (tmp_path / "box.off").write_text(BOX.replace("2 0 0", "3 0 0", 1))
    with pytest.raises(TypeError):
        quick("--app", "all", "--scale", "8", "--trace", "box.off", "--no-what-if")


@pytest.mark.usefixtures("files")
def test_only_the_rows_of_the_app_that_a_file_is_of_stand_in_the_table(quick):
    ran = quick(
        "--app", "all", "--scale", "8,16", "--trace", "full.npy,grey.png", "--no-what-if", "--limit-queries", "500"
    )
    assert ran.status == 0, ran.err
    assert sorted({(row["app"], row["scale"]) for row in ran.rows()}) == [
        *(("gia", "16"), ("gia", "8"), ("nvr", "16"), ("nvr", "8"))
    ]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("package", ["trimesh", "PIL", "nibabel", "msgpack"])
def test_a_missing_package_is_one_sentence_that_says_how_to_install_it(package, run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    file = {"trimesh": "box.off", "PIL": "grey.png", "nibabel": "brain.nii", "msgpack": "scene.ingp"}[package]
    (tmp_path / "brain.nii").write_bytes(bytes(400))
    (tmp_path / "scene.ingp").write_bytes(b"\x81\xa1a\x01")
    ran = run("trace", "import" if package == "msgpack" else "record", file, "--quiet")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert f"needs the package {package}: pip install 'ngpc-sim[capture]'" in ran.err


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("box.off", "--app", "gia"), "can be recorded for nsdf or nerf, not for gia"),
        (("box.off", "--dilate", "1"), "--dilate changes nothing for a mesh of app nsdf"),
        (("box.off", "--app", "nerf", "--dilate", "-1"), "--dilate -1 is out of range"),
        (("box.off", "--app", "nerf", "--dilate", "1", "--occupancy", "cells.npy"), "--dilate changes nothing"),
        (("box.off", "--app", "nerf", "--order", "morton"), "--order says"),
        (("box.off", "--app", "nerf", "--compaction", "2021"), "--compaction is '2021'"),
        (("box.off", "--app", "nerf", "--density-width", "-1"), "--density-width -1.0 is out of range"),
        (("grey.png", "--density-scale", "2"), "--density-scale changes nothing for an image"),
        (("full.npy", "--density-cut", "1"), "leaves no occupied cell"),
        (("full.npy", "--density-scale", "0"), "no query"),
        (("cells.npy", "--density-cut", "1"), "--density-cut changes nothing for an occupancy"),
        (("nerf-object", "--dilate", "2"), "changes nothing for the bundled scene nerf-object"),
        (("gia-plane", "--compaction", "2022"), "changes nothing for the bundled scene gia-plane"),
        (("nothing-there.obj",), "nothing-there.obj"),
        (("scene.ingp",), "ngpc-sim trace import scene.ingp"),
        (("box.off", "--eye", "0.5,0.5,9", "--look-at", "0.5,0.5,20"), "the camera sees nothing of it"),
        (("box.off", "--path", "orbit:2", "--profiles", "hd"), "--profiles counts one frame"),
        (("box.off", "--seed", "-1"), "seed -1"),
        (("nerf-object-4k",), "No scene is called 'nerf-object-4k'"),
        (("box.off", "--out", "x" * 300), "could not be written"),
    ],
)
def test_what_changes_nothing_or_shows_nothing_is_refused(words, says, run):
    ran = run("trace", "record", *words, "--quiet")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert not [path for path in ran.written() if path.endswith((".parquet", "index.json"))]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("words", [("box.off",), ("box.off", "--path", "orbit:2"), ("nerf-object", "--tiles", "3")])
def test_what_is_no_file_is_never_replaced(words, run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    ran = run("trace", "record", *words, "--out", "pipe", "--quiet")
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "words", [("box.off", "--out", "box.off"), ("nerf-object", "--cameras", "t.json", "--out", "t.json")]
)
def test_what_is_read_is_never_written_over(words, run, tmp_path):
    (tmp_path / "t.json").write_text(CAMERAS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ran = run("trace", "record", *words, "--quiet")
    assert ran.status == 2
    assert "cannot be written too" in ran.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("kept_folder")
def test_a_file_that_changes_while_it_is_read_is_not_kept(quick, files, monkeypatch):
    own = kept_recordings._sha256

    def swapped(path):
        digest = own(path)
        (files / "box.off").write_text((files / "open.off").read_text())
        return digest

    monkeypatch.setattr(kept_recordings, "_sha256", swapped)
    ran = quick("--app", "all", "--scale", "8", "--trace", "box.off", "--no-what-if")
    assert ran.status == 2
    assert ran.err == "ngpc-sim: error: box.off has changed while it was read.\n"


@pytest.mark.usefixtures("files")
def test_bytes_of_128_cells_a_side_are_taken_for_nothing_unless_somebody_says_for_what(run, tmp_path):
    np.save(tmp_path / "either.npy", np.ones((128, 128, 128), np.uint8))
    ran = run("trace", "record", "either.npy", "--quiet")
    assert ran.status == 2
    assert "--order row-major" in ran.err
    assert recorded(run, "either.npy", "--order", "row-major").app == "nerf"
    assert recorded(run, "either.npy", "--app", "nvr").app == "nvr"


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e30])
def test_a_mesh_is_recorded_alike_at_any_size(factor, run, tmp_path):
    lines = BOX.splitlines()
    corners = [" ".join(repr(float(word) * factor) for word in line.split()) for line in lines[2:10]]
    (tmp_path / "sized.off").write_text("\n".join([*lines[:2], *corners, *lines[10:]]))
    one, other = recorded(run, "box.off"), recorded(run, "sized.off")
    assert np.array_equal(one.profile, other.profile)


@pytest.mark.usefixtures("files")
def test_a_recorded_trace_needs_no_word_about_its_app(quick, run):
    recorded(run, "grey.png")
    ran = quick("--app", "all", "--trace", "grey-96x54.trace.parquet", "--no-what-if")
    assert [row["app"] for row in ran.rows()] == ["gia"]


def test_cameras_bring_the_size_of_their_frames(run, tmp_path):
    (tmp_path / "t.json").write_text(CAMERAS)
    trace = recorded(run, "nerf-object", "--cameras", "t.json", "--tiles", "all")
    assert (trace.width, trace.height) == (40, 30)
    trace = recorded(run, "nerf-object", "--cameras", "t.json", "--resolution", "80x60", "--tiles", "all")
    assert (trace.width, trace.height) == (80, 60)
