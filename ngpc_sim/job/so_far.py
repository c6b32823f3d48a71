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


@dataclass(frozen=True)
class SoFar:
    """Rows of the points of a sweep that are finished, in the order of the points."""

    rows: list[dict[str, Any]]
    points: int
    failed: int

    def sentence(self) -> str:
        """How far the sweep is."""
        return f"{len(self.rows):,} of {self.points:,} points are finished, {self.failed:,} failed."


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


def write_so_far(folder: Path) -> tuple[Path, SoFar]:
    """Write the table of what is finished into the folder of the sweep."""
    found = read_so_far(folder)
    columns = ordered_columns(found.rows)
    lines = csv_lines([columns, *([row.get(column) for column in columns] for row in found.rows)])
    (path,) = write_set(folder, {FILE: lines.encode()})
    return path, found
