"""Commands replayed batch by batch: see :mod:`ngpc_sim.engines.batch_sums`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.causes import BUSY
from ngpc_sim.kernels.compiled import forced, inlined, kernel
from ngpc_sim.kernels.nfp import (
    BUSY_CYCLES,
    COUNT,
    FREE,
    IN_BATCH,
    IN_BYTES,
    IN_RATE,
    OUT,
    R_BEFORE,
    READY,
    arrival,
    begin_copy,
    close_batch,
    end_copy,
    fetch,
    fill_arrivals,
)

Array = np.ndarray[Any, Any]

#: columns of ``found``: number of a query in its batch, cycles of its engine in the batch up to its end, its lines, and
#: those of them from DRAM
QUERY, CYCLES, LINES, FAR = range(4)


class Batches(NamedTuple):
    """What all commands of a frame ask, batch by batch.

    Command s asks the queries ``rows[firsts[s] : firsts[s + 1]]`` of ``slot_cycles`` (n, slots) uint16; its batches are
    those from ``batch_firsts[s]`` on. ``sums`` (batches, P, slots) int64: cycles of a batch on every engine; ``least``
    interval of a query. ``found`` (misses, 4) int32: queries that miss lines, engine after engine, those of an engine
    from the place before its own in ``miss_ends`` (batches, P, slots) int64 on; ``lines`` (batches, 3, slots) int64:
    asked, missing and far. Where nothing can miss, ``found`` has no rows and ``lines`` no slots.
    """

    rows: Array
    firsts: Array
    batch_firsts: Array
    slot_cycles: Array
    sums: Array
    least: int
    miss_ends: Array
    found: Array
    lines: Array


class Shared(NamedTuple):
    """How the commands are shared out: ``scale`` NFPs take ``granule_batches`` batches each in turn.

    ``nfps`` (S, K): the NFPs whose shares of each command are replayed. ``ports`` (4,) of an NFP, and the latencies of
    missing lines, ``path`` (2,).
    """

    scale: int
    granule_batches: int
    nfps: Array
    ports: Array
    path: Array


class Costs(NamedTuple):
    """What the replayed shares cost, all int64.

    ``ends`` (2, S, K) of both copies; ``busy`` (S, K) cycles and ``waits`` (S, K, slots + 1, causes) of the second one;
    ``lines`` (S, K, 3, slots) of one.
    """

    ends: Array
    busy: Array
    waits: Array
    lines: Array


@kernel
def add_batches(rows, slot_cycles, batch_queries, sums):
    """Fill ``sums`` (batches, P, slots): cycles of the queries k of a batch with k mod P the same."""
    for batch in range(sums.shape[0]):
        own = rows[batch * batch_queries : (batch + 1) * batch_queries]
        for local in range(sums.shape[1]):
            for k in range(local, own.shape[0], sums.shape[1]):
                for slot in range(sums.shape[2]):
                    sums[batch, local, slot] += slot_cycles[own[k], slot]


@kernel
def count_misses(rows, missing):
    """How many engines miss lines, over all queries ``rows`` of ``missing`` (n, slots)."""
    count = 0
    for k in range(rows.shape[0]):
        for slot in range(missing.shape[1]):
            count += missing[rows[k], slot] > 0
    return count


@kernel
def add_misses(rows, slot_cycles, missing, far, batch_queries, first, ends, found):
    """Note what the queries of a command miss: ``found`` from its place ``first`` on, and ``ends``."""
    at = first
    for batch in range(ends.shape[0]):
        own = rows[batch * batch_queries : (batch + 1) * batch_queries]
        for local in range(ends.shape[1]):
            for slot in range(ends.shape[2]):
                cycles = np.int64(0)
                for k in range(local, own.shape[0], ends.shape[1]):
                    cycles += np.int64(slot_cycles[own[k], slot])
                    if missing[own[k], slot] > 0:
                        found[at, QUERY], found[at, CYCLES] = k, cycles
                        found[at, LINES], found[at, FAR] = missing[own[k], slot], far[own[k], slot]
                        at += 1
                ends[batch, local, slot] = at


@kernel
def add_lines(rows, counts, batch_queries, column, lines):
    """Add ``counts`` (n, slots) of the queries ``rows`` to ``lines`` (batches, columns, slots) by batch."""
    for batch in range(lines.shape[0]):
        for row in rows[batch * batch_queries : (batch + 1) * batch_queries]:
            for slot in range(lines.shape[2]):
                lines[batch, column, slot] += counts[row, slot]


@forced
def serve_batch(nfp, batches, batch, queries, constants, ports, path, came):
    """Issue a batch: the ``queries`` from a first to before a last place in ``rows``.

    ``came`` (B,): room for their arrivals.
    """
    engines, counter = nfp.engines, nfp.counter
    rows, slot_cycles, miss_ends, found = batches.rows, batches.slot_cycles, batches.miss_ends, batches.found
    _, groups, slots = engines.shape
    before, behind = constants.before_tags, constants.behind_data
    begin, n, count, released = queries[0], queries[1] - queries[0], counter[COUNT], counter[R_BEFORE]
    # queries that come no further apart than the least interval find an engine that has served one at work
    fed = count >= groups and groups * ports[IN_BYTES] <= ports[IN_RATE] * batches.least
    late = not fed and arrival(count + n - 1, ports[IN_BYTES], ports[IN_RATE]) > released
    if late:
        fill_arrivals(came[:n], count, ports[IN_BYTES], ports[IN_RATE])
    at = miss_ends[batch - 1, groups - 1, slots - 1] if batch > 0 else 0
    for local in range(min(groups, n)):
        g = (count + local) % groups
        for slot in range(slots):
            end, there, stop = (
                max(engines[FREE, g, slot], released),
                engines[READY, g, slot],
                miss_ends[batch, local, slot],
            )
            cycles = batches.sums[batch, local, slot]
            if late:
                for k in range(local, n, groups):
                    end = max(end, came[k]) + np.int64(slot_cycles[rows[begin + k], slot])
                    if at < stop and found[at, QUERY] == k:
                        lines, far = np.int64(found[at, LINES]), np.int64(found[at, FAR])
                        held, line_came = fetch(engines, nfp.window, g, slot, end - 1 + before, lines, far, path)
                        end, there, at = end + held, max(there, line_came + behind), at + 1
            else:
                while at < stop:
                    tagged = end + np.int64(found[at, CYCLES]) - 1 + before
                    lines, far = np.int64(found[at, LINES]), np.int64(found[at, FAR])
                    held, line_came = fetch(engines, nfp.window, g, slot, tagged, lines, far, path)
                    end, there, at = end + held, max(there, line_came + behind), at + 1
                end += cycles
            engines[FREE, g, slot], engines[BUSY_CYCLES, g, slot] = end, cycles
            engines[READY, g, slot] = max(there, end - 1 + before + behind)
    counter[COUNT] += n
    counter[IN_BATCH] = n


@inlined
def replay_share(s, place, batches, shared, constants, nfp, came, costs):
    """Replay a share of command ``s``, and itself behind it, on an idle NFP, whose state is ``nfp``."""
    first, n_batches = batches.batch_firsts[s], batches.batch_firsts[s + 1] - batches.batch_firsts[s]
    ports, path, batch_queries = shared.ports, shared.path, constants.tables.shape[1] - 1
    turn = shared.scale * shared.granule_batches
    for copy in range(2):
        begin_copy(nfp)
        for granule in range(shared.nfps[s, place] * shared.granule_batches, n_batches, turn):
            for batch in range(granule, min(granule + shared.granule_batches, n_batches)):
                begin = batches.firsts[s] + batch * batch_queries
                queries = begin, min(begin + batch_queries, batches.firsts[s + 1])
                serve_batch(nfp, batches, first + batch, queries, constants, ports, path, came)
                close_batch(nfp, constants, ports, 0)
                for column in range(3 if copy == 0 else 0):
                    for slot in range(batches.lines.shape[2]):
                        costs.lines[s, place, column, slot] += batches.lines[first + batch, column, slot]
        end_copy(nfp)
        costs.ends[copy, s, place] = nfp.counter[OUT]


@inlined
def reset(nfp):
    """Let an NFP be idle at cycle 0."""
    nfp.engines[:], nfp.window[:], nfp.counter[:], nfp.outputs[:] = 0, 0, 0, 0


@kernel
def replay_commands(first, last, batches, shared, constants, nfp, costs):
    """Replay the commands from ``first`` to before ``last``; fills ``costs``. ``nfp`` is room for the state of one."""
    came = np.empty(constants.tables.shape[1] - 1, np.int64)
    for s in range(first, last):
        n_batches = batches.batch_firsts[s + 1] - batches.batch_firsts[s]
        for place in range(shared.nfps.shape[1]):
            if shared.nfps[s, place] * shared.granule_batches >= n_batches:
                continue
            reset(nfp)
            replay_share(s, place, batches, shared, constants, nfp, came, costs)
            costs.busy[s, place] = nfp.waits[-1, BUSY]
            for row in range(nfp.waits.shape[0]):
                for cause in range(costs.waits.shape[3]):
                    costs.waits[s, place, row, cause] = nfp.waits[row, cause]
