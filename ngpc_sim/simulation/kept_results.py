"""Results of a run of any size: rows by column, what sentences need in brief, and the rest in the store.

A whole result takes 7 to 10 KB of memory (measured: GIA at scales 8 and 64). So of each one stays a row and a brief
one; the others are unpacked from the store again when they are asked for, one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import overload

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.results.columned_rows import ColumnedRows
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.outcomes import How, Kind, outcomes
from ngpc_sim.simulation.points import POINTS, Distinct
from ngpc_sim.simulation.store import PointStore

#: results that are unpacked at once (assumed)
AT_ONCE = 250
NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Kept:
    """Rows, points and results of those that worked, and sentences of failures by number.

    ``briefs`` are the results without what divides theirs by NFP, block or action, without causes of no stall, and
    without the scale in their configuration. ``results`` are the whole ones.
    """

    rows: ColumnedRows
    points: list[Point]
    briefs: list[Result]
    results: Sequence[Result]
    failures: dict[int, str]


@dataclass
class _Keeper:
    """Takes whole results as they come, and keeps what is needed of them in memory."""

    names: Distinct
    whole: list[Result] | None
    rows: ColumnedRows = field(default_factory=ColumnedRows)
    shapes: dict[tuple[int, int], NfpCounts] = field(default_factory=dict)

    def keep(self, point: Point, result: Result) -> tuple[int, Result]:
        """The place of its row, and the result in brief."""
        named = self.names.labelled(point, result, configuration=point.arch.beside_scale.shared)
        self.rows.add(named.row())
        if self.whole is not None:
            self.whole.append(replace(named, configuration=point.arch.resolved()))
        brief = replace(
            named,
            overrides=point.options.overrides or {},
            nfp_busy=NOBODY,
            nfp_stalls=self._empty(named.nfp_stalls),
            nfp_lines=self._empty(named.nfp_lines),
            stalls={cause: cycles for cause, cycles in named.stalls.items() if cycles},
            gaps={},
            critical_path={},
            energy_by_block={},
            actions={},
            costs=replace(named.costs, areas={}),
        )
        return len(self.rows) - 1, brief

    def _empty(self, counts: NfpCounts) -> NfpCounts:
        """Counts of no NFP in the same places."""
        return self.shapes.setdefault(counts.shape, NfpCounts(NOBODY, NOBODY.reshape(0, 0), NOBODY, counts.shape))


def run_kept(points: Sequence[Point], how: How) -> Kept:
    """Run ``points``, as :func:`ngpc_sim.simulation.points.run_each` does."""
    names = Distinct.of(points)
    keeper = _Keeper(names, [] if how.store is None else None)
    kind = Kind(POINTS.solve, keeper.keep, POINTS.family, POINTS.key, POINTS.labels)
    found = outcomes(points, kind, how)
    numbers = sorted(found.values)
    order = [found.values[number][0] for number in numbers]
    worked, briefs = [points[number] for number in numbers], [found.values[number][1] for number in numbers]
    results: Sequence[Result]
    if how.store is None:
        results = [(keeper.whole or [])[place] for place in order]
    else:
        results = Stored(how.store.path, worked, names)
    return Kept(keeper.rows.ordered(order), worked, briefs, results, found.failures)


class Stored(Sequence[Result]):
    """Whole results of points in a store, unpacked some at a time."""

    def __init__(self, path: Path, points: Sequence[Point], names: Distinct) -> None:
        self._path, self._points, self._names = path, points, names
        self._first, self._unpacked = 0, list[Result]()

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, place: int) -> Result: ...
    @overload
    def __getitem__(self, place: slice) -> list[Result]: ...
    def __getitem__(self, place: int | slice) -> Result | list[Result]:
        index = range(len(self))[place]
        if not isinstance(index, int):
            return [self[one] for one in index]
        if not 0 <= index - self._first < len(self._unpacked):
            self._first = index
            self._unpacked = self._read(self._points[index : index + AT_ONCE])
        return self._unpacked[index - self._first]

    def _read(self, points: Sequence[Point]) -> list[Result]:
        keys = [POINTS.key(point) for point in points]
        with PointStore.open(self._path) as store:
            results = store.finished(keys)
        if len(results) < len(set(keys)):
            raise UserError(f"{self._path} lacks results that it had: another process has deleted them; run it again.")
        return [self._names.labelled(point, results[key]) for point, key in zip(points, keys, strict=True)]
