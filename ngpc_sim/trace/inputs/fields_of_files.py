"""A user's file as something to record: which field stands for the network.

========== ============ ==============================================================================================
file       app          field
========== ============ ==============================================================================================
mesh       nsdf         exact distance, negative where the camera is inside
mesh       nerf         density around the surface; occupied near it and inside, or as an occupancy file says
image      gia          none: only its size counts
volume     nvr          its values over the largest one, which is the majorant
volume     nerf         its values over the largest one, times the density scale
occupancy  nerf         the density scale in every occupied cell
========== ============ ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.texts import MAX_NAME, printable
from ngpc_sim.trace.contents import MAX_TEXT
from ngpc_sim.trace.inputs.arrays import read_header
from ngpc_sim.trace.inputs.images import image_size
from ngpc_sim.trace.inputs.kinds import AS_USUAL, Look, app_of, is_array, kind_of
from ngpc_sim.trace.inputs.meshes import Mesh, read_mesh
from ngpc_sim.trace.inputs.occupancies import read_occupancy
from ngpc_sim.trace.inputs.opening import opened
from ngpc_sim.trace.inputs.snapshots import Snapshot, StoredCamera
from ngpc_sim.trace.inputs.volumes import Volume, read_volume
from ngpc_sim.trace.loops import gia, nerf, nsdf, nvr
from ngpc_sim.trace.loops.camera import Camera
from ngpc_sim.trace.loops.fields import cell_density, cells_of_volume, surface_density, volume_density
from ngpc_sim.trace.loops.invocation import Invocation, Network
from ngpc_sim.trace.loops.march import COMPACTIONS, MARCH
from ngpc_sim.trace.loops.mesh_field import MeshField
from ngpc_sim.trace.loops.occupancy import GRID_CELLS, Bits, packed
from ngpc_sim.trace.loops.scenes import HALF_DIAGONAL
from ngpc_sim.trace.subjects import DEFAULT_SEED, Subject, check_seed
from ngpc_sim.workloads.workload import load_workload

Framed = gia.GiaScene | nerf.NerfScene | nsdf.NsdfScene | nvr.NvrScene
HEIGHT = 1
"""``fov_axis`` of a camera whose focal length is relative to the image's height."""
TILES = 320
"""Screen tiles that are drawn of a user's frame: 2 % of 1920x1080 (assumed)."""
DENSITY_WIDTH = 0.002
"""Distance over which the density of a surface falls, in sides of the unit cube (assumed)."""
DILATE = 1
"""Cells around a surface that are occupied too (assumed)."""
OPAQUE_STEPS = 8
"""Steps of the smallest size in which the usual density scale makes a ray opaque: those of one call (assumed)."""
LN_100 = 4.605170185988092
"""Optical thickness that lets a hundredth through, as a ray's end needs it."""
DENSITY_SCALE = LN_100 / (OPAQUE_STEPS * nerf.MIN_STEP)
SAME_GROWTH = 5e-5
"""Growth factors are printed with as many digits."""


def subject_of(path: Path, look: Look = AS_USUAL, seed: int = DEFAULT_SEED) -> Subject:
    """What a file shows.

    Raises
    ------
    UserError
        For whatever is no such file, or an option that changes nothing for it.
    """
    check_seed(seed)
    kind = kind_of(path)
    if is_array(path) and _is_occupancy(path, look):
        kind = "occupancy"
    return _BUILDERS[kind, app_of(path, kind, look)](path, look, seed)


def subject_of_snapshot(snapshot: Snapshot, compaction: str | None = None, seed: int = DEFAULT_SEED) -> Subject:
    """The scene of a NeRF's snapshot, from its stored camera; a cell's density is what its occupancy grid stores."""
    check_seed(seed)
    occupancy, stored = snapshot.occupancy, snapshot.camera
    notes: tuple[str, ...] = ()
    if occupancy is None:
        raise UserError(f"{snapshot.path} is a snapshot of mode {snapshot.mode}, which brings a workload and no scene.")
    camera = Camera()
    if stored is not None and stored.fov_axis == HEIGHT:
        camera = _stored(stored)
    elif stored is not None:
        notes += (f"{snapshot.path.name} stores a camera relative to the image's width: the default view is taken.",)
    phase = MARCH if compaction is None else COMPACTIONS[compaction]
    scene = nerf.NerfScene(snapshot.aabb_scale, occupancy.bits, camera, seed, phase)
    density = partial(cell_density, occupancy.thickness, 1.0 / nerf.MIN_STEP, float(snapshot.aabb_scale))
    words = f"snapshot of training step {snapshot.training_step}, {occupancy.cells_on:,} occupied cells"
    return _subject("nerf", snapshot.path, seed, scene, partial(nerf.render, density), words, notes)


def _stored(camera: StoredCamera) -> Camera:
    """The camera that a snapshot stores (facts 4.1): columns are right, down, forward and position."""
    right, down, forward, position = zip(*camera.matrix, strict=True)
    focal_x, focal = (camera.zoom * length for length in camera.relative_focal_length)
    x, y = (0.5 + (0.5 - place) * camera.zoom for place in camera.screen_center)
    same = focal_x == focal
    return Camera(position, right, down, forward, focal, None if same else focal_x, (x, y))


def _is_occupancy(path: Path, look: Look) -> bool:
    """Whether an array is an occupancy, not a volume: it has truth values, or not three dimensions of numbers."""
    with opened(path, "The array") as file:
        header = read_header(file, path, "The array")
    if header.dtype == np.uint8 and header.shape == (GRID_CELLS,) * 3 and look.app != "nvr":
        if look.order is None or look.occupancy is not None:
            raise UserError(
                f"{path} can be the cells of an occupancy or the values of a volume: say --order row-major for the "
                "one, or --app nvr for the other."
            )
        return True
    return header.dtype == np.bool_ or (header.dtype.kind != "f" and len(header.shape) != 3)


def nsdf_of_mesh(mesh: Mesh, path: Path, seed: int = DEFAULT_SEED) -> Subject:
    """A normalised mesh as a distance; ``path`` is what it is called."""
    field = MeshField(mesh.vertices, mesh.faces)
    scene = nsdf.NsdfScene(*mesh.render_box, Camera())
    return _subject("nsdf", path, seed, scene, partial(_traced, field), *_told(path, mesh, field))


def _traced(field: MeshField, scene: nsdf.NsdfScene, width: int, height: int) -> Iterator[Invocation]:
    """Network calls of a frame of a mesh; the distance is negative where the camera is inside.

    A ray does not pass through the surface, so that its sign stays the camera's. Around a hit, where the differences of
    the normals reach behind the surface, the distance is taken without its sign, as the golden frames are.
    """
    inside = field.distance(np.array([scene.camera.position], np.float32))[0] < 0.0
    return nsdf.render(
        (lambda positions: -field.unsigned(positions)) if inside else field.unsigned, scene, width, height
    )


def nerf_of_mesh(mesh: Mesh, path: Path, look: Look = AS_USUAL, seed: int = DEFAULT_SEED) -> Subject:
    """A normalised mesh as a radiance field; ``path`` is what it is called."""
    field = MeshField(mesh.vertices, mesh.faces)
    distances = field.grid(GRID_CELLS)
    width = DENSITY_WIDTH if look.density_width is None else look.density_width
    if look.occupancy is None:
        margin = (DILATE if look.dilate is None else look.dilate) / GRID_CELLS
        bits = packed(np.ascontiguousarray((distances <= HALF_DIAGONAL + margin).T))
    else:
        bits = read_occupancy(look.occupancy, look.order)
    scene = _marched(bits, look, seed)
    density = partial(surface_density, distances, _scale(look), width, float(scene.aabb_scale))
    return _subject("nerf", path, seed, scene, partial(nerf.render, density), *_told(path, mesh, field))


def _told(path: Path, mesh: Mesh, field: MeshField) -> tuple[str, tuple[str, ...]]:
    """What a mesh is, and what whoever records it should read."""
    words = f"mesh of {len(mesh.faces):,} triangles"
    if field.is_closed:
        return words, ()
    return f"open {words}", (f"{path.name} is open: what lies inside it is where its winding number is above a half.",)


def _image(path: Path, _look: Look, seed: int) -> Subject:
    width, height = image_size(path)
    words, notes = f"image of {width}x{height} pixels", _growth_note(path, "gia", max(width, height) / 2)
    return _subject("gia", path, seed, gia.GiaScene(width, height), gia.render, words, notes)


def nvr_of_volume(volume: Volume, path: Path, look: Look = AS_USUAL, seed: int = DEFAULT_SEED) -> Subject:
    """A volume as a cloud; ``path`` is what it is called."""
    majorant = 1.0 if look.density_scale is None else look.density_scale
    if majorant <= 0.0:
        raise UserError("--density-scale is 0, and a volume of no density has no query.")
    bits = _cells(volume, look, 0.5)
    low, high = volume.box
    scene = nvr.NvrScene(low, high, majorant, bits, Camera(), seed)
    loop = partial(nvr.render, _density(volume, majorant, 1))
    notes = _growth_note(path, "nvr", max(volume.values.shape)) + _cut_note(path, volume)
    return _subject("nvr", path, seed, scene, loop, _size_of(volume), notes)


def _volume_nerf(path: Path, look: Look, seed: int) -> Subject:
    volume = read_volume(path)
    bits = _cells(volume, look, 0.0) if look.occupancy is None else read_occupancy(look.occupancy, look.order)
    scene = _marched(bits, look, seed)
    loop = partial(nerf.render, _density(volume, _scale(look), scene.aabb_scale))
    return _subject("nerf", path, seed, scene, loop, _size_of(volume), _cut_note(path, volume))


def _cells(volume: Volume, look: Look, shift: float) -> Bits:
    """Cells that values above a share of the largest one reach; ``shift`` as :func:`cells_of_volume` has it."""
    cut = (look.density_cut or 0.0) * volume.majorant
    bits = packed(cells_of_volume(volume.values, cut, np.array(volume.box), shift))
    if not bits.any():
        raise UserError(f"--density-cut {look.density_cut} leaves no occupied cell: give a share below 1.")
    return bits


def _density(volume: Volume, largest: float, aabb_scale: int) -> Network:
    """Densities of a volume, whose largest one is ``largest``, in the middle of a box of ``aabb_scale`` unit cubes."""
    scale, box = largest / volume.majorant, np.array(volume.box)
    return partial(volume_density, volume.values, scale, box, float(aabb_scale))


def _cut_note(path: Path, volume: Volume) -> tuple[str, ...]:
    """What was taken for no density."""
    if not volume.n_negative:
        return ()
    of = f"{volume.n_negative:,} of {volume.values.size:,} values of {path.name}"
    return (f"{of} are below 0, and count as no density.",)


def _size_of(volume: Volume) -> str:
    return f"volume of {'x'.join(map(str, volume.values.shape))} values"


def _occupancy(path: Path, look: Look, seed: int) -> Subject:
    bits, scale = read_occupancy(path, look.order), _scale(look)
    words = f"{int(np.bitwise_count(bits).sum()):,} occupied cells in {len(bits)} cascades"
    loop = partial(nerf.render, lambda positions: np.full(len(positions), scale, np.float32))
    return _subject("nerf", path, seed, _marched(bits, look, seed), loop, words)


def name_of(path: Path) -> str:
    """What is made of a file is called by its name up to the first dot."""
    return printable(path.name.split(".")[0] or path.name)[:MAX_NAME]


def _growth_note(path: Path, app: str, finest: float) -> tuple[str, ...]:
    """What the application would choose for a grid whose finest level has so many cells, where that is another b."""
    grid = load_workload(f"{app}-hashgrid").encoding
    own = max(finest / grid.base_resolution, 1.0) ** (1 / (grid.n_levels - 1))
    if abs(own - grid.per_level_scale) < SAME_GROWTH:
        return ()
    text = (
        f"The application would give {path.name} a hash grid with per_level_scale {own:.5f}, and {app}-hashgrid has "
        f"{grid.per_level_scale}; a workload file of your own can have that value."
    )
    return (text,)


def _scale(look: Look) -> float:
    return DENSITY_SCALE if look.density_scale is None else look.density_scale


def _marched(bits: Bits, look: Look, seed: int) -> nerf.NerfScene:
    """A NeRF scene in the box that the cascades cover, from the default view."""
    phase = MARCH if look.compaction is None else COMPACTIONS[look.compaction]
    return nerf.NerfScene(1 << (len(bits) - 1), bits, Camera(), seed, phase)


def _subject(
    app: str,
    path: Path,
    seed: int,
    frame: Framed,
    loop: Callable[..., Any],
    words: str,
    notes: tuple[str, ...] = (),
) -> Subject:
    scene = printable(f"{path.name}, {words}")[:MAX_TEXT]
    return Subject(name_of(path), app, scene, TILES, seed, frame, loop, notes)


_BUILDERS: Mapping[tuple[str, str], Callable[[Path, Look, int], Subject]] = {
    ("mesh", "nsdf"): lambda path, _, seed: nsdf_of_mesh(read_mesh(path).normalised(), path, seed),
    ("mesh", "nerf"): lambda path, look, seed: nerf_of_mesh(read_mesh(path).normalised(), path, look, seed),
    ("image", "gia"): _image,
    ("volume", "nvr"): lambda path, look, seed: nvr_of_volume(read_volume(path), path, look, seed),
    ("volume", "nerf"): _volume_nerf,
    ("occupancy", "nerf"): _occupancy,
}
