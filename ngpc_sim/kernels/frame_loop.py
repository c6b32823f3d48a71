"""The frame's event loop as a kernel: queues of the GPU with a tile each, and commands on the NGPC.

:func:`ngpc_sim.reference.frame.run_frame` defines what happens, with SimPy's processes; this gives the same times. Real
time is in ps. The NGPC and the kernel that runs on the GPU have clocks of their work, which go slower while both ask
for more of the memory than there is. A clock is whole ps and a part of one, in 1 / ``FULL``. At one instant, commands
end first, then a kernel, then commands arrive, then commands begin on their first NFP, those of lower tiles before
others. Then a kernel starts, of the tile that was ready first, of several the lowest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ngpc_sim.kernels.command_queue import DONE, ORDER, admit
from ngpc_sim.kernels.compiled import inlined, kernel, part
from ngpc_sim.kernels.fair_speeds import FULL, SPEED_BITS, speeds
from ngpc_sim.kernels.frame_record import note_begin, note_command, note_kernel, note_step
from ngpc_sim.kernels.frame_tables import (
    BEFORE,
    DRAM,
    END,
    FAR,
    FREES,
    FREES_INPUTS,
    FREES_OUTPUTS,
    GPU,
    IN_BYTES,
    IN_READ,
    IN_WRITTEN,
    KIND,
    LATENCY,
    LEAST_PS,
    LINK,
    MISSING,
    NGPC,
    OUT_BYTES,
    OUT_READ,
    SUBMIT,
    WAITED,
)  # fmt: skip

Array = np.ndarray[Any, Any]

#: what a queue's tile does: it is over, waits for the GPU, runs there, is on its way to the NGPC, waits for an NFP, is
#: served
OVER, WAITS, RUNS, SENT, PLACED, SERVED = range(6)
#: columns of a queue: its tile, the number of its next command, its dispatch, what it does, since when it is ready in
#: real time, its record, begin and end of its command by the NGPC's clock; live bytes of its input and output buffers,
#: and which part of them stays in L2, in 1 / FULL
TILE, COMMAND, DISPATCH, DOES, READY, RECORD, BEGINS, ENDS, IN_LIVE, OUT_LIVE, IN_KEPT, OUT_KEPT, COLUMNS = range(13)
#: places in the state: the present; the NGPC's clock and its part of a ps; of the kernel that runs the same and its
#: length, and its queue, or -1; when the next kernel may start; the GPU's last record; live bytes of all buffers; next
#: tile; records taken, commands placed, where the next command begins; end of the frame and its record; busy time of
#: the GPU, and its work at full speed; time in which any NFP has work; most live bytes
NOW, CLOCK, CLOCK_PART, RUN, RUN_PART, RUN_LENGTH, ON_GPU, FREE, LAST, LIVE, NEXT, TAKEN, PLACES, OFFSET = range(14)
LATEST, LATEST_RECORD, BUSY, WORK, ANY, PEAK, STATE = range(14, 21)
#: places in the sums: ps that the NGPC's clock lost to its own bandwidth, and to the GPU's; bytes alive x ps
LOST_ALONE, LOST_SHARED, ALIVE, SUMS = range(4)
#: no time is later
NEVER = np.int64((1 << 63) - 1)
#: no step of a clock is longer, so that its product with a speed has room
MAX_STEP_PS = np.int64(1 << 42)


@inlined
def note(state, log, kind, before, waited, end):
    """Add a record; returns its number."""
    number = state[TAKEN]
    log.records[number, KIND], log.records[number, BEFORE] = kind, before
    log.records[number, WAITED], log.records[number, END] = waited, end
    state[TAKEN] += 1
    return number


@part
def in_dram(size, kept):
    """Bytes of a buffer of ``size`` that L2 does not hold."""
    return size - (size * kept >> SPEED_BITS)


@part
def write(state, queue, column, size, capacity):
    """Begin to write a buffer of a queue's tile, in place of what it held; notes which part of it stays in L2."""
    state[LIVE] += size - queue[column]
    queue[column] = size
    state[PEAK] = max(state[PEAK], state[LIVE])
    queue[column + 2] = FULL if state[LIVE] <= capacity else capacity * FULL // state[LIVE]


@part
def free(state, queue, column):
    """Forget a buffer of a queue's tile."""
    state[LIVE] -= queue[column]
    queue[column] = 0


@part
def take_tile(state, queue, tiles, now, rules):
    """Let a queue take the next tile, or be over; a tile without a dispatch before its first command sends that."""
    queue[DOES] = OVER
    if state[NEXT] < tiles.firsts.shape[0] - 1:
        queue[TILE], queue[COMMAND] = state[NEXT], tiles.firsts[state[NEXT]]
        state[NEXT] += 1
        enter_gap(queue, tiles, max(now, rules.submit + rules.cross))


@part
def enter_gap(queue, tiles, ready):
    """A tile that is ready at ``ready`` has come before its next command, or behind its last one."""
    gap = queue[COMMAND] + queue[TILE]
    queue[DISPATCH], queue[READY] = tiles.gaps[gap], ready
    queue[DOES] = WAITS if tiles.gaps[gap] < tiles.gaps[gap + 1] else SENT


@part
def is_through(queue, tiles):
    """Whether a tile has no more commands."""
    return queue[COMMAND] == tiles.firsts[queue[TILE] + 1]


@part
def earliest(queues, does, column):
    """The queue of those that do ``does`` with the least ``column``, then the least tile; -1 where there is none."""
    best = -1
    for q in range(queues.shape[0]):
        if queues[q, DOES] == does and (
            best < 0
            or queues[q, column] < queues[best, column]
            or (queues[q, column] == queues[best, column] and queues[q, TILE] < queues[best, TILE])
        ):
            best = q
    return best


@part
def first_due(queues, does, column, now):
    """The queue with the least tile of those that do ``does`` until ``now`` or before; -1 where there is none."""
    best = -1
    for q in range(queues.shape[0]):
        if queues[q, DOES] == does and queues[q, column] <= now and (best < 0 or queues[q, TILE] < queues[best, TILE]):
            best = q
    return best


@part
def real_time(target, clock, clock_part, speed):
    """Time in which a clock of ``speed`` comes to ``target``, rounded up, or as far as a step may go."""
    ahead = min(target - clock, MAX_STEP_PS)
    return max(0, ((ahead << SPEED_BITS) - clock_part + speed - 1) // speed)


@part
def start_kernel(state, queue, tiles, rules, log, asked):
    """Start the dispatch for which a queue waits; notes what it ``asked`` (2, 2) of link and DRAM in row 0."""
    work, number = tiles.work, queue[DISPATCH]
    dram = work[number, DRAM] + in_dram(work[number, OUT_READ], queue[OUT_KEPT])
    dram += in_dram(work[number, IN_READ], queue[IN_KEPT])
    if work[number, IN_WRITTEN] > 0:
        write(state, queue, IN_LIVE, work[number, IN_WRITTEN], rules.capacity)
        dram += in_dram(work[number, IN_WRITTEN], queue[IN_KEPT])
    link_ps, dram_ps = work[number, LINK] * rules.link_ps, dram * rules.dram_ps
    length = max(work[number, LEAST_PS], np.int64(np.ceil(rules.over * max(link_ps, dram_ps))))
    state[RUN], state[RUN_PART], state[RUN_LENGTH] = 0, 0, length
    state[WORK] += length
    asked[0, 0] = link_ps / length if rules.shared and length else 0.0
    asked[0, 1] = dram_ps / length if rules.shared and length else 0.0
    waits_for, waited = queue[RECORD], state[NOW] - log.records[queue[RECORD], END]
    if queue[READY] < state[NOW]:
        waits_for, waited = state[LAST], state[NOW] - log.records[state[LAST], END]
    queue[RECORD] = state[LAST] = note(state, log, GPU, waits_for, waited, state[NOW])
    queue[DOES] = RUNS
    note_kernel(log, queue[RECORD], queue[TILE], number, queue[READY], state[NOW], length, dram)


@part
def end_kernel(state, queue, tiles, rules, log):
    """End the kernel that runs."""
    frees, now = tiles.work[queue[DISPATCH], FREES], state[NOW]
    if frees & FREES_INPUTS:
        free(state, queue, IN_LIVE)
    if frees & FREES_OUTPUTS:
        free(state, queue, OUT_LIVE)
    log.records[queue[RECORD], END] = now
    state[ON_GPU], state[FREE] = -1, now + rules.gap
    queue[DISPATCH] += 1
    if queue[DISPATCH] < tiles.gaps[queue[COMMAND] + queue[TILE] + 1]:
        queue[DOES], queue[READY] = WAITS, now
    elif is_through(queue, tiles):
        end_tile(state, queue, tiles, rules)
    else:
        queue[DOES], queue[READY] = SENT, now + rules.cross


@part
def end_tile(state, queue, tiles, rules):
    """A tile is through at the present: the frame ends with the last of them, of several with the latest record."""
    if state[NOW] > state[LATEST] or (state[NOW] == state[LATEST] and queue[RECORD] > state[LATEST_RECORD]):
        state[LATEST], state[LATEST_RECORD] = state[NOW], queue[RECORD]
    free(state, queue, IN_LIVE)
    free(state, queue, OUT_LIVE)
    take_tile(state, queue, tiles, state[NOW], rules)


@part
def first_start(nfps, ends, start, offset, least_loaded):
    """When the first NFP starts on a command that is there at ``start``, by the NGPC's clock."""
    first, n_nfps = NEVER, nfps.shape[1]
    for share in range(ends.shape[0]):
        if ends[share] > 0:
            done = nfps[DONE].min() if least_loaded else nfps[DONE, (share + offset) % n_nfps]
            first = min(first, max(start, done))
    return first


@part
def arrive(state, queue, tiles, rules, nfps, log):
    """Place a command that has come to the NGPC on its NFPs."""
    step, offset, place = tiles.steps[queue[COMMAND]], state[OFFSET], state[PLACES]
    own = tiles.shares[step]
    ends, occupancy = tiles.ends[step, :own], tiles.occupancy[step, :own]
    start = state[CLOCK] + (state[CLOCK_PART] > 0)
    queue[BEGINS] = first_start(nfps, ends, start, offset, rules.least_loaded)
    queue[ENDS], behind = admit(nfps, ends, occupancy, start, offset, rules.least_loaded, state[TAKEN])
    log.steps[place] = step
    if rules.least_loaded:
        for share in range(nfps.shape[1]):
            log.orders[place, share] = nfps[ORDER, share]
    else:
        log.orders[place, 0] = offset
    state[PLACES] += 1
    if rules.in_turn:
        state[OFFSET] = (offset + tiles.granules[step]) % nfps.shape[1]
    waits_for, waited = (behind, 0) if behind >= 0 else (queue[RECORD], state[NOW] - log.records[queue[RECORD], END])
    queue[RECORD] = note(state, log, NGPC, waits_for, waited, state[NOW])
    queue[DOES] = PLACED
    length = queue[ENDS] - queue[BEGINS]
    note_command(log, queue[RECORD], queue[TILE], queue[COMMAND], queue[READY], length, start)


@part
def begin_command(state, queue, tiles, rules, log, rates):
    """The first NFP starts on a command: its outputs begin to be written; fills ``rates`` (2,) of link and DRAM."""
    asks = tiles.asks[tiles.steps[queue[COMMAND]]]
    write(state, queue, OUT_LIVE, asks[OUT_BYTES], rules.capacity)
    streamed = in_dram(asks[IN_BYTES], queue[IN_KEPT]) + in_dram(asks[OUT_BYTES], queue[OUT_KEPT])
    log.streamed[queue[COMMAND]] = streamed
    length = max(1, queue[ENDS] - queue[BEGINS])
    rates[0] = (asks[IN_BYTES] + asks[OUT_BYTES] + asks[MISSING]) * rules.link_ps / length if rules.shared else 0.0
    rates[1] = (streamed * rules.dram_ps + asks[FAR] * rules.lines_ps) / length if rules.shared else 0.0
    queue[DOES] = SERVED
    note_begin(log, queue[RECORD], state[NOW])


@part
def end_command(state, queue, tiles, rules, log):
    """The last NFP has written its last output of a command."""
    log.records[queue[RECORD], END] = state[NOW]
    if tiles.forgets[queue[COMMAND]]:
        free(state, queue, IN_LIVE)
    queue[COMMAND] += 1
    enter_gap(queue, tiles, state[NOW] + rules.cross)
    if queue[DOES] == SENT and is_through(queue, tiles):
        end_tile(state, queue, tiles, rules)


@part
def next_instant(state, queues, of_gpu, of_ngpc):
    """When anything happens next, at these speeds."""
    wake_up = NEVER
    if state[ON_GPU] >= 0:
        wake_up = state[NOW] + real_time(state[RUN_LENGTH], state[RUN], state[RUN_PART], of_gpu)
    else:
        first = earliest(queues, WAITS, READY)
        if first >= 0:
            wake_up = max(queues[first, READY], state[FREE])
    for q in range(queues.shape[0]):
        if queues[q, DOES] == SENT:
            wake_up = min(wake_up, queues[q, READY])
        elif queues[q, DOES] == PLACED or queues[q, DOES] == SERVED:
            target = queues[q, BEGINS] if queues[q, DOES] == PLACED else queues[q, ENDS]
            wake_up = min(wake_up, state[NOW] + real_time(target, state[CLOCK], state[CLOCK_PART], of_ngpc))
    return max(wake_up, state[NOW])


@part
def advance(state, sums, passed, of_gpu, of_ngpc, of_ngpc_alone, serves):
    """Let ``passed`` ps go by at these speeds; ``serves``: whether any NFP has work."""
    moved = state[CLOCK_PART] + passed * of_ngpc
    state[CLOCK], state[CLOCK_PART] = state[CLOCK] + (moved >> SPEED_BITS), moved & (FULL - 1)
    if state[ON_GPU] >= 0:
        moved = state[RUN_PART] + passed * of_gpu
        state[RUN], state[RUN_PART] = state[RUN] + (moved >> SPEED_BITS), moved & (FULL - 1)
        state[BUSY] += passed
    if serves:
        state[ANY] += passed
        sums[LOST_ALONE] += passed * float(FULL - of_ngpc_alone) / FULL
        sums[LOST_SHARED] += passed * float(of_ngpc_alone - of_ngpc) / FULL
    sums[ALIVE] += float(state[LIVE]) * passed
    state[NOW] += passed


@part
def handle(state, queues, tiles, rules, nfps, log, asked, rates):
    """Let happen what happens at the present."""
    for q in range(queues.shape[0]):
        if queues[q, DOES] == SERVED and queues[q, ENDS] <= state[CLOCK]:
            rates[q, 0] = rates[q, 1] = 0.0
            end_command(state, queues[q], tiles, rules, log)
    if state[ON_GPU] >= 0 and state[RUN] >= state[RUN_LENGTH]:
        asked[0, 0] = asked[0, 1] = 0.0
        end_kernel(state, queues[state[ON_GPU]], tiles, rules, log)
    if earliest(queues, PLACED, TILE) < 0 and earliest(queues, SERVED, TILE) < 0 and state[CLOCK_PART] > 0:
        state[CLOCK], state[CLOCK_PART] = state[CLOCK] + 1, 0  # a part of a ps means nothing to NFPs without work
    q = first_due(queues, SENT, READY, state[NOW])
    while q >= 0:
        arrive(state, queues[q], tiles, rules, nfps, log)
        q = first_due(queues, SENT, READY, state[NOW])
    q = first_due(queues, PLACED, BEGINS, state[CLOCK])
    while q >= 0:
        begin_command(state, queues[q], tiles, rules, log, rates[q])
        q = first_due(queues, PLACED, BEGINS, state[CLOCK])
    q = earliest(queues, WAITS, READY)
    if state[ON_GPU] < 0 and q >= 0 and max(queues[q, READY], state[FREE]) <= state[NOW]:
        state[ON_GPU] = q
        start_kernel(state, queues[q], tiles, rules, log, asked)


@kernel
def critical_path(records, last):
    """(4,) time by kind along the chain of waits that ends with record ``last``; adds up to its end."""
    parts = np.zeros(4, np.int64)
    while last >= 0:
        before, waited = records[last, BEFORE], records[last, WAITED]
        begin = records[before, END] if before >= 0 else 0
        parts[records[last, KIND]] += records[last, END] - begin - waited
        parts[LATENCY] += waited
        last = before
    return parts


@kernel
def admit_all(order, tiles, rules, nfps, begins, ends):
    """Place the commands ``order`` one behind the other, all asked at time 0; fills when each begins and ends."""
    offset = 0
    for place in range(order.shape[0]):
        step = tiles.steps[order[place]]
        own = tiles.shares[step]
        costs = tiles.ends[step, :own], tiles.occupancy[step, :own]
        begins[place] = first_start(nfps, costs[0], np.int64(0), offset, rules.least_loaded)
        ends[place], _ = admit(nfps, costs[0], costs[1], np.int64(0), offset, rules.least_loaded, place)
        if rules.in_turn:
            offset = (offset + tiles.granules[step]) % nfps.shape[1]


@kernel
def run_loop(tiles, rules, nfps, log):
    """Run a frame; ``nfps`` and ``log`` are filled. Returns the state and the sums."""
    state, sums = np.zeros(STATE, np.int64), np.zeros(SUMS, np.float64)
    queues = np.zeros((min(rules.queues, tiles.firsts.shape[0] - 1), COLUMNS), np.int64)
    asked, rates = np.zeros((1, 2), np.float64), np.zeros((queues.shape[0], 2), np.float64)
    state[ON_GPU], state[LAST], state[LATEST], state[LATEST_RECORD] = -1, -1, -1, -1
    note(state, log, SUBMIT, -1, 0, rules.submit)
    state[NOW], step = rules.submit, 0
    for q in range(queues.shape[0]):
        take_tile(state, queues[q], tiles, rules.submit, rules)
    while (queues[:, DOES] != OVER).any():
        link, dram, serves = 0.0, 0.0, False
        for q in range(queues.shape[0]):
            if queues[q, DOES] == SERVED:
                link, dram, serves = link + rates[q, 0], dram + rates[q, 1], True
        of_gpu, of_ngpc, of_ngpc_alone = speeds(asked[0, 0], asked[0, 1], link, dram)
        passed = next_instant(state, queues, of_gpu, of_ngpc) - state[NOW]
        advance(state, sums, passed, of_gpu, of_ngpc, of_ngpc_alone, serves)
        note_step(log, step, state[NOW], state[CLOCK], (of_gpu, of_ngpc, of_ngpc_alone), serves, state[LIVE])
        step += 1
        handle(state, queues, tiles, rules, nfps, log, asked, rates)
    return state, sums
