"""Workloads: app x encoding, the grid's levels and the network's weight matrices.

Level constants follow tiny-cuda-nn (``facts``: include/tiny-cuda-nn/encodings/grid.h and
common_device.h at 6ee3546): scale and resolution in float32 with correctly rounded log2 and exp2,
table sizes rounded up to 8 entries. ``per_level_scale`` is always an input: ``resolution`` can change
with its last bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Spec, load_yaml, nearest, validate
from ngpc_sim.workloads.gpu_kernels import GpuKernels
from ngpc_sim.workloads.grids import OUTPUT_PADDING, GridEncoding, _pad, grid_levels, table_entries

APPS = ("nerf", "nsdf", "gia", "nvr")
ENCODINGS = ("hashgrid", "densegrid", "lowres")


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
    path = bundled.folder("workloads") / f"{app}.yaml"
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
