"""Workload files of networks that users bring: the bundled file of the app with their encoding and networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ngpc_sim.config import bundled
from ngpc_sim.config.texts import printable
from ngpc_sim.config.yaml_files import load_yaml
from ngpc_sim.workloads.grids import GridEncoding
from ngpc_sim.workloads.workload import Network

#: what the paper calls each kind of grid
_NAMES = {"hash": "hashgrid", "dense": "densegrid", "tiled": "lowres"}


def app_tree(
    app: str, description: str, encoding: GridEncoding, networks: Sequence[Network], sources: dict[str, str]
) -> dict[str, Any]:
    """Tree of a workload file; trace, bytes a query and kernels of the GPU are the bundled app's.

    ``sources`` say where ``networks`` and ``encoding`` come from.
    """
    tree, _ = load_yaml(bundled.folder("workloads") / f"{app}.yaml")
    name, kept = _NAMES[encoding.kind], ("input_bytes", "output_bytes", "trace")
    own = {"networks": sources["networks"], f"encodings.{name}": sources["encoding"]}
    return {
        **tree,
        "description": printable(description),
        "networks": [network.model_dump() for network in networks],
        "encodings": {name: encoding.model_dump()},
        "sources": {key: tree["sources"][key] for key in kept} | {key: printable(text) for key, text in own.items()},
    }


def measured(path: Path) -> str:
    """Source of what stands in a file."""
    return f"measured: read from {path.name}"
