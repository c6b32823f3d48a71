"""Workloads: app x encoding, the grid's levels and the network's weight matrices."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import MAX_PATH, Field, Name, Spec, choices, field_validator, validate
from ngpc_sim.config.texts import MAX_NAME, printable
from ngpc_sim.config.yaml_files import Tree, is_folder, load_yaml
from ngpc_sim.workloads.apps import APPS, ENCODINGS, NAME_RULE, OTHER_WORKLOADS, is_app_name
from ngpc_sim.workloads.gpu_kernels import GpuKernels
from ngpc_sim.workloads.grids import OUTPUT_PADDING, GridEncoding, grid_levels, padded, table_entries

#: a workload file as typed, with the encoding behind a colon or without
FILE = re.compile(r"(.*\.ya?ml)(?::([^/:]*))?", re.DOTALL)
#: what makes a word the path of a trace, not the name of a bundled one
PATH = re.compile(r"[./\\:]")
#: what ``workload show`` prints beyond the file; a file may have it where it says what follows from the rest
DERIVED = ("name", "encoding", "matrices", "macs_per_query", "lookups_per_query", "table_entries", "levels")

#: networks beside the main one: a trace names 16 in all
MAX_OTHERS = 15


class Network(Spec):
    """A fully connected network without biases; widths in neurons."""

    name: Name = Field(description="name of the network")
    n_input_dims: Annotated[int, Field(ge=1, le=1024)] | Literal["encoding"] = Field(
        description="inputs, or encoding: the features of the grid"
    )
    n_neurons: int = Field(ge=1, le=1024, description="neurons of each hidden layer")
    n_hidden_layers: int = Field(ge=1, le=64, description="hidden layers")
    n_output_dims: int = Field(ge=1, le=1024, description="outputs, padded to 16 in the array")

    def matrices(self, encoding_width: int, padding: int = OUTPUT_PADDING) -> list[tuple[int, int]]:
        """``(inputs, outputs)`` of every weight matrix in order, the outputs of the last one padded to a multiple."""
        inputs = encoding_width if self.n_input_dims == "encoding" else self.n_input_dims
        hidden = [self.n_neurons] * self.n_hidden_layers
        return list(pairwise([inputs, *hidden, padded(self.n_output_dims, padding)]))


class OtherNetwork(Spec):
    """What an app asks beside its main networks, such as a proposal network: its own grid, networks and bytes."""

    input_bytes: int = Field(ge=1, le=4096, description="bytes that the accelerator reads for a query")
    output_bytes: int = Field(ge=1, le=4096, description="bytes that it writes for a query")
    networks: list[Network] = Field(
        min_length=1, description="networks behind the grid, in the order in which they run"
    )
    encoding: GridEncoding = Field(description="its grid")


class WorkloadFile(Spec):
    """One file of ``workloads/``: an app, its network and its encodings."""

    app: str = Field(description="name of the app")
    description: str = Field(description="one line about it")
    trace: str = Field(
        max_length=MAX_PATH, description="trace that a run replays: a bundled name, or a file in the same folder"
    )
    input_bytes: int = Field(ge=1, le=4096, description="bytes that the accelerator reads for a query")
    output_bytes: int = Field(ge=1, le=4096, description="bytes that it writes for a query")
    networks: list[Network] = Field(
        min_length=1, description="networks behind the grid, in the order in which they run"
    )
    encodings: dict[str, GridEncoding] = Field(min_length=1, description="grids by name; --encoding chooses")
    other_networks: dict[str, OtherNetwork] = Field(
        default={}, max_length=MAX_OTHERS, description="what a trace of several networks asks beside the main one"
    )
    gpu_kernels: GpuKernels | None = Field(default=None, description="what the GPU does beside grid and networks")
    sources: dict[str, str] = Field(description="source and tag of the values, by dotted key")

    @field_validator("app")
    @classmethod
    def _app_name(cls, app: str) -> str:
        if not is_app_name(app):
            raise ValueError(f"it should be {NAME_RULE}")
        return app

    @field_validator("encodings")
    @classmethod
    def _encoding_names(cls, encodings: dict[str, GridEncoding]) -> dict[str, GridEncoding]:
        if not all(map(is_app_name, encodings)):
            raise ValueError(f"the name of an encoding should be {NAME_RULE}")
        return encodings

    @field_validator("other_networks")
    @classmethod
    def _network_names(cls, others: dict[str, OtherNetwork]) -> dict[str, OtherNetwork]:
        if not all(map(is_app_name, others)):
            raise ValueError(f"the name of a network should be {NAME_RULE}")
        return others


@dataclass(frozen=True)
class Workload:
    """One app with one encoding.

    ``input_bytes`` and ``output_bytes`` are what the accelerator reads and writes per query;
    ``trace`` names the trace that the main job replays; ``gpu_kernels`` is what the GPU runs beside the network.
    ``label`` is what output calls it: ``name`` where it is built in, else the name of its file and the encoding.
    ``others`` are workloads too: what the app asks beside its main networks, by the name that a trace gives it.
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
    label: str = field(default="", compare=False)
    others: tuple[Workload, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.name)

    @cached_property
    def sections(self) -> tuple[Workload, ...]:
        """The main networks and then the others, each with its own grid: workloads without others."""
        return (replace(self, others=()), *self.others) if self.others else (self,)

    def matrices(self) -> list[tuple[int, int]]:
        """``(inputs, outputs)`` of every weight matrix in order, outputs padded to 16."""
        return [matrix for network in self.networks for matrix in network.matrices(self.encoding.width)]

    @property
    def reads_grid(self) -> bool:
        """Whether a network takes what its grid gives; a machine of networks alone has a grid that stands for none."""
        return any(network.n_input_dims in {"encoding", self.encoding.width} for network in self.networks)

    @property
    def macs_per_query(self) -> int:
        """Multiply-accumulates of one query, padded inputs and outputs included."""
        return sum(inputs * outputs for inputs, outputs in self.matrices())

    @property
    def useful_macs_per_query(self) -> int:
        """Multiply-accumulates of one query on features and outputs that exist, padding left out."""
        features = self.encoding.n_levels * self.encoding.n_features_per_level
        return sum(inputs * outputs for network in self.networks for inputs, outputs in network.matrices(features, 1))

    @cached_property
    def sha256(self) -> str:
        """Hash of its contents; the trace that it names and what it is called are no part of them."""
        kernels = self.gpu_kernels.model_dump(mode="json") if self.gpu_kernels else None
        plain = {
            "name": self.name,
            "encoding": self.encoding.model_dump(mode="json"),
            "networks": [network.model_dump(mode="json") for network in self.networks],
            "bytes": [self.input_bytes, self.output_bytes],
            "gpu_kernels": kernels,
        } | ({"other_networks": {other.name: other.sha256 for other in self.others}} if self.others else {})
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    @cached_property
    def is_built_in(self) -> bool:
        """Whether it is a workload of the package, whatever its trace; published figures hold for no other."""
        return self.name in workload_names() and replace(self, trace="") == replace(_built_in(self.name), trace="")

    @property
    def is_altered(self) -> bool:
        """Whether it bears a built-in app's name without being its workload: figures known by that name are not its."""
        return self.app in APPS and not self.is_built_in


def workload_names() -> list[str]:
    """The built-in workloads, ``nerf-hashgrid`` and eleven more."""
    return [f"{app}-{encoding}" for app in APPS for encoding in ENCODINGS]


def shipped_workloads() -> list[str]:
    """All workloads of the package: the built-in ones, then those of other accelerators' papers."""
    return [*workload_names(), *(f"{app}-hashgrid" for app in OTHER_WORKLOADS)]


def load_workload(name: str | os.PathLike[str]) -> Workload:
    """Workload by built-in name (``nerf-hashgrid``) or as ``path/to/file.yaml:encoding``.

    Without an encoding it is ``hashgrid`` or, where the file has none of that name, its first.

    Raises
    ------
    UserError
        For an unknown app or encoding (names the nearest) and for any mistake in the file.
    """
    path, encoding_name = _locate(os.fspath(name))
    tree, origins = load_yaml(path)
    derived = {key: tree.pop(key) for key in DERIVED if key in tree}
    file = validate(WorkloadFile, tree, path.name, origins)
    encoding_name = encoding_name or default_encoding(list(file.encodings))
    if encoding_name not in file.encodings:
        raise UserError(
            f"unknown encoding '{encoding_name}' of app '{file.app}': choose from {', '.join(file.encodings)}."
        )
    label = f"{printable(path.stem)[:MAX_NAME]}-{encoding_name}"
    work = _of_file(file, encoding_name, _trace_of(path, file.trace, origins), label, path.name)
    _check_derived(work, derived, path.name, origins)
    return work


def _of_file(file: WorkloadFile, encoding: str, trace: str, label: str, where: str) -> Workload:
    work = Workload(
        name=f"{file.app}-{encoding}",
        app=file.app,
        encoding_name=encoding,
        encoding=file.encodings[encoding],
        networks=tuple(file.networks),
        input_bytes=file.input_bytes,
        output_bytes=file.output_bytes,
        trace=trace,
        gpu_kernels=file.gpu_kernels,
        label=label,
        others=tuple(_other(file.app, name, other) for name, other in file.other_networks.items()),
    )
    _check_others(work, where)
    return work


def as_file(work: Workload) -> dict[str, Any]:
    """Plain data of a file that has this workload and names no trace."""
    tree = _plain(work) | {"app": work.app, "description": "", "trace": "", "sources": {}}
    kernels = work.gpu_kernels.model_dump(mode="json") if work.gpu_kernels else None
    others = {other.name: _plain(other) | {"encoding": other.encoding.model_dump()} for other in work.others}
    encodings = {work.encoding_name: work.encoding.model_dump()}
    return tree | {"encodings": encodings, "other_networks": others, "gpu_kernels": kernels}


def _plain(work: Workload) -> dict[str, Any]:
    networks = [network.model_dump() for network in work.networks]
    return {"input_bytes": work.input_bytes, "output_bytes": work.output_bytes, "networks": networks}


def from_file(tree: Tree, label: str, where: str) -> Workload:
    """Workload of plain data such as :func:`as_file` gives, with the first encoding in it; ``where`` begins an error.

    Raises
    ------
    UserError
        For any mistake in it.
    """
    file = validate(WorkloadFile, tree, where)
    return _of_file(file, next(iter(file.encodings)), "", printable(label)[: 2 * MAX_NAME], where)


def _other(app: str, name: str, other: OtherNetwork) -> Workload:
    sizes = other.input_bytes, other.output_bytes
    return Workload(name, app, name, other.encoding, tuple(other.networks), *sizes, trace="")


def _check_others(work: Workload, file: str) -> None:
    own = work.encoding.n_dims
    for other in work.others:
        if other.name == work.name:
            raise UserError(
                f"{file}: other_networks.{other.name} is called like the main network, {work.name}: give it a name of "
                "its own."
            )
        if other.encoding.n_dims != own:
            raise UserError(
                f"{file}: other_networks.{other.name}.encoding.n_dims is {other.encoding.n_dims}, but {work.name} has "
                f"{own}: all networks of an app take the same positions."
            )


def _trace_of(file: Path, trace: str, origins: Mapping[str, str]) -> str:
    """Trace that a workload file names: a bundled one, or the path of one in the file's own folder."""
    if not PATH.search(trace):
        return trace
    folder = Path(os.path.normpath(file.parent.absolute()))
    inside = Path(os.path.normpath(folder / trace)).is_relative_to(folder)
    if not inside or "://" in trace or "::" in trace:
        raise UserError(
            f"{origins['trace']}: trace = '{trace}' is not allowed: a file names a bundled trace or a file in its own "
            "folder; --trace takes any path or URL."
        )
    return str(file.parent / trace)


def encoding_names(name: str) -> list[str]:
    """Encodings of a built-in app or of a workload file; only the one that a file's name names behind a colon."""
    path, encoding = _locate(name)
    tree, origins = load_yaml(path)
    file = validate(WorkloadFile, {key: tree[key] for key in tree if key not in DERIVED}, path.name, origins)
    return [encoding] if encoding else list(file.encodings)


def default_encoding(names: list[str]) -> str:
    """Encoding of a file that is run where none is named."""
    return ENCODINGS[0] if ENCODINGS[0] in names else names[0]


def _check_derived(work: Workload, derived: Mapping[str, Any], file: str, origins: Mapping[str, str]) -> None:
    follows = describe(work) if derived else {}
    for key, value in derived.items():
        if value != follows[key]:
            place = origins.get(key, file)
            raise UserError(f"{place}: {key} follows from the other keys of {work.name}, and is another: leave it out.")


@lru_cache(maxsize=len(APPS) * len(ENCODINGS))
def _built_in(name: str) -> Workload:
    return load_workload(name)


def _locate(name: str) -> tuple[Path, str]:
    if is_folder(Path(file := name.rpartition(":")[0] or name)):
        raise UserError(f"workload '{file}' is a folder: name a file in it.")
    if typed := FILE.fullmatch(name):
        return Path(typed[1]), typed[2] or ""
    app, dash, encoding = name.partition("-")
    path = bundled.folder("workloads") / f"{app}.yaml"
    if not is_app_name(app) or not path.is_file() or (dash and not encoding):
        raise UserError(f"unknown workload '{name}'; {choices(name, shipped_workloads())}.")
    return path, encoding


def shown(name: str) -> dict[str, Any]:
    """A workload's file with one encoding and all that is derived from it; is a workload file again."""
    work = load_workload(name)
    tree, _ = load_yaml(_locate(name)[0])
    own = {"encodings": {work.encoding_name: tree["encodings"][work.encoding_name]}, "trace": tree["trace"]}
    return {**tree, **describe(work), **own}


def describe(work: Workload) -> dict[str, Any]:
    """Plain data of a workload with its derived levels and matrices."""
    shown = ("scale", "resolution", "entries", "hashed")
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
            {"level": number} | {name: getattr(level, name) for name in shown}
            for number, level in enumerate(grid_levels(work.encoding))
        ],
    }
