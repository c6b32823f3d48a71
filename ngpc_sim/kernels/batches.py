"""Commands replayed batch by batch: see :mod:`ngpc_sim.engines.batch_sums`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.causes import BUSY
from ngpc_sim.kernels.compiled import bare, forced, inlined
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

#: columns of ``found``: a recorded query, the running cycles of its engine up to its end, its lines, and those of them
#: from DRAM
ROW, CYCLES, LINES, FAR = range(4)


class Recorded(NamedTuple):
    """Running sums over the n recorded queries, so that those over consecutive ones are differences.

    ``cycles`` (n + P, slots) int64: of the queries P, 2 P, ... before a query, which its engine has served if all
    queries are asked in turn. ``found`` (misses, 4) int64: queries that miss lines, slot after slot, of a slot those
    with the same number modulo P, in order. ``places`` (n + P, slots) int64: of the first of them at or behind a query.
    ``lines`` (n + 1, columns) int64 of all queries before. ``least`` interval of a query.
    """

    cycles: Array
    found: Array
    places: Array
    lines: Array
    least: int


class Batches(NamedTuple):
    """What all commands of a frame ask, batch by batch.

    The queries of all commands stand one behind the other. Command s asks those from place ``firsts[s]`` to before
    ``firsts[s + 1]``; its batches are those from ``batch_firsts[s]`` on. Visit v asks consecutive recorded queries,
    from ``rows[v]`` on, at the places from ``places[v]`` to before ``places[v + 1]``. ``visits`` (batches,): the visit
    with the first query of a batch.
    """

    firsts: Array
    batch_firsts: Array
    rows: Array
    places: Array
    visits: Array
    recorded: Recorded


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
    ``lines`` (S, K, columns) of one.
    """

    ends: Array
    busy: Array
    waits: Array
    lines: Array


class Means(NamedTuple):
    """What replays a batch: constants and ports (4,) of an NFP, latencies of lines (2,), room for arrivals (B,)."""

    constants: Any
    ports: Array
    path: Array
    came: Array


@inlined
def serve_run(nfp, recorded, g, row, stop, k, late, means):
    """Issue the recorded queries ``row``, ``row + P``, ... to before ``stop`` on group ``g``.

    Where they may be ``late``, ``came[k]`` is when the first of them is there, ``came[k + P]`` the next one.
    """
    engines, found, groups, came, path = nfp.engines, recorded.found, nfp.engines.shape[1], means.came, means.path
    before, behind, released = means.constants.before_tags, means.constants.behind_data, nfp.counter[R_BEFORE]
    for slot in range(engines.shape[2]):
        end, there = max(engines[FREE, g, slot], released), engines[READY, g, slot]
        first, at, last = recorded.cycles[row, slot], recorded.places[row, slot], recorded.places[stop, slot]
        cycles = recorded.cycles[stop, slot] - first
        if late:
            for i in range(0, stop - row, groups):
                own = row + i
                end = max(end, came[k + i]) + recorded.cycles[own + groups, slot] - recorded.cycles[own, slot]
                if at < last and found[at, ROW] == own:
                    lines, far = found[at, LINES], found[at, FAR]
                    held, line_came = fetch(engines, nfp.window, g, slot, end - 1 + before, lines, far, path)
                    end, there, at = end + held, max(there, line_came + behind), at + 1
        else:
            while at < last:
                tagged, lines, far = end + found[at, CYCLES] - first - 1 + before, found[at, LINES], found[at, FAR]
                held, line_came = fetch(engines, nfp.window, g, slot, tagged, lines, far, path)
                end, there, at = end + held, max(there, line_came + behind), at + 1
            end += cycles
        engines[FREE, g, slot] = end
        engines[BUSY_CYCLES, g, slot] += cycles
        engines[READY, g, slot] = max(there, end - 1 + before + behind)


@forced
def serve_batch(nfp, batches, batch, begin, n, means):
    """Issue a batch: the ``n`` queries from place ``begin`` on."""
    counter, groups, places, ports = nfp.counter, nfp.engines.shape[1], batches.places, means.ports
    count = counter[COUNT]
    # queries that come no further apart than the least interval find an engine that has served one at work
    fed = count >= groups and groups * ports[IN_BYTES] <= ports[IN_RATE] * batches.recorded.least
    late = not fed and arrival(count + n - 1, ports[IN_BYTES], ports[IN_RATE]) > counter[R_BEFORE]
    if late:
        fill_arrivals(means.came[:n], count, ports[IN_BYTES], ports[IN_RATE])
    visit, k = batches.visits[batch], 0
    while k < n:
        until = min(places[visit + 1] - begin, n)
        row, each, more = batches.rows[visit] + begin + k - places[visit], (until - k) // groups, (until - k) % groups
        g = (count + k) % groups
        for i in range(min(groups, until - k)):
            stop = row + i + (each + (i < more)) * groups
            serve_run(nfp, batches.recorded, g, row + i, stop, k + i, late, means)
            g = g + 1 if g + 1 < groups else 0
        k, visit = until, visit + 1
    counter[COUNT] += n
    counter[IN_BATCH] = n


@inlined
def count_lines(batches, batch, begin, end, lines):
    """Add the lines of the queries from place ``begin``, where ``batch`` begins, to before ``end`` to ``lines``."""
    running, visit = batches.recorded.lines, batches.visits[batch]
    while begin < end:
        row, until = batches.rows[visit] + begin - batches.places[visit], min(batches.places[visit + 1], end)
        for column in range(lines.shape[0]):
            lines[column] += running[row + until - begin, column] - running[row, column]
        begin, visit = until, visit + 1


@inlined
def replay_share(s, place, batches, shared, constants, nfp, came, costs):
    """Replay a share of command ``s``, and itself behind it, on an idle NFP, whose state is ``nfp``."""
    first, n_batches = batches.batch_firsts[s], batches.batch_firsts[s + 1] - batches.batch_firsts[s]
    means, batch_queries = Means(constants, shared.ports, shared.path, came), constants.tables.shape[1] - 1
    turn = shared.scale * shared.granule_batches
    for copy in range(2):
        begin_copy(nfp)
        for granule in range(shared.nfps[s, place] * shared.granule_batches, n_batches, turn):
            last = min(granule + shared.granule_batches, n_batches)
            for batch in range(granule, last):
                begin = batches.firsts[s] + batch * batch_queries
                n = min(batch_queries, batches.firsts[s + 1] - begin)
                serve_batch(nfp, batches, first + batch, begin, n, means)
                close_batch(nfp, constants, shared.ports, 0)
            if copy == 0 and costs.lines.shape[2] > 0:
                begin = batches.firsts[s] + granule * batch_queries
                end = min(batches.firsts[s] + last * batch_queries, batches.firsts[s + 1])
                count_lines(batches, first + granule, begin, end, costs.lines[s, place])
        end_copy(nfp)
        costs.ends[copy, s, place] = nfp.counter[OUT]


@inlined
def reset(nfp):
    """Let an NFP be idle at cycle 0."""
    nfp.engines[:], nfp.window[:], nfp.counter[:], nfp.outputs[:] = 0, 0, 0, 0


@bare
def replay_commands(first, last, batches, shared, constants, nfp, came, costs):
    """Replay the commands from ``first`` to before ``last``; fills ``costs``.

    ``nfp`` and ``came`` (B,) are room for the state of one NFP, and for the arrivals of a batch.
    """
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
