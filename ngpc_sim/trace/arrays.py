"""What a renderer hands over as arrays and numbers: brought to numpy, checked, and said in one sentence where wrong."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import AXES, Array
from ngpc_sim.trace.file_format import MAX_TILES, reason_of

_FLOAT_BYTES = (2, 4, 8)
_HOST_DEVICES = (1, 3, 11, 13)
"""DLPack's numbers of memory that the host reads: its own, CUDA's and ROCm's pinned one, CUDA's managed one."""


def positions_from(value: Any, n_dims: int) -> Array:  # noqa: ANN401  (whatever a renderer has)
    """(n, D) float32 copy of finite positions; D is ``n_dims`` where that is not 0, else 2 to 4."""
    array = _on_host(value, "positions")
    if array.dtype.kind != "f" or array.dtype.itemsize not in _FLOAT_BYTES:
        raise UserError(f"positions are of type {array.dtype}, which should be float16, float32 or float64.")
    if array.ndim != 2 or not 2 <= array.shape[1] <= len(AXES):
        raise UserError(f"positions have shape {array.shape}, which should be (n, 2), (n, 3) or (n, 4).")
    if n_dims not in (0, array.shape[1]):
        raise UserError(f"positions have {array.shape[1]} components, and those of the calls before have {n_dims}.")
    with np.errstate(all="ignore"):
        copy = np.array(array, np.float32, order="C")
    finite = np.isfinite(copy).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise UserError(f"positions[{row}] is {array[row].tolist()}, which should be finite as float32.")
    return copy


def tiles_from(value: Any, n: int, n_tiles: int) -> Array:  # noqa: ANN401
    """(n,) int32 tiles in 0..n_tiles - 1."""
    array = _on_host(value, "tile")
    if array.shape != (n,):
        raise UserError(f"tile has shape {array.shape}, which should be ({n},): a screen tile for each query.")
    if n and array.dtype.kind not in "iu":
        raise UserError(f"tile is of type {array.dtype}, which should be an integer type.")
    known = (array >= 0) & (array < n_tiles)
    if not known.all():
        row = int(np.argmin(known))
        raise UserError(f"tile[{row}] is {array[row]}, which should be in 0..{n_tiles - 1}.")
    return array.astype(np.int32)


def weights_from(value: Any) -> Array:  # noqa: ANN401
    """(n_tiles,) float64 weights of tiles; a trace checks their values."""
    array = _on_host(value, "tile_weights")
    if array.ndim != 1 or array.dtype.kind not in "iuf" or not 1 <= len(array) <= MAX_TILES:
        raise UserError(f"tile_weights should be 1 to {MAX_TILES} numbers, one for each recorded tile.")
    return np.array(array, np.float64)


def whole_number(value: Any, what: str, low: int, high: int) -> int:  # noqa: ANN401
    """An integer in low..high."""
    try:
        number = operator.index(value)
    except TypeError:
        number = low - 1
    if isinstance(value, bool) or not low <= number <= high:
        raise UserError(f"{what} is {value!r}, which should be a whole number from {low} to {high}.")
    return number


def _on_host(value: Any, what: str) -> Array:  # noqa: ANN401
    """An array of what numpy can read, or one sentence."""
    if getattr(value, "requires_grad", False):
        raise UserError(f"{what} cannot be read, for it is a tensor that requires grad: pass {what}.detach().")
    try:
        return _read(value)
    except Exception as error:  # every library has errors of its own
        raise UserError(
            f"{what} cannot be read on the host, so bring it there first, as {what}.detach().cpu() does: "
            f"{reason_of(error)}."
        ) from error


def _read(value: Any) -> Array:  # noqa: ANN401
    """What ``__array__`` gives, as more libraries have it, else ``__dlpack__``."""
    if hasattr(value, "__dlpack_device__") and value.__dlpack_device__()[0] not in _HOST_DEVICES:
        raise BufferError("it is in the memory of a device")
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)
