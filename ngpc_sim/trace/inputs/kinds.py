"""Kinds of files that users bring: their suffixes, the apps that each can be a scene of, and what can be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ngpc_sim.config.errors import UserError

MESHES = (".obj", ".ply", ".stl", ".off", ".glb")
VOLUMES = (".nii", ".nii.gz")
ARRAYS = (".npy",)
BIT_FIELDS = (".bin",)
IMAGES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".tif", ".tiff", ".bmp", ".dib", ".webp"),
    *(".gif", ".pbm", ".pgm", ".ppm", ".pnm", ".tga", ".avif", ".ico", ".icns", ".psd", ".dds", ".pcx", ".sgi", ".rgb"),
    ".exr",
)
SUFFIXES = (*MESHES, *VOLUMES, *ARRAYS, *BIT_FIELDS, *IMAGES)
SNAPSHOTS = (".ingp", ".msgpack", ".yml", ".ckpt")
"""Files that ``trace import`` takes."""
COMPACTIONS = ("2022", "2023")
"""Years of the rule of how many steps a call takes (``loops/march.py``)."""
MAX_DENSITY = 1e6
MAX_DILATE = 128


@dataclass(frozen=True)
class Look:
    """How a file is taken for a field; ``None`` where nothing was said.

    ``density_width`` in sides of the unit cube, ``density_scale`` in optical thickness a side, ``dilate`` in cells of
    the finest cascade; ``order`` of an occupancy's values; ``compaction`` the year of the rule of steps.
    """

    app: str | None = None
    density_width: float | None = None
    density_scale: float | None = None
    density_cut: float | None = None
    dilate: int | None = None
    occupancy: Path | None = None
    order: str | None = None
    compaction: str | None = None


AS_USUAL = Look()

#: apps of a kind of file, the first one where none is named, and which options each reads
READ_BY: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mesh": {
        "nsdf": (),
        "nerf": ("density_width", "density_scale", "dilate", "occupancy", "order", "compaction"),
    },
    "image": {"gia": ()},
    "volume": {
        "nvr": ("density_scale", "density_cut"),
        "nerf": ("density_scale", "density_cut", "occupancy", "order", "compaction"),
    },
    "occupancy": {"nerf": ("density_scale", "order", "compaction")},
}


def is_users_file(name: str) -> bool:
    """Whether a name is that of a file that is recorded, or imported, and no trace."""
    return "://" not in name and name.lower().endswith((*SUFFIXES, *SNAPSHOTS))


def is_array(path: Path) -> bool:
    """Whether a file is an array, which can be an occupancy or a volume."""
    return path.name.lower().endswith(ARRAYS)


def kind_of(path: Path) -> str:
    """What a file is by its suffix, ``volume`` for an array; what has no known suffix may be an image."""
    name = path.name.lower()
    if name.endswith(SNAPSHOTS):
        raise UserError(f"{path} brings a workload of its own: ngpc-sim trace import {path} makes both files of it.")
    for kind, suffixes in (("mesh", MESHES), ("volume", VOLUMES + ARRAYS), ("occupancy", BIT_FIELDS)):
        if name.endswith(suffixes):
            return kind
    return "image"


def app_of(path: Path, kind: str, look: Look) -> str:
    """The app that a file is recorded for; an option that would change nothing is refused."""
    app = look.app or next(iter(READ_BY[kind]))
    article = "an" if kind[0] in "aeiou" else "a"
    if app not in READ_BY[kind]:
        apps = " or ".join(READ_BY[kind])
        raise UserError(f"{path} is {article} {kind}, which can be recorded for {apps}, not for {app}.")
    for option in fields(Look):
        name = option.name
        if name != "app" and getattr(look, name) is not None and name not in READ_BY[kind][app]:
            raise UserError(f"--{name.replace('_', '-')} changes nothing for {article} {kind} of app {app}.")
    _check_values(kind, look)
    return app


def _check_values(kind: str, look: Look) -> None:
    check_own(look)
    if look.dilate is not None and not 0 <= look.dilate <= MAX_DILATE:
        raise UserError(f"--dilate {look.dilate} is out of range: 0 to {MAX_DILATE} cells.")
    if look.dilate is not None and look.occupancy is not None:
        raise UserError("--dilate changes nothing where --occupancy says which cells are occupied.")
    if look.order is not None and kind != "occupancy" and look.occupancy is None:
        raise UserError("--order says how the values of an occupancy are ordered, and none is given.")


def check_own(look: Look) -> None:
    """Refuse values that none of these options has, whatever the file."""
    for name in ("density_width", "density_scale", "density_cut"):
        value = getattr(look, name)
        if value is not None and not 0.0 <= value <= MAX_DENSITY:
            raise UserError(f"--{name.replace('_', '-')} {value} is out of range: 0 to {MAX_DENSITY:g}.")
    if look.compaction is not None and look.compaction not in COMPACTIONS:
        raise UserError(f"--compaction is '{look.compaction}', which should be {' or '.join(COMPACTIONS)}.")
