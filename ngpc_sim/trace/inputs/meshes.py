"""Triangle meshes from files: OBJ, PLY, STL, OFF and GLB, read by trimesh and by nothing else that it could open.

What a file says of its size is checked first (``mesh_headers``), and what was read is compared with it.
"""

from __future__ import annotations

import io
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.config.files import open_file
from ngpc_sim.trace.inputs.mesh_headers import CHECKS, is_text
from ngpc_sim.trace.loops.mesh_field import BYTES_PER_TRIANGLE

SUFFIXES = tuple(CHECKS)
MARGIN = 0.005
"""A box is inflated by this share of its diagonal (facts/workloads.md 3.2: instant-ngp abe236e, testbed_sdf.cu)."""
_READ_BYTES = {"glb": 6, "obj": 12, "off": 40, "ply": 16, "stl": 6, "text ply": 40, "text stl": 13}
"""Peak of memory while reading, bytes a byte of the file (measured with trimesh 5.2, rounded up)."""
_TEXT = ("obj", "off")
"""Suffixes of files that are always text."""
_MOST_TRIANGLES = 2**28 - 1
"""Three times as many vertices are still numbers of int32."""
_PART = 1 << 20
"""Triangles whose areas are computed at once."""
Corner = tuple[float, float, float]


def inflated(vertices: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(3,) low and (3,) high corner of the box of ``vertices`` (V, 3), inflated by ``MARGIN`` of its diagonal."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    side = float((high - low).max()) or 1.0
    margin = MARGIN * side * np.linalg.norm((high - low) / side)
    return low - margin, high + margin


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles."""

    vertices: npt.NDArray[np.float64]
    """(V, 3), finite."""
    faces: npt.NDArray[np.int32]
    """(F, 3) rows of ``vertices``."""

    def normalised(self) -> Mesh:
        """The mesh in [0, 1]^3: its inflated box in the middle, the largest side 1."""
        low, high = inflated(self.vertices)
        return Mesh((self.vertices - (low + high) / 2) / (high - low).max() + 0.5, self.faces)

    @property
    def render_box(self) -> tuple[Corner, Corner]:
        """Corners of a normalised mesh's own box, inflated, within the unit cube."""
        low, high = inflated(self.vertices)
        x, y, z = np.maximum(low, 0.0).tolist()
        far_x, far_y, far_z = np.minimum(high, 1.0).tolist()
        return (x, y, z), (far_x, far_y, far_z)


class _NoFiles(dict[str, bytes]):
    """Files that a mesh may name, by name: none."""

    file_name = "mesh"
    """How trimesh calls a part without a name."""


class _Complaints(logging.Handler):
    """Collects what a library logs as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences.append(record.getMessage())


@contextmanager
def _all_complaints_raised() -> Iterator[None]:
    """Raise a ``ValueError`` for what trimesh logs, and what numpy warns of numbers that it cannot read."""
    logger, complaints = logging.getLogger("trimesh"), _Complaints()
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(complaints)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="string or file could not be read")
            yield
    finally:
        logger.removeHandler(complaints)
        logger.propagate = propagate
    if complaints.sentences:
        raise ValueError(complaints.sentences[0])


def _check_memory(path: Path, n_triangles: int, n_bytes: int) -> None:
    """Refuse a mesh that this machine has not the memory for."""
    if n_triangles > _MOST_TRIANGLES:
        raise UserError(f"Mesh {path} has {n_triangles} triangles; {_MOST_TRIANGLES} are the most that are read.")
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if n_bytes > there:
        raise UserError(
            f"Mesh {path} of {n_triangles} triangles needs {n_bytes / 2**30:.1f} GiB of memory; "
            f"this machine has {there / 2**30:.1f} GiB."
        )


def _as_utf8(handle: BufferedReader) -> BinaryIO:
    """The file's text as UTF-8: names and comments may be in another encoding, which trimesh would guess."""
    text = handle.read()
    try:
        text.decode()
    except UnicodeDecodeError:
        text = text.decode("latin-1").encode()
    return io.BytesIO(text)


def _parts(handle: BinaryIO, suffix: str, allowed: int) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Vertices (V, 3) in world space and faces (F, 3) of each mesh of a file's scene, of at most so many triangles."""
    with extra("capture", "A mesh"):
        import trimesh  # noqa: PLC0415
    scene = trimesh.load_scene(
        handle, file_type=suffix, resolver=_NoFiles(), process=False, skip_materials=True, maintain_order=True
    )
    nodes = [scene.graph[node] for node in scene.graph.nodes_geometry]
    shapes = [(transform, scene.geometry[name]) for transform, name in nodes]
    shapes = [(transform, shape) for transform, shape in shapes if isinstance(shape, trimesh.Trimesh)]
    total = sum(len(shape.faces) for _, shape in shapes)
    if total > allowed:
        raise ValueError(f"has {total} triangles in all its copies of meshes, more than fit into its memory")
    parts = []
    for transform, shape in shapes:
        vertices = np.asarray(shape.vertices, dtype=np.float64)
        if vertices.ndim != 2 or vertices.shape[1] != 3 or shape.faces.ndim != 2 or shape.faces.shape[1] != 3:
            raise ValueError("has vertices without three coordinates")
        if not np.array_equal(transform, np.eye(4)):
            vertices = vertices @ transform[:3, :3].T + transform[:3, 3]
        parts.append((vertices, np.asarray(shape.faces)))
    return parts


def _has_area(vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int32]) -> bool:
    """Whether some triangle is more than a line."""
    for first in range(0, len(faces), _PART):
        a, b, c = (vertices[faces[first : first + _PART, corner]] for corner in range(3))
        if np.cross(b - a, c - a).any():
            return True
    return False


def _joined(path: Path, parts: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]) -> Mesh:
    """One mesh of all parts, with those vertices that faces name."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in parts)])
    for vertices, faces in parts:
        if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
            raise UserError(f"Mesh {path} has a face with a vertex that it does not have.")
    vertices = np.concatenate([np.empty((0, 3)), *(vertices for vertices, _ in parts)])
    faces = np.empty((sum(len(part) for _, part in parts), 3), np.int32)
    at = 0
    for start, (_, part) in zip(starts, parts, strict=False):
        faces[at : at + len(part)] = part + start
        at += len(part)
    if not len(faces):
        raise UserError(f"Mesh {path} has no triangle.")
    used = np.zeros(len(vertices), np.bool_)
    used[faces.ravel()] = True
    if not used.all():
        faces = (np.cumsum(used, dtype=np.int32) - 1)[faces].astype(np.int32)
        vertices = vertices[used]
    if not np.isfinite(vertices).all():
        raise UserError(f"Mesh {path} has a vertex that is not finite.")
    return Mesh(vertices, faces)


def read_mesh(path: Path) -> Mesh:
    """Read the triangles of a mesh file as it has them; polygons become triangles, parts of a scene one mesh.

    Raises
    ------
    UserError
        If the file cannot be read, does not have what it declares, names other files that are needed, has no triangle
        with an area, or needs more memory than the machine has.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise UserError(f"Mesh {path} should end with one of {', '.join('.' + suffix for suffix in SUFFIXES)}.")
    try:
        with open_file(path) as handle, _all_complaints_raised():
            size = os.fstat(handle.fileno()).st_size
            expected = CHECKS[suffix](handle, size)
            handle.seek(0)
            kind = f"text {suffix}" if suffix in ("ply", "stl") and is_text(handle, size) else suffix
            _check_memory(path, expected, max(size * _READ_BYTES[kind], expected * BYTES_PER_TRIANGLE))
            there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
            source = _as_utf8(handle) if suffix in _TEXT else handle
            parts = _parts(source, suffix, there // BYTES_PER_TRIANGLE)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"Mesh {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise UserError(f"Mesh {path} {str(error).rstrip('.')}.") from error
    except ModuleNotFoundError as error:
        raise UserError(f"Mesh {path} has text that is not UTF-8.") from error  # whose encoding trimesh wants to guess
    except Exception as error:  # trimesh raises what it comes across
        raise UserError(f"Mesh {path} cannot be read as {suffix.upper()}: {type(error).__name__} {error}.") from error
    found = sum(len(faces) for _, faces in parts)
    if found < expected:
        raise UserError(f"Mesh {path} declares {expected} faces; only {found} triangles could be read.")
    mesh = _joined(path, parts)
    with np.errstate(all="ignore"):
        sound = np.isfinite(mesh.normalised().vertices).all() and _has_area(mesh.normalised().vertices, mesh.faces)
    if not sound:
        raise UserError(f"Mesh {path} has no triangle with an area that can be computed.")
    return mesh
