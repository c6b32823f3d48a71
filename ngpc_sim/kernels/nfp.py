"""Kernels of an NFP's recurrences: query after query through its engines, batch after batch through its MLP array.

Equations and causes stand in :mod:`ngpc_sim.engines.nfp`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.causes import (
    BANK_CONFLICT,
    BUSY,
    COLUMNS,
    DRAIN,
    ENCODING,
    FEATURE_BUFFER,
    HIDDEN,
    INPUT,
    MISS_LATENCY,
    MLP_FILL,
    OUTPUT,
)
from ngpc_sim.kernels.compiled import bare, forced, inlined, kernel

Array = np.ndarray[Any, Any]

#: places of ``counter``: queries issued, queries in the open batch, R of the last batch and of the one before it, when
#: the MLP array is free, end of the last output, batches; with subtables: the present subgrid + 1, when its subtables
#: are there, when engines were done with the subgrid before, and fills
COUNT, IN_BATCH, R_LAST, R_BEFORE, ARRAY_FREE, OUT, BATCHES, SUBGRID, FILLED, RUN_BEFORE, FILLS, COUNTERS = range(12)
#: rows of ``engines``: when an engine is free, when it was at the batch's start, its busy cycles in the batch, when its
#: last features are there; cycles in the batch in which a full window held it; the window's oldest line
FREE, BEGIN, BUSY_CYCLES, READY, HELD, OLDEST, ENGINE_ROWS = range(7)
#: ``path``: latency of a missing line from L2, and what DRAM adds to it
L2_LATENCY, DRAM_LATENCY = range(2)
#: ``ports``: bytes of a query and bytes per cycle, in and out
IN_BYTES, IN_RATE, OUT_BYTES, OUT_RATE = range(4)


class Constants(NamedTuple):
    """What an NFP is for one workload.

    ``base_cycles`` (slots,) int64: intervals without conflicts; ``tables`` (3, B + 1) int64: busy, first-matrix and
    useful cycles of a batch by its queries; latency before the tags and behind the data, and tail, in cycles.
    """

    base_cycles: Array
    tables: Array
    before_tags: int
    behind_data: int
    tail: int


class State(NamedTuple):
    """One NFP with P groups of engines and S slots, or, with one more axis in front, several; all int64.

    ``engines`` (ENGINE_ROWS, P, S) and ``counter`` (COUNTERS,): see above. ``window`` (P, S, W): when the last W lines
    came. ``outputs`` (fifo,): ends of the last outputs. ``waits`` (S + 1, COLUMNS): cycles in the command that runs, by
    the slot that is waited for, in the last row those of none.
    """

    engines: Array
    window: Array
    counter: Array
    outputs: Array
    waits: Array


def idle(n_nfps: int, groups: int, slots: int, window_lines: int, fifo_batches: int) -> State:
    """Several NFPs at cycle 0; ``window_lines`` is 0 where nothing can miss."""
    shapes = (
        *((ENGINE_ROWS, groups, slots), (groups, slots, window_lines), (COUNTERS,), (fifo_batches,)),
        (slots + 1, COLUMNS),
    )
    return State(*(np.zeros((n_nfps, *shape), np.int64) for shape in shapes))


@kernel
def of_nfp(nfps, j):
    """State of NFP ``j`` of several."""
    return State(nfps.engines[j], nfps.window[j], nfps.counter[j], nfps.outputs[j], nfps.waits[j])


@inlined
def arrival(number, in_bytes, in_rate):
    """Cycle at which a port has delivered the inputs of query ``number``: ceil((number + 1) x in_bytes / rate)."""
    return ((number + 1) * in_bytes + in_rate - 1) // in_rate


@bare
def fill_arrivals(came, first, in_bytes, in_rate):
    """Fill ``came`` (n,) int64 with the :func:`arrival` of query ``first`` and those behind it."""
    cycles, part = in_bytes // in_rate, in_bytes % in_rate
    at, rest = first * in_bytes // in_rate, first * in_bytes % in_rate
    for i in range(came.shape[0]):
        at += cycles
        rest += part
        if rest >= in_rate:
            rest -= in_rate
            at += 1
        came[i] = at + (rest > 0)


@bare
def fetch(engines, window, group, slot, tagged, lines, far, path):
    """Fetch ``lines`` that a query misses on an engine, its tags known at ``tagged``, the last ``far`` from DRAM.

    ``engines`` and ``window`` of the NFP advance; ``path`` (2,). Returns for how long the window held the engine, and
    when the last line came.
    """
    entered, came = tagged, np.int64(0)
    oldest, places = engines[OLDEST, group, slot], window.shape[2]
    for line in range(lines):
        entered = max(entered, window[group, slot, oldest])
        latency = path[L2_LATENCY] + (path[DRAM_LATENCY] if line >= lines - far else 0)
        newest = oldest - 1 if oldest > 0 else places - 1
        came = max(entered + latency, window[group, slot, newest])
        window[group, slot, oldest] = came
        oldest = oldest + 1 if oldest + 1 < places else 0
    engines[OLDEST, group, slot] = oldest
    engines[HELD, group, slot] += entered - tagged
    return entered - tagged, came


@inlined
def charge_wait(nfp, constants, group, slot, at, gap, late_end):
    """Divide a wait of ``gap`` cycles, until ``at``, for the features of an engine among its causes.

    ``late_end``: cycles of it in which the NFP did not know yet that the batch was complete.
    """
    engines, counter, groups = nfp.engines, nfp.counter, nfp.engines.shape[1]
    last, first = counter[COUNT] - 1, counter[COUNT] - counter[IN_BATCH]
    on_group = (last - group) // groups - (first - 1 - group) // groups
    began, ended = engines[BEGIN, group, slot], engines[FREE, group, slot]
    busy = engines[BUSY_CYCLES, group, slot]
    held = engines[HELD, group, slot]
    behind = at - (ended - 1 + constants.before_tags + constants.behind_data)
    idle_cycles = ended - held - began - busy
    late_buffer = min(max(counter[R_BEFORE] - began, 0), idle_cycles)
    for cause, most in (
        (INPUT, idle_cycles - late_buffer + late_end),
        (BANK_CONFLICT, busy - on_group * constants.base_cycles[slot]),
        (MISS_LATENCY, held + behind),
        (FEATURE_BUFFER, late_buffer),
        (ENCODING, gap),
    ):
        part = min(gap, most)
        nfp.waits[slot, cause] += part
        gap -= part


@forced
def close_batch(nfp, constants, ports, not_before):
    """Pass a full or last batch through the MLP engine and the output port; returns ``(S, E)``.

    ``not_before``: when the NFP knows that no query will join the batch.
    """
    engines, counter, outputs, tables = nfp.engines, nfp.counter, nfp.outputs, constants.tables
    group, slot, at = 0, 0, np.int64(-1)
    for g in range(engines.shape[1]):
        for s in range(engines.shape[2]):
            if engines[READY, g, s] > at:
                group, slot, at = g, s, engines[READY, g, s]
    late_end = max(not_before - at, 0)
    start = max(at + late_end, counter[ARRAY_FREE])
    if start > counter[ARRAY_FREE]:
        charge_wait(nfp, constants, group, slot, at, start - counter[ARRAY_FREE], late_end)
    n, oldest = counter[IN_BATCH], counter[BATCHES] % outputs.shape[0]
    finished = start + tables[0, n]
    released = max(finished, outputs[oldest] - constants.tail)
    nfp.waits[-1, BUSY] += tables[2, n]
    nfp.waits[-1, MLP_FILL] += tables[0, n] - tables[2, n]
    nfp.waits[-1, OUTPUT] += released - finished
    counter[R_BEFORE] = counter[R_LAST]
    counter[R_LAST] = start + tables[1, n]
    counter[ARRAY_FREE] = released
    end = released + constants.tail
    port_cycles = (n * ports[OUT_BYTES] + ports[OUT_RATE] - 1) // ports[OUT_RATE]
    counter[OUT] = max(end, counter[OUT]) + port_cycles
    outputs[oldest] = counter[OUT]
    counter[BATCHES] += 1
    counter[IN_BATCH] = 0
    for g in range(engines.shape[1]):
        for s in range(engines.shape[2]):
            engines[BEGIN, g, s] = engines[FREE, g, s]
            engines[BUSY_CYCLES, g, s] = engines[HELD, g, s] = 0
    return start, end


@inlined
def begin_copy(nfp):
    """Begin a command: forget the waits of the one before, which still drains."""
    nfp.waits[:] = 0
    nfp.waits[-1, DRAIN] = nfp.counter[ARRAY_FREE] - nfp.counter[OUT]


@inlined
def end_copy(nfp):
    """End a command: count its drain."""
    nfp.waits[-1, DRAIN] += nfp.counter[OUT] - nfp.counter[ARRAY_FREE]
    hide_drain(nfp.waits)


@bare
def hide_drain(waits):
    """Take what an NFP has drained less than the command before it from its first waits; (rows, columns) of waits.

    These passed during that drain, which the occupancy does not count: they are nobody's stall.
    """
    for cause in HIDDEN:
        for row in range(waits.shape[0]):
            if waits[-1, DRAIN] >= 0:
                return
            taken = min(-waits[-1, DRAIN], waits[row, cause])
            waits[row, cause] -= taken
            waits[-1, DRAIN] += taken
