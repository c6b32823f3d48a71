"""stalls.csv: a row an NFP and engine slot of every result, whole numbers written by a kernel.

The rows are those of :meth:`Result.stall_rows`, byte for byte. A sweep has millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit

from ngpc_sim.report.files import csv_line, table_files
from ngpc_sim.result import Result
from ngpc_sim.threads import map_threads

Array = np.ndarray[Any, Any]

NAME = "stalls.csv"
#: fewer rows are written sooner than the kernel is read, or compiled
FEW_ROWS = 1000
#: results whose rows are in memory together
AT_A_TIME = 16
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
def put_rows(prefix, numbers, out):
    """Write ``prefix`` (uint8) and a row of ``numbers`` (rows, columns) int64 a line; returns the length."""
    at = 0
    for row in range(numbers.shape[0]):
        out[at : at + prefix.shape[0]] = prefix
        at += prefix.shape[0]
        for column in range(numbers.shape[1]):
            if column > 0:
                out[at] = COMMA
                at += 1
            if numbers[row, column] != EMPTY:
                at = put_number(out, at, numbers[row, column])
        out[at] = NEWLINE
        at += 1
    return at


def stall_file(results: Sequence[Result]) -> dict[str, Iterable[bytes]]:
    """The file of ``results``, by its name, in parts that are made one after the other."""
    few = sum(result.nfp_stalls.shape[0] * result.nfp_stalls.shape[1] for result in results) < FEW_ROWS
    if few or len({tuple(result.identity()) for result in results}) != 1 or any(map(_lines, results)):
        return {NAME: [_plain([row for result in results for row in result.stall_rows()])]}
    return {NAME: _parts(results)}


def _parts(results: Sequence[Result]) -> Iterator[bytes]:
    head, _, _ = _plain(_first_rows(results[0])).partition(b"\n")
    yield head + b"\n"
    for first in range(0, len(results), AT_A_TIME):
        yield from map_threads(_text, results[first : first + AT_A_TIME])


def _plain(rows: Sequence[dict[str, Any]]) -> bytes:
    return table_files({NAME: rows})[NAME]


def _lines(result: Result) -> bool:
    """Whether some level asked for lines, so that the rows have hit rates."""
    return bool(result.nfp_lines.any())


def _first_rows(result: Result) -> list[dict[str, Any]]:
    """Rows of the first NFP alone."""
    one = replace(
        result, nfp_busy=result.nfp_busy[:1], nfp_stalls=result.nfp_stalls[:1], nfp_lines=result.nfp_lines[:1]
    )
    return one.stall_rows()


def _text(result: Result) -> bytes:
    """Lines of a result without hit rates."""
    nfps, rows, causes = result.nfp_stalls.shape
    numbers = np.zeros((nfps, rows, 8 + causes), np.int64)
    numbers[:, :, 0] = np.arange(nfps)[:, np.newaxis]
    numbers[:, :, 1] = [*range(rows - 1), EMPTY]
    numbers[:, -1, 2] = result.nfp_busy
    numbers[:, :, 6:8] = EMPTY
    numbers[:, :, 8:] = result.nfp_stalls
    prefix = np.frombuffer(f"{csv_line(result.identity().values())},".encode(), np.uint8)
    out = np.empty(nfps * rows * (len(prefix) + numbers.shape[2] * WIDTH), np.uint8)
    return out[: put_rows(prefix, numbers.reshape(nfps * rows, -1), out)].tobytes()
