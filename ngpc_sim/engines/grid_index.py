"""pos_fract and grid_index: positions to cells, fractions and table entries.

The stages ``pos_fract`` and ``grid_index`` of the paper's encoding engine. Semantics, bit for bit, of
tiny-cuda-nn at 6ee3546 (encodings/grid.h:53-171, common_device.h:767-884): ``p = fma(scale, x, 0.5)`` in
float32, cell = floor(p) as uint32 with wrap-around, linear index where it fits the table, else the
"coherent prime" hash, and a modulo by the table's entries always. A conversion that overflows int32
saturates, as on the GPU.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.kernels.grid_index import Level, index_level
from ngpc_sim.workloads.grids import GridEncoding, GridLevel, grid_levels


def level_arguments(encoding: GridEncoding) -> list[Level]:
    """Every level as the kernels take it."""
    return arguments_of(grid_levels(encoding))


def arguments_of(levels: Iterable[GridLevel]) -> list[Level]:
    """Levels as the kernels take them."""
    return [
        Level(np.float32(level.scale), level.hashed, np.array(level.factors, np.uint64), np.uint64(level.entries))
        for level in levels
    ]


def checked_positions(encoding: GridEncoding, positions: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - array-like
    """``positions`` as a contiguous (n, D) float32 array, refused where it cannot be one."""
    try:
        array = np.ascontiguousarray(positions, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise UserError("positions must be numbers in an array of shape (n, n_dims).") from error
    if array.ndim != 2 or array.shape[1] != encoding.n_dims:
        raise UserError(f"positions have shape {array.shape}, but the encoding needs (n, {encoding.n_dims}).")
    if not np.isfinite(array).all():
        raise UserError("positions contain a value that is not finite.")
    return array


def grid_index(encoding: GridEncoding, positions: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:  # noqa: ANN401
    """Table entries and interpolation fractions of every query, level and corner.

    Parameters
    ----------
    encoding
        The grid.
    positions
        (n, D) float32.

    Returns
    -------
    index, frac
        (n, L, 2^D) uint32 entry inside its level (bit d of the corner is +1 on axis d), and
        (n, L, D) float32 after the interpolation function.
    """
    array = checked_positions(encoding, positions)
    n, levels = len(array), encoding.n_levels
    index = np.empty((n, levels, encoding.corners), np.uint32)
    frac = np.empty((n, levels, encoding.n_dims), np.float32)
    smooth = encoding.interpolation == "smoothstep"
    for number, level in enumerate(level_arguments(encoding)):
        level_index = np.empty((n, encoding.corners), np.uint32)
        level_frac = np.empty((n, encoding.n_dims), np.float32)
        index_level(array, level, smooth, level_index, level_frac)
        index[:, number], frac[:, number] = level_index, level_frac
    return index, frac
