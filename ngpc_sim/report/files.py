"""Tables of a run as files: results.csv, results.json, results.parquet and manifest.json.

All tables hold the same values in the same column order: the stable columns, the stall causes sorted
where ``stall_*`` stands, then every other column in the order of its first row. A cell is a plain
number, text or truth value; a list becomes its items joined by a space; a missing or non-finite number
is empty in CSV and null elsewhere. In CSV an apostrophe stands before a text that a spreadsheet would
compute. Same rows and manifest, same bytes, but for what the wall time says.
"""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ngpc_sim.results.columned_rows import ColumnedRows, column_names
from ngpc_sim.results.columns import STABLE

if TYPE_CHECKING:
    import pyarrow as pa

    from ngpc_sim.report.folder import Content
    from ngpc_sim.report.panels import Row

Cell = bool | int | float | str | None
#: types whose values are cells as they are; subclasses, and floats that are not finite, are looked at more closely
PLAIN = frozenset({bool, int, str, type(None)})
NUMBERS = frozenset({int, float})
#: what a spreadsheet takes for a formula at the beginning of a text, unless it is a number
FORMULA = re.compile(r"[=+\-@\t\r](?!$)(?![\d.]*(e[+-]?\d+)?$)", re.IGNORECASE)

#: rows of a part of a long file: some megabytes
CHUNK_ROWS = 2000
#: fields of the manifest that change from run to run
TIMES = ("wall_time_s", "simulated_cycles_per_s", "queries_per_s")
STALLS = "stall_"


def result_files(rows: Sequence[Row], manifest: Mapping[str, object]) -> dict[str, Content]:
    """The tables of ``rows`` and the manifest: file name to content, long ones in parts made as they are written."""
    columns, by_column = ordered_columns(rows), _by_column(rows)
    return {
        "results.csv": _csv_parts(columns, by_column),
        "results.json": _results(manifest, columns, by_column),
        "results.parquet": _parquet_parts(by_column),
        **manifest_file(manifest),
    }


def manifest_file(manifest: Mapping[str, object]) -> dict[str, bytes]:
    """The manifest alone: file name to content."""
    return {"manifest.json": f"{_manifest(manifest)}\n".encode()}


def ordered_columns(rows: Sequence[Row]) -> list[str]:
    """Column names of the result tables in their stable order."""
    seen = column_names(rows)
    stalls = sorted(name for name in seen if name.startswith(STALLS))
    stable = [name for column in STABLE for name in (stalls if column == f"{STALLS}*" else [column])]
    return [*stable, *(name for name in seen if name not in set(stable))]


def _cell(value: object) -> Cell:
    """Plain Python value of a cell; numpy scalars are unwrapped without importing numpy."""
    if type(value) in PLAIN:
        return cast(Cell, value)
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    if isinstance(plain, float):
        return plain if isfinite(plain) else None
    if plain is None or isinstance(plain, bool | int | str):
        return plain
    if isinstance(plain, Sequence):
        return " ".join(str(entry) for entry in plain)
    return str(plain)


def _chunks(
    columns: Sequence[str], rows: ColumnedRows, written: Callable[[Any], object]
) -> Iterator[Iterable[tuple[object, ...]]]:
    """Lines of ``written`` cells in parts, so that no text of all of them is held; equal cells are written once."""
    for start in range(0, len(rows), CHUNK_ROWS):
        parts = (rows.part(column, start, start + CHUNK_ROWS) for column in columns)
        yield zip(*(_each(part, written) for part in parts), strict=True)


def _each(cells: list[Any], written: Callable[[Any], object]) -> list[object]:
    """``written`` of every cell, made once of a text that stands there often."""
    if all(type(cell) is str for cell in cells):
        made = {cell: written(cell) for cell in set(cells)}
        return [made[cell] for cell in cells]
    return [written(cell) for cell in cells]


def _csv_parts(columns: Sequence[str], rows: ColumnedRows) -> Iterator[bytes]:
    yield csv_lines([columns]).encode()
    for lines in _chunks(columns, rows, _csv_cell):
        yield _csv_text(lines).encode()


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Lines of a CSV file."""
    return _csv_text([_csv_cell(cell) for cell in row] for row in rows)


def _csv_text(rows: Iterable[Iterable[object]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _csv_value(value: object) -> int | float | str | None:
    cell = _cell(value)
    return _json(cell) if isinstance(cell, bool) else cell


def _csv_cell(value: object) -> int | float | str | None:
    if type(value) in NUMBERS:
        return value if isfinite(value) else None  # type: ignore[arg-type, return-value]
    cell = _csv_value(value)
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


def _manifest(value: object, levels: int = 2, indent: str = "") -> str:
    """JSON with a field a line, and of an object in it a member a line."""
    if levels == 0 or not value or not isinstance(value, Mapping):
        return _json(value)
    inner = f"{indent}  "
    members = [f"{inner}{_json(name)}: {_manifest(member, levels - 1, inner)}" for name, member in value.items()]
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def _results(manifest: Mapping[str, object], columns: Sequence[str], rows: ColumnedRows) -> Iterator[bytes]:
    """JSON of the manifest's fields but its times, a field a line, and of the rows, a row a line."""
    yield b"{\n"
    for name, value in manifest.items():
        if name not in {*TIMES, "rows"}:
            yield f"{_json(name)}: {_json(value)},\n".encode()
    yield b'"rows": ['
    between = "\n"
    line = ", ".join(f"{_json(column).replace('%', '%%')}: %s" for column in columns)
    for chunk in _chunks(columns, rows, _json_cell):
        yield (between + ",\n".join(f"{{{line}}}" % cells for cells in chunk)).encode()
        between = ",\n"
    yield b"\n]\n}\n"


def _json_cell(value: object) -> object:
    """What JSON has for a cell: of a number what Python writes for it too."""
    if type(value) in NUMBERS and isfinite(value):  # type: ignore[arg-type]
        return value
    return _json(_cell(value))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def arrow_table(rows: Sequence[Row]) -> pa.Table:
    """The rows as an Arrow table, in the columns and types of ``results.parquet``."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    by_column = _by_column(rows)
    return pa.table({column: _arrow(by_column, column) for column in ordered_columns(by_column)})


def _by_column(rows: Sequence[Row]) -> ColumnedRows:
    return rows if isinstance(rows, ColumnedRows) else ColumnedRows(rows)


def _parquet_parts(rows: ColumnedRows) -> Iterator[bytes]:
    """The file of all rows in one part, made when it is written."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    stream = io.BytesIO()
    pq.write_table(arrow_table(rows), stream, compression="zstd")
    yield stream.getvalue()


def _arrow(rows: ColumnedRows, name: str) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    column = rows.columns.get(name)
    if isinstance(column, array):
        numbers = np.frombuffer(column, column.typecode)
        return pa.array(numbers, mask=~np.isfinite(numbers))
    return pa.array(one_type([_cell(cell) for cell in rows.part(name, 0, len(rows))]))


def one_type(values: list[Cell]) -> list[Cell]:
    """A column of mixed kinds, such as banks of 8 and ``ideal``, as text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds - {int, float}) == 0 or len(kinds) == 1:
        return values
    return [None if value is None else str(_csv_value(value)) for value in values]


def table_files(tables: Mapping[str, Sequence[Row]]) -> dict[str, bytes]:
    """CSV files of other tables, columns in the order of their first rows."""
    files = {}
    for name, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        files[name] = csv_lines([columns, *([row.get(column) for column in columns] for row in rows)]).encode()
    return files


def markdown_table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Table in Markdown, without a line end behind it; the cells are Markdown already."""
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines])
