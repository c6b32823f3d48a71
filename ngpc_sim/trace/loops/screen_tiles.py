"""Which screen tiles of a frame a trace records, and the rows that fall into them.

Tiles are put in Morton order, which runs through the frame in compact patches, and taken from it at equal
spacing, from a start that the seed decides. Every tile of the frame is therefore equally likely, none is
drawn twice, and every drawn tile stands for the same number of tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ngpc_sim.trace.loops.invocation import NOT_RECORDED, Invocation
from ngpc_sim.trace.loops.occupancy import morton
from ngpc_sim.trace.loops.portable_math import uniform

TILE_PIXELS = (16, 8)
"""Width and height. Assumed: 128 pixels, the size of a usual thread block, in a compact patch."""


@dataclass(frozen=True)
class Tiles:
    """The drawn tiles of one frame."""

    of_pixel: npt.NDArray[np.int32]
    """(width * height,) number of the drawn tile, or ``NOT_RECORDED``."""
    weights: npt.NDArray[np.float64]
    """(n_tiles,) screen tiles that each drawn tile stands for."""

    def rows(self, invocation: Invocation) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Tiles (n,) and positions (n, D) of a call's slots in drawn tiles: by tile, then in slot order."""
        tiles = self.of_pixel[invocation.pixels]
        tiles[invocation.pixels == NOT_RECORDED] = NOT_RECORDED
        slots = np.flatnonzero(tiles != NOT_RECORDED)
        slots = slots[np.argsort(tiles[slots], kind="stable")]
        return tiles[slots], invocation.positions[slots]


def columns_and_rows(width: int, height: int) -> tuple[int, int]:
    """How many screen tiles a frame has."""
    return -(-width // TILE_PIXELS[0]), -(-height // TILE_PIXELS[1])


def draw_tiles(width: int, height: int, n_tiles: int, seed: int) -> Tiles:
    """Draw ``n_tiles`` of the frame's tiles (all, if there are fewer)."""
    columns, rows = columns_and_rows(width, height)
    n_all = columns * rows
    n_drawn = min(n_tiles, n_all)
    by_morton = sorted(range(n_all), key=lambda tile: int(morton(tile % columns, tile // columns, 0)))
    start = int(uniform(0, seed) * n_all)
    places = [(k * n_all + start) // n_drawn for k in range(n_drawn)]
    number = np.full((rows, columns), NOT_RECORDED, np.int32)
    number.ravel()[[by_morton[place] for place in places]] = np.arange(n_drawn, dtype=np.int32)
    of_pixel = np.repeat(np.repeat(number, TILE_PIXELS[1], axis=0), TILE_PIXELS[0], axis=1)
    weights = np.full(n_drawn, n_all / n_drawn)
    return Tiles(np.ascontiguousarray(of_pixel[:height, :width]).ravel(), weights)
