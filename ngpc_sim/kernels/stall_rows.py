"""Rows of stalls.csv written as text: see :mod:`ngpc_sim.report.stall_file`."""

from __future__ import annotations

import numpy as np
from numba import njit

#: numbers of a row before its causes: NFP, engine slot, busy cycles, lines asked and missed, and their two hit rates
CELLS = 8

#: an empty cell
EMPTY = np.iinfo(np.int64).min

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
def put_results(prefixes, ends, sizes, busy, columns, waits, causes, out):
    """Write the lines of results one behind the other; returns the length.

    ``prefixes`` (uint8) of all, each up to its of ``ends`` (R,); ``sizes`` (R, 3) NFPs, rows of each, and places where
    they wait; ``busy`` (NFPs,), these places ``columns`` and the ``waits`` there, NFP by NFP, of all.
    A row has so many ``causes``.
    """
    cells = np.zeros(CELLS + causes, np.int64)
    cells[CELLS - 2 : CELLS] = EMPTY
    by_place = np.zeros(sizes[:, 1].max() * causes, np.int64)
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
                cells[CELLS:] = by_place[row * causes : (row + 1) * causes]
                at = put_row(out, at, prefixes[begin : ends[result]], cells)
            number, first_wait = number + 1, first_wait + used
        begin, first_column = ends[result], first_column + used
    return at
