"""Rows of a run by column: eight bytes a number, and a text that many rows have once.

A run holds its rows so, to be read. What a program gets of a sweep is :class:`ngpc_sim.report.rows.Rows`, whose rows
are dicts of their own, which it may change.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

Row = Mapping[str, Any]
#: what stands in a column where a row has no such cell
ABSENT = object()
#: kinds of arrays by the type that all cells of a column have
ARRAYS = {float: "d", int: "q"}
TYPES = {kind: own for own, kind in ARRAYS.items()}


class _View(Mapping[str, Any]):
    """A row, which looks up its cells in the columns."""

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: Mapping[str, Any], index: int) -> None:
        self._columns, self._index = columns, index

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a cell
        value = self._columns[name][self._index]
        if value is ABSENT:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - a cell
        """A cell; ``default`` where the row has none."""
        column = self._columns.get(name)
        value = ABSENT if column is None else column[self._index]
        return default if value is ABSENT else value

    def __iter__(self) -> Iterator[str]:
        return (name for name, column in self._columns.items() if column[self._index] is not ABSENT)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ColumnedRows(Sequence[Row]):
    """Rows in the order in which they were added.

    ``columns`` has lists, and arrays where all cells are floats, or all are ints of 64 bits. They stand in the order of
    their first rows.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.columns: dict[str, Any] = {}
        self._count = 0
        self._texts: dict[str, str] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """One more row."""
        for name, value in row.items():
            if name not in self.columns:
                self.columns[name] = self._begun(value)
            self._append(name, self._texts.setdefault(value, value) if type(value) is str else value)
        self._count += 1
        if len(row) < len(self.columns):
            for name in self.columns.keys() - row.keys():
                self._append(name, ABSENT)

    def _append(self, name: str, value: object) -> None:
        column = self.columns[name]
        if isinstance(column, array) and not _goes_into(column, value):
            column = self.columns[name] = column.tolist()
        column.append(value)

    def _begun(self, value: object) -> Any:  # noqa: ANN401 - a list or an array
        kind = ARRAYS.get(type(value))
        fits = kind is not None and not self._count and _goes_into(array(kind), value)
        return array(kind) if kind is not None and fits else [ABSENT] * self._count

    def part(self, name: str, start: int, stop: int) -> list[Any]:
        """Cells of some rows in a column, ``None`` where there is none."""
        column = self.columns.get(name)
        if column is None:
            return [None] * (min(stop, self._count) - start)
        cells = column[start:stop]
        return cells.tolist() if isinstance(cells, array) else [None if cell is ABSENT else cell for cell in cells]

    def ordered(self, order: Sequence[int]) -> ColumnedRows:
        """The rows in another order; nothing is left of them here."""
        found = ColumnedRows()
        found._count = len(order)
        places = np.array(order, np.int64)
        while self.columns:
            name = next(iter(self.columns))
            column = self.columns.pop(name)
            if isinstance(column, array):
                taken = np.frombuffer(column, column.typecode)[places]
                found.columns[name] = array(column.typecode, taken.tobytes())
            else:
                found.columns[name] = [column[place] for place in order]
        return found

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        index = range(self._count)[place]
        return _View(self.columns, index) if isinstance(index, int) else [_View(self.columns, one) for one in index]

    def __iter__(self) -> Iterator[Row]:
        return (_View(self.columns, index) for index in range(self._count))


def _goes_into(column: array[Any], value: object) -> bool:
    """Whether an array can have a value and give it back as it is."""
    own = type(value) is TYPES[column.typecode]
    return own and (column.typecode == "d" or -(1 << 63) <= value < 1 << 63)  # type: ignore[operator]


def column_names(rows: Sequence[Row]) -> list[str]:
    """Names of all columns, in the order of their first rows."""
    return (
        list(rows.columns)
        if isinstance(rows, ColumnedRows)
        else list(dict.fromkeys(name for row in rows for name in row))
    )
