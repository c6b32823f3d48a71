"""Command queue of the cluster: command behind command on every NFP, max-plus arithmetic in one unit of time.

An NFP is done with a command at ``max(start + end, done + occupancy)``: limited by its own fill, or by the command
before it. Both costs come from :mod:`ngpc_sim.engines.cluster`.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def admit(done, alone, last, fill, end, occupancy, start, offset, least_loaded, number, order):
    """Queue a command on the NFPs: each finishes it at ``max(start + end, done + occupancy)``.

    All (N,) arrays in one integer unit of time. ``done`` advances in place, ``alone`` likewise with every command
    ready at 0, ``last`` takes ``number``, and ``fill`` what a share took longer than behind another. Share j of the
    command goes to NFP (j + offset) mod N, or with ``least_loaded`` to the j-th NFP to be free; ``order`` (N,) takes
    the NFP of every share. Returns the end of the slowest NFP and the number of the command it was behind (-1 if it
    had run idle).
    """
    n_nfps = done.shape[0]
    if least_loaded:
        order[:] = np.argsort(done, kind="mergesort")
    else:
        first = offset % n_nfps
        order[: n_nfps - first] = np.arange(first, n_nfps)
        order[n_nfps - first :] = np.arange(first)
    finish, behind = 0, -1
    for share in range(n_nfps):
        if end[share] == 0:
            continue
        j = order[share]
        idle_end = start + end[share]
        queued_end = done[j] + occupancy[share]
        new = max(idle_end, queued_end)
        if new > finish:
            finish = new
            behind = last[j] if queued_end > idle_end else -1
        fill[j] += new - max(start, done[j]) - occupancy[share]
        alone[j] = max(end[share], alone[j] + occupancy[share])
        done[j] = new
        last[j] = number
    return finish, behind


@njit(cache=True, nogil=True)
def columns_of(values, used):
    """Columns of ``values`` (N, C) that are not 0 in all of its first ``used`` rows."""
    found = np.zeros(values.shape[1], np.bool_)
    for share in range(used):
        for column in range(values.shape[1]):
            found[column] |= values[share, column] != 0
    return np.flatnonzero(found)


@njit(cache=True, nogil=True)
def charge(orders, values, used, total):
    """Add what shares of a command cost, ``values`` (N, C) of which ``used`` count, to their NFPs, ``total`` (N, C).

    ``orders`` (times, N) the NFP of every share, or (times, 1) the NFP of share 0, the others on those behind it.
    """
    n_nfps = total.shape[0]
    in_order = orders.shape[1] > 1
    columns = columns_of(values, used)
    if columns.shape[0] == 0:
        return
    times = np.zeros((used if in_order else 1, n_nfps), np.int64)
    for number in range(orders.shape[0]):
        for share in range(times.shape[0]):
            times[share, orders[number, share]] += 1
    places = np.flatnonzero(times[0])
    for share in range(used):
        if in_order:
            places = np.flatnonzero(times[share])
        for place in places:
            n = times[share if in_order else 0, place]
            j = place if in_order else (place + share) % n_nfps
            for column in columns:
                total[j, column] += n * values[share, column]
