"""What a result column or a configuration key means, and where its value comes from."""

from __future__ import annotations

from functools import reduce
from typing import Any

from ngpc_sim.architecture.arch import all_keys, arch_names, gpu_numbers, load_arch
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import nearest
from ngpc_sim.results.columns import COLUMNS, ESTIMATED, FILE_COLUMNS, Column


def explain(name: str) -> str:
    """Text about a result column or a dotted configuration key.

    Raises
    ------
    UserError
        For a name that is neither, with the nearest one that is.
    """
    column = COLUMNS.get(name) or _end_of_interval(name)
    facts: list[tuple[str, str]] = [] if column is None else _column_facts(column)
    for file, columns in FILE_COLUMNS.items():
        if name in columns:
            facts += [(f"{file}, {label}", value) for label, value in _column_facts(columns[name])]
    if name in all_keys():
        facts += _key_facts(name).items()
    if name.startswith(OF_GPU):
        facts += gpu_numbers(name.removeprefix(OF_GPU)).items()
    if not facts:
        known = [*COLUMNS, *(name for columns in FILE_COLUMNS.values() for name in columns), *all_keys()]
        raise UserError(f"unknown column or key '{name}'; the nearest known is '{nearest(name, known)}'.")
    width = max(len(label) for label, _ in facts) + 2
    lines = [name, *(f"  {label + ':':<{width}}{value}" for label, value in facts if value != "")]
    return "\n".join(lines) + "\n"


def _column_facts(column: Column) -> list[tuple[str, str]]:
    """What is known of a column, by label."""
    facts = [("meaning", column.meaning), ("unit", column.unit), ("formula", column.formula)]
    return [*facts, ("empty", "for a part of a frame, with --limit-queries")] if column.whole else facts


def _end_of_interval(name: str) -> Column | None:
    """Column of an end of an interval, such as ``ci_low_fps``."""
    for end in ("low", "high"):
        of = name.removeprefix(f"ci_{end}_")
        if of != name and of in ESTIMATED:
            return Column(name, COLUMNS[of].unit, "t interval", f"{end} end of the 95 % interval of {of}, if sampled")
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
