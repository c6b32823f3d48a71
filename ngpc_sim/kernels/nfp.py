"""Kernels of an NFP's recurrences: query after query through its engines, batch after batch through its MLP array.

Equations and causes stand in :mod:`ngpc_sim.engines.nfp`. State of one NFP with P groups of engines and S slots:
``free``, ``begin``, ``busy``, ``ready`` (P, S) int64: when an engine is free, when it was at the batch's start, its
busy cycles in the batch, when its last features are there; ``lost`` (P, S, 3): cycles in the batch in which full
windows held an engine, by bandwidth and by latency, and what its last line lost to bandwidth; ``window``
(P, S, W, 2): when the last W lines came, and what each lost to bandwidth; ``place`` (P, S) the oldest of them;
``port`` (P, S, 2): when an engine's share of link and DRAM is free for the next line, in 1/65536 cycles.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.kernels.causes import (
    BANK_CONFLICT,
    BUSY,
    COLUMNS,
    DRAIN,
    ENCODING,
    FEATURE_BUFFER,
    INPUT,
    MISS_BANDWIDTH,
    MISS_LATENCY,
    MLP_FILL,
    OUTPUT,
)

#: columns of the counters of one NFP
COUNT, IN_BATCH, R_LAST, R_BEFORE, FREE, OUT, BATCHES, GROUP, ARRIVED, PART = range(10)
#: bytes per cycle and times of a port are fixed-point numbers with this many fractional bits
RATE_BITS = 16
ROUND_UP = (1 << RATE_BITS) - 1


@njit(cache=True, nogil=True, inline="always")
def ceil_div(a, b):
    """ceil(a / b) of non-negative integers."""
    return (a + b - 1) // b


@njit(cache=True, nogil=True, inline="always")
def issue(free, busy, row, arrival, released):
    """Issue one query on the engines of its group; ``free`` and ``busy`` (slots,) advance."""
    earliest = max(arrival, released)
    for slot in range(row.shape[0]):
        cycles = np.int64(row[slot])
        free[slot] = max(free[slot], earliest) + cycles
        busy[slot] += cycles


@njit(cache=True, nogil=True, inline="always")
def fetch(lost, window, place, port, slot, tagged, lines, far, path):
    """Fetch what a query misses on engine ``slot``, tags known at ``tagged``: ``lines``, the last ``far`` from DRAM.

    ``lost`` (slots, 3), ``window``, ``place`` and ``port`` of the engine's group advance. ``path``: cycles of a line on
    its way from L2, what DRAM adds to it, and (slots, 2) 1/65536 cycles for which it takes link and DRAM. Returns for
    how long the window held the engine, and when the last line came.
    """
    l2_latency, dram_latency, line_time = path
    entered, blocked_by_bandwidth, came = tagged, np.int64(0), np.int64(0)
    for line in range(lines):
        oldest = place[slot]
        if window[slot, oldest, 0] > entered:
            entered = window[slot, oldest, 0]
            blocked_by_bandwidth = window[slot, oldest, 1]
        port[slot, 0] = max(port[slot, 0], entered << RATE_BITS) + line_time[slot, 0]
        passed, latency = port[slot, 0], l2_latency
        if line >= lines - far:
            port[slot, 1] = max(port[slot, 1], entered << RATE_BITS) + line_time[slot, 1]
            passed, latency = max(passed, port[slot, 1]), l2_latency + dram_latency
        through = (passed + ROUND_UP) >> RATE_BITS
        newest = oldest - 1 if oldest > 0 else window.shape[1] - 1
        came = max(through + latency, window[slot, newest, 0])
        window[slot, oldest, 0] = came
        window[slot, oldest, 1] = through - entered
        lost[slot, 2] = through - entered
        place[slot] = oldest + 1 if oldest + 1 < window.shape[1] else 0
    held = entered - tagged
    lost[slot, 0] += min(held, blocked_by_bandwidth)
    lost[slot, 1] += held - min(held, blocked_by_bandwidth)
    return held, came


@njit(cache=True, nogil=True, inline="always")
def issue_cached(
    free, busy, ready, lost, window, place, port, row, missing, far, arrival, released, before, behind, path
):
    """Issue one query on engines whose grid_sram may miss; ``missing`` and ``far`` (slots,) count its lines.

    ``before`` and ``behind``: latency of the stages up to the tags and from the data on. ``path``: see :func:`fetch`.
    """
    earliest = max(arrival, released)
    for slot in range(row.shape[0]):
        cycles = np.int64(row[slot])
        free[slot] = max(free[slot], earliest) + cycles
        busy[slot] += cycles
        there = free[slot] - 1 + before + behind
        lines = np.int64(missing[slot])
        if lines > 0:
            tagged = free[slot] - 1 + before
            held, came = fetch(lost, window, place, port, slot, tagged, lines, np.int64(far[slot]), path)
            free[slot] += held
            there = max(there, came + behind)
        ready[slot] = max(ready[slot], there)


@njit(cache=True, nogil=True)
def attribute(stalls, level_stalls, gap, late_input, conflict, miss_bandwidth, miss_latency, late_buffer):
    """Divide a wait of ``gap`` cycles for features among its causes, for the NFP and for the slowest level."""
    for cause, most in (
        (INPUT, late_input),
        (BANK_CONFLICT, conflict),
        (MISS_BANDWIDTH, miss_bandwidth),
        (MISS_LATENCY, miss_latency),
        (FEATURE_BUFFER, late_buffer),
        (ENCODING, gap),
    ):
        part = min(gap, most)
        stalls[cause] += part
        level_stalls[cause] += part
        gap -= part


@njit(cache=True, nogil=True)
def close_batch(engines, counter, outputs, stalls, by_level, constants, out_bytes, out_rate, cached, not_before):
    """Pass a full or last batch through the MLP engine and the output port; returns ``(S, E)``.

    ``stalls`` (COLUMNS,) of the NFP, ``by_level`` (slots, COLUMNS) of them the waits for each slot's features.
    ``constants``: intervals without conflicts (slots,), MLP tables (3, B + 1): busy, first-matrix and useful cycles
    by n, latency before and behind the tags, tail. ``not_before``: when the NFP knows that no query will join the
    batch.
    """
    free, begin, busy, ready, lost = engines
    base, tables, before, behind, tail = constants
    groups, slots = free.shape
    latency = before + behind
    worst_group, worst_slot, at = 0, 0, np.int64(-1)
    for g in range(groups):
        for slot in range(slots):
            here = ready[g, slot] if cached else free[g, slot] - 1 + latency
            if here > at:
                worst_group, worst_slot, at = g, slot, here
    n = counter[IN_BATCH]
    late_end = max(not_before - at, 0)
    start = max(at + late_end, counter[FREE])
    gap = start - counter[FREE]
    if gap > 0:
        last, first = counter[COUNT] - 1, counter[COUNT] - n
        on_group = (last - worst_group) // groups - (first - 1 - worst_group) // groups
        busy_cycles = busy[worst_group, worst_slot]
        began, ended = begin[worst_group, worst_slot], free[worst_group, worst_slot]
        by_bandwidth, by_latency = np.int64(0), np.int64(0)
        if cached:
            held = lost[worst_group, worst_slot]
            tail_wait = at - (ended - 1 + latency)
            by_bandwidth = held[0] + min(tail_wait, held[2])
            by_latency = held[1] + tail_wait - min(tail_wait, held[2])
            ended -= held[0] + held[1]
        idle = ended - began - busy_cycles
        late_buffer = min(max(counter[R_BEFORE] - began, 0), idle)
        attribute(
            stalls, by_level[worst_slot], gap, idle - late_buffer + late_end, busy_cycles - on_group * base[worst_slot],
            by_bandwidth, by_latency, late_buffer,
        )  # fmt: skip
    fifo_slot = counter[BATCHES] % outputs.shape[0]
    finished = start + tables[0, n]
    released = max(finished, outputs[fifo_slot] - tail)
    stalls[BUSY] += tables[2, n]
    stalls[MLP_FILL] += tables[0, n] - tables[2, n]
    stalls[OUTPUT] += released - finished
    counter[R_BEFORE] = counter[R_LAST]
    counter[R_LAST] = start + tables[1, n]
    counter[FREE] = released
    counter[OUT] = max(released + tail, counter[OUT]) + ceil_div((n * out_bytes) << RATE_BITS, out_rate)
    outputs[fifo_slot] = counter[OUT]
    counter[BATCHES] += 1
    counter[IN_BATCH] = 0
    begin[:] = free
    busy[:] = 0
    if cached:
        lost[:, :, :2] = 0
    return start, released + tail


@njit(cache=True, nogil=True)
def replay_nfp(
    slot_cycles, missing, far, arrivals, constants, groups, batch_queries, fifo, out_bytes, out_rate, path,
    window_lines, starts, ends, by_level,
):  # fmt: skip
    """One NFP over a stream; fills ``starts`` and ``ends`` by batch, ``by_level``; returns ``(cycles, stalls)``.

    ``missing`` and ``far`` (n, slots) have no rows where nothing can miss.
    """
    slots = slot_cycles.shape[1]
    cached = missing.shape[0] > 0
    free = np.zeros((groups, slots), np.int64)
    busy, ready = np.zeros_like(free), np.zeros_like(free)
    lost = np.zeros((groups, slots, 3), np.int64)
    engines = (free, np.zeros_like(free), busy, ready, lost)
    window = np.zeros((groups, slots, window_lines if cached else 0, 2), np.int64)
    place = np.zeros((groups, slots), np.int64)
    port = np.zeros((groups, slots, 2), np.int64)
    counter = np.zeros(10, np.int64)
    outputs = np.zeros(fifo, np.int64)
    stalls = np.zeros(COLUMNS, np.int64)
    before, behind = constants[2], constants[3]
    n = slot_cycles.shape[0]
    for i in range(n):
        g = i % groups
        if cached:
            issue_cached(
                free[g], busy[g], ready[g], lost[g], window[g], place[g], port[g], slot_cycles[i], missing[i], far[i],
                arrivals[i], counter[R_BEFORE], before, behind, path,
            )  # fmt: skip
        else:
            issue(free[g], busy[g], slot_cycles[i], arrivals[i], counter[R_BEFORE])
        counter[COUNT] += 1
        counter[IN_BATCH] += 1
        if counter[IN_BATCH] == batch_queries or i == n - 1:
            k = counter[BATCHES]
            starts[k], ends[k] = close_batch(
                engines, counter, outputs, stalls, by_level, constants, out_bytes, out_rate, cached, 0
            )
    stalls[DRAIN] = counter[OUT] - counter[FREE]
    return counter[OUT], stalls
