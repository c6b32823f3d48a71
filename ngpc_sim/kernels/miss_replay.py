"""Commands with cached levels, batch by batch: see :mod:`ngpc_sim.engines.miss_sums`."""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.batch_replay import close_copy
from ngpc_sim.kernels.causes import BUSY, COLUMNS
from ngpc_sim.kernels.nfp import COUNT, IN_BATCH, OUT, R_BEFORE, RATE_BITS, close_batch, fetch


@njit(cache=True, nogil=True)
def count_misses(rows, missing):
    """How many engines miss lines, over all queries ``rows`` of ``missing`` (n, slots)."""
    count = 0
    for k in range(rows.shape[0]):
        for slot in range(missing.shape[1]):
            count += missing[rows[k], slot] > 0
    return count


@njit(cache=True, nogil=True)
def add_misses(rows, slot_cycles, missing, far, batch_queries, groups, first, ends, found):
    """Note what the queries of a command miss, engine after engine of every batch.

    Fills ``found`` (places, 4) int32: number of the query in its batch, cycles of its engine in the batch until it is
    issued, its lines and those of them from DRAM; and ``ends`` (batches, groups, slots), the place behind the last of
    each engine, counted from ``first`` on.
    """
    at = 0
    for batch in range(ends.shape[0]):
        own = rows[batch * batch_queries : (batch + 1) * batch_queries]
        for local in range(groups):
            for slot in range(missing.shape[1]):
                cycles = np.int64(0)
                for k in range(local, own.shape[0], groups):
                    cycles += np.int64(slot_cycles[own[k], slot])
                    if missing[own[k], slot] > 0:
                        found[at, 0], found[at, 1] = k, cycles
                        found[at, 2], found[at, 3] = missing[own[k], slot], far[own[k], slot]
                        at += 1
                ends[batch, local, slot] = first + at


@njit(cache=True, nogil=True)
def add_lines(rows, counts, batch_queries, column, lines):
    """Add ``counts`` (n, slots) of the queries ``rows`` to ``lines`` (batches, columns, slots) by batch."""
    for batch in range(lines.shape[0]):
        total = lines[batch, column]
        for row in rows[batch * batch_queries : (batch + 1) * batch_queries]:
            for slot in range(total.shape[0]):
                total[slot] += counts[row, slot]


@njit(cache=True, nogil=True)
def arrive_all(arrivals, in_bytes, in_rate):
    """Fill ``arrivals`` (n,) with ceil((i + 1) x in_bytes x 65536 / in_rate), without large products."""
    cycles, part = (in_bytes << RATE_BITS) // in_rate, (in_bytes << RATE_BITS) % in_rate
    at, rest = 0, 0
    for i in range(arrivals.shape[0]):
        at += cycles
        rest += part
        if rest >= in_rate:
            rest -= in_rate
            at += 1
        arrivals[i] = at + (rest > 0)


@njit(cache=True, nogil=True)
def serve_batch_with_misses(
    engines, queues, rows, slot_cycles, sums, first, ends, found, arrivals, late, released, group, before, behind, path
):
    """Issue a batch whose queries are ``rows``; its misses are ``found`` from ``first`` on.

    ``sums``, ``ends`` (groups, slots) of the batch; ``queues``: window, place and port of the NFP; ``late``: whether
    a query can come too late, so that ``arrivals`` count.
    """
    free, _, busy, ready, lost = engines
    window, place, port = queues
    groups, slots = free.shape
    n, at = rows.shape[0], first
    for local in range(min(groups, n)):
        g = (group + local) % groups
        for slot in range(slots):
            end, there, stop = max(free[g, slot], released), ready[g, slot], ends[local, slot]
            if late:
                for k in range(local, n, groups):
                    end = max(end, arrivals[k]) + np.int64(slot_cycles[rows[k], slot])
                    if at < stop and found[at, 0] == k:
                        lines, far = np.int64(found[at, 2]), np.int64(found[at, 3])
                        held, came = fetch(
                            lost[g], window[g], place[g], port[g], slot, end - 1 + before, lines, far, path
                        )
                        end += held
                        there = max(there, came + behind)
                        at += 1
            else:
                while at < stop:
                    tagged = end + np.int64(found[at, 1]) - 1 + before
                    lines, far = np.int64(found[at, 2]), np.int64(found[at, 3])
                    held, came = fetch(lost[g], window[g], place[g], port[g], slot, tagged, lines, far, path)
                    end += held
                    there = max(there, came + behind)
                    at += 1
                end += sums[local, slot]
            free[g, slot] = end
            busy[g, slot] = sums[local, slot]
            ready[g, slot] = max(there, end - 1 + before + behind)


@njit(cache=True, nogil=True)
def replay_misses_in_turn(
    rows, slot_cycles, sums, first, miss_ends, found, batch_lines, least, batch_queries, per_granule, constants, fifo,
    ports, path, window_lines, hidden, ends, busy, stalls, lines,
):  # fmt: skip
    """Replay a command and itself behind it on every NFP that gets a granule.

    The misses of the command are ``found`` from ``first`` on. ``ports``: bytes of a query and bytes per cycle in
    1/65536, in and out. Fills ``ends`` (2, N), ``busy`` (N,) and ``stalls`` (N, slots + 1, causes) of the second copy,
    and ``lines`` (N, 3, slots), for these NFPs.
    """
    n_nfps, groups, slots, n_batches = ends.shape[1], sums.shape[1], sums.shape[2], sums.shape[0]
    in_bytes, in_rate, out_bytes, out_rate = ports
    before, behind, cached = constants[2], constants[3], True
    # an engine that has served a query finds the next one there: they come no further apart than the least interval
    fed = groups * (in_bytes << RATE_BITS) <= in_rate * least
    rounds = (n_batches + n_nfps * per_granule - 1) // (n_nfps * per_granule)
    arrivals = np.zeros(2 * rounds * per_granule * batch_queries, np.int64)
    arrive_all(arrivals, in_bytes, in_rate)
    free = np.zeros((groups, slots), np.int64)
    begin, cycles, ready = np.zeros_like(free), np.zeros_like(free), np.zeros_like(free)
    engines = (free, begin, cycles, ready, np.zeros((groups, slots, 3), np.int64))
    window = np.zeros((groups, slots, window_lines, 2), np.int64)
    queues = (window, np.zeros_like(free), np.zeros((groups, slots, 2), np.int64))
    counter, outputs, total = np.zeros(10, np.int64), np.zeros(fifo, np.int64), np.zeros(COLUMNS, np.int64)
    by_level, noted = np.zeros((slots, COLUMNS), np.int64), np.zeros((slots + 1, COLUMNS), np.int64)
    for j in range(min(n_nfps, (n_batches + per_granule - 1) // per_granule)):
        for array in engines[:4]:
            array[:] = 0
        engines[4][:], window[:], queues[1][:], queues[2][:] = 0, 0, 0, 0
        counter[:], outputs[:], total[:], by_level[:] = 0, 0, 0, 0
        for copy in range(2):
            for granule in range(j * per_granule, n_batches, n_nfps * per_granule):
                for batch in range(granule, min(granule + per_granule, n_batches)):
                    own = rows[batch * batch_queries : (batch + 1) * batch_queries]
                    n, count, released = own.shape[0], counter[COUNT], counter[R_BEFORE]
                    come = arrivals[count : count + n]
                    late = come[n - 1] > released and not (fed and count >= groups)
                    at = miss_ends[batch - 1, groups - 1, slots - 1] if batch > 0 else first
                    serve_batch_with_misses(
                        engines, queues, own, slot_cycles, sums[batch], at, miss_ends[batch], found, come, late,
                        released, count % groups, before, behind, path,
                    )  # fmt: skip
                    counter[COUNT] += n
                    counter[IN_BATCH] = n
                    close_batch(engines, counter, outputs, total, by_level, constants, out_bytes, out_rate, cached, 0)
                    if copy == 0:
                        lines[j] += batch_lines[batch]
            ends[copy, j] = counter[OUT]
            close_copy(copy, counter, total, by_level, noted, stalls[j], hidden)
        busy[j] = total[BUSY] - noted[slots, BUSY]


@njit(cache=True, nogil=True)
def replay_commands_with_misses(
    first, last, rows, firsts, slot_cycles, sums, batch_firsts, misses, least, batch_queries, per_granule, constants,
    fifo, ports, latencies, line_times, window_lines, hidden, ends, busy, stalls, lines,
):  # fmt: skip
    """Replay the commands from ``first`` to before ``last``; ``ports`` (S, 4), the answers by command.

    ``misses``: ``ends``, ``found`` and ``lines`` of :class:`MissSums`; ``latencies`` (S, 2) of L2 and DRAM and
    ``line_times`` (S, slots, 2): see :class:`ngpc_sim.engines.memory_shares.MissPath`.
    """
    miss_ends, found, batch_lines = misses
    for s in range(first, last):
        own = slice(batch_firsts[s], batch_firsts[s + 1])
        begin = miss_ends[own.start - 1, -1, -1] if s > 0 else 0
        replay_misses_in_turn(
            rows[firsts[s] : firsts[s + 1]], slot_cycles, sums[own], begin, miss_ends[own], found, batch_lines[own],
            least, batch_queries, per_granule, constants, fifo, (ports[s, 0], ports[s, 1], ports[s, 2], ports[s, 3]),
            (latencies[s, 0], latencies[s, 1], line_times[s]), window_lines, hidden, ends[s], busy[s], stalls[s],
            lines[s],
        )  # fmt: skip
