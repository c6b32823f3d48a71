"""Design points for other tools: Accelergy's YAML of version 0.4, and what L2 misses as Ramulator's loads.

``architecture`` is a tree of ``subtree`` (containers, ``name[0..n]`` for n + 1 of a kind) and ``local`` (components
with class and attributes). The classes are those of Accelergy's library of primitives. ``action_counts`` names the same
components without their ranges, and counts what all of a kind did together in one frame. The GPU is left out: Accelergy
has no component for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import Tree, dump_yaml
from ngpc_sim.engines.encoding_engine import encoding_engine
from ngpc_sim.engines.mlp_engine import OPERAND_BYTES
from ngpc_sim.frame.memory import l2_shape
from ngpc_sim.frame.services import service_of
from ngpc_sim.job.ramulator import write_ramulator
from ngpc_sim.power.area import WEIGHT_TILES
from ngpc_sim.report.folder import write_set
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point

Array = np.ndarray[Any, Any]
VERSION = 0.4
FORMATS = ("accelergy", "ramulator")
#: loads of a Ramulator trace, 256 MiB of text
MAX_LOADS = 1 << 24
CLUSTER, NFP = "ngpc", "nfp"


def check_format(name: str, points: Sequence[Point]) -> None:
    """Refuse an unknown format, and several points where a format takes one."""
    if name not in FORMATS:
        raise UserError(f"--export {name} is unknown: the formats are {' and '.join(FORMATS)}.")
    several = [point.work.name for point in points if point.work.others]
    if several:
        raise UserError(f"--export {name} takes workloads of one network, and {several[0]} has other_networks.")
    if name == "ramulator" and len(points) != 1:
        raise UserError(f"--export ramulator writes the misses of one design point, but this asks for {len(points)}.")


def write(name: str, path: Path, points: Sequence[Point], results: Sequence[Result]) -> None:
    """Write an export in one of ``FORMATS``."""
    if name == "ramulator":
        write_ramulator(path, missed_addresses(points[0]))
    else:
        write_accelergy(path, points, results)


def missed_addresses(point: Point) -> Array:
    """Addresses (n,) int64, bytes, of all lines that the recorded queries of a point miss in L2, in order."""
    arch, encoding = point.arch, point.work.encoding
    trace = point.replayed
    misses = service_of(arch, encoding, trace).misses
    loads = int(misses.far.sum(dtype=np.int64)) if misses else 0
    if not loads:
        raise UserError(f"--export ramulator has nothing to write: {point.work.name} misses no line in L2.")
    if loads > MAX_LOADS:
        raise UserError(
            f"--export ramulator would write {loads:,} loads, more than {MAX_LOADS:,}: use --limit-queries."
        )
    full = encoding_engine(arch.nfp.encoding).service(encoding, trace.positions, l2_shape(arch), loads).misses
    return full.addresses if full else np.zeros(0, np.int64)


def write_accelergy(folder: Path, points: Sequence[Point], results: Sequence[Result]) -> list[Path]:
    """Write ``architecture.yaml`` and ``action_counts.yaml`` for every design point, all or none.

    With several points, names begin with arch-scale-workload-resolution. Where that is not unique, the second and later
    ones have the number of their row in ``results.csv``, from 0.
    """
    files: dict[str, bytes] = {}
    for number, (point, result) in enumerate(zip(points, results, strict=True)):
        label = f"{result.arch}-{result.scale}-{result.workload}-{result.resolution}".replace(" ", "-")
        taken = f"{label}.architecture.yaml" in files
        prefix = "" if len(points) == 1 else f"{label}-{number}." if taken else f"{label}."
        files[f"{prefix}architecture.yaml"] = dump_yaml(architecture(point)).encode()
        files[f"{prefix}action_counts.yaml"] = dump_yaml(action_counts(point, result)).encode()
    return write_set(folder, files)


def architecture(point: Point) -> Tree:
    """The cluster of one design point as Accelergy's ``architecture``."""
    arch, encoding = point.arch, point.work.encoding
    nfp, mlp = arch.nfp, arch.nfp.mlp
    entry_bits = 8 * encoding.n_features_per_level * nfp.encoding.feature_bytes
    feature_bits = 8 * OPERAND_BYTES * encoding.width
    operand_bits, lanes = 8 * OPERAND_BYTES, nfp.encoding.corner_lanes
    banks = arch.grid_sram().banks
    depth = nfp.encoding.grid_sram_bytes * 8 // entry_bits
    weight_rows = WEIGHT_TILES * mlp.arrays * mlp.rows
    engine = [
        _component(
            "grid_sram", "SRAM", width=entry_bits, depth=depth, n_banks=banks, n_rdwr_ports=nfp.encoding.read_ports
        ),
        _component(_many("pos_fract", encoding.n_dims), "fpmac", datawidth=32),
        _component(_many("grid_index", lanes), "mac", datawidth=32),
        _component(_many("interpol_weights", lanes * encoding.n_features_per_level), "fpmac", datawidth=operand_bits),
    ]
    local = [
        _component("feature_buffer", "SRAM", width=feature_bits, depth=2 * mlp.batch_queries, n_banks=2),
        _component("output_fifo", "FIFO", datawidth=8 * point.work.output_bytes, depth=nfp.io.output_fifo_queries),
        _component("weights", "SRAM", width=mlp.cols * operand_bits, depth=weight_rows, n_banks=1),
        _component("activations", "SRAM", width=mlp.cols * operand_bits, depth=2 * mlp.batch_queries, n_banks=1),
        _component(_many("mac", mlp.arrays * mlp.rows * mlp.cols), "fpmac", datawidth=operand_bits),
    ]
    engines = {"name": _many("encoding_engine", nfp.encoding.engines), "local": engine}
    attributes = {
        "technology": _node(arch.technology.name),
        "global_cycle_seconds": 1.0 / arch.clock_hz,
        "temperature_k": arch.power.temperature_k,
    }
    tree = {
        "name": CLUSTER,
        "attributes": attributes,
        "local": [_component("l2_port", "wire", datawidth=8), _component("dram", "DRAM", width=8)],
        "subtree": [{"name": _many(NFP, arch.scale), "local": local, "subtree": [engines]}],
    }
    return {"architecture": {"version": VERSION, "subtree": [tree]}}


def _node(technology: str) -> str:
    """Accelergy's word for a node, 7nm; a technology that is not called by its node keeps its name."""
    node = re.match(r"n(\d+)", technology)
    return f"{node[1]}nm" if node else technology


def _many(name: str, count: int) -> str:
    return name if count == 1 else f"{name}[0..{count - 1}]"


def _component(name: str, kind: str, **attributes: int) -> dict[str, Any]:
    return {"name": name, "class": kind, "attributes": attributes}


def action_counts(point: Point, result: Result) -> Tree:
    """The frame's actions as Accelergy's ``action_counts``, every component of a kind together."""
    done = result.actions
    engine = [
        _counts("grid_sram", read=done["grid_sram_read"]),
        _counts("pos_fract", mac_random=done["pos_fract"]),
        _counts("grid_index", mac_random=done["grid_index"]),
        _counts("interpol_weights", mac_random=done["interpol_weights"]),
    ]
    row_bytes = point.arch.nfp.mlp.cols * OPERAND_BYTES
    query_bytes = done["feature_buffer_write_bytes"] // result.queries
    local = [
        _counts(
            "feature_buffer",
            write=done["feature_buffer_write_bytes"] // query_bytes,
            read=done["feature_buffer_read_bytes"] // query_bytes,
        ),
        _counts("output_fifo", push=result.queries, pop=result.queries),
        _counts("weights", read=-(-done["weight_bytes"] // row_bytes)),
        _counts("activations", read=-(-done["activation_bytes"] // row_bytes)),
        _counts("mac", mac_random=done["mlp_mac"], mac_reused=done["mlp_mac_padded"], mac_gated=done["mlp_mac_idle"]),
    ]
    tree = {
        "name": CLUSTER,
        "local": [_counts("l2_port", transfer=done["l2_bytes"]), _counts("dram", read=done["dram_bytes"])],
        "subtree": [{"name": NFP, "local": local, "subtree": [{"name": "encoding_engine", "local": engine}]}],
    }
    return {"action_counts": {"version": VERSION, "subtree": [tree]}}


def _counts(name: str, **counts: int) -> dict[str, Any]:
    return {"name": name, "action_counts": [{"name": action, "counts": number} for action, number in counts.items()]}
