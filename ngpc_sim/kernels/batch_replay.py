"""Commands replayed batch by batch: see :mod:`ngpc_sim.engines.batch_sums`."""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.causes import BUSY, COLUMNS, DRAIN
from ngpc_sim.kernels.nfp import COUNT, FREE, IN_BATCH, OUT, R_BEFORE, RATE_BITS, close_batch


@njit(cache=True, nogil=True)
def add_batches(rows, slot_cycles, batch_queries, groups, sums):
    """Fill ``sums`` (batches, groups, slots): cycles of the queries k of a batch with k mod groups the same."""
    for batch in range(sums.shape[0]):
        own = rows[batch * batch_queries : (batch + 1) * batch_queries]
        for local in range(groups):
            total = sums[batch, local]
            for k in range(local, own.shape[0], groups):
                row = slot_cycles[own[k]]
                for slot in range(row.shape[0]):
                    total[slot] += row[slot]


@njit(cache=True, nogil=True)
def latest(rows, slot_cycles, step, rate, groups, most):
    """Fill ``most`` (groups, slots): max over queries k of k x step + rate x (their cycles from k on)."""
    most[:] = -1
    behind = np.zeros(most.shape[1], np.int64)
    n = rows.shape[0]
    for local in range(min(groups, n)):
        behind[:] = 0
        largest = most[local]
        for back in range(0, n - local, groups):
            k = local + (n - 1 - local) // groups * groups - back
            row, at = slot_cycles[rows[k]], k * step
            for slot in range(row.shape[0]):
                behind[slot] += rate * np.int64(row[slot])
                largest[slot] = max(largest[slot], at + behind[slot])


@njit(cache=True, nogil=True)
def add_corners(rows, slot_cycles, batch_queries, groups, ends, corners):
    """The only queries that :func:`latest` can find, whatever step and rate, of a command.

    They are the corners of the convex hull of (k, cycles from k on). Fills ``corners`` (places, 2) with these, last
    query first, and ``ends`` (batches, groups, slots) with the place behind the last corner; returns the last of them.
    """
    at = 0
    for batch in range(ends.shape[0]):
        own = rows[batch * batch_queries : (batch + 1) * batch_queries]
        n = own.shape[0]
        for local in range(groups):
            for slot in range(slot_cycles.shape[1]):
                first, behind = at, np.int64(0)
                for back in range(0, n - local, groups):
                    k = local + (n - 1 - local) // groups * groups - back
                    behind += slot_cycles[own[k], slot]
                    while at >= first + 2 and (corners[at - 1, 1] - corners[at - 2, 1]) * (corners[at - 2, 0] - k) <= (
                        behind - corners[at - 2, 1]
                    ) * (corners[at - 2, 0] - corners[at - 1, 0]):
                        at -= 1
                    corners[at, 0], corners[at, 1] = k, behind
                    at += 1
                ends[batch, local, slot] = at
    return at


@njit(cache=True, nogil=True)
def latest_of_corners(first, ends, corners, step, rate, most):
    """What :func:`latest` fills, by the corners of the batch, which begin at ``first``."""
    at = first
    for local in range(most.shape[0]):
        for slot in range(most.shape[1]):
            largest = np.int64(-1)
            while at < ends[local, slot]:
                largest = max(largest, corners[at, 0] * step + corners[at, 1] * rate)
                at += 1
            most[local, slot] = largest


@njit(cache=True, nogil=True)
def serve_batch(engines, sums, most, n, first, rate, released, group, late):
    """Issue a batch of ``n`` queries whose first query comes at ``first`` / rate: ``free`` and ``busy`` advance.

    ``late``: whether queries can come late, so that ``most`` counts.
    """
    free, _, busy, _, _ = engines
    groups, slots = free.shape
    for local in range(min(groups, n)):
        g = (group + local) % groups
        for slot in range(slots):
            cycles = sums[local, slot]
            end = max(free[g, slot], released) + cycles
            if late:
                end_late = first + most[local, slot]
                if end_late > end * rate:
                    end = (end_late + rate - 1) // rate
            free[g, slot] = end
            busy[g, slot] = cycles


@njit(cache=True, nogil=True)
def hide(stalls, hidden):
    """Let the first waits of an NFP pass during the drain of the copy before; ``stalls`` (slots + 1, causes)."""
    drain = stalls[-1, DRAIN]
    for cause in hidden:
        for row in range(stalls.shape[0]):
            if drain >= 0:
                break
            taken = min(-drain, stalls[row, cause])
            stalls[row, cause] -= taken
            drain += taken
    stalls[-1, DRAIN] = drain


@njit(cache=True, nogil=True)
def store(stalls, total, by_level, before):
    """Fill ``stalls`` (slots + 1, causes) with what came since ``before`` (slots + 1, COLUMNS) was noted."""
    slots, causes = by_level.shape[0], stalls.shape[1]
    for cause in range(causes):
        left = total[cause] - before[slots, cause]
        for slot in range(slots):
            stalls[slot, cause] = by_level[slot, cause] - before[slot, cause]
            left -= stalls[slot, cause]
        stalls[slots, cause] = left


@njit(cache=True, nogil=True)
def close_copy(copy, counter, total, by_level, before, stalls, hidden):
    """Close a copy of a command on an NFP: note in ``before`` where the first ends, fill ``stalls`` of the second."""
    slots = by_level.shape[0]
    total[DRAIN] = counter[OUT] - counter[FREE]
    if copy == 0:
        before[:slots], before[slots] = by_level, total
    else:
        store(stalls, total, by_level, before)
        hide(stalls, hidden)


@njit(cache=True, nogil=True)
def may_be_late(free, released, n, count, step, rate, least):
    """Whether an engine might wait for one of the next ``n`` queries, after ``count``, to come."""
    groups = free.shape[0]
    if (count + n) * step <= released * rate:
        return False
    last_of_first = (count + min(groups, n)) * step
    return groups * step > rate * least or last_of_first > max(free.min(), released) * rate


@njit(cache=True, nogil=True)
def replay_in_turn(
    rows, slot_cycles, sums, hull, least, batch_queries, per_granule, constants, groups, fifo, ports, hidden, ends,
    busy, stalls,
):  # fmt: skip
    """Replay a command and itself behind it on every NFP that gets a granule.

    ``hull``: what :func:`add_corners` has filled, or nothing. ``ports``: bytes of a query and bytes per cycle in
    1/65536, in and out. Fills ``ends`` (2, N), ``busy`` (N,) and ``stalls`` (N, slots + 1, causes) of the second copy
    for these NFPs.
    """
    n_nfps, slots, n_batches = ends.shape[1], slot_cycles.shape[1], sums.shape[0]
    in_bytes, in_rate, out_bytes, out_rate = ports
    cached = False
    step = in_bytes << RATE_BITS
    most, known = np.zeros((n_batches, groups, slots), np.int64), np.zeros(n_batches, np.bool_)
    free = np.zeros((groups, slots), np.int64)
    engines = (free, np.zeros_like(free), np.zeros_like(free), free, np.zeros((groups, slots, 3), np.int64))
    counter, outputs, total = np.zeros(10, np.int64), np.zeros(fifo, np.int64), np.zeros(COLUMNS, np.int64)
    by_level, before = np.zeros((slots, COLUMNS), np.int64), np.zeros((slots + 1, COLUMNS), np.int64)
    for j in range(min(n_nfps, (n_batches + per_granule - 1) // per_granule)):
        free[:], engines[1][:], by_level[:] = 0, 0, 0
        counter[:], outputs[:], total[:] = 0, 0, 0
        for copy in range(2):
            for granule in range(j * per_granule, n_batches, n_nfps * per_granule):
                for batch in range(granule, min(granule + per_granule, n_batches)):
                    own = rows[batch * batch_queries : (batch + 1) * batch_queries]
                    n, count, released = own.shape[0], counter[COUNT], counter[R_BEFORE]
                    late = may_be_late(free, released, n, count, step, in_rate, least)
                    if late and not known[batch]:
                        if hull[1].shape[0] > 0:
                            begin = hull[0][batch - 1, groups - 1, slots - 1] if batch > 0 else 0
                            latest_of_corners(begin, hull[0][batch], hull[1], step, in_rate, most[batch])
                        else:
                            latest(own, slot_cycles, step, in_rate, groups, most[batch])
                        known[batch] = True
                    first = (count + 1) * step
                    serve_batch(engines, sums[batch], most[batch], n, first, in_rate, released, count % groups, late)
                    counter[COUNT] += n
                    counter[IN_BATCH] = n
                    close_batch(engines, counter, outputs, total, by_level, constants, out_bytes, out_rate, cached, 0)
            ends[copy, j] = counter[OUT]
            close_copy(copy, counter, total, by_level, before, stalls[j], hidden)
        busy[j] = total[BUSY] - before[slots, BUSY]


@njit(cache=True, nogil=True)
def replay_commands(
    first, last, rows, firsts, slot_cycles, sums, batch_firsts, hulls, least, batch_queries, per_granule, constants,
    groups, fifo, ports, hidden, ends, busy, stalls,
):  # fmt: skip
    """Replay the commands from ``first`` to before ``last``; ``ports`` (S, 4), the answers by command."""
    for s in range(first, last):
        own, known = slice(batch_firsts[s], batch_firsts[s + 1]), hulls[1].shape[0] > 0
        hull = hulls[0][own], hulls[1][hulls[2][s] : hulls[2][s + 1]] if known else hulls[1]
        replay_in_turn(
            rows[firsts[s] : firsts[s + 1]], slot_cycles, sums[own], hull, least, batch_queries, per_granule, constants,
            groups, fifo, (ports[s, 0], ports[s, 1], ports[s, 2], ports[s, 3]), hidden, ends[s], busy[s], stalls[s],
        )  # fmt: skip
