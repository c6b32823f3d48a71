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

#: outputs of a fully fused network are padded to this many neurons (fully_fused_mlp.cu)
OUTPUT_PADDING = 16

#: grids of which the levels are kept
KEPT_GRIDS = 64


class GridEncoding(Spec):
    """A grid encoding under tiny-cuda-nn's key names; also built directly by users.

    ``kind`` hash, dense or tiled; ``interpolation`` linear or smoothstep. Arguments by name or, in the
    order below, by position.
    """

    kind: Literal["hash", "dense", "tiled"]
    n_dims: int = Field(ge=2, le=4)
    n_levels: int = Field(ge=1, le=128)
    n_features_per_level: int = Field(default=2, ge=1, le=8)
    log2_hashmap_size: int = Field(default=19, ge=1, le=31)
    base_resolution: int = Field(default=16, ge=1, le=65535)
    per_level_scale: float = Field(default=2.0, ge=1.0, le=16.0)
    interpolation: Literal["linear", "smoothstep"] = "linear"

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
        return _pad(self.n_levels * self.n_features_per_level, OUTPUT_PADDING)


@dataclass(frozen=True)
class GridLevel:
    """Constants of one level: ``scale`` is an exact float32; ``entries`` and ``offset`` count entries."""

    scale: float
    resolution: int
    entries: int
    offset: int
    hashed: bool


@lru_cache(maxsize=KEPT_GRIDS)
def grid_levels(encoding: GridEncoding) -> tuple[GridLevel, ...]:
    """Scale, resolution, entries, offset and hashed of every level, bit for bit as tiny-cuda-nn."""
    levels: list[GridLevel] = []
    offset = 0
    for number in range(encoding.n_levels):
        scale, resolution = _scale_and_resolution(encoding, number)
        entries = _entries(encoding, resolution)
        linear_size = resolution**encoding.n_dims if resolution <= LINEAR_CAP[encoding.n_dims] else 0xFFFFFFFF
        hashed = encoding.kind == "hash" and entries < linear_size
        levels.append(GridLevel(scale, resolution, entries, offset, hashed))
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


def _entries(encoding: GridEncoding, resolution: int) -> int:
    largest = 2**31 - 1
    dense = largest if float(np.float32(resolution)) ** encoding.n_dims > largest else resolution**encoding.n_dims
    padded = _pad(dense, 8)
    if encoding.kind == "tiled":
        return int(min(padded, encoding.base_resolution**encoding.n_dims))
    if encoding.kind == "hash":
        return min(padded, 1 << encoding.log2_hashmap_size)
    return padded


def _pad(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple
