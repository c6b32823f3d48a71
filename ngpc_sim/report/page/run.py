"""What a page shows of one folder, and how the tables in a folder are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.page.axes import Sweep
from ngpc_sim.report.panels import Row
from ngpc_sim.results.frames import of_design_points

#: tables of a folder that the page reads, beside its rows: what searches, sensitivity, validation and ladder leave
TABLES = (
    *("pareto.csv", "trials.csv", "sensitivity.csv", "sobol.csv", "validation.csv", "ladder.csv", "budgets.csv"),
    "timeline-blockers.csv",
)
#: table of levels, in either format
LEVELS = ("levels.csv", "levels.parquet")
#: columns by which levels are added up, and what is added up
LEVEL_KEYS, LEVEL_COUNTS = ("app", "encoding", "grid_sram_kib", "level"), ("lines", "misses", "far")


@dataclass(frozen=True)
class Run:
    """What a folder holds.

    ``rows`` are those of its results, none where it has no results. ``tables`` are its other tables by file name, and
    ``levels`` counts of lines by ``LEVEL_KEYS``. ``configurations`` are whole ones by hash. ``sentences`` say what is
    known of the folder itself, such as how much of a sweep is finished. ``notes`` have ``topic``, ``about``, ``text``,
    ``figures`` and ``source``. ``out`` is the folder as it was named.
    """

    name: str
    rows: Sequence[Row] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)
    configurations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    levels: Sequence[Row] = ()
    notes: Sequence[Mapping[str, Any]] = ()
    sentences: Sequence[str] = ()
    out: str = ""

    @cached_property
    def points(self) -> Sweep:
        """Rows of its design points, of a sequence the mean frame."""
        return Sweep(of_design_points(self.rows))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.rows and not any(self.tables.values())

    def at(self, row: Row, key: str) -> object:
        """Value of a key of the configuration that a row ran under, ``None`` where it is not known."""
        value: object = self.configurations.get(str(row.get("arch_sha256")))
        for name in key.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value


def read_tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Tables of a folder by file name.

    Raises
    ------
    UserError
        Where one of them is damaged.
    """
    return {name: _rows(folder / name) for name in TABLES if (folder / name).is_file()}


def read_levels(folder: Path) -> list[dict[str, Any]]:
    """Counts of lines of a folder's levels, by ``LEVEL_KEYS``; the same errors."""
    for path in (folder / name for name in LEVELS):
        if path.is_file():
            with _damage(path):
                table = _table(path).group_by(list(LEVEL_KEYS)).aggregate([(name, "sum") for name in LEVEL_COUNTS])
                found = [{name.removesuffix("_sum"): value for name, value in row.items()} for row in table.to_pylist()]
                return sorted(found, key=lambda row: tuple(str(row[name]).rjust(12) for name in LEVEL_KEYS))
    return []


def _table(path: Path) -> Any:  # noqa: ANN401 - of pyarrow
    """A table of pyarrow."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy
    from pyarrow import csv  # noqa: PLC0415 - heavy

    return pq.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)


def _rows(path: Path) -> list[dict[str, Any]]:
    with _damage(path):
        return [{name: _plain(value) for name, value in row.items()} for row in _table(path).to_pylist()]


def _plain(value: object) -> object:
    """A cell; of a text, without the apostrophe that keeps spreadsheets from computing it; an empty one is none."""
    if isinstance(value, str):
        return (value[1:] if value[:1] == "'" else value) or None
    return value


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What pyarrow says of a file that it cannot read, as a user's error; its errors are those of Python."""
    try:
        yield
    except (ValueError, LookupError, OSError) as error:
        raise UserError(f"{path} is no table of a run, or it is damaged: write it again.") from error
