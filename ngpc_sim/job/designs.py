"""Overrides of design points: every combination of swept values, with every named design."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.job.feasible import Constraint, value_of_key
from ngpc_sim.job.options import combinations
from ngpc_sim.simulation.design import Options

Designs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sweep:
    """What a sweep file asks for beyond the options of the main job, and where every key stands in it."""

    path: Path
    designs: Designs
    constraints: Sequence[Constraint]
    origins: Mapping[str, str]

    @contextmanager
    def located(self) -> Iterator[None]:
        """Say where in the file a mistake is: the line of a key's value, else the file."""
        try:
            yield
        except UserError as error:
            sentence = str(error)
            if sentence.startswith(self.path.name):
                raise
            _, override, rest = sentence.partition("override: ")
            ends = (origin for key, origin in self.origins.items() if key.endswith(f".{rest.split(' ')[0]}"))
            place = next(ends, self.path.name)
            raise UserError(f"{place}: {rest if override else sentence}") from error


@dataclass(frozen=True)
class Combination:
    """Values by dotted key, and the design that some of them are of, with the keys of all designs."""

    values: Mapping[str, Any]
    design: str | None = None
    keys: tuple[str, ...] = ()

    def shown(self, arch: Arch) -> dict[str, Any]:
        """What a row has of it: the design's name, and a value for every key of any design."""
        if self.design is None:
            return dict(self.values)
        own = {key: self.values[key] if key in self.values else value_of_key(arch, key) for key in self.keys}
        return {"design": self.design} | own | dict(self.values)


def combinations_count(choices: Mapping[str, Sequence[Any]], designs: Designs) -> int:
    """Number of combinations, which are not built."""
    return math.prod(map(len, choices.values())) * max(1, len(designs))


def all_combinations(choices: Mapping[str, Sequence[Any]], designs: Designs) -> list[Combination]:
    """Every combination of ``choices`` by key, with every design where there are any.

    Raises
    ------
    UserError
        When a design and the choices give one key.
    """
    grid = combinations(choices)
    keys = tuple(dict.fromkeys(key for values in designs.values() for key in values))
    twice = [key for key in keys if key in choices]
    if twice:
        raise UserError(f"'{twice[0]}' is in a design and in the grid: give it in one of them.")
    if not designs:
        return [Combination(values) for values in grid]
    return [Combination({**own, **values}, design, keys) for design, own in designs.items() for values in grid]


class OwnOptions:
    """Options of points, one for all that are simulated alike."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._made: dict[str, Options] = {}

    def __call__(self, resolution: str, overrides: dict[str, Any]) -> Options:
        """Options at a resolution of an architecture with these values."""
        key = repr((resolution, overrides))
        if key not in self._made:
            self._made[key] = replace(self._options, resolution=resolution, overrides=overrides)
        return self._made[key]
