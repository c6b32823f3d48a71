"""Columns of a result's row: name, unit, formula and meaning of each, in the order in which they stand.

The table is ``columns.csv`` beside this module. There ``stall_*`` stands for one column a cause of a stall, ``gap_*``
and ``gpu_gap_*`` for one column a target. ``stable`` marks the columns with which every table begins. ``interval``
numbers the columns that have an interval in a sampled row. ``whole`` marks the columns that a part of a frame leaves
empty.

``file_columns.csv`` has the columns of the other files of a run that are no columns of a result's row, or mean
something else there.

A formula is text. One that is arithmetic over columns computes its column: ``x`` multiplies, ``sum of NAME_*`` adds up
the columns of these names, ``sum of NAME`` a column of ``levels.csv``. A dotted key is a value of the configuration,
and ``pixels``, ``input_bytes`` and ``output_bytes`` are those of the frame and the workload.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ngpc_sim.results.stall_causes import STALL_CAUSES
from ngpc_sim.workloads.frame_sizes import TARGETS, Target

#: area models by what the columns call them
AREA_MODELS = {"stillmaker": "stillmaker_uniform", "bitcell": "n7_bitcell", "product": "n7_product"}


@dataclass(frozen=True)
class Column:
    """Meaning of a result column."""

    name: str
    unit: str
    formula: str
    meaning: str
    whole: bool = False


def _columns_of(cells: Mapping[str, str]) -> Iterator[Column]:
    """The columns that a row of the table stands for."""
    name, unit, formula, meaning = (cells[key] for key in ("name", "unit", "formula", "meaning"))
    whole = bool(cells.get("whole"))
    if name == "stall_*":
        for cause in STALL_CAUSES:
            own = f"stall_{cause.name}"
            yield Column(own, unit, formula.replace(name, own), cause.meaning)
    elif name.endswith("gap_*"):
        for key, target in TARGETS.items():
            yield Column(name.replace("*", key), unit, _against(target, formula), f"{meaning} {target.words}", whole)
    else:
        yield Column(name, unit, _against(TARGETS["4k60"], formula), meaning, whole)


def _against(target: Target, formula: str) -> str:
    """A formula with the numbers of a target in it."""
    return formula.replace("TARGET_PIXELS", str(target.pixels)).replace("TARGET_FPS", str(target.fps))


def _read(name: str) -> tuple[dict[str, str], ...]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def _of_file(table: Iterable[Mapping[str, str]], file: str) -> Mapping[str, Column]:
    return {column.name: column for cells in table if cells["file"] == file for column in _columns_of(cells)}


_TABLE, _FILES = _read("columns.csv"), _read("file_columns.csv")
#: all columns of a row but ends of intervals and overridden values, in order
COLUMNS: Mapping[str, Column] = {column.name: column for cells in _TABLE for column in _columns_of(cells)}
#: columns of the other files of a run, by file
FILE_COLUMNS: Mapping[str, Mapping[str, Column]] = {
    file: _of_file(_FILES, file) for file in dict.fromkeys(cells["file"] for cells in _FILES)
}
#: columns that a part of a frame leaves empty
WHOLE = tuple(name for name, column in COLUMNS.items() if column.whole)
#: columns that every table begins with, in order; ``stall_*`` stands for one column a cause
STABLE = tuple(cells["name"] for cells in _TABLE if cells["stable"])
#: columns that get an interval: times, rates and energies of the frame
ESTIMATED = tuple(
    cells["name"] for cells in sorted(_TABLE, key=lambda cells: int(cells["interval"] or 0)) if cells["interval"]
)
