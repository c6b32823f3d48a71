"""levels.csv: a row for each level of every result; of many rows levels.parquet, with the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import Content
from ngpc_sim.report.identities import Identities
from ngpc_sim.report.panels import Row, row_scale
from ngpc_sim.report.parquet_parts import MAX_CSV_ROWS, grouped_by_rows, parquet_parts
from ngpc_sim.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "levels"


def level_file(results: Sequence[Result]) -> dict[str, Content]:
    """The file of ``results``, by its name."""
    if sum(len(result.levels) for result in results) > MAX_CSV_ROWS:
        return {f"{NAME}.parquet": parquet_parts(_tables(results))}
    return dict(table_files({f"{NAME}.csv": list(_rows(results))}))


def drawn_levels(results: Sequence[Result]) -> list[Row]:
    """Rows that the chart of misses shows: all, or of a large run the first of its smallest scale.

    None where no level misses.
    """
    if not any(level.spilled and level.lines for result in results for level in result.levels):
        return []
    if sum(len(result.levels) for result in results) <= MAX_CSV_ROWS:
        return list(_rows(results))
    smallest = min(result.scale for result in results)
    return list(islice(_rows(result for result in results if result.scale == smallest), MAX_CSV_ROWS))


def _rows(results: Iterable[Result]) -> Iterator[Row]:
    return chain.from_iterable(result.level_rows() for result in results)


def _tables(results: Sequence[Result]) -> Iterator[pa.Table]:
    import pyarrow as pa  # noqa: PLC0415 - heavy

    counts, identities = [len(result.levels) for result in results], Identities(results)
    types = {"grid_sram_kib": pa.int64(), "level": pa.int64(), "table_kib": pa.float64(), "spilled": pa.bool_()}
    types |= dict.fromkeys(("lines", "misses", "far"), pa.int64()) | dict.fromkeys(
        ("hit_rate", "l2_hit_rate"), pa.float64()
    )
    cells: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}  # of levels that results share

    def cells_of(result: Result) -> list[tuple[Any, ...]]:
        key = id(result.levels), id(result.configuration)
        if key not in cells:
            cells[key] = [tuple(map(row.__getitem__, types)) for row in result.level_rows()]
        return cells[key]

    for part in grouped_by_rows(counts):
        columns = zip(*chain.from_iterable(cells_of(results[index]) for index in part), strict=True)
        own = {name: pa.array(cells, kind) for (name, kind), cells in zip(types.items(), columns, strict=True)}
        yield pa.table(identities.repeated(part, counts) | own)


def read_levels(folder: Path) -> list[Row]:
    """Rows of the file in a folder of results that the chart of misses shows; none where there is no file.

    Raises
    ------
    UserError
        Where the file cannot be read.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.csv as pc  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    for path, read in ((folder / f"{NAME}.csv", pc.read_csv), (folder / f"{NAME}.parquet", pq.read_table)):
        if path.is_file():
            try:
                rows = read(path).to_pylist()
            except (pa.ArrowException, OSError) as error:
                raise UserError(f"{path} cannot be read: it is damaged, or no file of a run.") from error
            if len(rows) > MAX_CSV_ROWS:
                least = min(row_scale(row) for row in rows)
                rows = [row for row in rows if row_scale(row) == least][:MAX_CSV_ROWS]
            return list(rows)
    return []
