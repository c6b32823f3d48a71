"""L2 and DRAM shared by the GPU's kernels and the NGPC while both work, max-min fairly, over time.

Each side has a clock of its own that shows the progress of its work. A side that works alone runs at full speed. While
both work, each resource is divided max-min fairly between the demands of both sides at full speed. A side then runs as
fast as its scarcest resource allows. What it leaves of the other resources is divided again.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Protocol

import simpy

from ngpc_sim.frame.sharing import FULL

GPU, NGPC = 0, 1


class Time(Protocol):
    """Progress of each side, events of reaching a point, and the time that both clocks lost to sharing."""

    slowed_ps: int
    gpu_slowed_ps: int

    def now(self, side: int) -> int:
        """Work of a side done by now, in ps at full speed."""

    def until(self, side: int, start: int, done: int) -> Any:  # noqa: ANN401 - a SimPy event
        """Event of a side's work having come to ``done``; it works from ``start`` on."""


class RealTime:
    """Nothing is shared: both clocks are the environment's."""

    def __init__(self, env: Any) -> None:  # noqa: ANN401 - a SimPy environment
        self.env = env
        self.slowed_ps = self.gpu_slowed_ps = 0

    def now(self, side: int) -> int:  # noqa: ARG002 - one clock for both
        """The environment's time."""
        return int(self.env.now)

    def until(self, side: int, start: int, done: int) -> Any:  # noqa: ANN401, ARG002 - one clock for both
        """A timeout."""
        return self.env.timeout(done - self.env.now)


class SharedTime:
    """Clocks of both sides, which slow down while both work; ``slowed_ps`` is the time that the NGPC's clock lost."""

    def __init__(self, env: Any, both: tuple[int, int]) -> None:  # noqa: ANN401 - a SimPy environment
        self.env, self.both = env, both
        self.done = [0, 0]
        self.work: list[deque[list[int]]] = [deque(), deque()]
        self.slowed_ps = self.gpu_slowed_ps = 0
        self.updated = 0
        self.version = 0
        self.order = count()
        self.waiting: list[list[tuple[int, int, simpy.Event]]] = [[], []]

    def now(self, side: int) -> int:
        """Work of a side done by now, in ps at full speed."""
        self._advance()
        return self.done[side]

    def until(self, side: int, start: int, done: int) -> simpy.Event:
        """Event of a side's work having come to ``done``; it works from ``start`` on."""
        self._advance()
        event: simpy.Event = self.env.event()
        heapq.heappush(self.waiting[side], (done, next(self.order), event))
        work = self.work[side]
        if work and start <= work[-1][1]:
            work[-1][1] = max(work[-1][1], done)
        else:
            work.append([start, done])
        self._wake_up()
        return event

    def _works(self, side: int) -> bool:
        """Whether a side works now; finished work is dropped."""
        work, done = self.work[side], self.done[side]
        while work and work[0][1] <= done:
            work.popleft()
        return bool(work) and work[0][0] <= done

    def _advance(self) -> None:
        """Bring both clocks to the present; speeds have not changed since the last call."""
        passed = int(self.env.now) - self.updated
        if not passed:
            return
        if self._works(GPU) and self._works(NGPC):
            moved = [passed * speed // FULL for speed in self.both]
            self.gpu_slowed_ps += passed - moved[GPU]
            self.slowed_ps += passed - moved[NGPC]
            self.done = [before + by for before, by in zip(self.done, moved, strict=True)]
        else:
            self.done = [before + passed for before in self.done]
        self.updated = int(self.env.now)

    def _wake_up(self) -> None:
        """Wake up when the next waiting event is due, or when a side begins or stops working."""
        self.version += 1
        working = [self._works(side) for side in (GPU, NGPC)]
        speed = self.both if all(working) else (FULL, FULL)
        delays = []
        for side in (GPU, NGPC):
            goals = [self.waiting[side][0][0]] if self.waiting[side] else []
            if self.work[side]:
                goals.append(self.work[side][0][working[side]])
            delays += [-(-max(0, goal - self.done[side]) * FULL // speed[side]) for goal in goals]
        if delays:
            self.env.timeout(min(delays)).callbacks.append(self._woken(self.version))

    def _woken(self, version: int) -> Callable[[simpy.Event], None]:
        def woken(_: simpy.Event) -> None:
            if version != self.version:
                return
            self._advance()
            for side in (GPU, NGPC):
                while self.waiting[side] and self.waiting[side][0][0] <= self.done[side]:
                    heapq.heappop(self.waiting[side])[2].succeed()
            self._wake_up()

        return woken
