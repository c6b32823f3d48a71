"""Restricted hashing, query by query: subgrids, and runs of queries that read the same subtables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]


def cut_levels(spec: EncodingSpec, encoding: GridEncoding) -> list[int]:
    """Levels with subtables: from the given one, or from the first hashed one on."""
    if spec.subgrids == 1:
        return []
    hashed = [number for number, level in enumerate(grid_levels(encoding)) if level.hashed]
    first = min(hashed, default=encoding.n_levels) if spec.first_subgrid_level == "hashed" else spec.first_subgrid_level
    return [number for number in range(encoding.n_levels) if number >= first]


def subgrid(spec: EncodingSpec, position: Array) -> int:
    """The block of space in which a position lies; outside of the unit cube the nearest one."""
    side = next(side for side in range(1, spec.subgrids + 1) if side ** len(position) >= spec.subgrids)
    number = 0
    for x in reversed(position.tolist()):
        number = number * side + sum(x * side >= block for block in range(1, side))
    return number


def fill_bytes(spec: EncodingSpec, encoding: GridEncoding) -> int:
    """Bytes of one subgrid's subtables."""
    features = sum(
        grid_levels(encoding)[number].entries // spec.subgrids * encoding.n_features_per_level
        for number in cut_levels(spec, encoding)
    )
    return features * spec.feature_bytes


def in_scope(spec: EncodingSpec, batch_queries: int, numbers: list[int]) -> list[int]:
    """Which query is served first, second ...: those of each batch, or all, by subgrid."""
    places = range(len(numbers))
    if spec.reorder == "none":
        return list(places)
    batch = batch_queries if spec.reorder == "batch" else len(numbers) + 1
    return sorted(places, key=lambda place: (place // batch, numbers[place], place))


@dataclass
class Run:
    """Consecutive queries in one subgrid: its subtables come, and all engines are done with it and those before it."""

    number: int
    subgrid: int
    filled: simpy.Event
    ended: simpy.Event
    left: int = 0
    closed: bool = False


class Runs:
    """The runs of one NFP, and the port through which their subtables come."""

    def __init__(self, env: simpy.Environment, fill_cycles: int, slots: int) -> None:
        self.env, self.fill_cycles, self.slots = env, fill_cycles, slots
        self.all: list[Run] = []

    def enter(self, number: int, arrival: int) -> Run:
        """The run of the next query, which is there at ``arrival``."""
        if not self.all or self.all[-1].subgrid != number:
            run = Run(len(self.all), number, self.env.event(), self.env.event())
            self.all.append(run)
            if run.number:
                self.all[run.number - 1].closed = True
                self._check(run.number - 1)
            self.env.process(self._fill(run, arrival))
        self.all[-1].left += self.slots
        return self.all[-1]

    def _fill(self, run: Run, arrival: int) -> Any:  # noqa: ANN401 - a process
        yield self.env.timeout(max(0, arrival - int(self.env.now)))
        if run.number >= 1:
            yield self.all[run.number - 1].filled
        if run.number >= 2:
            yield self.all[run.number - 2].ended
        yield self.env.timeout(self.fill_cycles)
        run.filled.succeed()

    def served(self, run: Run) -> None:
        """Note that an engine is done with a query of a run."""
        run.left -= 1
        self._check(run.number)

    def _check(self, number: int) -> None:
        """Say which runs have ended, from ``number`` on."""
        for run in self.all[number:]:
            first = run.number == 0 or self.all[run.number - 1].ended.triggered
            if run.ended.triggered or not (run.closed and run.left == 0 and first):
                return
            run.ended.succeed()
