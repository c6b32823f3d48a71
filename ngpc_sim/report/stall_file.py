"""stalls.csv: a row an NFP and engine slot of every result, whole numbers written by a kernel.

The rows are those of :meth:`Result.stall_rows`, byte for byte. A sweep has millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.columns import STALLS
from ngpc_sim.report.files import csv_line, table_files
from ngpc_sim.result import Result

Array = np.ndarray[Any, Any]

NAME = "stalls.csv"
#: fewer rows are written sooner than the kernel is read, or compiled
FEW_ROWS = 1000
#: rows that are in memory together, or those of one result where it has more
PART_ROWS = 100_000
#: numbers of a row before its causes: NFP, engine slot, busy cycles, lines asked and missed, and their two hit rates
CELLS = 8
CAUSES = len(STALLS)
#: an empty cell
EMPTY = np.iinfo(np.int64).min
#: characters of a number and its comma at most
WIDTH = 21
COMMA, NEWLINE, MINUS, ZERO = (np.uint8(ord(letter)) for letter in ",\n-0")


@njit(cache=True, nogil=True)
def put_number(out, at, number):
    """Write a whole number; returns the place behind it."""
    if number < 0:
        out[at] = MINUS
        at, number = at + 1, -number
    end, left = at + 1, number // 10
    while left > 0:
        end, left = end + 1, left // 10
    for place in range(end - 1, at - 1, -1):
        out[place] = ZERO + np.uint8(number % 10)
        number //= 10
    return end


@njit(cache=True, nogil=True)
def put_row(out, at, prefix, cells):
    """Write ``prefix`` (uint8) and the numbers ``cells`` (columns,) int64 as a line; returns the place behind it."""
    for place in range(prefix.shape[0]):
        out[at + place] = prefix[place]
    at += prefix.shape[0]
    for column in range(cells.shape[0]):
        if column > 0:
            out[at] = COMMA
            at += 1
        if cells[column] == 0:
            out[at] = ZERO
            at += 1
        elif cells[column] != EMPTY:
            at = put_number(out, at, cells[column])
    out[at] = NEWLINE
    return at + 1


@njit(cache=True, nogil=True)
def put_results(prefixes, ends, sizes, busy, columns, waits, out):
    """Write the lines of results one behind the other; returns the length.

    ``prefixes`` (uint8) of all, each up to its of ``ends`` (R,); ``sizes`` (R, 3) NFPs, rows of each, and places where
    they wait; ``busy`` (NFPs,), these places ``columns`` and the ``waits`` there, NFP by NFP, of all.
    """
    cells = np.zeros(CELLS + CAUSES, np.int64)
    cells[CELLS - 2 : CELLS] = EMPTY
    by_place = np.zeros(sizes[:, 1].max() * CAUSES, np.int64)
    at = begin = number = first_column = first_wait = 0
    for result in range(ends.shape[0]):
        nfps, rows, used = sizes[result]
        by_place[:] = 0
        for nfp in range(nfps):
            for column in range(used):
                by_place[columns[first_column + column]] = waits[first_wait + column]
            cells[0] = nfp
            for row in range(rows):
                last = row == rows - 1
                cells[1] = EMPTY if last else row
                cells[2] = busy[number] if last else 0
                cells[CELLS:] = by_place[row * CAUSES : (row + 1) * CAUSES]
                at = put_row(out, at, prefixes[begin : ends[result]], cells)
            number, first_wait = number + 1, first_wait + used
        begin, first_column = ends[result], first_column + used
    return at


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
    return out[: put_results(joined, ends, sizes, busy, columns, counts, out)].tobytes()
