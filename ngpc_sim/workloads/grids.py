"""Grid encodings: levels with their scale, resolution and table size.

Level constants follow tiny-cuda-nn (include/tiny-cuda-nn/encodings/grid.h and common_device.h at 6ee3546): scale and
resolution in float32 with correctly rounded log2 and exp2, table sizes rounded up to 8 entries. ``per_level_scale`` is
always an input: ``resolution`` can change with its last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Spec, field_validator, one_sentence

#: largest resolution whose linear index fits uint32, by number of dimensions (common_device.h:848-884)
LINEAR_CAP = {2: 65535, 3: 1625, 4: 255}
#: primes of the coherent-prime hash, one an axis (common_device.h:767-791)
PRIMES = (1, 2654435761, 805459861, 3674653429)
#: most entries that a table may have
MAX_ENTRIES = 2**31 - 1
#: tables are rounded up to this many entries
ENTRY_PADDING = 8
#: outputs of a fully fused network are padded to this many neurons (fully_fused_mlp.cu)
OUTPUT_PADDING = 16
#: grids of which the levels are kept
KEPT_GRIDS = 64


class GridEncoding(Spec):
    """A grid encoding under tiny-cuda-nn's key names; also built directly by users.

    ``kind`` hash, dense or tiled; ``interpolation`` linear or smoothstep. Arguments by name or, in the
    order below, by position.
    """

    kind: Literal["hash", "dense", "tiled"] = Field(
        description="hash: a table of limited size; dense: an entry for every grid point; tiled: the table repeats"
    )
    n_dims: int = Field(ge=2, le=4, description="components of a position")
    n_levels: int = Field(ge=1, le=128, description="levels")
    n_features_per_level: int = Field(default=2, ge=1, le=8, description="features of an entry")
    log2_hashmap_size: int = Field(
        default=19, ge=1, le=31, description="most entries of a level of kind hash, as a power of two"
    )
    base_resolution: int = Field(default=16, ge=1, le=65535, description="resolution of the first level")
    per_level_scale: float = Field(
        default=2.0, ge=1.0, le=16.0, description="growth of the resolution from level to level"
    )
    interpolation: Literal["linear", "smoothstep"] = Field(default="linear", description="weights of the corners")

    def __init__(self, *args: object, **kwargs: object) -> None:
        if len(args) > len(GridEncoding.model_fields):
            raise UserError(f"a GridEncoding has {len(GridEncoding.model_fields)} arguments, not {len(args)}.")
        with one_sentence(GridEncoding):
            super().__init__(**dict(zip(GridEncoding.model_fields, args, strict=False)), **kwargs)

    @field_validator("n_features_per_level")
    @classmethod
    def _one_vector(cls, features: int) -> int:
        if features not in {1, 2, 4, 8}:
            raise ValueError("it should be 1, 2, 4 or 8, the vectors that tiny-cuda-nn reads")
        return features

    @property
    def corners(self) -> int:
        """Lookups of one query in one level, 2^D."""
        return 1 << self.n_dims

    @property
    def width(self) -> int:
        """Features of one encoded query, padded as the network expects its input (multiple of 16)."""
        return padded(self.n_levels * self.n_features_per_level, OUTPUT_PADDING)


class DenseGrid:
    """Kind ``dense``: every grid point has an entry. A kind is what a level's table and the index of a corner are.

    The index of a corner is a sum, or an exclusive or, of its coordinates times factors, modulo 2^32, then modulo the
    entries. Another kind overrides what differs and stands in ``KINDS``.
    """

    def entries(self, encoding: GridEncoding, resolution: int) -> int:
        """Entries of the table of a level with so many points an axis."""
        too_many = float(np.float32(resolution)) ** encoding.n_dims > MAX_ENTRIES
        return padded(MAX_ENTRIES if too_many else resolution**encoding.n_dims, ENTRY_PADDING)

    def index(self, encoding: GridEncoding, resolution: int) -> tuple[bool, tuple[int, ...]]:
        """Whether the products are joined by an exclusive or, and the (D,) factors.

        Here strides, which are summed; 0 where a linear index exceeds uint32.
        """
        fits = resolution <= LINEAR_CAP[encoding.n_dims]
        return False, tuple(pow(resolution, axis, 2**32) if fits else 0 for axis in range(encoding.n_dims))


class TiledGrid(DenseGrid):
    """Kind ``tiled``: a table of at most the base resolution's points, which repeats."""

    def entries(self, encoding: GridEncoding, resolution: int) -> int:
        """Entries of the table of a level with so many points an axis."""
        return min(super().entries(encoding, resolution), int(encoding.base_resolution**encoding.n_dims))


class HashGrid(DenseGrid):
    """Kind ``hash``: a table of at most 2^log2_hashmap_size entries, hashed where the points do not fit."""

    def entries(self, encoding: GridEncoding, resolution: int) -> int:
        """Entries of the table of a level with so many points an axis."""
        return min(super().entries(encoding, resolution), 1 << encoding.log2_hashmap_size)

    def index(self, encoding: GridEncoding, resolution: int) -> tuple[bool, tuple[int, ...]]:
        """Primes, joined by an exclusive or, where the level is hashed; else strides."""
        points = resolution**encoding.n_dims if resolution <= LINEAR_CAP[encoding.n_dims] else 2**32 - 1
        if self.entries(encoding, resolution) < points:
            return True, PRIMES[: encoding.n_dims]
        return super().index(encoding, resolution)


KINDS = {"hash": HashGrid(), "dense": DenseGrid(), "tiled": TiledGrid()}


@dataclass(frozen=True)
class GridLevel:
    """Constants of one level: ``scale`` is an exact float32; ``entries`` and ``offset`` count entries.

    ``hashed`` and ``factors`` (D,) say how the index of a corner is made, as in :class:`DenseGrid`.
    """

    scale: float
    resolution: int
    entries: int
    offset: int
    hashed: bool
    factors: tuple[int, ...]


@lru_cache(maxsize=KEPT_GRIDS)
def grid_levels(encoding: GridEncoding) -> tuple[GridLevel, ...]:
    """Scale, resolution, entries, offset and index of every level, bit for bit as tiny-cuda-nn."""
    kind, levels, offset = KINDS[encoding.kind], [], 0
    for number in range(encoding.n_levels):
        scale, resolution = _scale_and_resolution(encoding, number)
        entries = kind.entries(encoding, resolution)
        levels.append(GridLevel(scale, resolution, entries, offset, *kind.index(encoding, resolution)))
        offset += entries
    return tuple(levels)


def table_entries(encoding: GridEncoding) -> int:
    """Entries of all levels together."""
    last = grid_levels(encoding)[-1]
    return last.offset + last.entries


def _scale_and_resolution(encoding: GridEncoding, level: int) -> tuple[float, int]:
    log2_b = np.float32(math.log2(float(np.float32(encoding.per_level_scale))))
    exponent = np.float32(level) * log2_b
    growth = np.float32(math.exp2(float(exponent)))
    scale = growth * np.float32(encoding.base_resolution) - np.float32(1.0)
    if not float(scale) < 2**31:
        raise UserError(
            f"level {level} has {float(scale):.3g} cells per axis, too many: "
            "lower n_levels, base_resolution or per_level_scale."
        )
    return float(scale), math.ceil(float(scale)) + 1


def padded(count: int, multiple: int) -> int:
    """``count`` rounded up to a multiple."""
    return -(-count // multiple) * multiple
