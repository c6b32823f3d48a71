"""What happened in a frame, for a timeline: its kernels and commands, the way of the NGPC's clock, shares of NFPs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.config.units import PS_PER_S
from ngpc_sim.frame.events import record_frame
from ngpc_sim.kernels import frame_tables as tables
from ngpc_sim.kernels.fair_speeds import FULL
from ngpc_sim.kernels.frame_tables import Log, Rules, Tiles

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Shares:
    """Shares of a command, by the NGPC's clock in ps: each NFP fills for ``fill``, then is as behind another command.

    ``command`` in the order of the tiles. Of each share (k,) int64: ``nfps``; ``numbers`` in the command; ``begins``,
    ``ends``; ``fill``; ``filled``, what the NFP's shares before it took to fill.
    """

    command: int
    nfps: Array
    numbers: Array
    begins: Array
    ends: Array
    fill: Array
    filled: Array


@dataclass(frozen=True)
class Recording:
    """A frame that was recorded; times in ps."""

    tiles: Tiles
    rules: Rules
    log: Log
    last: int
    n_nfps: int

    @classmethod
    def of(cls, tiles: Tiles, rules: Rules, n_nfps: int) -> Recording:
        """Run a frame and record it."""
        return cls(tiles, rules, *record_frame(tiles, rules, n_nfps), n_nfps)

    @cached_property
    def frame_ps(self) -> int:
        """End of the frame."""
        return int(self.log.records[self.last, tables.END])

    @cached_property
    def times(self) -> Array:
        """(steps + 1,) from the submission's end on, when the steps of the event loop began, and the end."""
        times: Array = np.r_[self.rules.submit, self.log.passed[:, tables.UNTIL]]
        return times

    @cached_property
    def records(self) -> tuple[Array, Array]:
        """Numbers of the records of kernels, and of commands, each in their order."""
        kinds = self.log.records[:, tables.KIND]
        return np.flatnonzero(kinds == tables.GPU), np.flatnonzero(kinds == tables.NGPC)

    def happened(self, column: int) -> Array:
        """A column of what happened, of all records."""
        own: Array = self.log.happened[:, column]
        return own

    @property
    def ends(self) -> Array:
        """When what a record is of ended."""
        own: Array = self.log.records[:, tables.END]
        return own

    def real(self, clock: Array) -> Array:
        """Times of the NGPC's clock as real times."""
        own: Array = np.rint(np.interp(clock, self._clocks, self.times)).astype(np.int64)
        return own

    @cached_property
    def _clocks(self) -> Array:
        """(steps + 1,) the NGPC's clock at :attr:`times`."""
        clocks: Array = np.r_[0, self.log.passed[:, tables.UNTIL_CLOCK]]
        return clocks

    def lost(self, times: Array) -> dict[str, Array]:
        """What NFPs had lost until ``times`` to bandwidth and to the GPU, and in which time none had work."""
        passed, steps = np.diff(self.times), self.log.passed
        serves = steps[:, tables.SERVES] * passed
        alone = serves * (FULL - steps[:, tables.OF_NGPC_ALONE]).astype(np.float64) / FULL
        shared = serves * (steps[:, tables.OF_NGPC_ALONE] - steps[:, tables.OF_NGPC]).astype(np.float64) / FULL
        found: dict[str, Array] = {
            cause: np.interp(times, self.times, np.r_[0, np.cumsum(lost)]).astype(np.int64)
            for cause, lost in (("bandwidth", alone), ("contention", shared), ("any", serves))
        }
        found["gpu"] = times - found.pop("any")
        return found

    @cached_property
    def turns(self) -> Array:
        """When NFPs began to have work, and when none had any more, in turn."""
        serves = np.r_[0, self.log.passed[:, tables.SERVES], 0]
        return np.asarray(self.times[np.diff(serves) != 0])

    def path(self) -> list[tuple[int, int, int, int]]:
        """The critical path: kind, start, end and record of each part."""
        return list(self._path())[::-1]

    def _path(self) -> Iterator[tuple[int, int, int, int]]:
        number = self.last
        while number >= 0:
            kind, before, waited, end = self.log.records[number].tolist()
            begin = int(self.ends[before]) if before >= 0 else 0
            yield kind, begin + waited, end, number
            yield tables.LATENCY, begin, begin + waited, number
            number = before

    def shares(self) -> Iterator[Shares]:
        """Shares of all commands, in the order in which these were placed."""
        tiles, log = self.tiles, self.log
        done, filled = np.zeros(self.n_nfps, np.int64), np.zeros(self.n_nfps, np.int64)
        for place, record in enumerate(self.records[1].tolist()):  # records of commands are taken as they are placed
            command = int(log.happened[record, tables.OF_ITEM])
            step, came = int(tiles.steps[command]), int(log.happened[record, tables.CAME])
            own = np.flatnonzero(tiles.ends[step] > 0)
            order, occupancy = log.orders[place].astype(np.int64), tiles.occupancy[step, own]
            nfps = (own + order[0]) % self.n_nfps if len(order) == 1 else order[own]
            begins = np.maximum(came, done[nfps])
            ends = np.maximum(came + tiles.ends[step, own], done[nfps] + occupancy)
            fill, done[nfps] = ends - begins - occupancy, ends
            yield Shares(command, nfps, own, begins, ends, fill, filled[nfps])
            filled[nfps] += fill


def cycles_until(times: Array, hz: int) -> Array:
    """Whole cycles of a clock until ``times`` (n,) in ps, exactly."""
    if int(times.max(initial=0)) * hz < 1 << 62:
        found: Array = times * hz // PS_PER_S
        return found
    return np.array([time * hz // PS_PER_S for time in times.tolist()], np.int64)
