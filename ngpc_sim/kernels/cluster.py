"""Kernels of the cluster: granules to NFPs, and a command behind itself. Words of the state: ``pipeline.py``."""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.causes import COLUMNS, DRAIN
from ngpc_sim.kernels.nfp import (
    ARRIVED,
    BATCHES,
    COUNT,
    FREE,
    GROUP,
    IN_BATCH,
    OUT,
    PART,
    R_BEFORE,
    RATE_BITS,
    ceil_div,
    close_batch,
    issue,
    issue_cached,
)


@njit(cache=True, nogil=True)
def choose(policy_least_loaded, granule, loads):
    """NFP of a granule."""
    if not policy_least_loaded:
        return granule % loads.shape[0]
    best = 0
    for j in range(1, loads.shape[0]):
        if loads[j] < loads[best]:
            best = j
    return best


@njit(cache=True, nogil=True)
def end_batch(j, engines, queues, constants, out_bytes, out_rate, cached, members, done, not_before):
    """Pass the batch of NFP j on; ``done`` (n,), where it is not empty, takes E for its queries."""
    free, begin, busy, ready, lost = engines
    counter, outputs, total, by_level = queues
    queries = counter[j, IN_BATCH]
    _, end = close_batch(
        (free[j], begin[j], busy[j], ready[j], lost[j]), counter[j], outputs[j], total[j], by_level[j], constants,
        out_bytes, out_rate, cached, not_before,
    )  # fmt: skip
    if done.shape[0] > 0:
        done[members[j, :queries]] = end


@njit(cache=True, nogil=True, inline="always")
def arrive(counter, cycles, part, in_rate):
    """Let the port deliver one more query: ARRIVED + PART / in_rate is its exact time, kept without a division."""
    counter[ARRIVED] += cycles
    counter[PART] += part
    if counter[PART] >= in_rate:
        counter[PART] -= in_rate
        counter[ARRIVED] += 1


@njit(cache=True, nogil=True)
def serve_granule(
    j, rows, first, slot_cycles, missing, far, engines, misses, queues, constants, members, done, in_bytes, in_rate,
    out_bytes, out_rate, path,
):  # fmt: skip
    """Issue the queries ``rows`` on NFP j; ``first`` is the number of the first of them in its command."""
    free, _, busy, ready, lost = engines
    window, place, port = misses
    counter = queues[0]
    before, behind = constants[2], constants[3]
    groups = free.shape[1]
    cached = missing.shape[0] > 0
    cycles, part = (in_bytes << RATE_BITS) // in_rate, (in_bytes << RATE_BITS) % in_rate
    for k in range(rows.shape[0]):
        arrive(counter[j], cycles, part, in_rate)
        g = counter[j, GROUP]
        arrival = counter[j, ARRIVED] + (counter[j, PART] > 0)
        row = rows[k]
        if cached:
            issue_cached(
                free[j, g], busy[j, g], ready[j, g], lost[j, g], window[j, g], place[j, g], port[j, g],
                slot_cycles[row], missing[row], far[row], arrival, counter[j, R_BEFORE], before, behind, path,
            )  # fmt: skip
        else:
            issue(free[j, g], busy[j, g], slot_cycles[row], arrival, counter[j, R_BEFORE])
        members[j, counter[j, IN_BATCH]] = first + k
        counter[j, COUNT] += 1
        counter[j, IN_BATCH] += 1
        counter[j, GROUP] = g + 1 if g + 1 < groups else 0
        if counter[j, IN_BATCH] == members.shape[1]:
            end_batch(j, engines, queues, constants, out_bytes, out_rate, cached, members, done, 0)


@njit(cache=True, nogil=True)
def replay_cluster(
    stream, slot_cycles, missing, far, constants, groups, batch_queries, fifo, in_bytes, in_rate, out_bytes, out_rate,
    path, window_lines, n_nfps, granule_queries, least_loaded, owner, ends, stalls, done,
):  # fmt: skip
    """Replay copies of a command one behind the other, the same granules on the same NFPs each time.

    ``stream`` (n,) rows of ``slot_cycles``, and of ``missing`` and ``far`` where these have any; ``owner``
    (granules,) NFP of each granule, -1 where the dispatcher is to choose; fills ``ends`` (copies, N) and ``stalls``
    (copies, N, slots + 1, COLUMNS), by level and in the last row what no level causes, both counted from the very
    start, and ``done`` with E of each query's batch in the first copy. Returns the number of batches of the first
    copy.
    """
    slots = slot_cycles.shape[1]
    cached = missing.shape[0] > 0
    granules = ceil_div(stream.shape[0], granule_queries)
    free = np.zeros((n_nfps, groups, slots), np.int64)
    begin, busy, ready = np.zeros_like(free), np.zeros_like(free), np.zeros_like(free)
    engines = (free, begin, busy, ready, np.zeros((n_nfps, groups, slots, 3), np.int64))
    misses = (
        np.zeros((n_nfps, groups, slots, window_lines if cached else 0, 2), np.int64),
        np.zeros((n_nfps, groups, slots), np.int64),
        np.zeros((n_nfps, groups, slots, 2), np.int64),
    )
    counter = np.zeros((n_nfps, 10), np.int64)
    total = np.zeros((n_nfps, COLUMNS), np.int64)
    by_level = np.zeros((n_nfps, slots, COLUMNS), np.int64)
    queues = (counter, np.zeros((n_nfps, fifo), np.int64), total, by_level)
    members = np.zeros((n_nfps, batch_queries), np.int64)
    loads = np.zeros(n_nfps, np.int64)
    batches = 0
    for copy in range(ends.shape[0]):
        handed_at = 0
        noted = done if copy == 0 else done[:0]
        for g in range(granules):
            if copy == 0 and owner[g] < 0:
                owner[g] = choose(least_loaded, g, loads)
                handed_at = loads[owner[g]]
            first = g * granule_queries
            rows = stream[first : first + granule_queries]
            serve_granule(
                owner[g], rows, first, slot_cycles, missing, far, engines, misses, queues, constants, members, noted,
                in_bytes, in_rate, out_bytes, out_rate, path,
            )  # fmt: skip
            if least_loaded:
                loads[owner[g]] = free[owner[g]].min()
        for j in range(n_nfps):
            if counter[j, IN_BATCH] > 0:
                end_batch(j, engines, queues, constants, out_bytes, out_rate, cached, members, noted, handed_at)
            ends[copy, j] = counter[j, OUT]
            stalls[copy, j, :slots] = by_level[j]
            stalls[copy, j, slots] = total[j] - by_level[j].sum(axis=0)
            stalls[copy, j, slots, DRAIN] = counter[j, OUT] - counter[j, FREE]
        if copy == 0:
            batches = counter[:, BATCHES].sum()
    return batches
