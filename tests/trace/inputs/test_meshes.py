"""Mesh files: what is read of each kind, and what is refused in one sentence."""

import json
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs import meshes
from ngpc_sim.trace.inputs.meshes import SUFFIXES, read_mesh


@pytest.fixture(scope="module")
def files(module_at):
    return module_at(Path(__file__).with_name("mesh_files.py"))


@pytest.fixture(scope="module")
def shapes(module_at):
    return module_at(Path(__file__).parents[1] / "shapes.py")


def soup(vertices, faces):
    """Triangles in an order of their own."""
    corners = vertices[faces].astype(np.float32).reshape(-1, 9)
    return corners[np.lexsort(corners.T)]


def refusal(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with warnings.catch_warnings(), pytest.raises(UserError) as caught:
        read_mesh(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"Mesh {path} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("kind", ["obj", "ply", "text.ply", "stl", "text.stl", "off", "glb"])
def test_the_same_triangles_are_read_of_every_kind(kind, files, shapes, tmp_path):
    vertices, faces = shapes.box([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    path = tmp_path / f"box.{kind}"
    path.write_bytes(files.CONTENTS[kind](vertices, faces))
    mesh = read_mesh(path)
    assert np.array_equal(soup(mesh.vertices, mesh.faces), soup(vertices, faces))
    assert (mesh.vertices.dtype, mesh.faces.dtype) == (np.float64, np.int32)


def test_a_normalised_mesh_has_its_inflated_box_in_the_middle_of_the_cube(shapes):
    vertices, faces = shapes.box([10.0, 20.0, 30.0], [13.0, 24.0, 42.0])  # its diagonal is 13
    mesh = meshes.Mesh(vertices, faces.astype(np.int32)).normalised()
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert (low + high) / 2 == pytest.approx([0.5] * 3)
    assert high - low == pytest.approx(np.array([3.0, 4.0, 12.0]) / (12 + 0.01 * 13))
    margin = 0.005 * 13 / 12.13
    assert mesh.render_box[0] == pytest.approx(np.maximum(low - margin, 0.0))
    assert mesh.render_box[1] == pytest.approx(np.minimum(high + margin, 1.0))


def test_vertices_that_no_face_names_do_not_count(tmp_path):
    path = tmp_path / "far.obj"
    path.write_text("v 9 9 9\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 2 3 4\n")
    assert read_mesh(path).vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_a_comment_may_be_in_any_encoding(tmp_path):
    path = tmp_path / "named.obj"
    path.write_bytes("# Größe\n".encode("latin-1") + (TRIANGLE + "f 1 2 3\n").encode())
    assert len(read_mesh(path).faces) == 1


def test_polygons_become_triangles(tmp_path):
    path = tmp_path / "house.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv .5 2 0\nv 0 1 0\nf 1 2 3 4 5\nf 1/1 2/2 3/3\n")
    assert len(read_mesh(path).faces) == 4


def test_a_scene_has_every_copy_of_its_meshes_where_it_stands(files, shapes, tmp_path):
    vertices, faces = shapes.box([0.0] * 3, [1.0] * 3)
    nodes = [{"mesh": 0}, {"mesh": 0, "translation": [5, 0, 0], "scale": [2, 2, 2]}]
    path = tmp_path / "two.glb"
    path.write_bytes(files.glb(vertices, faces, nodes=nodes, scenes=[{"nodes": [0, 1]}]))
    mesh = read_mesh(path)
    both = np.concatenate([vertices, vertices * 2 + [5, 0, 0]])
    assert np.array_equal(soup(mesh.vertices, mesh.faces), soup(both, np.concatenate([faces, faces + 8])))


def test_no_other_file_is_opened(files, shapes, tmp_path):
    made = shapes.box([0.0] * 3, [1.0] * 3)
    (tmp_path / "secret.mtl").write_text("newmtl a\nmap_Kd secret.png\n")
    (tmp_path / "box.obj").write_bytes(b"mtllib secret.mtl\nusemtl a\n" + files.obj(*made))
    textured = files.CONTENTS["text.ply"](*made).replace(
        b"element vertex", b"comment TextureFile secret.png\nelement vertex"
    )
    (tmp_path / "box.ply").write_bytes(textured)
    images = [{"uri": "secret.png"}]
    (tmp_path / "box.glb").write_bytes(files.glb(*made, images=images, textures=[{"source": 0}]))
    read_mesh(tmp_path / "box.obj")  # imports
    opened = []
    sys.addaudithook(lambda event, values: opened.append(Path(str(values[0]))) if event == "open" else None)
    for suffix in ("obj", "ply", "glb"):
        assert len(read_mesh(tmp_path / f"box.{suffix}").faces) == 12
    there = [path.name for path in opened if path.parent == tmp_path or "secret" in path.name]
    assert there == ["box.obj", "box.ply", "box.glb"]


TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "no triangle"),
        (TRIANGLE, "no triangle"),
        (TRIANGLE + "f 1 2 4\n", "index 3"),
        (TRIANGLE + "f 0 1 2\n", "count from 1"),
        (TRIANGLE + "f -3 -2 -1\n", "relative"),
        (TRIANGLE + "f 1/1 2/1 -1/1\n", "relative"),
        (TRIANGLE + "f 1 2 3\nf 1 2\n", "only 1"),
        (TRIANGLE + "f 1 1 1\n", "with an area"),
        ("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "with an area"),
        ("v 0 0 0\nv 1 0 0\nv nan 1 0\nf 1 2 3\n", "not finite"),
        ("v 0 0 0\nv 1 0 0\nv inf 1 0\nf 1 2 3\n", "not finite"),
        ("v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n", "three coordinates"),
        ("v 0 0 0\nv 1 x 0\nv 0 1 0\nf 1 2 3\n", "unmatched data"),
    ],
)
def test_a_faulty_obj_is_refused(content, fault, tmp_path):
    assert fault in refusal(tmp_path / "bad.obj", content)


PLY = (
    "ply\nformat ascii 1.0\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nelement face {}\n"
)
PLY += "property list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (PLY.format(10**9, 1), "too short"),
        (PLY.format(3, 10**9), "too short"),
        (PLY.format(3, 2), "only 1"),
        (PLY.format(3, 0), "no triangle"),
        (PLY.format(-3, 1), "element vertex -3"),
        (PLY.format(3, 1).replace("3 0 1 2", "3 0 1 7"), "does not have"),
        (PLY.format(3, 1).replace("3 0 1 2", "3 0 1 -1"), "does not have"),
        (PLY.format(3, 1).replace("end_header", "end"), "PLY header"),
        (PLY.format(3, 1).replace("element face 1\n", "element edge 1\n"), "no faces"),
    ],
)
def test_a_faulty_ply_is_refused(content, fault, tmp_path):
    assert fault in refusal(tmp_path / "bad.ply", content)


def test_a_binary_ply_or_stl_or_glb_that_is_cut_or_declares_too_much_is_refused(files, shapes, tmp_path):
    made = shapes.box([0.0] * 3, [1.0] * 3)
    for kind in ("ply", "stl", "glb"):
        whole = files.CONTENTS[kind](*made)
        for end in range(0, len(whole), 7):
            refusal(tmp_path / f"cut.{kind}", whole[:end])
    stl = bytearray(files.CONTENTS["stl"](*made))
    stl[80:84] = struct.pack("<I", 4_000_000_000)
    assert "declares 4000000000 triangles, and has room for 12" in refusal(tmp_path / "big.stl", bytes(stl))


def test_a_cut_text_stl_and_a_false_off_are_refused(files, shapes, tmp_path):
    made = shapes.box([0.0] * 3, [1.0] * 3)
    whole = files.CONTENTS["text.stl"](*made)
    for end in range(10, len(whole) - 10, 53):
        refusal(tmp_path / "cut.stl", whole[:end])
    assert "does not end with 'endsolid'" in refusal(tmp_path / "white.stl", whole + b"\n" * 2000)
    assert "too short" in refusal(tmp_path / "big.off", "OFF\n1000000000 1 0\n0 0 0\n")
    assert "begin with OFF" in refusal(tmp_path / "no.off", "hello\n")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"buffers": [{"uri": "secret.bin", "byteLength": 9}]}, "other files"),
        ({"extensionsUsed": ["KHR_draco_mesh_compression"]}, "compressed"),
        ({"accessors": [{"componentType": 5126, "type": "VEC3", "count": 10**9}] * 2}, "2000000000 values"),
        ({"accessors": [{"componentType": 5126, "type": "VEC3", "count": -1}] * 2}, "whole number"),
        ({"meshes": []}, ""),
    ],
)
def test_a_glb_that_asks_for_what_it_has_not_is_refused(changes, fault, files, shapes, tmp_path):
    assert fault in refusal(tmp_path / "bad.glb", files.glb(*shapes.box([0.0] * 3, [1.0] * 3), **changes))


def test_a_glb_that_is_copied_too_often_for_memory_is_refused(files, shapes, tmp_path, monkeypatch):
    nodes = [{"mesh": 0} for _ in range(50)]
    content = files.glb(*shapes.box([0.0] * 3, [1.0] * 3), nodes=nodes, scenes=[{"nodes": list(range(50))}])
    monkeypatch.setattr(meshes.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 40}.__getitem__)
    assert "600 triangles" in refusal(tmp_path / "many.glb", content)


def test_a_mesh_too_large_for_memory_is_refused_with_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(meshes.os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1 << 18}.__getitem__)
    path = tmp_path / "large.stl"
    with path.open("wb") as file:
        file.write(bytes(80) + struct.pack("<I", 10_000_000))
        file.truncate(84 + 50 * 10_000_000)
    with pytest.raises(UserError, match=r"10000000 triangles needs \d+\.\d GiB of memory; this machine has 1\.0 GiB"):
        read_mesh(path)


def test_what_is_not_a_mesh_file_is_refused(tmp_path):
    assert "should end with one of .glb, .obj, .off, .ply, .stl" in refusal(tmp_path / "scene.gltf", json.dumps({}))
    (tmp_path / "folder.obj").mkdir()
    for name in ("absent.obj", "folder.obj"):
        with pytest.raises(UserError, match="cannot be read"):
            read_mesh(tmp_path / name)
    assert set(SUFFIXES) == {"obj", "ply", "stl", "off", "glb"}
