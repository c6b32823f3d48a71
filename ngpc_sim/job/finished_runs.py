"""The folder of a finished run, read again: its manifest and its rows, which may be a stranger's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import is_file, is_folder
from ngpc_sim.trace.inputs.json_objects import read_object

#: bytes of a result file and values in it, of 100,000 design points with room to spare (assumed)
MAX_BYTES, MAX_VALUES = 1 << 30, 40_000_000
#: largest number of a cell: differences and ratios of such numbers are finite
LARGEST = 1e150
MANIFEST, RESULTS = "manifest.json", "results.json"

Row = dict[str, Any]


@dataclass(frozen=True)
class FinishedRun:
    """A folder with its manifest and its rows."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[Row]


def read_run(folder: Path) -> FinishedRun:
    """Manifest and rows of a folder of results.

    Raises
    ------
    UserError
        Where the folder holds no results, or a file in it is not what it should be.
    """
    manifest = read_manifest(folder)
    rows = _object(folder, RESULTS).get("rows")
    if not isinstance(rows, list) or not rows or not all(map(_is_row, rows)):
        raise UserError(f"{folder / RESULTS} has no rows of cells: it is damaged, or no results of a run.")
    return FinishedRun(folder, manifest, rows)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a folder of results; the same errors."""
    if not is_folder(folder):
        raise UserError(f"{folder} is not a folder: name one that a run has written.")
    if not is_file(folder / MANIFEST):
        raise UserError(f"{folder} has no {MANIFEST}: name a folder that a run has written to its end.")
    manifest = _object(folder, MANIFEST)
    if manifest.get("tool") != "ngpc-sim":
        raise UserError(f"{folder / MANIFEST} is not the manifest of a run of ngpc-sim.")
    return manifest


def _object(folder: Path, name: str) -> dict[str, Any]:
    return read_object(folder / name, "result file", MAX_BYTES, MAX_VALUES).values


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and all(map(_is_cell, row.values()))


def _is_cell(cell: object) -> bool:
    if isinstance(cell, int | float):
        return abs(cell) <= LARGEST
    return cell is None or isinstance(cell, str)
