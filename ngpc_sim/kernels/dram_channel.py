"""One channel of the DRAM, cycle by cycle: its banks, queue, commands and refresh, as kernels.

What a cycle does, and what may follow what, is told in :mod:`ngpc_sim.engines.dram`. Cycles in which nothing can
happen are passed over: every step yields the next cycle in which a command may go.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ngpc_sim.kernels.compiled import kernel

Array = np.ndarray[Any, Any]

#: a cycle that never comes
FAR = 1 << 62

# rows of the banks' state: the first cycle of a RD, ACT or PRE, as in the channel's state; the open row, -1 for none;
# whether refreshed in this round; requests, FAR for none: the one that the row was opened for, the queue's oldest and
# newest, and the oldest that hits the open row
RD, ACT, PRE, ROW, REFRESHED, OPENED_FOR, OLDEST, NEWEST, HIT, BANK_PLACES = range(10)
# further places of the channel's state: the last four ACTs and their number; refreshes due, the next, the bank to
# refresh; requests whose row was opened for them
LAST_ACTS, ACTS, DUE, NEXT_DUE, TARGET, OPENED, CHANNEL_PLACES = 3, 7, 8, 9, 10, 11, 12
# neighbours of a request in its bank's queue
BEFORE, AFTER = 0, 1
# the timing of a spec as the kernels take it, and behind it the banks of a group
CCDS, CCDL, RCD, RP, RAS, RC, RRD, FAW, RTP, PPD, REFI, RFC, POSTPONED, BANKS = range(14)
# what a channel answers
CYCLES, HITS, MISSES, CONFLICTS, LATENCY, ACTIVATES, REFRESHES, ANSWERS = range(8)


class Layout(NamedTuple):
    """Where accesses of ``access_bytes`` lie: ``channels``, ``together`` that stay in one.

    A ``run`` of them stays in a bank before the next of the ``groups``; ``runs`` are in a row, ``banks`` in a group.
    """

    access_bytes: int
    channels: int
    together: int
    run: int
    groups: int
    runs: int
    banks: int


class Requests(NamedTuple):
    """The accesses of a channel: their rows, whether seen before, and neighbours (n, 2) in the queue of their bank."""

    row_of: Array
    seen: Array
    links: Array


@kernel
def place(access, layout):
    """Channel, bank (by group) and row of an access."""
    block = access // layout.together
    within = (block // layout.channels * layout.together + access % layout.together) // layout.run
    group = within % layout.groups
    row = within // layout.groups // layout.runs
    return block % layout.channels, group * layout.banks + row % layout.banks, row // layout.banks


@kernel
def split(lines, line_bytes, layout):
    """Banks and rows of all accesses, channel by channel in the order offered, and where each channel starts."""
    channels, together, access_bytes = layout.channels, layout.together, layout.access_bytes
    starts = np.zeros(channels + 1, np.int64)
    for line in lines:
        for access in range(line // access_bytes, (line + line_bytes - 1) // access_bytes + 1):
            starts[access // together % channels + 1] += 1
    for channel in range(channels):
        starts[channel + 1] += starts[channel]
    bank_of, row_of = np.empty(starts[-1], np.int64), np.empty(starts[-1], np.int64)
    at = starts.copy()
    for line in lines:
        for access in range(line // access_bytes, (line + line_bytes - 1) // access_bytes + 1):
            channel, bank, row = place(access, layout)
            bank_of[at[channel]], row_of[at[channel]] = bank, row
            at[channel] += 1
    return bank_of, row_of, starts


@kernel
def issue_read(b, now, bank, chan, t):
    """Take note of a RD."""
    chan[RD] = now + t[CCDS]
    first = b // t[BANKS] * t[BANKS]
    for other in range(first, first + t[BANKS]):
        bank[RD, other] = max(bank[RD, other], now + t[CCDL])
    bank[PRE, b] = max(bank[PRE, b], now + t[RTP])


@kernel
def issue_activate(b, row, now, bank, chan, t):
    """Take note of an ACT, or, with row -1, of the refresh of one bank."""
    chan[LAST_ACTS + chan[ACTS] % 4] = now
    chan[ACTS] += 1
    chan[ACT] = now + t[RRD]
    if chan[ACTS] >= 4:
        chan[ACT] = max(chan[ACT], chan[LAST_ACTS + chan[ACTS] % 4] + t[FAW])
    bank[ROW, b] = row
    if row < 0:
        bank[ACT, b] = now + t[RFC]
        return
    bank[RD, b] = max(bank[RD, b], now + t[RCD])
    bank[PRE, b], bank[ACT, b] = now + t[RAS], now + t[RC]


@kernel
def issue_precharge(b, now, bank, chan, t):
    """Take note of a PRE."""
    chan[PRE] = now + t[PPD]
    bank[ROW, b], bank[HIT, b] = -1, FAR
    bank[ACT, b] = max(bank[ACT, b], now + t[RP])


@kernel
def oldest_opened(now, bank, chan):
    """Oldest request whose row was opened for it and whose RD may go, or FAR, and the cycle when one may."""
    found, wake = FAR, FAR
    for b in range(bank.shape[1]):
        request = bank[OPENED_FOR, b]
        ready = max(bank[RD, b], chan[RD]) if request < FAR else FAR
        wake = min(wake, ready)
        found = min(found, request if ready <= now else FAR)
    return found, wake


@kernel
def oldest_ready(now, bank, chan):
    """Oldest queued request whose next command may go, or FAR, and the cycle when one may.

    A bank has at most two commands to offer: RD of its oldest hit, and ACT or PRE for its oldest request. There are
    no branches, for banks come in any state.
    """
    found, wake = FAR, FAR
    next_read, next_activate, next_precharge, target = chan[RD], chan[ACT], chan[PRE], chan[TARGET]
    for b in range(bank.shape[1]):
        hit, oldest = bank[HIT, b], bank[OLDEST, b]
        if oldest == FAR:
            continue
        served = b != target
        read = max(bank[RD, b], next_read) if served & (hit < FAR) else FAR
        row = max(bank[ACT, b], next_activate) if bank[ROW, b] < 0 else max(bank[PRE, b], next_precharge)
        row = row if served & (oldest != hit) & (bank[OPENED_FOR, b] == FAR) else FAR
        wake = min(wake, read, row)
        found = min(found, hit if read <= now else FAR, oldest if row <= now else FAR)
    return found, wake


@kernel
def enqueue(request, b, row, links, bank):
    """Put a request behind those of its bank."""
    last = bank[NEWEST, b]
    links[request, BEFORE], links[request, AFTER] = last, FAR
    if last == FAR:
        bank[OLDEST, b] = request
    else:
        links[last, AFTER] = request
    bank[NEWEST, b] = request
    if bank[ROW, b] == row:
        bank[HIT, b] = min(bank[HIT, b], request)


@kernel
def dequeue(request, b, row_of, links, bank):
    """Take a request out whose row is open now; the bank's next hit is behind it."""
    before, after = links[request, BEFORE], links[request, AFTER]
    if before == FAR:
        bank[OLDEST, b] = after
    else:
        links[before, AFTER] = after
    if after == FAR:
        bank[NEWEST, b] = before
    else:
        links[after, BEFORE] = before
    while after < FAR and row_of[after] != bank[ROW, b]:
        after = links[after, AFTER]
    bank[HIT, b] = after


@kernel
def refresh_all(now, bank, chan, t, answer):
    """Next command of a refresh of all banks, if it may go now; returns whether it did and the cycle when it may."""
    any_open, precharge, activate = False, chan[PRE], 0
    for b in range(bank.shape[1]):
        if bank[ROW, b] >= 0:
            any_open = True
            precharge = max(precharge, bank[PRE, b])
        activate = max(activate, bank[ACT, b])
    if any_open and chan[OPENED]:
        return False, FAR
    ready = precharge if any_open else activate
    if ready > now:
        return False, ready
    for b in range(bank.shape[1]):
        if not any_open:
            bank[ACT, b] = now + t[RFC]
        elif bank[ROW, b] >= 0:
            issue_precharge(b, now, bank, chan, t)
    if not any_open:
        chan[DUE] -= 1
        answer[REFRESHES] += 1
    return True, now


@kernel
def choose_target(bank, postponed, due):
    """Bank to refresh next: the lowest of the round that nobody waits for, or the lowest at all if it must be."""
    lowest = -1
    for b in range(bank.shape[1] - 1, -1, -1):
        if not bank[REFRESHED, b] and (due > postponed or (bank[OLDEST, b] == FAR and bank[OPENED_FOR, b] == FAR)):
            lowest = b
    return lowest


@kernel
def refresh_one(now, bank, chan, t, answer):
    """Next command of a refresh of one bank, if it may go now; returns whether it did and the cycle when it may."""
    if chan[TARGET] < 0:
        chan[TARGET] = choose_target(bank, t[POSTPONED], chan[DUE])
    b = chan[TARGET]
    if b < 0 or bank[OPENED_FOR, b] < FAR:
        return False, FAR
    is_open = bank[ROW, b] >= 0
    ready = max(bank[PRE, b], chan[PRE]) if is_open else max(bank[ACT, b], chan[ACT])
    if ready > now:
        return False, ready
    if is_open:
        issue_precharge(b, now, bank, chan, t)
        return True, now
    issue_activate(b, -1, now, bank, chan, t)
    chan[TARGET] = -1
    chan[DUE] -= 1
    answer[REFRESHES] += 1
    bank[REFRESHED, b] = 1
    if bank[REFRESHED].all():
        bank[REFRESHED] = 0
    return True, now


@kernel
def refresh_step(now, one, bank, chan, t, answer):
    """Whether a refresh command goes now, and the next cycle in which one may or falls due."""
    while chan[NEXT_DUE] <= now:
        chan[DUE] += 1
        chan[NEXT_DUE] += t[REFI]
    if not chan[DUE]:
        return False, chan[NEXT_DUE]
    issued, wake = refresh_one(now, bank, chan, t, answer) if one else refresh_all(now, bank, chan, t, answer)
    return issued, min(wake, chan[NEXT_DUE])


@kernel
def advance(request, b, now, requests, bank, chan, t, answer):
    """Issue a queued request's next command; returns whether it leaves the queue and whether it was read."""
    is_open, is_hit = bank[ROW, b] >= 0, bank[HIT, b] == request
    if not requests.seen[request]:
        requests.seen[request] = True
        answer[HITS if is_hit else CONFLICTS if is_open else MISSES] += 1
    if is_open and not is_hit:
        issue_precharge(b, now, bank, chan, t)
        return False, False
    if is_hit:
        issue_read(b, now, bank, chan, t)
    else:
        issue_activate(b, requests.row_of[request], now, bank, chan, t)
        bank[OPENED_FOR, b] = request
        chan[OPENED] += 1
        answer[ACTIVATES] += 1
    dequeue(request, b, requests.row_of, requests.links, bank)
    return True, is_hit


@kernel
def serve(bank_of, row_of, n_banks, queue, one, t):
    """Answers (7,) of one channel to its accesses in the order offered: last RD, outcomes, waits, commands."""
    bank, chan = np.zeros((BANK_PLACES, n_banks), np.int64), np.zeros(CHANNEL_PLACES, np.int64)
    bank[ROW], bank[OPENED_FOR:] = -1, FAR
    chan[NEXT_DUE], chan[TARGET] = t[REFI], -1
    accesses, answer = len(bank_of), np.zeros(ANSWERS, np.int64)
    arrived, links = np.empty(accesses, np.int64), np.empty((accesses, 2), np.int64)
    requests = Requests(row_of, np.zeros(accesses, np.bool_), links)
    now = offered = waiting = done = 0
    while done < accesses:
        read, wake, issued = FAR, FAR, False
        if chan[OPENED]:
            read, wake = oldest_opened(now, bank, chan)
            if read < FAR:
                issue_read(bank_of[read], now, bank, chan, t)
                bank[OPENED_FOR, bank_of[read]], issued = FAR, True
                chan[OPENED] -= 1
        if not issued:
            issued, soon = refresh_step(now, one, bank, chan, t, answer)
            wake = min(wake, soon)
        if not issued and waiting and (one or not chan[DUE]):
            request, soon = oldest_ready(now, bank, chan)
            wake, issued = min(wake, soon), request < FAR
            if issued:
                left, was_read = advance(request, bank_of[request], now, requests, bank, chan, t, answer)
                waiting -= left
                read = request if was_read else FAR
        if read < FAR:
            done += 1
            answer[CYCLES] = now
            answer[LATENCY] += now - arrived[read]
        if offered < accesses and waiting < queue:
            arrived[offered] = now
            enqueue(offered, bank_of[offered], row_of[offered], links, bank)
            offered, waiting, issued = offered + 1, waiting + 1, True
        now = now + 1 if issued else wake
    return answer
