"""Which design points a sweep's constraints allow: keys prune before a run, columns mark rows after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ngpc_sim.architecture.arch import Arch, all_keys, check_key
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Sourced, dotted_leaves, known_keys, nearest
from ngpc_sim.job.constraints import EmptyValueError, Node, holds, parse
from ngpc_sim.results.columned_rows import ColumnedRows
from ngpc_sim.results.columns import COLUMNS, ESTIMATED

Row = Mapping[str, Any]
#: names that a row can have as columns
KNOWN_COLUMNS = frozenset([*COLUMNS, *(f"ci_{end}_{name}" for end in ("low", "high") for name in ESTIMATED)])

#: keys that may be set to a file, whose name an architecture then has
NAMED = ("gpu", "technology")


@dataclass(frozen=True)
class Constraint:
    """A constraint as written, where it stands, its tree and the names in it: keys, and columns of a row."""

    text: str
    where: str
    node: Node
    keys: tuple[str, ...]
    columns: tuple[str, ...]

    def allows(self, values: Mapping[str, object]) -> bool:
        """Whether it is met; not where a value that decides is empty."""
        try:
            return holds(self.node, values)
        except EmptyValueError:
            return False
        except UserError as error:
            raise UserError(f"{self}: {error}.") from error

    def values(self, arch: Arch) -> dict[str, object]:
        """What an architecture has under its keys."""
        try:
            return {key: value_of_key(arch, key) for key in self.keys}
        except UserError as error:
            raise UserError(f"{self}: {error}") from error

    def __str__(self) -> str:
        return f"{self.where}constraint '{self.text}'"


def constraint(text: str, place: str = "") -> Constraint:
    """A constraint that was written at ``place``.

    Raises
    ------
    UserError
        When it cannot be read, or for a name that is neither a key of an architecture nor a column.
    """
    where = f"{place}: " if place else ""
    try:
        node, names = parse(text)
    except UserError as error:
        shown = text if len(text) <= 80 else f"{text[:80]}..."
        raise UserError(f"{where}constraint '{shown}' {error}.") from error
    keys = [name for name in names if is_key(name, f"{where}constraint '{text}': ")]
    return Constraint(text, where, node, tuple(keys), tuple(name for name in names if name not in keys))


def is_key(name: str, where: str) -> bool:
    """Whether a name is a key of an architecture; else it is a column, or refused."""
    try:
        check_key(name)
    except UserError as error:
        if "." in name:
            raise UserError(f"{where}{error}") from error
        if name not in KNOWN_COLUMNS:
            best = nearest(name, [*COLUMNS, *all_keys()])
            raise UserError(f"{where}unknown name '{name}'; the nearest key or column is '{best}'.") from error
        return False
    return True


def value_of_key(arch: Arch, key: str) -> object:
    """What a resolved architecture has under a dotted key; of a number with its source the number."""
    if key in {"gpu", "scale"}:
        return arch.gpu.name if key == "gpu" else arch.scale
    value: Any = arch.gpu if key.startswith(OF_GPU) else arch.file
    for part in key.removeprefix(OF_GPU).split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif hasattr(type(value), "model_fields") and part in type(value).model_fields:
            value = getattr(value, part)
        else:
            raise UserError(f"architecture {arch.name} has no key '{key}'; the nearest is '{_nearest_key(arch, key)}'.")
    if hasattr(value, "model_dump") and not isinstance(value, Sourced):  # a whole section
        return value.model_dump(mode="json")
    return value.value if isinstance(value, Sourced) else value


def _nearest_key(arch: Arch, key: str) -> str:
    own = [name for name, _ in dotted_leaves(arch.file.model_dump())]
    of_gpu = [f"{OF_GPU}{name}" for name in known_keys(type(arch.gpu))]
    return nearest(key, of_gpu if key.startswith(OF_GPU) else own)


def allowed(arch: Arch, constraints: Iterable[Constraint]) -> bool:
    """Whether an architecture meets all constraints that are over keys alone."""
    return all(rule.allows(rule.values(arch)) for rule in constraints if not rule.columns)


def may_be_allowed(values: Mapping[str, object], constraints: Iterable[Constraint]) -> bool:
    """False where constraints over values that are set forbid them, whatever the architecture has beside them."""
    known = values.keys() - NAMED
    return all(rule.allows(values) for rule in constraints if not rule.columns and known >= set(rule.keys))


def marked(
    rows: Sequence[Row], archs: Iterable[Arch], constraints: Sequence[Constraint]
) -> tuple[Sequence[Row], list[str]]:
    """Rows with ``feasible`` and ``infeasible_by``, where constraints over columns are given, and how many break which.

    The second part is sentences, one a constraint that a row breaks.
    """
    after = [rule for rule in constraints if rule.columns]
    if not after:
        return rows, []
    found = ColumnedRows()
    counts: Counter[str] = Counter()
    by_hash = {arch.sha256: arch for arch in archs}
    for row in rows:
        arch = by_hash[row["arch_sha256"]]
        broken = [
            rule.text
            for rule in after
            if not rule.allows(rule.values(arch) | {name: row.get(name) for name in rule.columns})
        ]
        found.add({**row, "feasible": not broken, "infeasible_by": "; ".join(broken)})
        counts.update(broken)
    return found, [f"{count} of {len(rows)} rows break the constraint {rule}." for rule, count in counts.items()]
