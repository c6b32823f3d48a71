"""Workloads: app x encoding, the grid's levels and the network's weight matrices.

Level constants follow tiny-cuda-nn (``facts``: include/tiny-cuda-nn/encodings/grid.h and
common_device.h at 6ee3546): scale and resolution in float32 with correctly rounded log2 and exp2,
table sizes rounded up to 8 entries. ``per_level_scale`` is always an input: ``resolution`` can change
with its last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ngpc_sim import resources
from ngpc_sim.errors import UserError
from ngpc_sim.gpu_kernels import GpuKernels
from ngpc_sim.schema import Field, Spec, field_validator, load_yaml, nearest, one_sentence, validate

APPS = ("nerf", "nsdf", "gia", "nvr")
ENCODINGS = ("hashgrid", "densegrid", "lowres")
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


class Network(Spec):
    """A fully connected network without biases; widths in neurons."""

    name: str
    n_input_dims: int | Literal["encoding"]
    n_neurons: int = Field(ge=1, le=1024)
    n_hidden_layers: int = Field(ge=1, le=64)
    n_output_dims: int = Field(ge=1, le=1024)


class WorkloadFile(Spec):
    """One file of ``workloads/``: an app, its network and its encodings."""

    app: str = Field(min_length=1)
    description: str
    trace: str
    input_bytes: int = Field(ge=1, le=4096)
    output_bytes: int = Field(ge=1, le=4096)
    networks: list[Network] = Field(min_length=1)
    encodings: dict[str, GridEncoding] = Field(min_length=1)
    gpu_kernels: GpuKernels | None = None
    sources: dict[str, str]


@dataclass(frozen=True)
class Workload:
    """One app with one encoding.

    ``input_bytes`` and ``output_bytes`` are what the accelerator reads and writes per query;
    ``trace`` names the trace that the main job replays; ``gpu_kernels`` is what the GPU runs beside the network.
    """

    name: str
    app: str
    encoding_name: str
    encoding: GridEncoding
    networks: tuple[Network, ...]
    input_bytes: int
    output_bytes: int
    trace: str
    gpu_kernels: GpuKernels | None = field(default=None, hash=False)

    def matrices(self) -> list[tuple[int, int]]:
        """``(inputs, outputs)`` of every weight matrix in order, outputs padded to 16."""
        return self._layers(self.encoding.width, OUTPUT_PADDING)

    def _layers(self, width_of_encoding: int, padding: int) -> list[tuple[int, int]]:
        result: list[tuple[int, int]] = []
        for network in self.networks:
            declared = network.n_input_dims
            width = width_of_encoding if declared == "encoding" else int(declared)
            for _ in range(network.n_hidden_layers):
                result.append((width, network.n_neurons))
                width = network.n_neurons
            result.append((width, _pad(network.n_output_dims, padding)))
        return result

    @property
    def macs_per_query(self) -> int:
        """Multiply-accumulates of one query, padded inputs and outputs included."""
        return sum(inputs * outputs for inputs, outputs in self.matrices())

    @property
    def useful_macs_per_query(self) -> int:
        """Multiply-accumulates of one query on features and outputs that exist, padding left out."""
        features = self.encoding.n_levels * self.encoding.n_features_per_level
        return sum(inputs * outputs for inputs, outputs in self._layers(features, 1))


def workload_names() -> list[str]:
    """The built-in workloads, ``nerf-hashgrid`` and eleven more."""
    return [f"{app}-{encoding}" for app in APPS for encoding in ENCODINGS]


def load_workload(name: str) -> Workload:
    """Workload by built-in name (``nerf-hashgrid``) or as ``path/to/file.yaml:encoding``.

    Raises
    ------
    UserError
        For an unknown app or encoding (names the nearest) and for any mistake in the file.
    """
    path, encoding_name = _locate(name)
    tree, origins = load_yaml(path)
    file = validate(WorkloadFile, tree, path.name, origins)
    if encoding_name not in file.encodings:
        raise UserError(
            f"unknown encoding '{encoding_name}' of app '{file.app}': choose from {', '.join(file.encodings)}."
        )
    return Workload(
        name=f"{file.app}-{encoding_name}",
        app=file.app,
        encoding_name=encoding_name,
        encoding=file.encodings[encoding_name],
        networks=tuple(file.networks),
        input_bytes=file.input_bytes,
        output_bytes=file.output_bytes,
        trace=file.trace,
        gpu_kernels=file.gpu_kernels,
    )


def _locate(name: str) -> tuple[Path, str]:
    if ".yaml" in name:
        text, _, encoding = name.partition(".yaml")
        return Path(text + ".yaml"), encoding.lstrip(":") or ENCODINGS[0]
    app, _, encoding = name.partition("-")
    path = resources.folder("workloads") / f"{app}.yaml"
    if not app.isidentifier() or not path.is_file():
        known = workload_names()
        raise UserError(f"unknown workload '{name}': the nearest known is '{nearest(name, known)}'.")
    return path, encoding or ENCODINGS[0]


def describe(work: Workload) -> dict[str, Any]:
    """Plain data of a workload with its derived levels and matrices, for ``workload show``."""
    levels = grid_levels(work.encoding)
    return {
        "name": work.name,
        "app": work.app,
        "encoding": work.encoding.model_dump(),
        "input_bytes": work.input_bytes,
        "output_bytes": work.output_bytes,
        "trace": work.trace,
        "matrices": [f"{inputs}x{outputs}" for inputs, outputs in work.matrices()],
        "macs_per_query": work.macs_per_query,
        "lookups_per_query": work.encoding.n_levels * work.encoding.corners,
        "table_entries": table_entries(work.encoding),
        "levels": [
            {
                "level": i,
                "scale": v.scale,
                "resolution": v.resolution,
                "entries": v.entries,
                "hashed": v.hashed,
            }
            for i, v in enumerate(levels)
        ],
    }
