"""Kernels of the cluster, query by query: granules to NFPs, and a command behind itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.causes import COLUMNS
from ngpc_sim.kernels.compiled import bare, inlined, kernel
from ngpc_sim.kernels.nfp import (
    BATCHES,
    BUSY_CYCLES,
    COUNT,
    FILLED,
    FILLS,
    FREE,
    HELD,
    IN_BATCH,
    OUT,
    R_BEFORE,
    READY,
    RUN_BEFORE,
    SUBGRID,
    begin_copy,
    close_batch,
    end_copy,
    fetch,
    of_nfp,
)

Array = np.ndarray[Any, Any]


class Subtables(NamedTuple):
    """Subtables that queries read.

    ``numbers`` (rows,) int32: subgrid of each row, no rows where no table is cut. ``slots`` (slots,) bool: those that
    read subtables. ``fill_cycles`` until those of a subgrid have come. ``ahead`` (n,) int64: how many queries of an NFP
    come behind a query before it can be served, no queries where it can at once.
    """

    numbers: Array
    slots: Array
    fill_cycles: int
    ahead: Array


class Asked(NamedTuple):
    """What a command asks, and of whom.

    ``stream`` (n,): rows of ``slot_cycles`` (rows, slots) uint16 and of ``missing`` and ``far``, which have no columns
    where nothing can miss. ``arrivals`` (m,) int64: when the queries of an NFP are there, in the order in which it gets
    them. ``owners`` (granules,) int64: NFP of each granule of ``granule_queries``, -1 where it depends on the load.
    ``subtables`` that they read.
    """

    stream: Array
    slot_cycles: Array
    missing: Array
    far: Array
    arrivals: Array
    owners: Array
    granule_queries: int
    subtables: Subtables


@inlined
def least(loads):
    """First NFP of those with the least load."""
    best = 0
    for j in range(1, loads.shape[0]):
        if loads[j] < loads[best]:
            best = j
    return best


class BatchLog(NamedTuple):
    """Room for what happens to the batches of every NFP, all int64, in cycles.

    ``times`` (N, batches, 2): S and E. For a timeline, else without batches: ``waits`` (N, batches, WAITED): the slot
    whose features a batch waited for, R of the batch before the last one, and what it added to each column of the
    NFP's waits; ``engines`` (N, batches, ENGINE_ROWS, P, S): the engines as the batch leaves them. ``fills`` (N,): how
    often the subtables of a subgrid came in the first copy.
    """

    times: Array
    waits: Array
    engines: Array
    fills: Array


#: columns of a batch's waits: its slot, R, and from there on the columns of an NFP's waits
SLOT, RELEASED, FIRST_WAIT = range(3)
WAITED = FIRST_WAIT + COLUMNS


@inlined
def end_batch(nfp, constants, ports, log, j, not_before):
    """Pass a batch of NFP ``j`` on; ``log`` takes what happens where it has room."""
    number = nfp.counter[BATCHES]
    if number < log.waits.shape[1]:
        own = log.waits[j, number]
        for row in range(nfp.engines.shape[0]):
            for g in range(nfp.engines.shape[1]):
                for s in range(nfp.engines.shape[2]):
                    log.engines[j, number, row, g, s] = nfp.engines[row, g, s]
        own[SLOT], own[RELEASED] = slowest_slot(nfp.engines), nfp.counter[R_BEFORE]
        add_waits(own, nfp.waits, -1)
    start, end = close_batch(nfp, constants, ports, not_before)
    if number < log.waits.shape[1]:
        add_waits(log.waits[j, number], nfp.waits, 1)
    if number < log.times.shape[1]:
        log.times[j, number, 0], log.times[j, number, 1] = start, end


@inlined
def add_waits(own, waits, factor):
    """Add the waits of all rows to those of a batch, or take them off."""
    for row in range(waits.shape[0]):
        for column in range(waits.shape[1]):
            own[FIRST_WAIT + column] += factor * waits[row, column]


@inlined
def slowest_slot(engines):
    """Slot of the first engine whose features are there last."""
    slot, at = 0, np.int64(-1)
    for g in range(engines.shape[1]):
        for s in range(engines.shape[2]):
            if engines[READY, g, s] > at:
                slot, at = s, engines[READY, g, s]
    return slot


@inlined
def enter_subgrid(nfp, subtables, row, came):
    """Fetch the subtables of a query, the first of its subgrid, that is there at ``came``; returns when they are there.

    Their half of the buffer is free when all engines are done with the subgrid before the last one.
    """
    engines, counter, entered = nfp.engines, nfp.counter, subtables.numbers[row] + 1
    if entered != counter[SUBGRID]:
        last = np.int64(0)
        for g in range(engines.shape[1]):
            for slot in range(engines.shape[2]):
                if subtables.slots[slot]:
                    last = max(last, engines[FREE, g, slot])
        counter[FILLED] = max(counter[FILLED], counter[RUN_BEFORE], came) + subtables.fill_cycles
        counter[RUN_BEFORE] = last
        counter[SUBGRID] = entered
        counter[FILLS] += 1
    return counter[FILLED]


@bare
def serve_granule(nfp, asked, granule, constants, ports, path, log, j):
    """Issue the queries of a granule on an NFP, number ``j``."""
    engines, counter, slot_cycles, missing = nfp.engines, nfp.counter, asked.slot_cycles, asked.missing
    groups, slots, subtables = engines.shape[1], engines.shape[2], asked.subtables
    before, behind = constants.before_tags, constants.behind_data
    batch_queries = constants.tables.shape[1] - 1
    first = granule * asked.granule_queries
    g = counter[COUNT] % groups
    for k in range(first, min(first + asked.granule_queries, asked.stream.shape[0])):
        row = asked.stream[k]
        came = asked.arrivals[counter[COUNT] + (subtables.ahead[k] if subtables.ahead.shape[0] else 0)]
        earliest = max(came, counter[R_BEFORE])
        filled = enter_subgrid(nfp, subtables, row, came) if subtables.numbers.shape[0] else np.int64(0)
        for slot in range(slots):
            cycles = np.int64(slot_cycles[row, slot])
            begin = max(engines[FREE, g, slot], earliest)
            if subtables.slots[slot] and filled > begin:
                engines[HELD, g, slot] += filled - begin
                begin = filled
            end = begin + cycles
            engines[FREE, g, slot] = end
            engines[BUSY_CYCLES, g, slot] += cycles
            engines[READY, g, slot] = max(engines[READY, g, slot], end - 1 + before + behind)
        for slot in range(missing.shape[1]):
            lines = np.int64(missing[row, slot])
            if lines > 0:
                tagged, far = engines[FREE, g, slot] - 1 + before, np.int64(asked.far[row, slot])
                held, last_came = fetch(engines, nfp.window, g, slot, tagged, lines, far, path)
                engines[FREE, g, slot] += held
                engines[READY, g, slot] = max(engines[READY, g, slot], last_came + behind)
        counter[COUNT] += 1
        counter[IN_BATCH] += 1
        g = g + 1 if g + 1 < groups else 0
        if counter[IN_BATCH] == batch_queries:
            end_batch(nfp, constants, ports, log, j, 0)


@kernel
def replay_cluster(asked, nfps, constants, ports, path, ends, log):
    """Replay copies of a command one behind the other, the same granules on the same NFPs each time.

    ``nfps``: the :class:`State` of all, which goes on; ``ports`` (4,), ``path`` (2,). Fills ``ends`` (copies, N),
    and ``log`` with the batches of all copies, as far as there is room. ``nfps.waits`` are those of the last copy.
    """
    n_nfps, loads = ends.shape[1], np.zeros(ends.shape[1], np.int64)
    for copy in range(ends.shape[0]):
        handed_at = np.int64(0)
        for j in range(n_nfps):
            begin_copy(of_nfp(nfps, j))
        for g in range(asked.owners.shape[0]):
            if asked.owners[g] < 0:
                asked.owners[g] = least(loads)
                handed_at = loads[asked.owners[g]]
            j = asked.owners[g]
            serve_granule(of_nfp(nfps, j), asked, g, constants, ports, path, log, j)
            loads[j] = nfps.engines[j, FREE].min()
        for j in range(n_nfps):
            nfp = of_nfp(nfps, j)
            if nfp.counter[IN_BATCH] > 0:
                end_batch(nfp, constants, ports, log, j, handed_at)
            end_copy(nfp)
            ends[copy, j] = nfp.counter[OUT]
            if copy == 0:
                log.fills[j] = nfp.counter[FILLS]
