"""Command queue of the cluster: command behind command on every NFP, max-plus arithmetic in one unit of time.

An NFP is done with a command at ``max(start + end, done + occupancy)``: limited by its own fill, or by the command
before it. Both costs come from :mod:`ngpc_sim.engines.cluster`.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def admit_in_place(done, alone, fill, end, occupancy, start, nfp, share, count):
    """Queue ``count`` shares from ``share`` on, on NFPs from ``nfp`` on; returns the end of the slowest that got any.

    Unsigned numbers: a negative one would count from an array's end, and what may do so is not vectorised.
    """
    finish = np.int64(0)
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        asked = end[k] > 0
        new = max(start + end[k], done[j] + occupancy[k])
        finish = max(finish, np.int64(new if asked else 0))
        fill[j] += new - max(start, done[j]) - occupancy[k] if asked else 0
        alone[j] = max(end[k], alone[j] + occupancy[k]) if asked else alone[j]
        done[j] = new if asked else done[j]
    return finish


@njit(cache=True, nogil=True)
def number_behind(done, last, end, start, finish, nfp, share, count):
    """Number of the command that the first NFP to end at ``finish`` was behind, -1 if it was idle, -2 if none is."""
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        if done[j] == finish and end[k] > 0:
            return last[j] if finish > start + end[k] else np.int64(-1)
    return np.int64(-2)


@njit(cache=True, nogil=True)
def note_last(last, end, number, nfp, share, count):
    """Fill ``last`` with ``number`` where a share was taken."""
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        last[j] = number if end[k] > 0 else last[j]


@njit(cache=True, nogil=True, forceinline=True)
def admit(done, alone, last, fill, end, occupancy, start, offset, least_loaded, number, order):
    """Queue a command on the NFPs: each finishes it at ``max(start + end, done + occupancy)``.

    All in one integer unit of time: ``end`` and ``occupancy`` (shares,), the other arrays (N,), N or fewer shares.
    ``done`` advances in place, ``alone`` likewise with every command ready at 0, ``last`` takes ``number``, and
    ``fill`` what a share took longer than behind another. Share j of the command goes to NFP (j + offset) mod N, or
    with ``least_loaded`` to the j-th NFP to be free, and only then ``order`` (N,) takes the NFP of every share. Returns
    the end of the slowest NFP and the number of the command it was behind (-1 if it had run idle).
    """
    if least_loaded:
        return admit_to_free(done, alone, last, fill, end, occupancy, start, number, order)
    first = offset % done.shape[0]
    turn = min(done.shape[0] - first, end.shape[0])
    rest = end.shape[0] - turn
    finish = max(
        admit_in_place(done, alone, fill, end, occupancy, start, first, 0, turn),
        admit_in_place(done, alone, fill, end, occupancy, start, 0, turn, rest),
    )
    behind = number_behind(done, last, end, start, finish, first, 0, turn)
    if behind == -2:
        behind = number_behind(done, last, end, start, finish, 0, turn, rest)
    note_last(last, end, number, first, 0, turn)
    note_last(last, end, number, 0, turn, rest)
    return finish, max(behind, -1)


@njit(cache=True, nogil=True)
def admit_to_free(done, alone, last, fill, end, occupancy, start, number, order):
    """:func:`admit` with share j to the j-th NFP to be free."""
    order[:] = np.argsort(done, kind="mergesort")
    finish, behind = np.int64(0), np.int64(-1)
    for share in range(end.shape[0]):
        j = order[share]
        if end[share] == 0:
            continue
        new = admit_in_place(done, alone, fill, end, occupancy, start, j, share, 1)
        if new > finish:
            finish, behind = new, number_behind(done, last, end, start, new, j, share, 1)
        last[j] = number
    return finish, behind
