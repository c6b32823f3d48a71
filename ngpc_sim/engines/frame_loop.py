"""The frame's event loop as a kernel: tiles as chains of dispatches on two in-order queues, integers and arrays only.

:func:`ngpc_sim.system.run_frame` defines what happens, with SimPy's processes; this gives the same times, records and
placements. On equal times events go in SimPy's order: those that were put in the queue first go first, and where two
clocks run, all that end at one time go before what ends behind them, the GPU's first.

State, int64 all: ``log`` (records, 4): kind, record waited for, latency, end. ``gpu`` and ``ngpc``: columns below.
``clocks``: columns below. ``waiting`` (2, 2^k, 3): by side a ring of the tiles that wait, those that are due first in
front: when their dispatch ends by the side's clock, order of arrival, tile. ``work`` (2, dispatches, 2): by side, start
and end of its work by its clock, joined where they touch.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ngpc_sim.engines.command_queue import admit

#: kinds of records, and columns of a critical path
SUBMIT, LATENCY, GPU, NGPC = range(4)
KIND, BEFORE, WAITED, END = range(4)
#: columns of the queues; ANY: time in which the NGPC has work, UNTIL: the latest end of a command
FREE, LAST, BUSY = range(3)
OFFSET, ANY, UNTIL, TAKEN = range(4)
#: columns of the clocks: how far each side has come, what it lost; then the present, order of arrival, by side the
#: number of those that wait, the first and behind the last of its work, and the first that waits
DONE, LOST, NOW, UPDATED, ARRIVED, WAITING, FIRST, BEHIND, HEAD = 0, 2, 4, 5, 6, 7, 9, 11, 13
CLOCKS = 15
#: speeds are fixed-point numbers with this many fractional bits
SPEED_BITS = 20
NEVER = np.int64(1 << 62)


@njit(cache=True, nogil=True, inline="always")
def wait_in_line(waiting, side, clocks, time, tile):
    """Let a tile wait until ``time`` behind all that wait for an earlier or the same time.

    A queue ends its dispatches nearly in order, so the place is found from behind.
    """
    line, mask = waiting[side], waiting.shape[1] - 1
    at = clocks[HEAD + side] + clocks[WAITING + side]
    while at > clocks[HEAD + side] and line[(at - 1) & mask, 0] > time:
        before, here = (at - 1) & mask, at & mask
        line[here, 0], line[here, 1], line[here, 2] = line[before, 0], line[before, 1], line[before, 2]
        at -= 1
    line[at & mask, 0], line[at & mask, 1], line[at & mask, 2] = time, clocks[ARRIVED], tile
    clocks[ARRIVED] += 1
    clocks[WAITING + side] += 1


@njit(cache=True, nogil=True, inline="always")
def first_in_line(waiting, side, clocks):
    """When the first tile that waits is due."""
    return waiting[side, clocks[HEAD + side] & (waiting.shape[1] - 1), 0]


@njit(cache=True, nogil=True, inline="always")
def leave_line(waiting, side, clocks):
    """Take the first tile that waits."""
    tile = waiting[side, clocks[HEAD + side] & (waiting.shape[1] - 1), 2]
    clocks[HEAD + side] += 1
    clocks[WAITING + side] -= 1
    return tile


@njit(cache=True, nogil=True, inline="always")
def side_in_front(waiting, clocks):
    """Side whose first tile is due before the other's; on equal times the one that has waited longer."""
    if clocks[WAITING] == 0 or clocks[WAITING + 1] == 0:
        return 0 if clocks[WAITING] > 0 else 1
    mask = waiting.shape[1] - 1
    gpu, ngpc = waiting[0, clocks[HEAD] & mask], waiting[1, clocks[HEAD + 1] & mask]
    return 0 if gpu[0] < ngpc[0] or (gpu[0] == ngpc[0] and gpu[1] < ngpc[1]) else 1


@njit(cache=True, nogil=True, inline="always")
def note(log, taken, kind, before, waited, end):
    """Add a record; returns its number."""
    number = taken[0]
    log[number, KIND], log[number, BEFORE], log[number, WAITED], log[number, END] = kind, before, waited, end
    taken[0] += 1
    return number


@njit(cache=True, nogil=True, inline="always")
def take_kernel(gpu, log, taken, ready, latency, run, waits_for):
    """Queue a kernel of the GPU; returns its end and record."""
    gpu[BUSY] += run
    if ready >= gpu[FREE]:
        gpu[FREE] = ready + run
        gpu[LAST] = note(log, taken, GPU, waits_for, latency, gpu[FREE])
    else:
        gpu[FREE] += run
        gpu[LAST] = note(log, taken, GPU, gpu[LAST], 0, gpu[FREE])
    return gpu[FREE], gpu[LAST]


@njit(cache=True, nogil=True, inline="always")
def take_command(queue, log, taken, costs, rules, start, latency, step, waits_for):
    """Queue a command of the NGPC; returns its end and record."""
    done, alone, last, fill, order, ngpc, steps, orders = queue
    ends, occupancy, granules, used = costs
    least_loaded, in_turn = rules
    own = slice(0, used[step])
    end, behind = admit(
        done, alone, last, fill, ends[step, own], occupancy[step, own], start, ngpc[OFFSET], least_loaded, taken[0],
        order,
    )  # fmt: skip
    steps[ngpc[TAKEN]] = step
    if least_loaded:
        orders[ngpc[TAKEN]] = order
    else:
        orders[ngpc[TAKEN], 0] = ngpc[OFFSET]
    ngpc[TAKEN] += 1
    if in_turn:
        ngpc[OFFSET] = (ngpc[OFFSET] + granules[step]) % done.shape[0]
    ngpc[ANY] += end - max(start, min(ngpc[UNTIL], end))
    ngpc[UNTIL] = max(ngpc[UNTIL], end)
    if behind >= 0:
        return end, note(log, taken, NGPC, behind, 0, end)
    return end, note(log, taken, NGPC, waits_for, latency, end)


@njit(cache=True, nogil=True, inline="always")
def next_dispatch(steps, stage, batches, kernels, latencies):
    """What a tile does next: side, latency, run of a kernel, step of a command; side -1 where it is through.

    ``steps`` of the tile; ``kernels`` (2, S): rest of kernels before and after a command; ``latencies``: first
    dispatch of a chain, every other one.
    """
    if batches:
        whole = kernels[0, steps[0]] + kernels[1, steps[0]]
        side = 1 if stage == 0 else 0 if stage == 1 else -1
        return side, latencies[1], whole, steps[0]
    if stage > 2 * steps.shape[0]:
        return -1, latencies[1], np.int64(0), steps[0]
    place = stage >> 1
    if stage & 1:
        return 1, latencies[1], np.int64(0), steps[place]
    run = kernels[1, steps[place - 1]] if place > 0 else np.int64(0)
    if place < steps.shape[0]:
        run += kernels[0, steps[place]]
    return 0, latencies[1] if place > 0 else latencies[0], run, steps[0]


@njit(cache=True, nogil=True, inline="always")
def works(side, clocks, work):
    """Whether a side works at its present; what is done is forgotten."""
    done = clocks[DONE + side]
    while clocks[FIRST + side] < clocks[BEHIND + side] and work[side, clocks[FIRST + side], 1] <= done:
        clocks[FIRST + side] += 1
    return clocks[FIRST + side] < clocks[BEHIND + side] and work[side, clocks[FIRST + side], 0] <= done


@njit(cache=True, nogil=True, inline="always")
def advance(clocks, work, both):
    """Bring both clocks to the present; speeds have not changed since the last time."""
    passed = clocks[NOW] - clocks[UPDATED]
    if passed == 0:
        return
    shared = works(0, clocks, work) and works(1, clocks, work)
    whole, part = passed >> SPEED_BITS, passed & ((1 << SPEED_BITS) - 1)
    for side in range(2):
        moved = whole * both[side] + ((part * both[side]) >> SPEED_BITS) if shared else passed
        clocks[DONE + side] += moved
        clocks[LOST + side] += passed - moved
    clocks[UPDATED] = clocks[NOW]


@njit(cache=True, nogil=True, inline="always")
def real_time(left, speed):
    """Time in which a clock of ``speed`` advances by ``left``, rounded up."""
    if speed == 1 << SPEED_BITS:
        return left
    whole, part = left // speed, left % speed
    return (whole << SPEED_BITS) + ((part << SPEED_BITS) + speed - 1) // speed


@njit(cache=True, nogil=True, inline="always")
def next_wake_up(clocks, waiting, work, both):
    """When the next one that waits is due, or a side begins or ends to work."""
    working = (works(0, clocks, work), works(1, clocks, work))
    shared = working[0] and working[1]
    wake_up = NEVER
    for side in range(2):
        left = NEVER
        if clocks[WAITING + side] > 0:
            left = first_in_line(waiting, side, clocks) - clocks[DONE + side]
        if clocks[FIRST + side] < clocks[BEHIND + side]:
            left = min(left, work[side, clocks[FIRST + side], 1 if working[side] else 0] - clocks[DONE + side])
        if left < NEVER:
            speed = both[side] if shared else 1 << SPEED_BITS
            wake_up = min(wake_up, clocks[NOW] + real_time(max(0, left), speed))
    return wake_up


@njit(cache=True, nogil=True, inline="always")
def note_work(side, start, end, clocks, work):
    """Note that a side works from ``start`` to ``end`` by its clock."""
    behind = clocks[BEHIND + side]
    if clocks[FIRST + side] < behind and start <= work[side, behind - 1, 1]:
        work[side, behind - 1, 1] = max(work[side, behind - 1, 1], end)
    else:
        work[side, behind, 0], work[side, behind, 1] = start, end
        clocks[BEHIND + side] += 1


@njit(cache=True, nogil=True, inline="always")
def resume(tile, frame, costs, rules, gpu, queue, log, taken, tiles, last, shared, clocks, waiting, work, both):
    """A tile at the present: its dispatch has ended, it takes the next one. ``tiles`` (T, 2): stage and record."""
    firsts, steps, batches, kernels, latencies = frame
    stage, record = tiles[tile]
    if stage > 0:
        log[record, END] = clocks[NOW]
    own = steps[firsts[tile] : firsts[tile + 1]]
    side, latency, run, step = next_dispatch(own, stage, batches, kernels, latencies)
    if side < 0:
        if clocks[NOW] > last[0] or (clocks[NOW] == last[0] and record > last[1]):
            last[0], last[1] = clocks[NOW], record
        return
    if shared:
        advance(clocks, work, both)
    start = (clocks[DONE + side] if shared else clocks[NOW]) + latency
    if side == 0:
        end, record = take_kernel(gpu, log, taken, start, latency, run, record)
        start = end - run
    else:
        end, record = take_command(queue, log, taken, costs, rules, start, latency, step, record)
    tiles[tile, 0], tiles[tile, 1] = stage + 1, record
    wait_in_line(waiting, side, clocks, end, tile)
    if shared:
        note_work(side, start, end, clocks, work)


@njit(cache=True, nogil=True)
def wake(ready, shared, clocks, waiting, work, both):
    """Go to the next time at which dispatches end; fills ``ready`` with their tiles, returns their number."""
    found = 0
    while found == 0 and clocks[WAITING] + clocks[WAITING + 1] > 0:
        if not shared:
            side = side_in_front(waiting, clocks)
            clocks[NOW] = first_in_line(waiting, side, clocks)
            ready[0] = leave_line(waiting, side, clocks)
            return 1
        clocks[NOW] = next_wake_up(clocks, waiting, work, both)
        advance(clocks, work, both)
        for side in range(2):
            while clocks[WAITING + side] > 0 and first_in_line(waiting, side, clocks) <= clocks[DONE + side]:
                ready[found] = leave_line(waiting, side, clocks)
                found += 1
    return found


@njit(cache=True, nogil=True)
def critical_path(log, last):
    """(4,) time by kind along the chain of waits that ends with record ``last``; adds up to its end."""
    parts = np.zeros(4, np.int64)
    while last >= 0:
        kind, before, waited, end = log[last]
        begin = log[before, END] if before >= 0 else 0
        parts[kind] += end - begin - waited
        parts[LATENCY] += waited
        last = before
    return parts


@njit(cache=True, nogil=True)
def run_loop(frame, costs, rules, submit, overlap, shared, both, queue, log):
    """Run a frame.

    ``frame``: ``firsts`` (T + 1,) of every tile in ``steps``, whether the schedule is in batches, ``kernels`` (2, S),
    ``latencies`` (2,); ``costs``: ends and occupancy (S, N), granules and shares (S,); ``rules``: whether the
    dispatcher is least_loaded, whether it hands out in turn; ``queue``: state of the NGPC, with the step (dispatches,)
    and the order or offset (dispatches, N or 1) of every command. Returns end of the frame, ``gpu``, lost time of both
    clocks, the critical path.
    """
    firsts = frame[0]
    n_tiles = firsts.shape[0] - 1
    gpu, taken, last = np.zeros(3, np.int64), np.zeros(1, np.int64), np.zeros(2, np.int64)
    clocks, places = np.zeros(CLOCKS, np.int64), 1
    while places < n_tiles:
        places *= 2
    waiting = np.zeros((2, places, 3), np.int64)
    work = np.zeros((2, log.shape[0] if shared else 0, 2), np.int64)
    ready = np.zeros(n_tiles, np.int64)
    tiles = np.zeros((n_tiles, 2), np.int64)
    gpu[LAST], last[0], last[1] = -1, -1, -1
    note(log, taken, SUBMIT, -1, 0, submit)
    clocks[NOW] = submit
    groups = 1 if overlap else n_tiles
    for group in range(groups):
        for tile in range(group, n_tiles if overlap else group + 1):
            resume(tile, frame, costs, rules, gpu, queue, log, taken, tiles, last, shared, clocks, waiting, work, both)
        found = wake(ready, shared, clocks, waiting, work, both)
        while found > 0:
            for number in range(found):
                resume(
                    ready[number], frame, costs, rules, gpu, queue, log, taken, tiles, last, shared, clocks, waiting,
                    work, both,
                )  # fmt: skip
            found = wake(ready, shared, clocks, waiting, work, both)
    return last[0], gpu, clocks[LOST : LOST + 2], critical_path(log, last[1])
