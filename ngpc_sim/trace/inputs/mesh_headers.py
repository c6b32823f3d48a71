"""What a mesh file says of its size, compared with the size that it has, before a library that believes it reads it.

Each function takes the open file and its size in bytes, returns how many triangles to expect, and raises a
``ValueError`` that says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BufferedReader
from typing import Any

_HEADER_BYTES = 1 << 16
"""A PLY or OFF header is not longer than this (assumed)."""
_LAST_BYTES = 1024  # assumed: the last line of a text, behind which no more white space stands
_STL_HEAD, _STL_TRIANGLE = 84, 50
"""Bytes of a binary STL's header and of each triangle."""
_GLB_HEAD, _CHUNK_HEAD = 12, 8
_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_PLY_BYTES = {
    **dict.fromkeys(("char", "uchar", "int8", "uint8"), 1),
    **dict.fromkeys(("short", "ushort", "int16", "uint16", "float16"), 2),
    **dict.fromkeys(("int", "uint", "int32", "uint32", "float", "float32"), 4),
    **dict.fromkeys(("double", "float64", "int64", "uint64"), 8),
}
_COMPRESSED = {"KHR_draco_mesh_compression", "EXT_meshopt_compression"}
_BAD_FACE = re.compile(rb"^[ \t]*f[ \t](?:[^\n]*[ \t])?(?:-|0+(?:[/ \t\r\n]|$))[^\n]*", re.MULTILINE)
_FACE = re.compile(rb"^[ \t]*f[ \t]", re.MULTILINE)
_WORDS = 40


def _fail_unless(truth: object, sentence: str) -> None:
    if not truth:
        raise ValueError(sentence)


def is_text(handle: BufferedReader, size: int) -> bool:
    """Whether a PLY or an STL that was checked holds its numbers as text; the file is at its beginning again."""
    head = handle.read(_HEADER_BYTES)
    handle.seek(0)
    if head.startswith(b"ply"):
        return b"ascii" in head.split(b"element")[0]
    return size != _STL_HEAD + _STL_TRIANGLE * int.from_bytes(head[80:_STL_HEAD], "little")


def stl(handle: BufferedReader, size: int) -> int:
    """Triangles of an STL, which is binary if its size fits its header."""
    head = handle.read(_STL_HEAD)
    count = int.from_bytes(head[80:], "little")
    if len(head) == _STL_HEAD and size == _STL_HEAD + _STL_TRIANGLE * count:
        return count
    if not head.lstrip().lower().startswith(b"solid"):
        raise ValueError(f"declares {count} triangles, and has room for {max(size - _STL_HEAD, 0) // _STL_TRIANGLE}")
    text = (head + handle.read()).lower()
    facets = text.count(b"endfacet")
    _fail_unless(text.count(b"vertex") == 3 * facets, "has facets without three vertices, or ends within one")
    last = b"".join(text[-_LAST_BYTES:].rstrip().splitlines()[-1:])  # empty behind so much white space
    _fail_unless(last.lstrip().startswith(b"endsolid"), "does not end with 'endsolid'")
    return facets


def _ply_elements(header: bytes) -> dict[str, tuple[int, int, int]]:
    """Of each element of a PLY: how many, least bytes of one, least numbers of one."""
    elements: dict[str, tuple[int, int, int]] = {}
    name = ""
    for line in header.decode("ascii", "replace").splitlines():
        words = line.split()
        if words[:1] == ["element"]:
            _fail_unless(
                len(words) == 3 and words[2].isascii() and words[2].isdigit(), f"has the line '{line[:_WORDS]}'"
            )
            name = words[1]
            _fail_unless(name not in elements, f"has two elements '{name[:_WORDS]}'")
            elements[name] = (int(words[2][:20]), 0, 0)
        elif words[:1] == ["property"]:
            kind = words[2] if words[1:2] == ["list"] else words[1]
            _fail_unless(name and kind in _PLY_BYTES, f"has the line '{line[:_WORDS]}'")
            count, n_bytes, numbers = elements[name]
            elements[name] = (count, n_bytes + _PLY_BYTES[kind], numbers + 1)
    return elements


def ply(handle: BufferedReader, size: int) -> int:
    """Faces of a PLY; all its elements must fit into the file."""
    head = handle.read(_HEADER_BYTES)
    header, end, _ = head.partition(b"end_header")
    _fail_unless(head.startswith(b"ply") and end, "does not begin with a PLY header")
    elements = _ply_elements(header)
    _fail_unless({"vertex", "face"} <= set(elements), "has no vertices or no faces")
    room = size - len(header) - len(end)
    in_text = b"ascii" in header.split(b"element")[0]
    for name, (count, n_bytes, numbers) in elements.items():
        least = 2 * numbers if in_text else n_bytes
        _fail_unless(numbers or not count, f"says nothing of its elements '{name[:_WORDS]}'")
        _fail_unless(
            count * least <= room + 1, f"declares {count} elements '{name[:_WORDS]}', and is too short for them"
        )
        room -= count * least
    return elements["face"][0]


def off(handle: BufferedReader, size: int) -> int:
    """Faces of an OFF; vertices and faces must fit into the file."""
    head = handle.read(_HEADER_BYTES)
    lines = [line.split(b"#")[0].strip() for line in head.splitlines()]
    words = b" ".join(line for line in lines if line).split()[:4]
    _fail_unless(words and words[0] in (b"OFF", b"COFF"), "does not begin with OFF")
    _fail_unless(all(word.isdigit() for word in words[1:3]) and len(words) > 2, "does not say how many vertices it has")
    vertices, faces = int(words[1][:20]), int(words[2][:20])
    _fail_unless(
        6 * vertices + 8 * faces <= size + 1,
        f"declares {vertices} vertices and {faces} faces, and is too short for them",
    )
    return faces


def obj(handle: BufferedReader, _: int) -> int:
    """Faces of an OBJ; their indices must begin at 1."""
    text = handle.read()
    bad = _BAD_FACE.search(text)
    if bad:
        line = bad[0].strip()[:_WORDS].decode("ascii", "replace")
        raise ValueError(f"has the face '{line}': indices should count from 1, relative ones are not read")
    return sum(1 for _ in _FACE.finditer(text))


def _number(value: object) -> int:
    if isinstance(value, int) and value >= 0:
        return value
    raise ValueError("has a count that is not a whole number")


def _glb_triangles(tree: dict[str, Any], size: int) -> int:
    """Triangles of a GLB's meshes, each counted once."""
    accessors = [_number(one["count"]) for one in tree.get("accessors", [])]
    _fail_unless(sum(accessors) <= size, f"declares {sum(accessors)} values, and has {size} bytes")
    if any("uri" in buffer for buffer in tree.get("buffers", [])):
        raise ValueError("takes data from other files, which are not read; all should stand in it")
    names = set(tree.get("extensionsUsed", [])) & _COMPRESSED
    _fail_unless(not names, f"is compressed by {', '.join(sorted(names))}, which is not read")
    primitives = [one for mesh in tree.get("meshes", []) for one in mesh["primitives"]]
    corners = [accessors[int(one.get("indices", one["attributes"]["POSITION"]))] for one in primitives]
    return sum(corners) // 3


def glb(handle: BufferedReader, size: int) -> int:
    """Triangles of a binary glTF; its chunks must be whole, and nothing may stand in other files."""
    head = handle.read(_GLB_HEAD + _CHUNK_HEAD)
    magic, version, length, json_bytes, kind = (int.from_bytes(head[at : at + 4], "little") for at in range(0, 20, 4))
    _fail_unless(magic == int.from_bytes(b"glTF", "little") and kind == _JSON, "does not begin as a binary glTF")
    _fail_unless(version == 2, f"is glTF of version {version}; only 2 is read")
    _fail_unless(length == size, f"declares {length} bytes, and has {size}")
    _fail_unless(json_bytes <= size - len(head), "is too short for its first part")
    text = handle.read(json_bytes)
    chunk = handle.read(_CHUNK_HEAD)
    if chunk:
        data = int.from_bytes(chunk[:4], "little")
        _fail_unless(int.from_bytes(chunk[4:], "little") == _BINARY, "has a second part that is not binary data")
        _fail_unless(data <= size - handle.tell(), "is too short for its second part")
    try:
        return _glb_triangles(json.loads(text), size)
    except (LookupError, TypeError, AttributeError, RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError("has no glTF description that can be read") from error


#: by suffix: triangles that a file should have
CHECKS: dict[str, Callable[[BufferedReader, int], int]] = {"glb": glb, "obj": obj, "off": off, "ply": ply, "stl": stl}
