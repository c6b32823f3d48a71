"""Mesh files made in code."""

import json
import struct

import numpy as np


def obj(vertices, faces):
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [f"f {a} {b} {c}" for a, b, c in faces + 1]
    return ("\n".join(lines) + "\n").encode()


def off(vertices, faces):
    lines = [f"OFF\n{len(vertices)} {len(faces)} 0", *(f"{x} {y} {z}" for x, y, z in vertices)]
    return ("\n".join([*lines, *(f"3 {a} {b} {c}" for a, b, c in faces)]) + "\n").encode()


def ply_header(kind, vertices, faces):
    lines = [
        "ply",
        f"format {kind} 1.0",
        f"element vertex {len(vertices)}",
        *(f"property float {axis}" for axis in "xyz"),
    ]
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"]
    return ("\n".join(lines) + "\n").encode()


def binary_ply(vertices, faces):
    rows = np.zeros(len(faces), [("n", "u1"), ("corners", "<i4", 3)])
    rows["n"], rows["corners"] = 3, faces
    return ply_header("binary_little_endian", vertices, faces) + vertices.astype("<f4").tobytes() + rows.tobytes()


def text_ply(vertices, faces):
    lines = [f"{x} {y} {z}" for x, y, z in vertices] + [f"3 {a} {b} {c}" for a, b, c in faces]
    return ply_header("ascii", vertices, faces) + ("\n".join(lines) + "\n").encode()


def binary_stl(vertices, faces):
    rows = np.zeros(len(faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    rows["corners"] = vertices[faces]
    return bytes(80) + struct.pack("<I", len(faces)) + rows.tobytes()


def text_stl(vertices, faces):
    lines = ["solid made"]
    for corners in vertices[faces]:
        lines += [
            "facet normal 0 0 1",
            "outer loop",
            *(f"vertex {x} {y} {z}" for x, y, z in corners),
            "endloop",
            "endfacet",
        ]
    return ("\n".join([*lines, "endsolid made"]) + "\n").encode()


def glb(vertices, faces, **changes):
    """A GLB of one mesh; ``changes`` replace parts of its description."""
    data = vertices.astype("<f4").tobytes() + faces.astype("<u4").tobytes()
    at = vertices.size * 4
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"byteLength": len(data)}],
        "bufferViews": [{"buffer": 0, "byteLength": at}, {"buffer": 0, "byteOffset": at, "byteLength": len(data) - at}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": len(vertices)},
            {"bufferView": 1, "componentType": 5125, "type": "SCALAR", "count": faces.size},
        ],
    } | changes
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    parts = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data
    return struct.pack("<4sII", b"glTF", 2, 12 + len(parts)) + parts


CONTENTS = {
    "obj": obj,
    "ply": binary_ply,
    "text.ply": text_ply,
    "stl": binary_stl,
    "text.stl": text_stl,
    "off": off,
    "glb": glb,
}
