"""Two runs beside each other: rows joined, what differs in configuration, and what in results.

A design point is named by what was asked. Its scale, app, encoding, frame size and number of frame always count. What
else was asked counts where a run has several values of it: two runs of one architecture each are joined whatever their
architectures are called, and that is told as a difference in configuration.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from ngpc_sim.architecture.arch import PROSE, all_keys
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import dotted_leaves
from ngpc_sim.job.configurations import whole
from ngpc_sim.job.finished_runs import FinishedRun, Row
from ngpc_sim.results.columns import COLUMNS

#: columns that always name a design point
ALWAYS = ("scale", "app", "encoding", "resolution", "limit_queries", "frame")
#: columns that do where a run has several values of them beside each other, as overridden keys do
ASKED = ("arch", "workload", "trace", "detail", "scenes", "frames_per_scene", "sequence")
#: columns that do where rows of a run are still not told apart
LAST = ("gpu", "workload_sha256", "trace_sha256", "arch_sha256")
#: parts of a sourced number that no result follows from
OF_SOURCES = ("source", "tag", "unit")
#: values of a key, and columns, that sentences name
MOST_VALUES, MOST_COLUMNS = 3, 12
#: column of the chart
RATIO = "frame_ms_ratio"

Cell = bool | int | float | str | None


def difference(first: Cell, second: Cell) -> float:
    """Relative difference: of two numbers, over the larger one of them; otherwise 0 where equal, else infinite.

    It is the same both ways, and 1 for zero beside any other number.
    """
    if first == second:
        return 0.0
    if not all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in (first, second)):
        return math.inf
    a, b = float(first or 0), float(second or 0)
    return abs(a - b) / max(abs(a), abs(b))


@dataclass(frozen=True)
class Pair:
    """A design point in both runs; ``differences`` are those of its result columns that differ at all."""

    first: Row
    second: Row
    differences: Mapping[str, float]

    @property
    def worst(self) -> str:
        """Column of the largest difference, empty where all are equal."""
        return max(self.differences, key=lambda name: self.differences[name], default="")

    @property
    def largest(self) -> float:
        """The largest difference."""
        return self.differences.get(self.worst, 0.0)

    @property
    def ratio(self) -> float | None:
        """Frame time of the second run over that of the first."""
        a, b = (row.get("frame_ms") for row in (self.first, self.second))
        return b / a if isinstance(a, int | float) and isinstance(b, int | float) and a > 0 else None

    def sentence(self, column: str) -> str:
        """Values of a column in both runs, and how far they are apart."""
        values = f"{_shown(self.first.get(column))} and {_shown(self.second.get(column))}"
        share = self.differences[column]
        return values if math.isinf(share) else f"{values}, {share:.2%} apart"


class Comparison:
    """Two runs, their rows joined."""

    def __init__(self, first: FinishedRun, second: FinishedRun) -> None:
        self.runs = first, second
        every = list(dict.fromkeys(name for run in self.runs for row in run.rows for name in row))
        self.overridden = [name for name in every if _is_overridden(name)]
        self.by = self._identifying()
        places = [self._by_point(run) for run in self.runs]
        self.only = [[row for key, row in own.items() if key not in other] for own, other in (places, places[::-1])]
        named = {*ALWAYS, *ASKED, *LAST, *self.overridden}
        columns = [{name for row in run.rows for name in row} for run in self.runs]
        self.results = [name for name in every if name not in named and all(name in own for own in columns)]
        self.columns_of_one = [
            [name for name in every if name in own and name not in other and name not in named]
            for own, other in (columns, columns[::-1])
        ]
        self.pairs = [self._pair(row, places[1][key]) for key, row in places[0].items() if key in places[1]]
        if not self.pairs:
            raise UserError(f"{first.folder} and {second.folder} have no design point in common: {self._apart()}.")

    def _identifying(self) -> list[str]:
        """Columns that name a design point."""
        columns = list(ALWAYS)
        for name in (*ASKED, *self.overridden, *LAST):
            if any(_points(run, [*columns, name]) > _points(run, columns) for run in self.runs):
                columns.append(name)
        return columns

    def _by_point(self, run: FinishedRun) -> dict[tuple[Cell, ...], Row]:
        found = {_key(row, self.by): row for row in run.rows}
        if len(found) < len(run.rows):
            raise UserError(f"{run.folder} has two rows of one design point: its result files are no run's.")
        return found

    def _pair(self, first: Row, second: Row) -> Pair:
        found = ((name, difference(first.get(name), second.get(name))) for name in self.results)
        return Pair(first, second, {name: share for name, share in found if share > 0})

    def _apart(self) -> str:
        values = [(name, *(sorted(map(_shown, _values(run, name))) for run in self.runs)) for name in self.by]
        name, *own = next((one for one in values if not set(one[1]) & set(one[2])), values[0])
        return f"{name} is {' or '.join(own[0])} in the first and {' or '.join(own[1])} in the second"

    def at(self, row: Row) -> str:
        """What names a row among the others."""
        work = f"{row.get('app')}-{row.get('encoding')}"
        others = [name for name in self.by if name not in {"scale", "app", "encoding"}]
        told = [
            f"{name}={_shown(row.get(name))}" for name in others if any(len(_values(r, name)) > 1 for r in self.runs)
        ]
        return ", ".join([work, f"scale {row.get('scale')}", *told])

    @cached_property
    def by_column(self) -> dict[str, list[Pair]]:
        """Pairs that differ in each result column, the furthest apart first; so are the columns."""
        found: dict[str, list[Pair]] = {}
        for pair in self.pairs:
            for name in pair.differences:
                found.setdefault(name, []).append(pair)
        ordered = {name: sorted(own, key=lambda pair: -pair.differences[name]) for name, own in found.items()}
        return dict(sorted(ordered.items(), key=lambda item: -item[1][0].differences[item[0]]))

    @cached_property
    def configuration(self) -> dict[str, dict[tuple[str, str], None]]:
        """Values in both runs of every key that differs in a joined row."""
        changes: dict[str, dict[tuple[str, str], None]] = {}
        for name in (*ASKED, "gpu"):
            if name not in self.by:
                _note(changes, name, *(next(iter(_values(run, name))) for run in self.runs))
        for first, second in self._configurations():
            for key in dict.fromkeys([*first, *second]):
                _note(changes, key, first.get(key), second.get(key))
        for name in ("workload", "trace"):
            hashes = {tuple(row.get(f"{name}_sha256") for row in (pair.first, pair.second)) for pair in self.pairs}
            for hash_a, hash_b in sorted(hashes, key=str):
                _note(changes, f"{name}_sha256", _start(hash_a), _start(hash_b))
        for name, *values in self._versions():
            _note(changes, name, *values)
        return changes

    def _configurations(self) -> Iterator[list[dict[str, Any]]]:
        """Leaves of both configurations of every two that a pair of rows has."""
        read: dict[tuple[int, object], dict[str, Any]] = {}
        for names in dict.fromkeys(
            (pair.first.get("arch_sha256"), pair.second.get("arch_sha256")) for pair in self.pairs
        ):
            if names[0] == names[1]:
                continue
            for place in enumerate(names):
                if place not in read:
                    read[place] = _leaves(self.runs[place[0]], place[1])
            yield [read[place] for place in enumerate(names)]

    def _versions(self) -> Iterator[tuple[str, Any, Any]]:
        return versions(*(run.manifest for run in self.runs))

    def rows(self) -> Iterator[dict[str, Cell]]:
        """Rows of ``compare.csv``: joined ones, then those of one run only."""
        for pair in self.pairs:
            cells: dict[str, Cell] = {name: pair.first.get(name) for name in self.by} | {"in": "both"}
            cells |= {
                f"frame_ms_{run}": row.get("frame_ms") for run, row in zip("ab", (pair.first, pair.second), strict=True)
            }
            cells |= {RATIO: pair.ratio, "columns_that_differ": len(pair.differences), "largest_column": pair.worst}
            cells |= {"a": pair.first.get(pair.worst), "b": pair.second.get(pair.worst)}
            yield cells | {"difference": pair.largest if math.isfinite(pair.largest) else None}
        for run, rows in zip("ab", self.only, strict=True):
            for row in rows:
                own = {name: row.get(name) for name in self.by}
                yield own | {"in": run, f"frame_ms_{run}": row.get("frame_ms")}

    def sentences(self) -> list[str]:
        """What differs, for a reader."""
        a, b = (run.folder for run in self.runs)
        alone = f"{len(self.only[0])} are only in A, {len(self.only[1])} only in B"
        lines = [f"A is {a}, B is {b}: {len(self.pairs)} rows joined by {', '.join(self.by)}; {alone}."]
        for key, values in self.configuration.items():
            told = ", ".join(f"{x} and {y}" for x, y in islice(values, MOST_VALUES))
            more = len(values) - MOST_VALUES
            lines.append(f"configuration, {key} in A and B: {told}{f' and {more} more' if more > 0 else ''}.")
        lines += [] if self.configuration else ["No configuration differs."]
        for run, columns in zip("AB", self.columns_of_one, strict=True):
            lines += [f"Only {run} has the columns {', '.join(columns)}."] if columns else []
        return [*lines, *self._of_results()]

    def _of_results(self) -> Iterator[str]:
        if not self.by_column:
            yield "No result differs."
            return
        for name, pairs in islice(self.by_column.items(), MOST_COLUMNS):
            where = f"differs in {len(pairs)} of {len(self.pairs)} rows, most in {self.at(pairs[0].first)}"
            yield f"{name} {where}: {pairs[0].sentence(name)}."
        more = len(self.by_column) - MOST_COLUMNS
        if more > 0:
            yield f"{more} more columns differ by less."
        ratios = [pair.ratio for pair in self.pairs if pair.ratio]
        if ratios:
            mean = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
            yield f"frame_ms of B over that of A: {min(ratios):.4g} to {max(ratios):.4g}, geometric mean {mean:.4g}."

    def broken(self, tolerance: float) -> str:
        """Sentence on what is beyond a tolerance, empty where nothing is."""
        for run, rows in zip("AB", self.only, strict=True):
            if rows:
                return f"{len(rows)} rows are only in {run}, {self.at(rows[0])} for instance."
        worst = max(self.pairs, key=lambda pair: pair.largest)
        if worst.largest <= tolerance:
            return ""
        count = sum(pair.largest > tolerance for pair in self.pairs)
        at, name = self.at(worst.first), worst.worst
        beyond = f"{count} of {len(self.pairs)} rows differ by more than {tolerance:.6g}"
        return f"{beyond}; the worst is {name} in {at}: {worst.sentence(name)}."


def parse_tolerance(text: str) -> float:
    """``1%`` or ``0.01`` as a share."""
    number, percent = (text.removesuffix("%"), text.endswith("%"))
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = math.nan
    if not (0 <= share < 1 or (percent and share == 1)):
        raise UserError(f"--tolerance {text} is not a share: write 1% or 0.01.")
    return share


def versions(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name and both versions of everything whose versions two manifests have and that differs."""
    trees = []
    for manifest in (first, second):
        packages = manifest.get("packages")
        own = {"ngpc-sim": manifest.get("version"), "python": manifest.get("python")}
        trees.append(own | (packages if isinstance(packages, dict) else {}))
    for name in dict.fromkeys([*trees[0], *trees[1]]):
        if trees[0].get(name) != trees[1].get(name):
            yield name, trees[0].get(name), trees[1].get(name)


def _is_overridden(column: str) -> bool:
    return column not in COLUMNS and ("." in column or column in all_keys())


def _points(run: FinishedRun, columns: Sequence[str]) -> int:
    """Design points that these columns tell apart."""
    return len({_key(row, columns) for row in run.rows})


def _values(run: FinishedRun, column: str) -> dict[Cell, None]:
    return dict.fromkeys(row.get(column) for row in run.rows)


def _key(row: Row, columns: Iterable[str]) -> tuple[Cell, ...]:
    return tuple(row.get(name) for name in columns)


def _leaves(run: FinishedRun, name: object) -> dict[str, Any]:
    """Values by dotted key of a configuration, without prose."""
    configurations = run.manifest.get("configurations")
    tree = whole(configurations, str(name)) if isinstance(configurations, dict) else None
    if tree is None:
        raise UserError(f"{run.folder}: its manifest lacks the configuration of a row, {_start(name)}.")
    own = {key: value for key, value in tree.items() if key not in PROSE}
    return {key: value for key, value in dotted_leaves(own) if key.rpartition(".")[2] not in OF_SOURCES}


def _note(changes: dict[str, dict[tuple[str, str], None]], key: str, first: object, second: object) -> None:
    if first != second:
        changes.setdefault(key, {})[_shown(first), _shown(second)] = None


def _start(sha256: object) -> str:
    return str(sha256)[:8]


def _shown(value: object) -> str:
    """A value in a sentence."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "none" if value is None or value == "" else str(value)


def ratio_rows(pairs: Sequence[Pair]) -> list[Row]:
    """Rows of the first run with the ratio of the frame times."""
    return [pair.first | {RATIO: pair.ratio} for pair in pairs if pair.ratio]
