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
        for share in range(n_nfps):
            order[share] = (share + offset) % n_nfps
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
