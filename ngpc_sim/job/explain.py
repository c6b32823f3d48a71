"""What a result column or a configuration key means, and where its value comes from."""

from __future__ import annotations

from functools import reduce
from typing import Any, get_origin

from ngpc_sim.architecture.arch import all_keys, arch_names, gpu_numbers, load_arch
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.architecture.gpu import GpuDram, GpuSpec
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import nearest
from ngpc_sim.results.columns import COLUMNS, ESTIMATED, FILE_COLUMNS, Column

#: names that an error lists, and letters of a word that it repeats
MAX_NAMED, MAX_SHOWN = 8, 80


def explain(name: str) -> str:
    """Text about a result column or a dotted configuration key.

    Raises
    ------
    UserError
        For a name that is neither, with the nearest one that is.
    """
    name = _as_known(name.strip())
    column = COLUMNS.get(name) or _end_of_interval(name)
    facts: list[tuple[str, str]] = [] if column is None else _column_facts(column)
    for file, columns in FILE_COLUMNS.items():
        if name in columns:
            facts += [(f"{file}, {label}", value) for label, value in _column_facts(columns[name])]
    if key := _key_with(name):
        facts += _key_facts(key).items()
    if name.startswith(OF_GPU):
        facts += gpu_numbers(name.removeprefix(OF_GPU)).items()
    if not facts:
        raise UserError(_unknown(name))
    width = max(len(label) for label, _ in facts) + 2
    lines = [name, *(f"  {label + ':':<{width}}{value}" for label, value in facts if value != "")]
    return "\n".join(lines) + "\n"


def known() -> list[str]:
    """All that can be explained: columns of every file, keys of an architecture, keys of a GPU's file."""
    names = [*COLUMNS, *(name for columns in FILE_COLUMNS.values() for name in columns), *all_keys(), *gpu_keys()]
    return list(dict.fromkeys(names))


def gpu_keys() -> list[str]:
    """Every number of a GPU's file that stands at its top or in ``dram``, as ``--set`` names it."""
    top = [name for name in GpuSpec.model_fields if name not in {"name", "apps", "encodings", "dram"}]
    return [f"{OF_GPU}{name}" for name in (*top, *(f"dram.{name}" for name in GpuDram.model_fields))]


def _as_known(name: str) -> str:
    """A name as it is known, where it was typed in other letters."""
    return next((one for one in known() if one.lower() == name.lower()), name)


def _key_with(name: str) -> str:
    """The key itself, or the one whose mapping has it, as ``calibration.rest_share`` has one entry an app; else ''."""
    parent, dot, entry = name.rpartition(".")
    if name in all_keys():
        return name
    is_entry = entry and parent in all_keys() and get_origin(_field(parent).annotation) is dict
    return parent if dot and is_entry else ""


def _unknown(name: str) -> str:
    """What an error says of a name that is neither: what begins with it, else what has it inside, else what is near."""
    below = [key for key in known() if key.startswith(f"{name}.")]
    if below:
        return f"'{name}' holds several keys: explain one of {', '.join(below)}."
    inside = [one for one in known() if name.lower() in one.lower()][:MAX_NAMED]
    found = ", ".join(inside) if name and inside else f"'{nearest(name, known())}'"
    return f"unknown column or key '{name[:MAX_SHOWN]}'; the nearest known is {found}."


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


def _field(dotted: str) -> Any:  # noqa: ANN401 - a field of pydantic
    model: Any = ArchFile
    *parents, last = dotted.split(".")
    for key in parents:
        model = model.model_fields[key].annotation
    return model.model_fields[last]


def _key_facts(dotted: str) -> dict[str, Any]:
    parents = dotted.split(".")[:-1]
    facts: dict[str, Any] = {"meaning": _field(dotted).description}
    prefixes = [dotted, *(".".join(parents[:count]) for count in range(len(parents), 0, -1))]
    for arch in arch_names():
        file = load_arch(arch).file
        value = reduce(getattr, dotted.split("."), file)
        source = next((file.sources[key] for key in prefixes if key in file.sources), "")
        facts[arch] = f"{value} ({source})" if source else f"{value}"
    return facts
