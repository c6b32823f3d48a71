"""Link and DRAM between GPU and NGPC, by events: how fast each side works, and when it comes to a point of its work.

Fractions throughout, no float is rounded but the speeds, which have 20 bits behind the point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any, cast

import simpy

ONE = Fraction(1)
HALF = Fraction(1, 2)
SPEED_STEP = 1 << 20
GPU, NGPC = 0, 1
#: order of what happens at one instant
END_OF_COMMAND, END_OF_KERNEL, ARRIVAL, BEGIN_OF_COMMAND, START_OF_KERNEL = range(1, 6)
#: more tiles than a frame can have
MAX_TILES = 1 << 20
Asked = tuple[Fraction, Fraction]


def at(env: simpy.Environment, time: int, order: int, tile: int = 0) -> simpy.Event:
    """Event at a time, among those of the same time by order and then by tile."""
    event = env.event()
    event._ok, event._value = True, None  # noqa: SLF001 - how SimPy's own Timeout does it, with a priority
    env.schedule(event, priority=cast(Any, order * MAX_TILES + tile), delay=time - env.now)
    return event


def fair(gpu: Asked, ngpc: Asked) -> tuple[Fraction, Fraction]:
    """The one pair of speeds at which each side gets what the other leaves, or half of what both want more of."""
    for one, other in _candidates(gpu, ngpc):
        if one > 0 and other > 0 and _speed(gpu, ngpc, other) == one and _speed(ngpc, gpu, one) == other:
            return one, other
    raise AssertionError((gpu, ngpc))


def _candidates(gpu: Asked, ngpc: Asked) -> list[tuple[Fraction, Fraction]]:
    """Speeds where one side is at full speed or held to half of a resource, or both resources are full."""
    found = [(one, _speed(ngpc, gpu, one)) for one in (ONE, *(HALF / asked for asked in gpu if asked))]
    found += [(_speed(gpu, ngpc, other), other) for other in (ONE, *(HALF / asked for asked in ngpc if asked))]
    both = gpu[0] * ngpc[1] - gpu[1] * ngpc[0]
    return [*found, ((ngpc[1] - ngpc[0]) / both, (gpu[0] - gpu[1]) / both)] if both else found


def _speed(own: Asked, other: Asked, speed: Fraction) -> Fraction:
    """Speed of a side beside another one that goes at ``speed``."""
    return min([ONE, *(max(HALF, 1 - speed * taken) / asked for asked, taken in zip(own, other, strict=True) if asked)])


def alone(asked: Asked) -> Fraction:
    """Speed of a side that has the memory to itself."""
    return 1 / max(ONE, *asked)


def rounded(speed: Fraction) -> Fraction:
    """A speed as both implementations have it."""
    return Fraction(max(1, math.floor(speed * SPEED_STEP + HALF)), SPEED_STEP)


@dataclass
class _Wait:
    side: int
    target: int
    order: int
    tile: int
    then: Callable[[], None]


@dataclass
class MemoryClock:
    """Clocks of the work of both sides; ``asked`` by side, of the NGPC by queue, as floats of link and DRAM."""

    env: simpy.Environment
    clocks: list[Fraction] = field(default_factory=lambda: [Fraction(0), Fraction(0)])
    asked: list[dict[int, tuple[float, float]]] = field(default_factory=lambda: [{}, {}])
    speeds: tuple[Fraction, Fraction, Fraction] = (ONE, ONE, ONE)
    #: queues whose command is being served, whatever it asks
    served: set[int] = field(default_factory=set)
    starved: Fraction = Fraction(0)
    slowed: Fraction = Fraction(0)
    any_ps: int = 0
    until: int = 0

    def __post_init__(self) -> None:
        self.waits: dict[int, _Wait] = {}
        self.numbers, self.version = count(), 0

    def advance(self) -> None:
        """Bring both clocks to the present."""
        passed = int(self.env.now) - self.until
        self.until = int(self.env.now)
        gpu, ngpc, ngpc_alone = self.speeds
        self.clocks[GPU] += passed * gpu
        self.clocks[NGPC] += passed * ngpc
        if self.served:
            self.any_ps += passed
            self.starved += passed * (1 - ngpc_alone)
            self.slowed += passed * (ngpc_alone - ngpc)

    def changed(self) -> None:
        """What is asked has changed: find the speeds, and when the points that are waited for come."""
        gpu, ngpc = (self._sum(side) for side in (GPU, NGPC))
        own = rounded(alone(ngpc))
        if not any(ngpc):
            self.speeds = rounded(alone(gpu)), ONE, ONE
        elif not any(gpu):
            self.speeds = ONE, own, own
        else:
            one, other = fair(gpu, ngpc)
            self.speeds = rounded(one), min(rounded(other), own), own
        self.version += 1
        for number in list(self.waits):
            self._schedule(number)

    def _sum(self, side: int) -> Asked:
        sums: Sequence[float] = [sum(asked[i] for _, asked in sorted(self.asked[side].items())) for i in (0, 1)]
        return Fraction(sums[0]), Fraction(sums[1])

    def when(self, side: int, target: int, order: int, tile: int, then: Callable[[], None]) -> None:
        """Call ``then`` when the clock of a side comes to ``target``."""
        self.advance()
        number = next(self.numbers)
        self.waits[number] = _Wait(side, target, order, tile, then)
        self._schedule(number)

    def _schedule(self, number: int) -> None:
        wait, version = self.waits[number], self.version
        left = max(Fraction(0), wait.target - self.clocks[wait.side])
        due = int(self.env.now) + math.ceil(left / self.speeds[wait.side])
        event: Any = at(self.env, due, wait.order, wait.tile)
        event.callbacks.append(lambda _: self._come(number, version))

    def _come(self, number: int, version: int) -> None:
        if version == self.version and number in self.waits:
            wait = self.waits.pop(number)
            self.advance()
            wait.then()
