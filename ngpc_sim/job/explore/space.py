"""The space of a search: keys of the architecture and their values, read from a YAML file.

A value is a list, a single value, or a range as text: ``8..64`` doubles, ``0.8..1.5:0.1`` steps. A design is one value
for each key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import check_key
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.config.yaml_files import load_yaml
from ngpc_sim.job.options import parse_range

#: values of one key (assumed)
MAX_VALUES = 10_000
Array = np.ndarray[Any, Any]
#: positions of the values of a design, one a key
Design = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """Values by dotted key; ``values`` of a design are those at its positions."""

    choices: Mapping[str, Sequence[Any]]

    @property
    def size(self) -> int:
        """Number of designs."""
        return math.prod(map(len, self.choices.values()))

    def designs(self) -> Iterator[Design]:
        """Every design; the last key changes first."""
        for index in np.ndindex(*self._shape):
            yield tuple(int(position) for position in index)

    def values(self, design: Design) -> dict[str, Any]:
        """Values of a design by dotted key."""
        pairs = zip(self.choices.items(), design, strict=True)
        return {key: values[position] for (key, values), position in pairs}

    def places(self, designs: Sequence[Design]) -> Array:
        """Positions of designs as shares of the way from the first to the last value: (designs, keys), 0 to 1."""
        positions = np.array(designs, float).reshape(len(designs), len(self._shape))
        shares: Array = positions / self._steps
        return shares

    @property
    def _shape(self) -> tuple[int, ...]:
        return tuple(map(len, self.choices.values()))

    @cached_property
    def _steps(self) -> Array:
        return np.array([max(1, len(values) - 1) for values in self.choices.values()], float)


def read_space(path: Path) -> Space:
    """Space of a YAML file.

    Raises
    ------
    UserError
        With file and line, for an unknown key, a range that is none, or a key without a value.
    """
    tree, origins = load_yaml(path)
    choices = {key: _values(value, f"{origins.get(key, path.name)}: {key}") for key, value in dotted_leaves(tree)}
    for key in choices:
        try:
            check_key(key)
        except UserError as error:
            raise UserError(f"{origins.get(key, path.name)}: {error}") from error
    if not choices:
        raise UserError(f"{path.name}: the space is empty: give values by key, for instance scale: 8..64.")
    return Space(choices)


def _values(given: object, where: str) -> list[Any]:
    parts = given if isinstance(given, list) else [given]
    values: list[Any] = []
    for part in parts:
        if isinstance(part, dict | list):
            raise UserError(f"{where}: a value in a list is a number or a word.")
        values += parse_range(part, f"{where} = ") if isinstance(part, str) and ".." in part else [part]
    if not values:
        raise UserError(f"{where} has no values: write a list, or a range as 8..64.")
    if len(values) > MAX_VALUES:
        raise UserError(f"{where} has {len(values)} values, more than {MAX_VALUES}: widen its step.")
    return list({repr(value): value for value in values}.values())
