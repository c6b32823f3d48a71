"""Small traces, hand-made files, and the golden scenes' inputs."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ngpc_sim.trace import Trace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CELLS, BLOCK = 128, 4
#: no density is left at this distance of a mesh
FAR = 0.1


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("the folder with the golden data is not here")
    return SHARED


@pytest.fixture(scope="session")
def golden_frames(shared):
    return {row["scene"]: row for row in json.loads((shared / "golden" / "frames.json").read_text())}


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh, normalised as the golden README says."""

    vertices: np.ndarray
    faces: np.ndarray
    tree: object

    def distance(self, positions):
        points = np.asarray(positions, dtype=np.float64)
        return np.sqrt(self.tree.squared_distance(self.vertices, self.faces, points)[0])

    @property
    def render_box(self):
        low, high = inflated(self.vertices)
        return tuple(np.maximum(low, 0.0).tolist()), tuple(np.minimum(high, 1.0).tolist())


def inflated(vertices):
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    margin = 0.005 * np.linalg.norm(high - low)
    return low - margin, high + margin


@pytest.fixture(scope="session")
def armadillo(shared):
    import igl

    vertices, faces = [], []
    for line in (shared / "data" / "sdf" / "armadillo.obj").read_text().splitlines():
        kind, *words = line.split() or [""]
        if kind == "v":
            vertices.append([float(word) for word in words[:3]])
        elif kind == "f":
            faces.append([int(word.split("/")[0]) - 1 for word in words])
    raw = np.array(vertices)
    low, high = inflated(raw)
    normalised = (raw - (low + high) / 2) / (high - low).max() + 0.5
    tree = igl.AABB()
    tree.init(normalised, np.array(faces))
    return Mesh(normalised, np.array(faces), tree)


def cell_centres(cells):
    axis = (np.arange(cells) + 0.5) / cells
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)


@pytest.fixture(scope="session")
def signed_grid(armadillo):
    """(128, 128, 128) float32 signed distances at the cell centres, [x, y, z]; of far ones bounds that are FAR or more.

    A distance is at least that of the middle of a block of cells less half of the block's diagonal.
    """
    import igl

    blocks = CELLS // BLOCK
    middles = armadillo.distance(cell_centres(blocks).reshape(-1, 3)).reshape(blocks, blocks, blocks)
    distances = np.kron(middles - np.sqrt(3) / 2 / blocks, np.ones((BLOCK, BLOCK, BLOCK)))
    centres, near = cell_centres(CELLS), distances < FAR
    distances[near] = armadillo.distance(centres[near])
    winding = igl.fast_winding_number(armadillo.vertices, armadillo.faces, centres.reshape(-1, 3))
    return (distances * np.where(winding > 0.5, -1.0, 1.0).reshape(distances.shape)).astype(np.float32)


def small_trace(n=60, **changes):
    """A valid trace of three invocations and four tiles."""
    generator = np.random.default_rng(7)
    invocations = np.sort(generator.integers(0, 3, n)).astype(np.int32)
    tiles = generator.integers(0, 4, n).astype(np.int32)
    order = np.lexsort((tiles, invocations))
    values = {
        "name": "small",
        "app": "nsdf",
        "scene": "ball",
        "camera": "from the front",
        "width": 64,
        "height": 16,
        "seed": 3,
        "tool_version": "test",
        "profile": np.array([1024, 768, 512], np.int64),
        "phases": ("primary", "primary", "shadow"),
        "invocations": invocations[order],
        "tiles": tiles[order],
        "positions": generator.random((n, 3), dtype=np.float32),
        "tile_weights": np.array([1.0, 2.0, 2.0, 3.5]),
        "tile_pixels": (16, 8),
    }
    return Trace(**(values | changes))


@pytest.fixture(scope="session")
def make_trace():
    return small_trace


def same_contents(one, other):
    keys = ("app", "scene", "camera", "width", "height", "seed", "tool_version", "phases", "tile_pixels")
    arrays = ("profile", "invocations", "tiles", "positions", "tile_weights")
    return all(getattr(one, key) == getattr(other, key) for key in keys) and all(
        getattr(one, key).dtype == getattr(other, key).dtype and np.array_equal(getattr(one, key), getattr(other, key))
        for key in arrays
    )


@pytest.fixture(scope="session")
def equal():
    return same_contents


INTEGERS = ("invocation", "tile", "network")


def raw_parquet(path, header, columns, types=None, **options):
    """Write a trace file with nothing but pyarrow and the format's description."""
    metadata = {} if header is None else {b"ngpc_sim.trace": json.dumps(header).encode()}
    fields = []
    for name, values in columns.items():
        kind = (types or {}).get(name, pa.int32() if name in INTEGERS else pa.float32())
        fields.append((pa.field(name, kind, nullable=False), pa.array(values, kind)))
    schema = pa.schema([field for field, _ in fields], metadata=metadata)
    table = pa.Table.from_arrays([values for _, values in fields], schema=schema)
    pq.write_table(table, path, write_page_checksum=True, **options)
    return path


HEADER = {
    "format_version": 1,
    "app": "gia",
    "scene": "plane",
    "camera": "from above",
    "width": 32,
    "height": 8,
    "seed": 0,
    "tool_version": "by hand",
    "tile_pixels": [16, 8],
    "tile_weights": [[1.0, 2]],
    "profile": [256],
    "phases": [["image", 1]],
}
COLUMNS = {"invocation": [0, 0, 0], "tile": [0, 0, 1], "x": [0.25, -1.0, 0.5], "y": [0.5, -1.0, 1.25]}


@pytest.fixture
def by_hand(tmp_path):
    """Write a valid hand-made file, with some of its header or columns replaced."""

    def write(header=None, columns=None, **options):
        path = tmp_path / "hand.trace.parquet"
        found = COLUMNS | (columns or {})
        ordered = {name: found[name] for name in (*INTEGERS, *found) if name in found}
        return raw_parquet(path, HEADER | (header or {}), ordered, **options)

    return write
