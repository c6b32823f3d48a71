"""The frame: GPU and NGPC as in-order queues, tiles as chains of dispatches; SimPy enters here.

The command queue works as in Vulkan. One submission for each frame hands the command buffers of all tiles to two
queues. A tile is a chain: a pre-kernel on the GPU queue, a command on the NGPC queue, a post-kernel on the GPU queue,
then the next invocation. The end of each dispatch is the value of the timeline semaphore for which the next dispatch of
its tile waits. The post-kernel of an invocation and the pre-kernel of the next one are recorded in one command buffer.
Tiles overlap freely. A queue takes dispatches in the order in which they become ready, at equal times in the order of
the tiles.

Latencies of engines are not computed here. The cost of a command for each NFP comes from the cluster, the cost of a
kernel from the baseline. This module defines a frame; :mod:`ngpc_sim.frame.events` gives the same answer faster.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.frame.sharing import FULL
from ngpc_sim.frame.timing import GPU, LATENCY, NGPC, SUBMIT, FrameRun, Placed, delays_ps, rest_of_kernels_ps, rules_of
from ngpc_sim.kernels.command_queue import ALONE, FILL, ORDER, admit, idle
from ngpc_sim.reference import shared_time
from ngpc_sim.reference.shared_time import RealTime, SharedTime

Array = np.ndarray[Any, Any]
Process = Generator[simpy.Event, None, None]


@dataclass
class _Log:
    """Dispatches in the order in which they were taken.

    A record is ``(kind, predecessor, latency_ps, end_ps)``. It waited for the end of its predecessor and then for
    ``latency_ps``. The rest of the time until its own end is counted for its kind.
    """

    records: list[tuple[str, int, int, int]] = field(default_factory=list)

    def add(self, kind: str, predecessor: int, latency_ps: int, end_ps: int) -> int:
        self.records.append((kind, predecessor, latency_ps, end_ps))
        return len(self.records) - 1

    def ended(self, record: int, end_ps: int) -> None:
        """Note when a dispatch really ended: sharing the memory may have delayed it."""
        kind, predecessor, latency_ps, _ = self.records[record]
        self.records[record] = (kind, predecessor, latency_ps, end_ps)

    def path(self, last: int) -> dict[str, int]:
        """Time by kind along the chain of waits that ends with record ``last``; adds up to its end."""
        parts = dict.fromkeys((SUBMIT, LATENCY, GPU, NGPC), 0)
        while last >= 0:
            kind, last, latency_ps, end_ps = self.records[last]
            before = self.records[last][3] if last >= 0 else 0
            parts[kind] += end_ps - before - latency_ps
            parts[LATENCY] += latency_ps
        return parts


class _GpuQueue:
    """The GPU as an in-order queue of kernels."""

    def __init__(self, log: _Log) -> None:
        self.log = log
        self.free_ps = 0
        self.last = -1
        self.busy_ps = 0

    def dispatch(self, now: int, latency_ps: int, run_ps: int, waits_for: int) -> tuple[int, int]:
        """Take a kernel that is ready ``latency_ps`` from ``now``; returns its end and record."""
        ready = now + latency_ps
        self.busy_ps += run_ps
        if ready >= self.free_ps:
            self.free_ps = ready + run_ps
            self.last = self.log.add(GPU, waits_for, latency_ps, self.free_ps)
        else:
            self.free_ps += run_ps
            self.last = self.log.add(GPU, self.last, 0, self.free_ps)
        return self.free_ps, self.last


class _NgpcQueue:
    """The cluster as an in-order queue of commands, NFP by NFP."""

    def __init__(self, arch: Arch, log: _Log) -> None:
        self.log = log
        self.least_loaded, self.rotates = rules_of(arch)
        self.queue = idle(arch.scale)
        self.offset = 0
        self.placed: list[tuple[int, list[int]]] = []
        self.any_ps = 0
        self.any_until = 0

    def dispatch(self, now: int, latency_ps: int, step: int, command: Command, waits_for: int) -> tuple[int, int]:
        """Take a command of stream ``step`` that is ready ``latency_ps`` from ``now``; returns its end and record."""
        start = now + latency_ps
        end, behind = admit(
            self.queue, command.end_ps, command.occupancy_ps, start, self.offset, self.least_loaded,
            len(self.log.records),
        )  # fmt: skip
        self.placed.append((step, self.queue[ORDER].tolist() if self.least_loaded else [self.offset]))
        if self.rotates:
            self.offset = (self.offset + command.granules) % self.queue.shape[1]
        self.any_ps += end - max(start, min(self.any_until, end))
        self.any_until = max(self.any_until, end)
        if behind >= 0:
            return end, self.log.add(NGPC, behind, 0, end)
        return end, self.log.add(NGPC, waits_for, latency_ps, end)


class _Frame:
    """A frame while it runs: two queues, and tiles as chains of dispatches."""

    def __init__(
        self, arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int, both: tuple[int, int]
    ) -> None:
        self.env: Any = simpy.Environment()
        self.arch, self.plan, self.commands = arch, plan, list(commands)
        self.log = _Log()
        self.time = RealTime(self.env) if both == (FULL, FULL) else SharedTime(self.env, both)
        self.gpu, self.ngpc = _GpuQueue(self.log), _NgpcQueue(arch, self.log)
        self.submit_ps, self.launch_ps, self.cross_ps = delays_ps(arch)
        self.pre, self.post = rest_of_kernels_ps(arch, plan, self.commands, rest_ps)
        self.submit = self.log.add(SUBMIT, -1, 0, self.submit_ps)
        #: when each tile ended, and its last record
        self.ends: list[tuple[int, int]] = []

    def whole(self) -> Process:
        """The submission, then all tiles: side by side, or one after another."""
        yield self.env.timeout(self.submit_ps)
        tile = self._batch if self.arch.frame.schedule == "batches" else self._chain
        tiles = [tile(steps) for steps in self.plan.steps if steps]
        if self.arch.frame.overlap:
            yield self.env.all_of([self.env.process(one) for one in tiles])
        else:
            for one in tiles:
                yield self.env.process(one)

    def _chain(self, steps: tuple[int, ...]) -> Process:
        """One tile, invocation by invocation."""
        record, carried_ps, latency_ps = self.submit, 0, self.launch_ps
        for step in steps:
            record = yield from self._on_gpu(latency_ps, carried_ps + self.pre[step], record)
            record = yield from self._on_ngpc(step, record)
            carried_ps, latency_ps = self.post[step], self.cross_ps
        record = yield from self._on_gpu(self.cross_ps, carried_ps, record)
        self.ends.append((int(self.env.now), record))

    def _batch(self, steps: tuple[int, ...]) -> Process:
        """One tile in the two-stage schedule: NGPC, then the whole rest of kernels."""
        record = yield from self._on_ngpc(steps[0], self.submit)
        record = yield from self._on_gpu(self.cross_ps, self.pre[steps[0]] + self.post[steps[0]], record)
        self.ends.append((int(self.env.now), record))

    def _on_gpu(self, latency_ps: int, run_ps: int, waits_for: int) -> Generator[simpy.Event, None, int]:
        """A kernel from its dispatch to its end; returns its record."""
        end, record = self.gpu.dispatch(self.time.now(shared_time.GPU), latency_ps, run_ps, waits_for)
        yield self.time.until(shared_time.GPU, end - run_ps, end)
        self.log.ended(record, int(self.env.now))
        return record

    def _on_ngpc(self, step: int, waits_for: int) -> Generator[simpy.Event, None, int]:
        """A command from its dispatch to its end; returns its record."""
        now = self.time.now(shared_time.NGPC)
        end, record = self.ngpc.dispatch(now, self.cross_ps, step, self.commands[step], waits_for)
        yield self.time.until(shared_time.NGPC, now + self.cross_ps, end)
        self.log.ended(record, int(self.env.now))
        return record


def run_frame(
    arch: Arch, plan: FramePlan, commands: Sequence[Command], rest_ps: int, both: tuple[int, int] = (FULL, FULL)
) -> FrameRun:
    """Run a frame; ``rest_ps`` is the GPU time of all rest of kernels together.

    ``both``: speeds of GPU and NGPC in 1/FULL while both work, as :func:`ngpc_sim.frame.sharing.speeds` gives them.
    """
    frame = _Frame(arch, plan, commands, rest_ps, both)
    frame.env.run(until=frame.env.process(frame.whole()))
    gpu, ngpc, time = frame.gpu, frame.ngpc, frame.time
    end_ps, last = max(frame.ends)
    return FrameRun(
        frame_ps=end_ps,
        gpu_busy_ps=gpu.busy_ps + time.gpu_slowed_ps,
        ngpc_ps=int(ngpc.queue[ALONE].max()),
        fill_ps=ngpc.queue[FILL],
        ngpc_any_ps=ngpc.any_ps + time.slowed_ps,
        slowed_ps=time.slowed_ps,
        placed=Placed(
            np.array([step for step, _ in ngpc.placed], np.int32),
            np.array([order for _, order in ngpc.placed], np.int16),
        ),
        path_ps=frame.log.path(last),
    )
