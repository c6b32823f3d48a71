"""Columns of a result's row: name, unit, formula and meaning of each, in the order in which they stand.

The table is ``columns.csv`` beside this module. There ``stall_*`` stands for one column a cause of a stall, ``gap_*``
and ``gpu_gap_*`` for one column a target. ``stable`` marks the columns with which every table begins. ``interval``
numbers the columns that have an interval in a sampled row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ngpc_sim.results.stall_causes import STALL_CAUSES
from ngpc_sim.workloads.frame_sizes import TARGETS

#: area models by what the columns call them
AREA_MODELS = {"stillmaker": "stillmaker_uniform", "bitcell": "n7_bitcell"}


@dataclass(frozen=True)
class Column:
    """Meaning of a result column."""

    name: str
    unit: str
    formula: str
    meaning: str


def _columns_of(cells: Mapping[str, str]) -> Iterator[Column]:
    """The columns that a row of the table stands for."""
    name, unit, formula, meaning = (cells[key] for key in ("name", "unit", "formula", "meaning"))
    if name == "stall_*":
        yield from (Column(f"stall_{cause.name}", unit, formula, cause.meaning) for cause in STALL_CAUSES)
    elif name.endswith("gap_*"):
        for key, target in TARGETS.items():
            yield Column(name.replace("*", key), unit, formula, f"{meaning} {target.words}")
    else:
        yield Column(name, unit, formula, meaning)


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _stream:
    _TABLE = tuple(csv.DictReader(_stream))
#: all columns of a row but ends of intervals and overridden values, in order
COLUMNS: Mapping[str, Column] = {column.name: column for cells in _TABLE for column in _columns_of(cells)}
#: columns that every table begins with, in order; ``stall_*`` stands for one column a cause
STABLE = tuple(cells["name"] for cells in _TABLE if cells["stable"])
#: columns that get an interval: times, rates and energies of the frame
ESTIMATED = tuple(
    cells["name"] for cells in sorted(_TABLE, key=lambda cells: int(cells["interval"] or 0)) if cells["interval"]
)
