"""Words for names: what a result column or a configuration key means, and where its value comes from."""

from __future__ import annotations

from typing import Any

from ngpc_sim.arch import ArchFile, all_keys, arch_names, load_arch
from ngpc_sim.errors import UserError
from ngpc_sim.result import COLUMNS
from ngpc_sim.schema import nearest


def explain(name: str) -> str:
    """Text about a result column or a dotted configuration key.

    Raises
    ------
    UserError
        For a name that is neither, with the nearest one that is.
    """
    if name in COLUMNS:
        column = COLUMNS[name]
        facts = {"meaning": column.meaning, "unit": column.unit, "formula": column.formula}
    elif name in all_keys():
        facts = _key_facts(name)
    else:
        known = [*COLUMNS, *all_keys()]
        raise UserError(f"unknown column or key '{name}'; the nearest known is '{nearest(name, known)}'.")
    lines = [name, *(f"  {label + ':':<10}{value}" for label, value in facts.items() if value != "")]
    return "\n".join(lines) + "\n"


def _key_facts(dotted: str) -> dict[str, Any]:
    model: Any = ArchFile
    *parents, last = dotted.split(".")
    for key in parents:
        model = model.model_fields[key].annotation
    facts: dict[str, Any] = {"meaning": model.model_fields[last].description}
    for arch in arch_names():
        loaded = load_arch(arch)
        value: Any = loaded.file
        for key in dotted.split("."):
            value = getattr(value, key)
        sources = loaded.file.sources
        parts = dotted.split(".")
        source = next((sources[k] for n in range(len(parts), 0, -1) if (k := ".".join(parts[:n])) in sources), "")
        facts[arch] = f"{value} ({source})" if source else f"{value}"
    return facts
