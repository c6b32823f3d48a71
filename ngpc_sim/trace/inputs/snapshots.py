"""Snapshots of instant-ngp: occupancy, network and camera of a scene that a user has trained.

Format: instant-ngp at abe236e, src/testbed.cu and src/testbed_nerf.cu, in our own words; secondary. Every mode gives a
workload; an occupancy belongs to ``nerf`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.cameras import FOCAL_RANGE, are_axes
from ngpc_sim.trace.inputs.fields import Fields
from ngpc_sim.trace.inputs.network_configs import (
    grid_encoding,
    parameter_counts,
    plain_network,
    radiance_networks,
    unusual,
)
from ngpc_sim.trace.inputs.snapshot_files import Wanted, unpack_snapshot
from ngpc_sim.trace.inputs.workload_trees import app_tree, measured
from ngpc_sim.trace.loops.camera import MAX_COORDINATE
from ngpc_sim.trace.loops.occupancy import CASCADE_BYTES, GRID_CELLS, Bits, add_finer
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network

#: by mode: app, input dimensions, network outputs (secondary: facts of the four demos)
_MODES = {"nerf": ("nerf", 3, 16), "sdf": ("nsdf", 3, 1), "image": ("gia", 2, 3), "volume": ("nvr", 3, 4)}
_TYPES: dict[str, np.dtype[Any]] = {"__half": np.dtype("<f2"), "float": np.dtype("<f4")}
_VERSION = 1
_LARGEST_CUT = 0.01  # secondary: NERF_MIN_OPTICAL_THICKNESS
_MOST_AABB_SCALE = 128  # secondary: 2^(NERF_CASCADES - 1)
_CELLS = GRID_CELLS**3
_WANTED: Wanted = dict.fromkeys(("encoding", "network", "rgb_network", "dir_encoding")) | {
    "snapshot": dict.fromkeys(
        (
            "version",
            "mode",
            "n_params",
            "params_type",
            "params_binary",
            "density_grid_size",
            "density_grid_binary",
            "camera",
            "training_step",
        )
    )
    | {"nerf": {"aabb_scale": None, "dataset": {"aabb_scale": None, "n_extra_learnable_dims": None, "is_hdr": None}}}
}


@dataclass(frozen=True)
class StoredCamera:
    """Camera as the file has it: camera-to-world rows (3, 4), focal length over the image's side along ``fov_axis``.

    ``zoom`` multiplies the focal lengths, and offsets of ``screen_center`` from the middle.
    """

    matrix: tuple[tuple[float, ...], ...]
    relative_focal_length: tuple[float, ...]
    screen_center: tuple[float, ...]
    fov_axis: int
    zoom: float


@dataclass(frozen=True)
class Occupancy:
    """``bits`` (n_cascades, CASCADE_BYTES) uint8, rebuilt with a density cut of ``threshold``; ``cells_on`` of all.

    ``thickness`` (n_cascades, 128^3) float32, 0 or more, is the optical thickness of the smallest step in every cell,
    in Morton order.
    """

    bits: Bits = field(repr=False)
    thickness: npt.NDArray[np.float32] = field(repr=False)
    threshold: float
    cells_on: int


@dataclass(frozen=True)
class Snapshot:
    """What a simulation needs of a snapshot.

    ``params`` (n_params,) in their stored type and order. ``unusual``: what of a radiance field is computed otherwise
    than the application's own configuration has it, or nothing.
    """

    path: Path
    mode: str
    encoding: GridEncoding
    networks: tuple[Network, ...]
    n_params: int
    params: npt.NDArray[Any] = field(repr=False)
    unusual: str
    training_step: int
    aabb_scale: int
    camera: StoredCamera | None
    occupancy: Occupancy | None


def read_snapshot(path: Path, density_cut: float | None = None) -> Snapshot:
    """Snapshot of a ``.ingp`` or ``.msgpack`` file; ``density_cut`` replaces the threshold of its occupancy.

    Raises
    ------
    UserError
        Where the file is cut, damaged, of another version, contradicts itself, or has no cell on.
    """
    tree = unpack_snapshot(path, _WANTED)
    config = Fields(tree, f"snapshot {path}")
    state = config.below("snapshot")
    if (version := state.whole("version")) != _VERSION:
        raise state.wrong("version", version, str(_VERSION))
    mode = state.word("mode", "nerf" if "nerf" in state else None)
    if mode not in _MODES:
        raise state.wrong("mode", mode, ", ".join(_MODES))
    is_nerf = mode == "nerf"
    encoding = grid_encoding(config.below("encoding"), _MODES[mode][1])
    networks = _networks(config, mode)
    params = _parameters(state, parameter_counts(encoding, networks))
    aabb_scale = _aabb_scale(state.below("nerf")) if is_nerf else 1
    return Snapshot(
        path=path,
        mode=mode,
        encoding=encoding,
        networks=networks,
        n_params=len(params),
        params=params,
        unusual=_unusual(config) if is_nerf else "",
        training_step=state.whole("training_step", 0),
        aabb_scale=aabb_scale,
        camera=_camera(state.below("camera")) if "camera" in state else None,
        occupancy=_occupancy(state, aabb_scale, density_cut) if is_nerf else None,
    )


def workload_tree(snapshot: Snapshot) -> dict[str, Any]:
    """Tree of a workload file of the snapshot's network; its trace is the bundled app's until another is set."""
    app, source = _MODES[snapshot.mode][0], measured(snapshot.path)
    description = (
        f"Snapshot {snapshot.path.name} of instant-ngp, mode {snapshot.mode}, training step {snapshot.training_step}"
    )
    return app_tree(app, description, snapshot.encoding, snapshot.networks, {"networks": source, "encoding": source})


def _networks(config: Fields, mode: str) -> tuple[Network, ...]:
    if mode != "nerf":
        return plain_network(config.below("network"), _MODES[mode][2])
    return radiance_networks(*_radiance(config), _dataset(config).whole("n_extra_learnable_dims", 0))


def _radiance(config: Fields) -> tuple[Fields, Fields, Fields]:
    """Density network, colour network and encoding of directions."""
    return config.below("network"), config.below("rgb_network"), config.below("dir_encoding")


def _dataset(config: Fields) -> Fields:
    """What the file says of the pictures that a radiance field was trained on, where it says anything."""
    scene = config.below("snapshot").below("nerf")
    return scene.below("dataset") if "dataset" in scene else Fields({}, scene.name)


def _unusual(config: Fields) -> str:
    dataset = _dataset(config)
    if dataset.values.get("is_hdr"):
        return "its pictures are HDR"
    return unusual(*_radiance(config), dataset.whole("n_extra_learnable_dims", 0))


def _parameters(state: Fields, needed: list[int]) -> npt.NDArray[Any]:
    n_params, kind, content = state.whole("n_params"), state.word("params_type"), state.content("params_binary")
    if kind not in _TYPES:
        raise state.wrong("params_type", kind, " or ".join(_TYPES))
    if len(content) != n_params * _TYPES[kind].itemsize:
        raise UserError(
            f"{state.name} states n_params = {n_params} of type {kind}, {n_params * _TYPES[kind].itemsize} bytes, and "
            f"has {len(content)}: it is damaged."
        )
    if n_params not in needed:
        raise UserError(
            f"{state.name} states n_params = {n_params}, but its encoding and networks need {needed[0]}: the "
            "configuration does not belong to the parameters."
        )
    return np.frombuffer(content, _TYPES[kind])


def _aabb_scale(scene: Fields) -> int:
    holder = scene if "aabb_scale" in scene or "dataset" not in scene else scene.below("dataset")
    scale = holder.whole("aabb_scale", least=1)
    if scale > _MOST_AABB_SCALE or scale & (scale - 1):
        raise holder.wrong("aabb_scale", scale, f"a power of two up to {_MOST_AABB_SCALE}")
    return scale


def _occupancy(state: Fields, aabb_scale: int, density_cut: float | None) -> Occupancy:
    """Rebuild the bits of all cascades from the densities, coarser cascades on where a finer one is.

    The values are fp16, or float32 in the first release; the number of cascades, log2(aabb_scale) + 1, tells which.
    """
    content = state.content("density_grid_binary") if "density_grid_binary" in state else b""
    if not content:
        raise UserError(f"{state.name} has an empty occupancy: it was saved before training.")
    if (size := state.whole("density_grid_size")) != GRID_CELLS:
        raise state.wrong("density_grid_size", size, str(GRID_CELLS))
    n_cascades = aabb_scale.bit_length()
    kind = next((kind for kind in _TYPES.values() if len(content) == n_cascades * _CELLS * kind.itemsize), None)
    if kind is None:
        raise UserError(
            f"{state.name} has a density grid of {len(content)} bytes: {n_cascades} cascades of {GRID_CELLS}^3 fp16 "
            f"values, {n_cascades * _CELLS * 2} bytes, would be right for aabb_scale = {aabb_scale}."
        )
    stored = np.frombuffer(content, kind).reshape(n_cascades, _CELLS)
    if any(np.isnan(cascade).any() for cascade in stored):
        raise UserError(f"{state.name} has densities that are no numbers.")
    threshold = density_cut
    if threshold is None:
        threshold = min(_LARGEST_CUT, float(np.maximum(stored[0], 0).mean(dtype=np.float64)))
    bits = np.zeros((n_cascades, CASCADE_BYTES), np.uint8)
    for number, cascade in enumerate(stored):
        bits[number] = np.packbits(cascade.astype(np.float32) > threshold, bitorder="little")
        if number:
            add_finer(bits, number)
    cells_on = int(np.bitwise_count(bits).sum(dtype=np.int64))
    if not cells_on:
        raise UserError(
            f"{state.name} has an empty occupancy: none of its densities is above {threshold:g}; it was perhaps saved "
            "before training."
        )
    return Occupancy(bits, np.maximum(stored, 0, dtype=np.float32), threshold, cells_on)


def _camera(stored: Fields) -> StoredCamera:
    matrix = stored.values.get("matrix")
    if not isinstance(matrix, list) or len(matrix) != 3:
        raise stored.wrong("matrix", matrix, "a list of 3 rows")
    rows = tuple(Fields({"row": row}, f"{stored.name}, matrix").numbers("row", 4) for row in matrix)
    if (axis := stored.whole("fov_axis", 1)) > 1:
        raise stored.wrong("fov_axis", axis, "0 or 1")
    focal_length, center = (stored.numbers(key, 2) for key in ("relative_focal_length", "screen_center"))
    zoom = stored.number("zoom", 1.0)
    if not all(FOCAL_RANGE[0] <= zoom * length <= FOCAL_RANGE[1] for length in focal_length):
        raise stored.wrong("relative_focal_length", focal_length, f"{FOCAL_RANGE[0]:g} to {FOCAL_RANGE[1]:g} heights")
    right, down, forward, position = ([row[k] for row in rows] for k in range(4))
    if not are_axes(right, down, forward) or not all(abs(v) <= MAX_COORDINATE for v in position):
        raise stored.wrong("matrix", "another one", "axes of a camera, and its position near the scene")
    return StoredCamera(rows, focal_length, center, axis, zoom)
