"""What a result column or a configuration key means, and where its value comes from."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

from ngpc_sim.architecture.arch import all_keys, arch_names, load_arch
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import nearest
from ngpc_sim.results.columns import COLUMNS, Column
from ngpc_sim.sampling import ESTIMATED

PATH_COLUMN = Column("path", "ms", "adds up to frame_ms", "part of the critical path")
ENERGY_COLUMN = Column("energy", "mJ", "adds up to energy_mj", "part of the energy of a frame")
AREA_COLUMN = Column("area", "mm2", "adds up to the model's area", "part of the area of the NGPC")
PARTS = {
    "path_": {
        "submit": "submission of the command buffers",
        "latency": "launches and L2 latency between dispatches",
        "gpu_rest": "rest of kernels on the GPU",
        "ngpc": "commands on the NGPC",
    },
    "energy_": {
        "encoding": "positions, indices and interpolation",
        "grid_sram": "table reads",
        "buffers": "feature buffer and output FIFO",
        "mlp": "multiply-accumulates, weights and activations",
        "idle": "MAC slots that are clocked without work, with power.gating none",
        "leakage": "SRAM and logic of all NFPs, for as long as the frame lasts",
        "memory": "L2 and DRAM traffic of inputs and outputs",
        "gpu": "the GPU running the rest of kernels, at board power",
        "gpu_idle": "the GPU waiting, at idle power",
    },
    "area_": {
        f"{model}_{block}": f"{words}, {where}"
        for model, where in {"stillmaker": "by uniform scaling", "bitcell": "with buildable SRAM"}.items()
        for block, words in {
            "grid_sram": "table memories",
            "mlp": "multiply-accumulate units",
            "encoding": "encoding datapaths",
            "buffers": "feature buffers, output FIFOs and weights",
        }.items()
    },
}


def explain(name: str) -> str:
    """Text about a result column or a dotted configuration key.

    Raises
    ------
    UserError
        For a name that is neither, with the nearest one that is.
    """
    column = COLUMNS.get(name) or _part(name)
    facts: list[tuple[str, str]] = []
    if column is not None:
        facts += [("meaning", column.meaning), ("unit", column.unit), ("formula", column.formula)]
    if name in all_keys():
        facts += _key_facts(name).items()
    if not facts:
        known = [*COLUMNS, *all_keys()]
        raise UserError(f"unknown column or key '{name}'; the nearest known is '{nearest(name, known)}'.")
    width = max(len(label) for label, _ in facts) + 2
    lines = [name, *(f"  {label + ':':<{width}}{value}" for label, value in facts if value != "")]
    return "\n".join(lines) + "\n"


def _part(name: str) -> Column | None:
    """Column of an interval, or of a part of critical path, energy or area: ci_low_fps, path_gpu_rest_ms."""
    for end in ("low", "high"):
        own = COLUMNS.get(name.removeprefix(f"ci_{end}_"))
        if own is not None and name == f"ci_{end}_{own.name}" and own.name in ESTIMATED:
            return Column(name, own.unit, "t interval", f"{end} end of the 95 % interval of {own.name}, if sampled")
    for prefix, suffix, column in (
        ("path_", "_ms", PATH_COLUMN),
        ("energy_", "_mj", ENERGY_COLUMN),
        ("area_", "_mm2", AREA_COLUMN),
    ):
        part = name.removeprefix(prefix).removesuffix(suffix)
        if name == f"{prefix}{part}{suffix}" and part in PARTS[prefix]:
            return replace(column, name=name, meaning=f"{column.meaning}: {PARTS[prefix][part]}")
    return None


def _key_facts(dotted: str) -> dict[str, Any]:
    model: Any = ArchFile
    *parents, last = dotted.split(".")
    for key in parents:
        model = model.model_fields[key].annotation
    facts: dict[str, Any] = {"meaning": model.model_fields[last].description}
    prefixes = [dotted, *(".".join(parents[:count]) for count in range(len(parents), 0, -1))]
    for arch in arch_names():
        file = load_arch(arch).file
        value = reduce(getattr, dotted.split("."), file)
        source = next((file.sources[key] for key in prefixes if key in file.sources), "")
        facts[arch] = f"{value} ({source})" if source else f"{value}"
    return facts
