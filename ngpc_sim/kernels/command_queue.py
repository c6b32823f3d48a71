"""Command queue of the cluster: command behind command on every NFP, max-plus arithmetic in one unit of time.

An NFP is done with a command at ``max(start + end, done + occupancy)``: limited by its own fill, or by the command
before it. Both costs come from :mod:`ngpc_sim.engines.cluster`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.kernels.compiled import kernel, part

Array = np.ndarray[Any, Any]

#: rows of ``queue`` (ROWS, N) int64: when an NFP is done; when it would be with every command ready at 0; number of its
#: last command; what commands took longer than behind another one; NFPs in the order in which they were free
DONE, ALONE, LAST, FILL, ORDER, ROWS = range(6)


def idle(n_nfps: int) -> Array:
    """The queue of NFPs that had no command yet."""
    queue = np.zeros((ROWS, n_nfps), np.int64)
    queue[LAST], queue[ORDER] = -1, np.arange(n_nfps)
    return queue


@part
def admit_run(queue, end, occupancy, start, nfp, share, count):
    """Queue ``count`` shares from ``share`` on, on NFPs from ``nfp`` on; returns the end of the slowest that got any.

    Unsigned numbers: a negative one would count from an array's end, and what may do so is not vectorised.
    """
    finish = np.int64(0)
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        asked, done = end[k] > 0, queue[DONE, j]
        new = max(start + end[k], done + occupancy[k])
        finish = max(finish, np.int64(new if asked else 0))
        queue[FILL, j] += new - max(start, done) - occupancy[k] if asked else 0
        queue[ALONE, j] = max(end[k], queue[ALONE, j] + occupancy[k]) if asked else queue[ALONE, j]
        queue[DONE, j] = new if asked else done
    return finish


@part
def number_behind(queue, end, start, finish, nfp, share, count):
    """Number of the command that the first NFP to end at ``finish`` was behind, -1 if it was idle, -2 if none is."""
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        if queue[DONE, j] == finish and end[k] > 0:
            return queue[LAST, j] if finish > start + end[k] else np.int64(-1)
    return np.int64(-2)


@part
def note_last(queue, end, number, nfp, share, count):
    """Note ``number`` where a share was taken."""
    for i in range(count):
        j, k = np.uint64(nfp + i), np.uint64(share + i)
        queue[LAST, j] = number if end[k] > 0 else queue[LAST, j]


@kernel
def admit(queue, end, occupancy, start, offset, least_loaded, number):
    """Queue a command on the NFPs: each finishes it at ``max(start + end, done + occupancy)``.

    All in one integer unit of time: ``end`` and ``occupancy`` (shares,), N or fewer shares. ``queue`` advances. Share j
    of the command goes to NFP (j + offset) mod N, or with ``least_loaded`` to the j-th NFP to be free, and only then
    row ``ORDER`` takes the NFP of every share. Returns the end of the slowest NFP and the number of the command it was
    behind (-1 if it had run idle).
    """
    if least_loaded:
        return admit_to_free(queue, end, occupancy, start, number)
    n_nfps, none = queue.shape[1], np.int64(0)
    first = offset % n_nfps
    turn = min(n_nfps - first, end.shape[0])
    rest = end.shape[0] - turn
    finish = max(
        admit_run(queue, end, occupancy, start, first, none, turn),
        admit_run(queue, end, occupancy, start, none, turn, rest),
    )
    behind = number_behind(queue, end, start, finish, first, none, turn)
    if behind == -2:
        behind = number_behind(queue, end, start, finish, none, turn, rest)
    note_last(queue, end, number, first, none, turn)
    note_last(queue, end, number, none, turn, rest)
    return finish, max(behind, -1)


@part
def admit_to_free(queue, end, occupancy, start, number):
    """:func:`admit` with share j to the j-th NFP to be free."""
    sort_free(queue)
    finish, behind, one = np.int64(0), np.int64(-1), np.int64(1)
    for share in range(end.shape[0]):
        j = queue[ORDER, share]
        if end[share] == 0:
            continue
        new = admit_run(queue, end, occupancy, start, j, share, one)
        if new > finish:
            finish, behind = new, number_behind(queue, end, start, new, j, share, one)
        queue[LAST, j] = number
    return finish, behind


@part
def sort_free(queue):
    """Sort the NFPs of row ``ORDER`` by when they are done, on equal times by number; from nearly sorted ones."""
    for place in range(1, queue.shape[1]):
        j, at = queue[ORDER, place], place
        while at > 0:
            before = queue[ORDER, at - 1]
            if queue[DONE, before] < queue[DONE, j] or (queue[DONE, before] == queue[DONE, j] and before < j):
                break
            queue[ORDER, at] = before
            at -= 1
        queue[ORDER, at] = j
