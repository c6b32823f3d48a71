"""Shares of commands whose queries all take the same cycles: see :mod:`ngpc_sim.engines.alike_shares`."""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.batch_replay import close_copy, may_be_late, serve_batch
from ngpc_sim.kernels.causes import BUSY, COLUMNS
from ngpc_sim.kernels.nfp import COUNT, IN_BATCH, OUT, R_BEFORE, RATE_BITS, close_batch


@njit(cache=True, nogil=True)
def ask(n, cycles, batch_queries, groups, step, rate, sums, most):
    """Fill ``sums`` and ``most`` (2, groups, 1) with what a whole batch asks, and the last one of ``n`` queries.

    They are what :func:`ngpc_sim.kernels.batch_replay.latest` and its sums say of queries of ``cycles`` each: the
    latest end comes of the first or of the last query of a group.
    """
    for part, size in enumerate((batch_queries, n % batch_queries)):
        for local in range(groups):
            own = (size - local + groups - 1) // groups if size > local else 0
            sums[part, local, 0] = own * cycles
            last = local + (own - 1) * groups
            most[part, local, 0] = max(local * step + rate * own * cycles, last * step + rate * cycles) if own else -1


@njit(cache=True, nogil=True)
def replay_alike(
    first, last, queries, ports, cycles, batch_queries, constants, groups, fifo, hidden, ends, busy, stalls
):
    """Replay shares of ``queries`` (shares,) that take ``cycles`` each, from ``first`` to before ``last``.

    Each runs on an NFP of its own, and itself behind it. ``ports`` (shares, 4): bytes of a query and bytes per cycle in
    1/65536, in and out. Fills ``ends`` (shares, 2), ``busy`` (shares,) and ``stalls`` (shares, 2, causes) of the second
    copy: the waits for the one slot, and for none.
    """
    free = np.zeros((groups, 1), np.int64)
    engines = (free, np.zeros_like(free), np.zeros_like(free), free, np.zeros((groups, 1, 3), np.int64))
    counter, outputs, total = np.zeros(10, np.int64), np.zeros(fifo, np.int64), np.zeros(COLUMNS, np.int64)
    cached = False
    by_level, before = np.zeros((1, COLUMNS), np.int64), np.zeros((2, COLUMNS), np.int64)
    sums, most = np.zeros((2, groups, 1), np.int64), np.zeros((2, groups, 1), np.int64)
    for share in range(first, last):
        in_bytes, in_rate, out_bytes, out_rate = ports[share]
        step, left = in_bytes << RATE_BITS, queries[share]
        ask(left, cycles, batch_queries, groups, step, in_rate, sums, most)
        free[:], engines[1][:], by_level[:] = 0, 0, 0
        counter[:], outputs[:], total[:] = 0, 0, 0
        for copy in range(2 if left > 0 else 0):
            left = queries[share]
            while left > 0:
                n, count, released = min(left, batch_queries), counter[COUNT], counter[R_BEFORE]
                part = 1 if n < batch_queries else 0
                late = may_be_late(free, released, n, count, step, in_rate, cycles)
                serve_batch(
                    engines, sums[part], most[part], n, (count + 1) * step, in_rate, released, count % groups, late
                )
                counter[COUNT] += n
                counter[IN_BATCH] = n
                close_batch(engines, counter, outputs, total, by_level, constants, out_bytes, out_rate, cached, 0)
                left -= n
            ends[share, copy] = counter[OUT]
            close_copy(copy, counter, total, by_level, before, stalls[share], hidden)
        busy[share] = total[BUSY] - before[1, BUSY] if queries[share] > 0 else 0
