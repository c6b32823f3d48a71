"""The frame against a second event loop, written without SimPy, where nothing is shared and L2 holds everything."""

import heapq
import math
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from ngpc_sim.frame.events import run_frame_fast
from ngpc_sim.kernels import frame_tables as columns

#: a tenth of 200 in a usual run
CASES = settings(max_examples=settings().max_examples // 5, derandomize=True)
#: order of what happens at one instant
COMMAND_ENDS, KERNEL_ENDS, ARRIVAL = range(3)


class Loop:
    """Queues of the GPU, the kernel that runs, and when every NFP is free; everything in ps."""

    def __init__(self, chains, tiles, rules, n_nfps):
        self.chains, self.tiles, self.rules = chains, tiles, rules
        self.nfp_free, self.offset = [0] * n_nfps, 0
        self.gpu_free = self.gpu_busy = self.last = 0
        self.running = False
        self.events, self.ready = [], []
        self.waiting = deque(range(len(chains)))
        self.left = {}
        for _ in range(min(rules.queues, len(self.waiting))):
            self.take_tile(rules.submit)

    def take_tile(self, now):
        if self.waiting:
            tile = self.waiting.popleft()
            self.left[tile] = deque(self.chains[tile])
            self.go_on(tile, max(now, self.rules.submit + self.rules.cross), 0, now)

    def go_on(self, tile, ready, to_ngpc, now):
        """A tile may go on at ``ready``, or ``to_ngpc`` later on the other side; at ``now`` it was done with a step."""
        if not self.left[tile]:
            self.last = max(self.last, now)
            self.take_tile(now)
        elif self.left[tile][0][0] == "kernel":
            heapq.heappush(self.ready, (ready, tile))
        else:
            heapq.heappush(self.events, (ready + to_ngpc, ARRIVAL, tile))

    def run(self):
        while self.events or self.ready:
            start = max(self.gpu_free, self.ready[0][0]) if self.ready and not self.running else math.inf
            if self.events and self.events[0][0] <= start:
                now, what, tile = heapq.heappop(self.events)
                (self.command_ends, self.kernel_ends, self.arrives)[what](now, tile)
            else:
                self.start_kernel(start, heapq.heappop(self.ready)[1])
        return self.last, self.gpu_busy

    def start_kernel(self, now, tile):
        row = self.tiles.work[self.left[tile].popleft()[1]].tolist()
        moved = max(row[columns.LINK] * self.rules.link_ps, row[columns.DRAM] * self.rules.dram_ps)
        length = max(row[columns.LEAST_PS], math.ceil(self.rules.over * moved))
        self.running, self.gpu_busy = True, self.gpu_busy + length
        heapq.heappush(self.events, (now + length, KERNEL_ENDS, tile))

    def kernel_ends(self, now, tile):
        self.running, self.gpu_free = False, now + self.rules.gap
        self.go_on(tile, now, self.rules.cross, now)

    def command_ends(self, now, tile):
        self.go_on(tile, now + self.rules.cross, 0, now)

    def arrives(self, now, tile):
        step, n_nfps = self.tiles.steps[self.left[tile].popleft()[1]], len(self.nfp_free)
        nfps = [(share + self.offset) % n_nfps for share in range(n_nfps)]
        if self.rules.least_loaded:
            nfps = sorted(range(n_nfps), key=lambda nfp: self.nfp_free[nfp])
        costs = zip(nfps, self.tiles.ends[step].tolist(), self.tiles.occupancy[step].tolist(), strict=True)
        finish = now
        for nfp, end, occupancy in costs:
            if end:
                self.nfp_free[nfp] = max(now + end, self.nfp_free[nfp] + occupancy)
                finish = max(finish, self.nfp_free[nfp])
        if self.rules.in_turn:
            self.offset += int(self.tiles.granules[step])
        heapq.heappush(self.events, (finish, COMMAND_ENDS, tile))


def unshared(frame, **changes):
    tiles, rules, n_nfps, rounds = frame
    return tiles, rules._replace(capacity=10**12, **changes), n_nfps, rounds


@CASES
@given(data=st.data())
def test_the_frame_equals_an_independent_event_loop(data, cases):
    frame = unshared(data.draw(cases.frames(shared=False)))
    run = run_frame_fast(*frame)
    assert (run.frame_ps, run.gpu_busy_ps) == Loop(cases.chains_of(frame[0]), *frame[:3]).run()


@CASES
@given(data=st.data())
def test_with_one_queue_the_frame_is_the_serial_sum(data, cases):
    tiles, rules, n_nfps, rounds = unshared(data.draw(cases.frames(shared=False)), queues=1, gap=0)
    now = rules.submit
    for chain in cases.chains_of(tiles):
        before = None
        for what, number in chain:
            if before is None:
                now = max(now, rules.submit + rules.cross)
            elif "command" in (before, what):
                now += rules.cross
            if what == "command":
                now += int(tiles.ends[tiles.steps[number]].max())
            else:
                row = tiles.work[number].tolist()
                moved = max(row[columns.LINK] * rules.link_ps, row[columns.DRAM] * rules.dram_ps)
                now += max(row[columns.LEAST_PS], math.ceil(rules.over * moved))
            before = what
    assert run_frame_fast(tiles, rules, n_nfps, rounds).frame_ps == now
