"""Speedups of every combination of steps: one frame of an app on an architecture with some steps taken, each simulated.

Two things save work, and neither is an estimate. A step that cannot act on a workload is left out of its combinations:
for instance a cache where every table fits. And combinations follow one another so that the last steps change first.
Those steps change no command, so the replays of the combination before are used again.

Where a step lets the number of tiles be chosen, it takes the number that the architecture with ``frame.tiles: auto``
chooses at its end of the ladder. A choice in every combination would replay most of them anew: half an hour for NeRF.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.table_fit import spilled_levels
from ngpc_sim.machine.workers import in_workers
from ngpc_sim.paper.inputs import workload_and_trace
from ngpc_sim.paper.ladder.steps import Step, differing_keys, rung
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.simulate import simulate
from ngpc_sim.workloads.workload import Workload, load_workload

#: worker processes where nobody says how many: each holds traces, plans and kernels of its own
MAX_WORKERS = 8
#: combinations that a worker takes at a time: they differ in the last steps and share replays
PART = 32
POLICY = "nfp.encoding.table_policy"
#: policies under which a table that fits is read alike
ALIKE_IF_FITTING = {"assume_fit", "cache"}
#: keys that say whether a table fits
ROOM = (
    *("nfp.encoding.grid_sram_kib", "nfp.encoding.feature_bytes", "nfp.encoding.engines", "nfp.encoding.sharing"),
    *("nfp.encoding.line_bytes", "nfp.encoding.model"),
)


@dataclass(frozen=True)
class Game:
    """All combinations of ``steps`` from architecture ``first``, for one workload at one scale."""

    first: str
    steps: tuple[Step, ...]
    workload: str
    scale: int
    limit_queries: int | None = None

    def acting(self) -> int:
        """Steps, as bits, that can act on the workload."""
        work = load_workload(self.workload)
        return sum(1 << i for i, step in enumerate(self.steps) if not self._idle(step, work))

    def speedups(self, combinations: Sequence[int]) -> list[float]:
        """Speedups (n,) of combinations: step i is taken where bit i is set."""
        return [self._speedup(combination) for combination in combinations]

    def _speedup(self, combination: int) -> float:
        chosen = [step for i, step in enumerate(self.steps) if combination >> i & 1]
        arch = rung(self.first, chosen, self.scale)
        if arch.frame.tiles == "auto" and self._suiting_tiles is not None:
            arch = arch.with_tiles(self._suiting_tiles)
        return self._result(arch).speedup

    def _result(self, arch: Arch) -> Result:
        return simulate(arch, *workload_and_trace(self.workload), limit_queries=self.limit_queries)

    @cached_property
    def _suiting_tiles(self) -> int | None:
        """Tiles that the one end of the ladder chooses whose tiles are ``auto``; None where both are, or none is."""
        ends = (rung(self.first, steps, self.scale) for steps in ((), self.steps))
        choosing = [arch for arch in ends if arch.frame.tiles == "auto"]
        return self._result(choosing[0]).tiles if len(choosing) == 1 else None

    def _idle(self, step: Step, work: Workload) -> bool:
        """Whether a step cannot act: it only changes the policy of tables that all fit, with or without other steps."""
        before, after = (rung(self.first, steps, self.scale) for steps in ((), self.steps))
        if set(step.values) != {POLICY} or set(differing_keys(before, after)) & set(ROOM):
            return False
        alike = {arch.nfp.encoding.table_policy for arch in (before, after)} <= ALIKE_IF_FITTING
        return alike and not spilled_levels(after.nfp.encoding, work.encoding)


#: number of a game, the game, and combinations of it
Part = tuple[int, Game, list[int]]


def in_turn(steps: int, acting: int) -> list[int]:
    """Combinations of those steps whose bits are set in ``acting``, in an order in which the last changes fastest."""
    some = [combination for combination in range(1 << steps) if combination & acting == combination]
    return sorted(some, key=lambda combination: [combination >> i & 1 for i in range(steps)])


def play(games: Sequence[Game], jobs: int | None, tell: Callable[[int, int], None]) -> list[list[float]]:
    """Speedups (2^n,) of every game by combination, the same whatever the number of ``jobs``.

    By default there is a worker a core. ``tell`` is told how many frames are simulated, and of how many.
    """
    acting = [game.acting() for game in games]
    parts: list[Part] = []
    for index, game in enumerate(games):
        order = in_turn(len(game.steps), acting[index])
        parts += [(index, game, order[start : start + PART]) for start in range(0, len(order), PART)]
    total, known = sum(len(combinations) for _, _, combinations in parts), 0
    found: list[dict[int, float]] = [{} for _ in games]
    workers = jobs or min(os.cpu_count() or 1, MAX_WORKERS)
    with closing(in_workers(_speedups, parts, workers)) as answers:
        for (index, _, combinations), values in answers:
            found[index].update(zip(combinations, values, strict=True))
            known += len(combinations)
            tell(known, total)
    return [
        [found[index][combination & acting[index]] for combination in range(1 << len(game.steps))]
        for index, game in enumerate(games)
    ]


def _speedups(part: Part) -> list[float]:
    _, game, combinations = part
    return game.speedups(combinations)
