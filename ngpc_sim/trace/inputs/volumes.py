"""Volumes of densities: a NumPy array of three dimensions, or NIfTI, plain or gzipped.

Axes are x, y, z in this order. A value below 0 is no density: it is cut to 0 and counted. The volume lies in the unit
cube as instant-ngp lays the index extent of a volume (testbed_volume.cu): its longest axis is the cube's side, and it
is centred. Where the voxels of a NIfTI file are no cubes, the axes are as long as the file says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.extras import extra
from ngpc_sim.trace.inputs.arrays import MAGIC, read_header
from ngpc_sim.trace.inputs.opening import opened
from ngpc_sim.trace.inputs.unpacking import Unpacked

MAX_VALUES = 1 << 27
"""assumed: 512^3, which take 512 MiB as float32."""
_PIECE_VALUES = 1 << 20
_MOST_OFFSET = 1 << 24  # assumed: extensions of a NIfTI header are texts of some kilobytes
#: assumed: unpacked bytes that any gzipped volume may have, and more as so many times its size; mostly empty volumes
#: of 1 byte a voxel were seen to shrink to a hundredth
_SPARE, _RATIO = 1 << 26, 100
_SIZES_OF_NIFTI = {348: "Nifti1Header", 540: "Nifti2Header"}  # published: nifti.nimh.nih.gov, ``sizeof_hdr``
_MAGICS_OF_NIFTI = (b"n+1", b"n+2")

Vector = tuple[float, float, float]
Floats = npt.NDArray[np.float32]
ReadBytes = Callable[[int], bytes]


@dataclass(frozen=True)
class Volume:
    """Densities, their largest, and the size of a voxel along x, y, z in any unit.

    ``values`` (X, Y, Z) float32, 0 or more, C order; ``majorant`` is the largest of them. ``n_negative`` values of the
    file were below 0.
    """

    values: Floats = field(repr=False)
    majorant: float
    voxel: tuple[float, float, float] = (1.0, 1.0, 1.0)
    n_negative: int = 0

    @property
    def box(self) -> tuple[Vector, Vector]:
        """Low and high corner of the volume in the unit cube."""
        sides = np.multiply(self.values.shape, self.voxel)
        x, y, z = (sides / sides.max() / 2).tolist()
        return (0.5 - x, 0.5 - y, 0.5 - z), (0.5 + x, 0.5 + y, 0.5 + z)


@dataclass(frozen=True)
class _Layout:
    """How values lie in a file: ``shape`` (X, Y, Z), ``fortran`` where x is fastest; value = slope * stored + inter."""

    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    fortran: bool
    slope: float = 1.0
    inter: float = 0.0
    voxel: tuple[float, float, float] = (1.0, 1.0, 1.0)


def read_volume(path: Path) -> Volume:
    """Volume of a ``.npy``, ``.nii`` or ``.nii.gz`` file.

    Raises
    ------
    UserError
        Where the file is cut, damaged, of another kind, too large, or holds NaN, infinity or no density above 0.
    """
    with opened(path, "volume") as file:
        if file.peek(6)[:6] == MAGIC:
            return _values(file.read, _layout_of_array(file, path), path)
        unpacked = Unpacked(file, path, "volume", spare=_SPARE, ratio=_RATIO)
        layout = _layout_of_nifti(unpacked, path)
        volume = _values(unpacked.read_all, layout, path)
        unpacked.finish()
    return volume


def _layout_of_array(file: BufferedReader, path: Path) -> _Layout:
    header = read_header(file, path, "volume")
    return _Layout(header.dtype, _shape(header.shape, path), header.fortran)


def _layout_of_nifti(unpacked: Unpacked, path: Path) -> _Layout:
    """Header of NIfTI-1 or NIfTI-2, and the way to the first value."""
    with extra("capture", "A NIfTI volume"):
        import nibabel  # noqa: PLC0415
    start = unpacked.read(4)
    size = next((n for n in _SIZES_OF_NIFTI if start in {n.to_bytes(4, "little"), n.to_bytes(4, "big")}), 0)
    if not size:
        raise UserError(f"volume {path} is of no kind that can be read: a .npy, .nii or .nii.gz would be right.")
    kind = getattr(nibabel, _SIZES_OF_NIFTI[size])
    try:
        header = kind(start + unpacked.read_all(size - 4), check=False)
        shape, dtype, offset = header.get_data_shape(), header.get_data_dtype(), int(header["vox_offset"])
        slope, inter = header.get_slope_inter()
        voxel = [float(zoom) for zoom in header.get_zooms()[:3]]
    except UserError:
        raise
    except Exception as error:  # nibabel raises many kinds on broken headers
        raise UserError(f"volume {path} has a NIfTI header that cannot be read.") from error
    if header["magic"].item() not in _MAGICS_OF_NIFTI or not size <= offset <= _MOST_OFFSET:
        raise UserError(f"volume {path} is no NIfTI file with its values inside: a single .nii file would be right.")
    if dtype.kind not in "iuf":
        raise UserError(f"volume {path} holds values of type {dtype}: one number a voxel would be right.")
    axes = _shape(shape, path)
    if not all(math.isfinite(side) and side > 0 for side in voxel):
        raise UserError(f"volume {path} has voxels of size {voxel}: lengths above 0 would be right.")
    if math.prod(axes) * dtype.itemsize + offset > unpacked.limit:
        raise UserError(f"volume {path} declares {math.prod(axes)} values, too many for a file of its size.")
    unpacked.read_all(offset - size)
    scaling = {} if slope is None else {"slope": slope, "inter": inter}
    return _Layout(dtype, axes, fortran=True, voxel=(voxel[0], voxel[1], voxel[2]), **scaling)


def _shape(shape: tuple[int, ...], path: Path) -> tuple[int, int, int]:
    """The three axes of a volume; further axes of length 1 say nothing."""
    axes, further = tuple(int(side) for side in shape[:3]), shape[3:]
    sizes = " x ".join(map(str, shape))
    if len(axes) != 3 or min(axes) < 1 or any(side != 1 for side in further):
        raise UserError(
            f"volume {path} has a shape of {sizes or 'one value'}: three dimensions above 0 would be right."
        )
    if math.prod(axes) > MAX_VALUES:
        raise UserError(f"volume {path} has {sizes} values: at most {MAX_VALUES}, 512 x 512 x 512, are read.")
    return axes[0], axes[1], axes[2]


def _values(read: ReadBytes, layout: _Layout, path: Path) -> Volume:
    """Read whole planes of the slowest axis at a time."""
    values = np.empty(layout.shape, np.float32)
    planes = values.T if layout.fortran else values
    plane_values = math.prod(planes.shape[1:])
    step, n_negative = max(1, _PIECE_VALUES // plane_values), 0
    for first in range(0, len(planes), step):
        piece = planes[first : first + step]
        stored = np.frombuffer(read(piece.size * layout.dtype.itemsize), layout.dtype).reshape(piece.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            piece[...] = stored if (layout.slope, layout.inter) == (1, 0) else stored * layout.slope + layout.inter
        if not np.isfinite(piece).all():
            raise UserError(f"volume {path} holds values that are no finite float32 numbers: densities would be right.")
        n_negative += int((piece < 0).sum())
        np.maximum(piece, 0, out=piece)
    majorant = float(values.max())
    if majorant <= 0:
        raise UserError(f"volume {path} is empty: none of its densities is above 0.")
    return Volume(values, majorant, layout.voxel, n_negative)
