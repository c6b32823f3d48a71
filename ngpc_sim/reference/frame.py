"""The frame by events: queues of the GPU with a tile each, kernels one at a time, commands NFP by NFP, shared memory.

The command queue works as in Vulkan. One submission hands the command buffers of all tiles to the queues of the GPU; a
queue holds a tile until it ends, then takes the next. The end of a dispatch is the value of the timeline semaphore for
which the next one of its tile waits. Latencies of engines are not computed here: what a command costs each NFP comes
from the cluster. This module defines a frame; :mod:`ngpc_sim.frame.events` gives the same answer faster.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import simpy

from ngpc_sim.frame.timing import GPU, LATENCY, NGPC, SUBMIT, FrameRun, Placed
from ngpc_sim.kernels import frame_tables as columns
from ngpc_sim.kernels.frame_tables import Rules, Tiles
from ngpc_sim.reference import memory_clock
from ngpc_sim.reference.memory_clock import ARRIVAL, BEGIN_OF_COMMAND, END_OF_COMMAND, END_OF_KERNEL, START_OF_KERNEL

Array = np.ndarray[Any, Any]
Process = Generator[simpy.Event, Any, None]
WHOLE = 1 << 20


@dataclass
class _Log:
    """Dispatches in the order in which they were taken: kind, predecessor, latency behind it, end."""

    records: list[list[Any]] = field(default_factory=list)

    def add(self, kind: str, before: int, latency_ps: int, end_ps: int = 0) -> int:
        self.records.append([kind, before, latency_ps, end_ps])
        return len(self.records) - 1

    def path(self, last: int) -> dict[str, int]:
        """Time by kind along the chain of waits that ends with record ``last``; adds up to its end."""
        parts = dict.fromkeys((SUBMIT, LATENCY, GPU, NGPC), 0)
        while last >= 0:
            kind, last, latency_ps, end_ps = self.records[last]
            before = self.records[last][3] if last >= 0 else 0
            parts[kind] += end_ps - before - latency_ps
            parts[LATENCY] += latency_ps
        return parts


class _Buffers:
    """Inputs and outputs that are alive, by queue, and what of them L2 holds."""

    def __init__(self, env: simpy.Environment, capacity: int) -> None:
        self.env, self.capacity = env, capacity
        self.sizes: dict[tuple[int, str], int] = {}
        self.kept: dict[tuple[int, str], int] = {}
        self.most = 0
        self.sum, self.until = 0, 0

    @property
    def live(self) -> int:
        """Bytes alive."""
        return sum(self.sizes.values())

    def _count(self) -> None:
        self.sum += self.live * (int(self.env.now) - self.until)
        self.until = int(self.env.now)

    def write(self, queue: int, which: str, size: int) -> None:
        """Begin to write a buffer in place of what it held."""
        self._count()
        self.sizes[queue, which] = size
        self.most = max(self.most, self.live)
        self.kept[queue, which] = WHOLE if self.live <= self.capacity else self.capacity * WHOLE // self.live

    def free(self, queue: int, which: str) -> None:
        """Forget a buffer."""
        self._count()
        self.sizes[queue, which] = 0

    def in_dram(self, queue: int, which: str, size: int) -> int:
        """Bytes of so many that L2 does not hold."""
        return size - (size * self.kept.get((queue, which), 0) >> 20)


class _Frame:
    """A frame while it runs."""

    def __init__(self, tiles: Tiles, rules: Rules, n_nfps: int) -> None:
        self.env: Any = simpy.Environment()
        self.tiles, self.rules = tiles, rules
        self.memory = memory_clock.MemoryClock(self.env)
        self.buffers = _Buffers(self.env, rules.capacity)
        self.log = _Log()
        self.log.add(SUBMIT, -1, 0, rules.submit)
        self.ends: list[tuple[int, int]] = []
        self.requests: list[tuple[int, int, int, int, int, simpy.Event]] = []
        self.running = False
        self.free_at = self.busy_ps = self.work_ps = 0
        self.last_kernel = -1
        self.nfps = [_Nfp() for _ in range(n_nfps)]
        self.offset = 0
        self.under_way: set[int] = set()
        self.placed: list[tuple[int, list[int]]] = []
        self.streamed = [0] * len(tiles.steps)
        waiting = iter(range(len(tiles.firsts) - 1))
        for queue in range(min(rules.queues, len(tiles.firsts) - 1)):
            self.env.process(self._queue(queue, waiting))
        self.env.run()

    def _queue(self, queue: int, waiting: Iterator[int]) -> Process:
        """A queue of the GPU: tile after tile."""
        first = next(waiting)
        yield memory_clock.at(self.env, self.rules.submit, 0, first)
        tile: int | None = first
        record = 0
        while tile is not None:
            record = yield from self._tile(queue, tile, record)
            self.ends.append((int(self.env.now), record))
            for which in ("inputs", "outputs"):
                self.buffers.free(queue, which)
            tile = next(waiting, None)

    def _tile(self, queue: int, tile: int, record: int) -> Generator[simpy.Event, Any, int]:
        """Dispatches and commands of a tile, each behind the one before, first ``record``; returns the last one."""
        tiles, rules = self.tiles, self.rules
        ready = max(int(self.env.now), rules.submit + rules.cross)
        first, end = int(tiles.firsts[tile]), int(tiles.firsts[tile + 1])
        for command in range(first, end + 1):
            gap = command + tile
            dispatches = range(int(tiles.gaps[gap]), int(tiles.gaps[gap + 1]))
            for number in dispatches:
                done = self.env.event()
                self.requests.append((ready, tile, queue, number, record, done))
                self._look_for_kernel()
                record = yield done
                ready = int(self.env.now)
            if command < end:
                yield memory_clock.at(self.env, ready + (rules.cross if dispatches else 0), ARRIVAL, tile)
                done = self.env.event()
                self._arrive(queue, tile, command, record, done)
                record = yield done
                ready = int(self.env.now) + rules.cross
        return record

    def _look_for_kernel(self) -> None:
        """The kernel that was ready first starts as soon as it may."""
        if not self.running and self.requests:
            first = min(self.requests, key=lambda request: request[:2])
            start = max(int(self.env.now), first[0], self.free_at)
            memory_clock.at(self.env, start, START_OF_KERNEL).callbacks.append(self._start_kernel)

    def _start_kernel(self, _: simpy.Event) -> None:
        now = int(self.env.now)
        first = min(self.requests, key=lambda request: request[:2], default=None)
        if self.running or first is None or max(first[0], self.free_at) > now:
            return
        self.requests.remove(first)
        ready, tile, queue, number, record, done = first
        link, dram, length = self._kernel(queue, number)
        self.running = True
        self.work_ps += length
        before = record if ready == now else self.last_kernel
        own = self.last_kernel = self.log.add(GPU, before, now - self.log.records[before][3])
        self.memory.advance()
        self.memory.clocks[memory_clock.GPU] = Fraction(0)
        if self.rules.shared and length:
            self.memory.asked[memory_clock.GPU][queue] = (link / length, dram / length)
        self.memory.changed()

        def end() -> None:
            frees = int(self.tiles.work[number, columns.FREES])
            if frees & columns.FREES_INPUTS:
                self.buffers.free(queue, "inputs")
            if frees & columns.FREES_OUTPUTS:
                self.buffers.free(queue, "outputs")
            self.running, self.free_at = False, int(self.env.now) + self.rules.gap
            self.busy_ps += int(self.env.now) - now
            self._forget(memory_clock.GPU, queue, own, done)
            self._look_for_kernel()

        self.memory.when(memory_clock.GPU, length, END_OF_KERNEL, tile, end)

    def _kernel(self, queue: int, number: int) -> tuple[float, float, int]:
        """Ps of the link and of DRAM that a kernel needs, and its length at full speed."""
        row = [int(cell) for cell in self.tiles.work[number]]
        dram = row[columns.DRAM] + self.buffers.in_dram(queue, "outputs", row[columns.OUT_READ])
        dram += self.buffers.in_dram(queue, "inputs", row[columns.IN_READ])
        if row[columns.IN_WRITTEN]:
            self.buffers.write(queue, "inputs", row[columns.IN_WRITTEN])
            dram += self.buffers.in_dram(queue, "inputs", row[columns.IN_WRITTEN])
        link_ps, dram_ps = row[columns.LINK] * self.rules.link_ps, dram * self.rules.dram_ps
        return link_ps, dram_ps, max(row[columns.LEAST_PS], math.ceil(self.rules.over * max(link_ps, dram_ps)))

    def _forget(self, side: int, queue: int, record: int, done: simpy.Event) -> None:
        """A side works no more for a queue, whose tile goes on at once."""
        self.memory.asked[side].pop(queue, None)
        self.memory.changed()
        self.log.records[record][3] = int(self.env.now)
        done._ok, done._value = True, record  # noqa: SLF001 - goes on now, before anything else of this instant
        callbacks: Any = done.callbacks
        done.callbacks = None  # type: ignore[assignment]  # as SimPy marks what has been processed
        for callback in callbacks:
            callback(done)

    def _arrive(self, queue: int, tile: int, command: int, record: int, done: simpy.Event) -> None:
        """A command comes to the NGPC and is placed on its NFPs."""
        memory, step = self.memory, int(self.tiles.steps[command])
        memory.advance()
        if not self.under_way:
            memory.clocks[memory_clock.NGPC] = Fraction(math.ceil(memory.clocks[memory_clock.NGPC]))
        own = len(self.log.records)
        begin, end, behind = self._place(step, math.ceil(memory.clocks[memory_clock.NGPC]), own)
        before = behind if behind >= 0 else record
        waited = 0 if behind >= 0 else int(self.env.now) - self.log.records[record][3]
        self.log.add(NGPC, before, waited)
        self.under_way.add(command)

        def begins() -> None:
            memory.served.add(queue)
            if self.rules.shared:
                memory.asked[memory_clock.NGPC][queue] = self._asks(queue, command, step, max(1, end - begin))
            else:
                self._asks(queue, command, step, 1)
            memory.changed()
            memory.when(memory_clock.NGPC, end, END_OF_COMMAND, tile, ends)

        def ends() -> None:
            memory.served.discard(queue)
            self.under_way.discard(command)
            if self.tiles.forgets[command]:
                self.buffers.free(queue, "inputs")
            self._forget(memory_clock.NGPC, queue, own, done)

        memory.when(memory_clock.NGPC, begin, BEGIN_OF_COMMAND, tile, begins)

    def _asks(self, queue: int, command: int, step: int, length: int) -> tuple[float, float]:
        """What a command asks of link and DRAM; its outputs begin to be written."""
        inputs, outputs, missing, far = (int(cell) for cell in self.tiles.asks[step])
        self.buffers.write(queue, "outputs", outputs)
        streamed = self.buffers.in_dram(queue, "inputs", inputs) + self.buffers.in_dram(queue, "outputs", outputs)
        self.streamed[command] = streamed
        link_ps = (inputs + outputs + missing) * self.rules.link_ps
        return link_ps / length, (streamed * self.rules.dram_ps + far * self.rules.lines_ps) / length

    def _place(self, step: int, start: int, record: int) -> tuple[int, int, int]:
        """Begin and end of a command on the NGPC's clock, and the record that its slowest NFP was behind, or -1."""
        shares = [
            (int(end), int(occupancy))
            for end, occupancy in zip(self.tiles.ends[step], self.tiles.occupancy[step], strict=True)
        ]
        order = list(range(len(self.nfps)))
        if self.rules.least_loaded:
            order.sort(key=lambda number: (self.nfps[number].done, number))
            self.placed.append((step, order))
        else:
            order = [(number + self.offset) % len(order) for number in order]
            self.placed.append((step, [self.offset]))
        taken = [(number, share) for number, share in zip(order, shares, strict=True) if share[0]]
        begin = min((max(start, self.nfps[number].done) for number, _ in taken), default=start)
        finished = [(self.nfps[number].serve(start, *share), number) for number, share in taken]
        end = max(finish for finish, _ in finished)
        slowest = next(number for finish, number in finished if finish == end)
        behind = self.nfps[slowest].behind
        for number, _ in taken:
            self.nfps[number].last = record
        if self.rules.in_turn:
            self.offset = (self.offset + int(self.tiles.granules[step])) % len(self.nfps)
        return begin, end, behind


@dataclass
class _Nfp:
    """When an NFP is done, what commands took longer than behind another one, and its last record."""

    done: int = 0
    fill: int = 0
    last: int = -1
    behind: int = -1

    def serve(self, start: int, end: int, occupancy: int) -> int:
        """Take a share that is there at ``start``; returns when it is done."""
        finish = max(start + end, self.done + occupancy)
        self.behind = self.last if finish > start + end else -1
        self.fill += finish - max(start, self.done) - occupancy
        self.done = finish
        return finish


def run_frame(tiles: Tiles, rules: Rules, n_nfps: int, rounds: Array) -> FrameRun:
    """Run a frame; ``rounds`` (S,) are the invocations of the streams."""
    frame = _Frame(tiles, rules, n_nfps)
    memory, (end_ps, last) = frame.memory, max(frame.ends)
    return FrameRun(
        frame_ps=end_ps,
        gpu_busy_ps=frame.busy_ps,
        gpu_work_ps=frame.work_ps,
        ngpc_ps=_alone_ps(tiles, rules, n_nfps, rounds, frame.streamed),
        fill_ps=np.array([nfp.fill for nfp in frame.nfps], np.int64),
        ngpc_any_ps=memory.any_ps,
        starved_ps=int(memory.starved),
        slowed_ps=int(memory.slowed),
        streamed_bytes=sum(frame.streamed),
        live_bytes=(frame.buffers.most, frame.buffers.sum / end_ps),
        placed=Placed(
            np.array([step for step, _ in frame.placed], np.int32),
            np.array([order for _, order in frame.placed], np.int16),
        ),
        path_ps=frame.log.path(last),
    )


def _alone_ps(tiles: Tiles, rules: Rules, n_nfps: int, rounds: Array, streamed: list[int]) -> int:
    """All commands asked at time 0, by invocation and tile, nothing on the GPU; instant by instant."""
    tile_of = [tile for tile in range(len(tiles.firsts) - 1) for _ in range(*tiles.firsts[tile : tile + 2].tolist())]
    order = sorted(range(len(tile_of)), key=lambda c: (int(rounds[tiles.steps[c]]), tile_of[c]))
    queue = _Frame.__new__(_Frame)
    queue.tiles, queue.rules, queue.nfps, queue.offset, queue.placed = (
        tiles,
        rules,
        [_Nfp() for _ in range(n_nfps)],
        0,
        [],
    )
    changes: dict[int, list[tuple[float, float]]] = {}
    for number in order:
        step = int(tiles.steps[number])
        begin, end, _ = queue._place(step, 0, 0)  # noqa: SLF001 - of this module
        inputs, outputs, missing, far = (int(cell) for cell in tiles.asks[step])
        length = max(1, end - begin) if rules.shared else math.inf
        asked = (
            (inputs + outputs + missing) * rules.link_ps / length,
            (streamed[number] * rules.dram_ps + far * rules.lines_ps) / length,
        )
        changes.setdefault(begin, []).append(asked)
        changes.setdefault(end, []).append((-asked[0], -asked[1]))
    link = dram = Fraction(0)
    passed, before = Fraction(0), 0
    for instant in sorted(changes):
        passed += (instant - before) * max(Fraction(1), link, dram)
        for more_link, more_dram in changes[instant]:
            link, dram = link + Fraction(more_link), dram + Fraction(more_dram)
        before = instant
    return math.ceil(passed)
