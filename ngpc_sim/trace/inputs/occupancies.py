"""Occupancies that users have: a NumPy array, or the raw bit field of instant-ngp.

* ``.npy`` of three dimensions (128, 128, 128), [x, y, z], or of four, cascades first: as nerfacc stores ``binaries``
  (levels, nx, ny, nz), row-major. Each level of nerfacc covers twice the side of the one before around the same
  centre, as the cascades do.
* ``.npy`` of one dimension: one value a cell, or packed bits, eight cells a byte, least significant bit first. Its
  order is to be stated: ``row-major`` (cell x, y, z at (x * 128 + y) * 128 + z) or ``morton`` (bits of the three
  numbers interleaved, x in bit 0). Packed bits are Morton's only: rows have two usual orders of bits in a byte.
* any other file is the bit field of instant-ngp: packed, Morton, of 262,144 bytes a cascade.

Bits are taken as they are: a coarser cascade takes nothing over from a finer one.
"""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.inputs.arrays import MAGIC, read_header, read_values
from ngpc_sim.trace.inputs.opening import opened
from ngpc_sim.trace.loops.occupancy import CASCADE_BYTES, GRID_CELLS, Bits

ORDERS = ("row-major", "morton")
MAX_CASCADES = 8
"""secondary: instant-ngp since 2022-05-22, NERF_CASCADES."""
_CELLS = GRID_CELLS**3


def read_occupancy(path: Path, order: str | None = None) -> Bits:
    """(n_cascades, CASCADE_BYTES) uint8 bits of an occupancy file; ``order`` of its cells, where it is to be stated.

    Raises
    ------
    UserError
        Where the file is of another kind or side, its order is not known or contradicts its kind, or no cell is on.
    """
    if order is not None and order not in ORDERS:
        raise UserError(f"'{order}' is no order of cells: choose from {', '.join(ORDERS)}.")
    with opened(path, "occupancy") as file:
        is_array = file.peek(6)[:6] == MAGIC or path.suffix == ".npy"
        bits = _read_array(file, path, order) if is_array else _read_bits(file, path, order)
    if not bits.any():
        raise UserError(f"occupancy {path} is empty: not one of its cells is on.")
    return bits


def _read_bits(file: BufferedReader, path: Path, order: str | None) -> Bits:
    size = os.fstat(file.fileno()).st_size
    if size % CASCADE_BYTES or not 1 <= size // CASCADE_BYTES <= MAX_CASCADES:
        raise UserError(
            f"occupancy {path} has {size} bytes: a bit field has {CASCADE_BYTES} for each of its 1 to {MAX_CASCADES} "
            "cascades; an array is a .npy file."
        )
    if order == "row-major":
        raise UserError(f"occupancy {path} is a bit field, whose order is morton, not row-major.")
    return np.frombuffer(file.read(size), np.uint8).reshape(-1, CASCADE_BYTES).copy()


def _read_array(file: BufferedReader, path: Path, order: str | None) -> Bits:
    header = read_header(file, path, "occupancy")
    shape = header.shape
    if header.dtype not in (np.bool_, np.uint8):
        raise UserError(f"occupancy {path} holds values of type {header.dtype}: bool or uint8 would be right.")
    if len(shape) in {3, 4}:
        if shape[-3:] != (GRID_CELLS,) * 3 or (len(shape) == 4 and not 1 <= shape[0] <= MAX_CASCADES):
            raise UserError(
                f"occupancy {path} has {' x '.join(map(str, shape))} cells: render loops have cascades of "
                f"{GRID_CELLS} x {GRID_CELLS} x {GRID_CELLS}, 1 to {MAX_CASCADES} of them."
            )
        if order == "morton":
            raise UserError(f"occupancy {path} has {len(shape)} dimensions, so its order is row-major, not morton.")
        return _from_cells(_truths(read_values(file, header), path).reshape(-1, _CELLS), "row-major")
    if len(shape) != 1:
        raise UserError(f"occupancy {path} has {len(shape)} dimensions: 1, 3 or 4 would be right.")
    _check_line(shape[0], path, order)
    return _from_line(read_values(file, header), path, str(order))


def _check_line(length: int, path: Path, order: str | None) -> None:
    known = [count * cells for cells in (_CELLS, CASCADE_BYTES) for count in range(1, MAX_CASCADES + 1)]
    if length not in known:
        raise UserError(
            f"occupancy {path} has {length} values: a cascade has {_CELLS}, or {CASCADE_BYTES} packed, and there are "
            f"1 to {MAX_CASCADES}."
        )
    if order is None:
        raise UserError(
            f"occupancy {path} has one dimension, which does not tell the order of its cells: state "
            f"{' or '.join(ORDERS)}."
        )


def _from_line(values: npt.NDArray[Any], path: Path, order: str) -> Bits:
    """Bits of an array of one dimension.

    Of 128^3 bytes, which are one cascade's values or eight cascades' packed bits, no value above 1 tells values.
    """
    packed = len(values) < _CELLS or (len(values) == _CELLS and values.dtype == np.uint8 and (values > 1).any())
    if packed and values.dtype == np.bool_:
        raise UserError(f"occupancy {path} has {len(values)} truth values: a cascade has {_CELLS}.")
    if not packed:
        return _from_cells(_truths(values, path).reshape(-1, _CELLS), order)
    if order == "row-major":
        raise UserError(
            f"occupancy {path} holds packed bits, which are read in morton order only: save one value a cell."
        )
    return values.reshape(-1, CASCADE_BYTES).astype(np.uint8)


def _truths(values: npt.NDArray[Any], path: Path) -> npt.NDArray[np.bool_]:
    """(n,) bool, last axis fastest; bytes other than 0 and 1 are no truth values."""
    plain = values.ravel().view(np.uint8) if values.dtype == np.bool_ else values.ravel()
    if (plain > 1).any():
        raise UserError(f"occupancy {path} holds other values than 0 and 1: save whether each cell is on.")
    return plain.astype(np.bool_)


def _from_cells(on: npt.NDArray[np.bool_], order: str) -> Bits:
    """Bits of (n_cascades, 128^3) bool cells."""
    if order == "row-major":
        rows, on = on, np.empty_like(on)
        on[:, _morton_of_rows()] = rows
    return np.packbits(on, axis=1, bitorder="little")


def _morton_of_rows() -> npt.NDArray[np.int32]:
    """(128^3,) Morton number of each cell in row-major order."""
    number = np.arange(GRID_CELLS, dtype=np.int32)
    spread = np.zeros_like(number)
    for bit in range(GRID_CELLS.bit_length() - 1):
        spread |= (number >> bit & 1) << 3 * bit
    return (spread[:, None, None] | spread[:, None] << 1 | spread << 2).ravel()
