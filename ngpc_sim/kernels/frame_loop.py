"""The frame's event loop as a kernel: tiles as chains of dispatches on two in-order queues, integers and arrays only.

:func:`ngpc_sim.reference.frame.run_frame` defines what happens, with SimPy's processes; this gives the same times,
records and placements. On equal times events go in SimPy's order: those that were put in the queue first go first, and
where two clocks run, all that end at one time go before what ends behind them, the GPU's first.

All int64: ``log`` (records, 4): kind, record waited for, latency, end. ``state``: places below. ``waiting`` is
(2, 2^k, 3), by side a ring of the tiles that wait, those that are due first in front: when their dispatch ends by the
side's clock, order of arrival, tile. ``work`` (2, dispatches, 2): by side, start and end of its work by its clock,
joined where they touch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.command_queue import ORDER, admit
from ngpc_sim.kernels.compiled import inlined, kernel

Array = np.ndarray[Any, Any]

#: kinds of records, and columns of a critical path
SUBMIT, LATENCY, GPU, NGPC = range(4)
KIND, BEFORE, WAITED, END = range(4)
#: places in the state, by side where there are two: how far the sides' clocks have come, what they lost; the present;
#: until when the clocks are up to date; dispatches so far; tiles that wait, the first of them; the first of a side's
#: work and the one behind its last
DONE, LOST, NOW, UPDATED, ARRIVED, WAITING, HEAD, FIRST, BEHIND = 0, 2, 4, 5, 6, 7, 9, 11, 13
#: whether the sides work
WORKS = 15
#: of the GPU: when it is free, its last record, its busy time; of the NGPC: where the next command begins, time in
#: which any NFP has work, latest end of a command, commands placed; records taken; end of the frame and its record
FREE, LAST, BUSY, OFFSET, ANY, UNTIL, PLACED, TAKEN, LATEST, LATEST_RECORD = range(17, 27)
STATE = 27
#: speeds are fixed-point numbers with this many fractional bits
SPEED_BITS = 20
NEVER = np.int64(1 << 62)


class Tiles(NamedTuple):
    """What the tiles of a frame ask, tile t the streams of ``steps`` from ``firsts[t]`` to before ``firsts[t + 1]``.

    Of every stream: ``kernels`` (2, S), the rest of kernels before and after a command; ``ends`` and ``occupancy``
    (S, N); ``granules`` and NFPs that have a share, ``shares`` (S,).
    """

    firsts: Array
    steps: Array
    kernels: Array
    ends: Array
    occupancy: Array
    granules: Array
    shares: Array


class Rules(NamedTuple):
    """How a frame runs.

    Times of the submission, and latencies of the first dispatch of a tile and of every other one; whether the schedule
    is in batches, tiles overlap, the dispatcher is least_loaded, it hands out in turn, and GPU and NGPC share the
    memory, with ``speeds`` (2,).
    """

    submit: int
    first_latency: int
    latency: int
    batches: bool
    overlap: bool
    least_loaded: bool
    in_turn: bool
    shared: bool
    speeds: Array


class Log(NamedTuple):
    """Room for what happens: step (commands,) and order or offset (commands, N or 1) of every command, and records."""

    steps: Array
    orders: Array
    records: Array


@inlined
def wait_in_line(state, waiting, side, time, tile):
    """Let a tile wait until ``time`` behind all that wait for an earlier or the same time.

    A queue ends its dispatches nearly in order, so the place is found from behind.
    """
    mask, first = waiting.shape[1] - 1, state[HEAD + side]
    at = first + state[WAITING + side]
    while at > first and waiting[side, (at - 1) & mask, 0] > time:
        for column in range(3):
            waiting[side, at & mask, column] = waiting[side, (at - 1) & mask, column]
        at -= 1
    waiting[side, at & mask, 0] = time
    waiting[side, at & mask, 1] = state[ARRIVED]
    waiting[side, at & mask, 2] = tile
    state[ARRIVED] += 1
    state[WAITING + side] += 1


@inlined
def head(state, waiting, side):
    """Place of the first that waits."""
    return state[HEAD + side] & (waiting.shape[1] - 1)


@inlined
def leave_line(state, waiting, side):
    """Take the first tile that waits."""
    tile = waiting[side, head(state, waiting, side), 2]
    state[HEAD + side] += 1
    state[WAITING + side] -= 1
    return tile


@inlined
def side_in_front(state, waiting):
    """Side whose first tile is due before the other's; on equal times the one that has waited longer."""
    front, time, order = 0, NEVER, NEVER
    for side in range(2):
        at = head(state, waiting, side)
        here, arrived = waiting[side, at, 0], waiting[side, at, 1]
        if state[WAITING + side] > 0 and (here < time or (here == time and arrived < order)):
            front, time, order = side, here, arrived
    return front


@inlined
def note(state, log, kind, before, waited, end):
    """Add a record; returns its number."""
    number = state[TAKEN]
    log[number, KIND], log[number, BEFORE], log[number, WAITED], log[number, END] = kind, before, waited, end
    state[TAKEN] += 1
    return number


@inlined
def take_kernel(state, log, ready, latency, run, waits_for):
    """Queue a kernel of the GPU; returns its end and record."""
    state[BUSY] += run
    if ready < state[FREE]:
        waits_for, latency = state[LAST], 0
    state[FREE] = max(ready, state[FREE]) + run
    state[LAST] = note(state, log, GPU, waits_for, latency, state[FREE])
    return state[FREE], state[LAST]


@inlined
def place(state, steps, orders, step, granules, queue, least_loaded, in_turn):
    """Note where a command of stream ``step`` goes, and where the next one begins."""
    steps[state[PLACED]] = step
    if least_loaded:
        for share in range(queue.shape[1]):
            orders[state[PLACED], share] = queue[ORDER, share]
    else:
        orders[state[PLACED], 0] = state[OFFSET]
    state[PLACED] += 1
    if in_turn:
        state[OFFSET] = (state[OFFSET] + granules) % queue.shape[1]


@inlined
def note_command(state, log, start, latency, end, behind, waits_for):
    """Note a command that ends at ``end``, behind the record ``behind`` unless that is -1; returns its record."""
    state[ANY] += end - max(start, min(state[UNTIL], end))
    state[UNTIL] = max(state[UNTIL], end)
    if behind >= 0:
        waits_for, latency = behind, 0
    return note(state, log, NGPC, waits_for, latency, end)


@inlined
def next_dispatch(steps, first, count, stage, batches, kernels, first_latency, latency):
    """What a tile does next: side, latency, run of a kernel, step of a command; side -1 where it is through.

    The tile has ``count`` of ``steps`` from ``first`` on; ``kernels`` (2, S): rest of kernels before and after a
    command; ``first_latency`` of the first dispatch of a chain, ``latency`` of every other one.
    """
    step = steps[first]
    if batches:
        side = 1 if stage == 0 else 0 if stage == 1 else -1
        return side, latency, kernels[0, step] + kernels[1, step], step
    at = stage >> 1
    if stage > 2 * count:
        return -1, latency, np.int64(0), step
    if stage & 1:
        return 1, latency, np.int64(0), steps[first + at]
    run = kernels[1, steps[first + at - 1]] if at > 0 else np.int64(0)
    if at < count:
        run += kernels[0, steps[first + at]]
    return 0, latency if at > 0 else first_latency, run, step


@inlined
def works(state, work, side):
    """Whether a side works at its present; what is done is forgotten."""
    done = state[DONE + side]
    while state[FIRST + side] < state[BEHIND + side] and work[side, state[FIRST + side], 1] <= done:
        state[FIRST + side] += 1
    return state[FIRST + side] < state[BEHIND + side] and work[side, state[FIRST + side], 0] <= done


@inlined
def advance(state, both, shared):
    """Bring both clocks to the present, in which both sides have worked (``shared``) since the last time, or not."""
    passed = state[NOW] - state[UPDATED]
    whole, part = passed >> SPEED_BITS, passed & ((1 << SPEED_BITS) - 1)
    for side in range(2):
        moved = whole * both[side] + ((part * both[side]) >> SPEED_BITS) if shared else passed
        state[DONE + side] += moved
        state[LOST + side] += passed - moved
    state[UPDATED] = state[NOW]


@inlined
def real_time(left, speed):
    """Time in which a clock of ``speed`` advances by ``left``, rounded up."""
    if speed == 1 << SPEED_BITS:
        return left
    whole, part = left // speed, left % speed
    return (whole << SPEED_BITS) + ((part << SPEED_BITS) + speed - 1) // speed


@inlined
def next_wake_up(state, waiting, work, both):
    """When the next one that waits is due, or a side begins or ends to work; and whether both work until then."""
    busy = 0
    for side in range(2):
        state[WORKS + side] = works(state, work, side)
        busy += state[WORKS + side]
    wake_up = NEVER
    for side in range(2):
        left = NEVER
        if state[WAITING + side] > 0:
            left = waiting[side, head(state, waiting, side), 0] - state[DONE + side]
        if state[FIRST + side] < state[BEHIND + side]:
            left = min(left, work[side, state[FIRST + side], state[WORKS + side]] - state[DONE + side])
        if left < NEVER:
            speed = both[side] if busy == 2 else 1 << SPEED_BITS
            wake_up = min(wake_up, state[NOW] + real_time(max(0, left), speed))
    return wake_up, busy == 2


@inlined
def note_work(state, work, side, start, end):
    """Note that a side works from ``start`` to ``end`` by its clock."""
    behind = state[BEHIND + side]
    if state[FIRST + side] < behind and start <= work[side, behind - 1, 1]:
        work[side, behind - 1, 1] = max(work[side, behind - 1, 1], end)
    else:
        work[side, behind, 0], work[side, behind, 1] = start, end
        state[BEHIND + side] += 1


@inlined
def wake(state, waiting, work, both, shared, ready):
    """Go to the next time at which dispatches end; fills ``ready`` with their tiles, returns their number."""
    found = 0
    while found == 0 and state[WAITING] + state[WAITING + 1] > 0:
        if not shared:
            side = side_in_front(state, waiting)
            state[NOW] = waiting[side, head(state, waiting, side), 0]
            ready[0] = leave_line(state, waiting, side)
            return 1
        state[NOW], together = next_wake_up(state, waiting, work, both)
        advance(state, both, together)
        for side in range(2):
            while state[WAITING + side] > 0 and waiting[side, head(state, waiting, side), 0] <= state[DONE + side]:
                ready[found] = leave_line(state, waiting, side)
                found += 1
    return found


@inlined
def begin_tiles(ready, group, overlap):
    """Fill ``ready`` (T,) with all tiles, or with the tile ``group`` where they do not overlap; returns how many."""
    count = ready.shape[0] if overlap else 1
    for number in range(count):
        ready[number] = group + number
    return count


@inlined
def end_tile(state, record):
    """A tile is through at the present: the frame ends with the last of them, of several with the latest record."""
    if state[NOW] > state[LATEST] or (state[NOW] == state[LATEST] and record > state[LATEST_RECORD]):
        state[LATEST], state[LATEST_RECORD] = state[NOW], record


@inlined
def critical_path(log, last):
    """(4,) time by kind along the chain of waits that ends with record ``last``; adds up to its end."""
    parts = np.zeros(4, np.int64)
    while last >= 0:
        before, waited = log[last, BEFORE], log[last, WAITED]
        begin = log[before, END] if before >= 0 else 0
        parts[log[last, KIND]] += log[last, END] - begin - waited
        parts[LATENCY] += waited
        last = before
    return parts


@kernel
def run_loop(tiles, rules, queue, placed):
    """Run a frame; ``queue`` and ``placed`` are filled. Returns the state and the critical path."""
    firsts, steps, kernels, log = tiles.firsts, tiles.steps, tiles.kernels, placed.records
    shared, speeds, n_tiles, places = rules.shared, rules.speeds, tiles.firsts.shape[0] - 1, 1
    while places < n_tiles:
        places *= 2
    state, waiting = np.zeros(STATE, np.int64), np.zeros((2, places, 3), np.int64)
    work = np.zeros((2, log.shape[0] if shared else 0, 2), np.int64)
    ready, stages, records = np.zeros(n_tiles, np.int64), np.zeros(n_tiles, np.int64), np.zeros(n_tiles, np.int64)
    state[LAST], state[LATEST], state[LATEST_RECORD] = -1, -1, -1
    log[0, KIND], log[0, BEFORE], log[0, END], state[TAKEN] = SUBMIT, -1, rules.submit, 1
    state[NOW] = state[UPDATED] = state[DONE] = state[DONE + 1] = rules.submit
    for group in range(1 if rules.overlap else n_tiles):
        found = begin_tiles(ready, group, rules.overlap)
        while found > 0:
            for number in range(found):
                tile = ready[number]
                stage, record, first = stages[tile], records[tile], firsts[tile]
                if stage > 0:
                    log[record, END] = state[NOW]
                side, wait, run, step = next_dispatch(
                    steps, first, firsts[tile + 1] - first, stage, rules.batches, kernels, rules.first_latency,
                    rules.latency,
                )  # fmt: skip
                if side < 0:
                    end_tile(state, record)
                    continue
                start = (state[DONE + side] if shared else state[NOW]) + wait
                if side == 0:
                    end, record = take_kernel(state, log, start, wait, run, record)
                    start = end - run
                else:
                    own, offset, least_loaded = tiles.shares[step], state[OFFSET], rules.least_loaded
                    ends, occupancy = tiles.ends[step, :own], tiles.occupancy[step, :own]
                    end, behind = admit(queue, ends, occupancy, start, offset, least_loaded, state[TAKEN])
                    place(
                        state, placed.steps, placed.orders, step, tiles.granules[step], queue, least_loaded,
                        rules.in_turn,
                    )  # fmt: skip
                    record = note_command(state, log, start, wait, end, behind, record)
                stages[tile], records[tile] = stage + 1, record
                wait_in_line(state, waiting, side, end, tile)
                if shared:
                    note_work(state, work, side, start, end)
            found = wake(state, waiting, work, speeds, shared, ready)
    return state, critical_path(log, state[LATEST_RECORD])
