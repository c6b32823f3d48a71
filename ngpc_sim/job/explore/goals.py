"""What is wanted of a design: columns to make large or small, and limits of columns."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from ngpc_sim.config.errors import UserError
from ngpc_sim.job.options import check_column

MAX_OBJECTIVES = 4
LIMIT = re.compile(r"\s*([\w.]+)\s*(<=|>=)\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*")
#: columns of a bound that are those of the replay, for they follow from the architecture alone
EXACT = ("scale", "area_mm2", "area_stillmaker_mm2", "area_bitcell_mm2", "area_product_mm2", "area_pct_gpu")
#: columns that no replay beats: of a bound they are at most (1), or at least (-1), those of the replay
OPTIMISTIC = {"frame_ms": 1, "fps": -1, "speedup": -1}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Objective:
    """A column; ``sign`` is 1 where less of it is better, -1 where more is."""

    column: str
    sign: int

    @property
    def name(self) -> str:
        """The objective as it is typed."""
        return f"{self.column}:{'min' if self.sign > 0 else 'max'}"

    def cost(self, row: Row) -> float:
        """Value of a row to be minimized; infinite where the row has none."""
        value = row.get(self.column)
        return self.sign * float(value) if is_number(value) else math.inf


@dataclass(frozen=True)
class Limit:
    """``column <= most`` (sign 1) or ``column >= least`` (sign -1)."""

    column: str
    sign: int
    number: float

    @property
    def text(self) -> str:
        """The limit as it is typed."""
        return f"{self.column} {'<=' if self.sign > 0 else '>='} {self.number:g}"

    def excess(self, row: Row) -> float:
        """How far a row is beyond the limit, 0 or less within; infinite where the row has no value."""
        value = row.get(self.column)
        return self.sign * (float(value) - self.number) if is_number(value) else math.inf


def is_number(value: object) -> TypeGuard[float]:
    """Whether a cell is a finite number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_proven(column: str, sign: int) -> bool:
    """Whether the bound of a column, to be small (1) or large (-1), is at least as good as every replay."""
    return column in EXACT or OPTIMISTIC.get(column) == sign


def parse_objectives(words: Sequence[str]) -> list[Objective]:
    """``fps:max`` and the like, 1 to 4 of them."""
    found: dict[str, Objective] = {}
    for word in words:
        column, _, way = word.partition(":")
        if way not in {"min", "max"}:
            raise UserError(f"--objective {word} is not COLUMN:min or COLUMN:max, for instance fps:max.")
        check_column(column, "--objective")
        if column in found:
            raise UserError(f"--objective gives '{column}' twice.")
        found[column] = Objective(column, 1 if way == "min" else -1)
    if not 1 <= len(found) <= MAX_OBJECTIVES:
        raise UserError(f"explore takes 1 to {MAX_OBJECTIVES} objectives, for instance --objective fps:max.")
    return list(found.values())


def parse_limits(words: Iterable[str]) -> list[Limit]:
    """``area_mm2 <= 40`` and the like."""
    limits = []
    for word in words:
        match = LIMIT.fullmatch(word)
        if match is None:
            raise UserError(f"--constraint '{word}' is not COLUMN <= NUMBER or COLUMN >= NUMBER.")
        check_column(match[1], "--constraint")
        limits.append(Limit(match[1], 1 if match[2] == "<=" else -1, float(match[3])))
    return limits
