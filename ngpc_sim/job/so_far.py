"""What a sweep has finished so far, from its store: for a look at one that is still running, or was killed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.files import csv_lines, ordered_columns
from ngpc_sim.report.folder import write_set
from ngpc_sim.results.names import told_apart
from ngpc_sim.simulation.store import BESIDE, NAME, PointStore

#: table of what is finished; a run that ends deletes it, for its own tables have everything
FILE = "points.csv"


#: tables of a search, whose store has designs and no rows of a run
OF_SEARCH = ("trials.csv", "sensitivity.csv", "sobol.csv")


@dataclass(frozen=True)
class SoFar:
    """Rows of the points of a sweep that are finished, in the order of the points."""

    rows: list[dict[str, Any]]
    points: int
    failed: int

    @property
    def is_running(self) -> bool:
        """Whether points of the command that was started last are still to come."""
        return len(self.rows) + self.failed < self.points

    def sentence(self) -> str:
        """How far the sweep is."""
        return f"{len(self.rows):,} of {self.points:,} points are finished, {self.failed:,} failed."


def sweep_so_far(folder: Path) -> SoFar | None:
    """What :func:`read_so_far` gives, where a sweep was asked: ``None`` of a search or one run. The same errors."""
    if not (folder / NAME).is_file() or any((folder / name).is_file() for name in OF_SEARCH):
        return None
    found = read_so_far(folder)
    return found if found.points else None


def unfinished(folder: Path) -> str:
    """How far a sweep is that was started into a folder and has not ended; nothing where there is none."""
    try:
        found = sweep_so_far(folder)
    except UserError:
        return ""
    return "" if found is None or not found.is_running else found.sentence()


def read_so_far(folder: Path) -> SoFar:
    """What the store in a folder of results has of the sweep that was asked last.

    Raises
    ------
    UserError
        When there is no store, or it cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        raise UserError(f"{folder} has no {NAME}: only runs of several points leave one.")
    with PointStore.open(path) as store:
        asked = store.asked()
        keys = [key for key, _ in asked]
        results, failures = store.finished(keys), store.failed(keys)
    finished = [(key, labels) for key, labels in asked if key in results]
    named = [
        replace(results[key], **{name: value for name, value in labels.items() if name != BESIDE})
        for key, labels in finished
    ]
    rows = [
        result.row() | labels.get(BESIDE, {}) for result, (_, labels) in zip(told_apart(named), finished, strict=True)
    ]
    return SoFar(rows, len(asked), sum(key in failures for key in keys))


def write_so_far(folder: Path) -> tuple[Path, SoFar] | None:
    """Write the table of what a sweep has finished into its folder; nothing where there is nothing to write."""
    found = sweep_so_far(folder)
    if found is None or not found.rows:
        return None
    columns = ordered_columns(found.rows)
    lines = csv_lines([columns, *([row.get(column) for column in columns] for row in found.rows)])
    (path,) = write_set(folder, {FILE: lines.encode()})
    return path, found
