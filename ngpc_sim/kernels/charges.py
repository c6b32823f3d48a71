"""What the shares of commands cost, added up for the NFPs that they were given.

All kernels take commands s = 0, 1, ... that were placed from ``bounds[s]`` to before ``bounds[s + 1]`` (S + 1,): their
share j costs the row ``kinds[s, j]`` (S, N) of ``values`` (rows, K) int64, where j is below ``used[s]`` (S,), and else
nothing. They add it to ``total`` (N, K).
"""

from __future__ import annotations

import numpy as np

from ngpc_sim.kernels.compiled import kernel


@kernel
def steps_of(kinds, values, used, at, rise):
    """Where the costs of a command change from share to share, and by how much; returns how often they do.

    Fills ``at`` (N,) with shares whose costs are not those of the share before, which for share 0 is the last one, and
    ``rise`` (N, K) with the differences.
    """
    n_nfps, count = kinds.shape[0], 0
    for share in range(min(used + 1, n_nfps)):
        before = share - 1 if share > 0 else n_nfps - 1
        if share < used and before < used and kinds[share] == kinds[before]:
            continue
        rises = False
        for column in range(values.shape[1]):
            now = values[kinds[share], column] if share < used else 0
            rise[count, column] = now - (values[kinds[before], column] if before < used else 0)
            rises |= rise[count, column] != 0
        at[count] = share
        count += rises
    return count


@kernel
def add_rises(first, times, at, rise, rises):
    """Add ``rise`` (changes, K) of a command that is placed ``times`` with its share 0 on the NFP ``first``.

    ``rises`` (N, K) are differences from each NFP to the one before it; row 0 is left as it is.
    """
    for i in range(at.shape[0]):
        nfp = first + at[i] if first + at[i] < rises.shape[0] else first + at[i] - rises.shape[0]
        for column in range(rises.shape[1] if nfp > 0 else 0):
            rises[nfp, column] += times * rise[i, column]


@kernel
def charge_in_turn(offsets, bounds, kinds, values, used, total):
    """Add commands whose share 0 goes to the NFP ``offsets`` (placed,), the others to those behind it in turn.

    Shares with equal costs lie side by side, so what is added is where costs change, and summed up in the end.
    """
    n_nfps, columns = total.shape
    at, rise, times = np.zeros(n_nfps, np.int64), np.zeros(total.shape, np.int64), np.zeros(n_nfps, np.int64)
    rises = np.zeros(total.shape, np.int64)
    for s in range(kinds.shape[0]):
        count = steps_of(kinds[s], values, used[s], at, rise)
        times[:] = 0
        for placed in range(bounds[s], bounds[s + 1]):
            times[offsets[placed]] += 1
        for first in range(n_nfps):
            if times[first] == 0:
                continue
            on_nfp_0 = (n_nfps - first) % n_nfps
            for column in range(columns if on_nfp_0 < used[s] else 0):
                rises[0, column] += times[first] * values[kinds[s, on_nfp_0], column]
            add_rises(first, times[first], at[:count], rise, rises)
    for column in range(columns):
        cost = np.int64(0)
        for nfp in range(n_nfps):
            cost += rises[nfp, column]
            total[nfp, column] += cost


@kernel
def charge_as_placed(orders, bounds, kinds, values, used, total):
    """Add commands whose share j goes to the NFP ``orders[placed, j]`` (placed, N)."""
    n_nfps, columns = total.shape
    times = np.zeros((n_nfps, n_nfps), np.int64)
    for s in range(kinds.shape[0]):
        times[:] = 0
        for placed in range(bounds[s], bounds[s + 1]):
            for share in range(used[s]):
                times[share, orders[placed, share]] += 1
        for share in range(used[s]):
            row = values[kinds[s, share]]
            for nfp in range(n_nfps):
                for column in range(columns if times[share, nfp] > 0 else 0):
                    total[nfp, column] += times[share, nfp] * row[column]
