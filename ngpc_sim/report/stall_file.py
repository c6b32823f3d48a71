"""stalls.csv: a row an NFP and engine slot of every result, whole numbers written by a kernel.

The rows are those of :meth:`Result.stall_rows`, byte for byte. A sweep has millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ngpc_sim.kernels.stall_rows import CELLS, put_results
from ngpc_sim.report.files import csv_line, table_files
from ngpc_sim.results.result import Result
from ngpc_sim.results.stall_causes import STALLS

Array = np.ndarray[Any, Any]

NAME = "stalls.csv"
#: fewer rows are written sooner than the kernel is read, or compiled
FEW_ROWS = 1000
#: rows that are in memory together, or those of one result where it has more
PART_ROWS = 100_000
CAUSES = len(STALLS)
#: characters of a number and its comma at most
WIDTH = 21


def stall_file(results: Sequence[Result]) -> dict[str, Iterable[bytes]]:
    """The file of ``results``, by its name, in parts that are made one after the other."""
    few = sum(map(_n_rows, results)) < FEW_ROWS
    if few or len({tuple(result.identity()) for result in results}) != 1 or any(map(_lines, results)):
        return {NAME: [_plain([row for result in results for row in result.stall_rows()])]}
    return {NAME: _parts(results)}


def _parts(results: Sequence[Result]) -> Iterator[bytes]:
    head, _, _ = _plain(_first_rows(results[0])).partition(b"\n")
    yield head + b"\n"
    first = rows = 0
    for number, result in enumerate(results, start=1):
        rows += _n_rows(result)
        if rows >= PART_ROWS or number == len(results):
            yield _text(results[first:number], rows)
            first, rows = number, 0


def _plain(rows: Sequence[dict[str, Any]]) -> bytes:
    return table_files({NAME: rows})[NAME]


def _n_rows(result: Result) -> int:
    return len(result.nfp_busy) * result.nfp_stalls.shape[0]


def _lines(result: Result) -> bool:
    """Whether some level asked for lines, so that the rows have hit rates."""
    return bool(result.nfp_lines.values.any())


def _first_rows(result: Result) -> list[dict[str, Any]]:
    """Rows of the first NFP alone."""
    one = replace(
        result, nfp_busy=result.nfp_busy[:1], nfp_stalls=result.nfp_stalls.first(1), nfp_lines=result.nfp_lines.first(1)
    )
    return one.stall_rows()


def _text(results: Sequence[Result], rows: int) -> bytes:
    """Lines of results without hit rates, ``rows`` of them.

    In few long calls, for each may wait until another thread lets the interpreter go.
    """
    prefixes = [f"{csv_line(result.identity().values())},".encode() for result in results]
    ends = np.cumsum([len(prefix) for prefix in prefixes])
    waits = [result.nfp_stalls for result in results]
    sizes = np.array([(len(one.kind), one.shape[0], len(one.columns)) for one in waits])
    busy = np.concatenate([result.nfp_busy for result in results])
    columns = np.concatenate([one.columns for one in waits])
    counts = np.concatenate([one.values[one.kind].ravel() for one in waits])
    out = np.empty(rows * (max(map(len, prefixes)) + (CELLS + CAUSES) * WIDTH), np.uint8)
    joined = np.frombuffer(b"".join(prefixes), np.uint8)
    return out[: put_results(joined, ends, sizes, busy, columns, counts, CAUSES, out)].tobytes()
