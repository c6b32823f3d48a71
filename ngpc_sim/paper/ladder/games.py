"""Speedups of every combination of steps: one frame of an app on an architecture with some steps taken, each simulated.

Two things spare work, neither of them an estimate. A step that cannot act on a workload, as a cache where every
table fits, is left out of its combinations. Combinations follow one another so that the last steps change first:
those touch no command, so the replays of the one before serve (``replays``).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache

from ngpc_sim.engines.encoding_engine import spilled_levels
from ngpc_sim.paper.ladder.steps import Step, differing_keys, rung
from ngpc_sim.simulation.simulate import simulate
from ngpc_sim.trace.store import Trace, load_trace
from ngpc_sim.workloads.workload import Workload, load_workload

#: worker processes where nobody says how many: each holds traces, plans and kernels of its own
MAX_WORKERS = 8
#: combinations that a worker takes at a time: they differ in the last steps, and share replays
PART = 8
Part = tuple[int, tuple[int, ...]]
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
        work = load_workload(self.workload)
        return [self._speedup(combination, work) for combination in combinations]

    def _speedup(self, combination: int, work: Workload) -> float:
        chosen = [step for i, step in enumerate(self.steps) if combination >> i & 1]
        arch = rung(self.first, chosen, self.scale)
        return simulate(arch, work, _trace(work.trace), limit_queries=self.limit_queries).speedup

    def _idle(self, step: Step, work: Workload) -> bool:
        """Whether a step cannot act: nothing but the policy of tables that all fit, whatever other steps do."""
        before, after = (rung(self.first, steps, self.scale) for steps in ((), self.steps))
        if set(step.values) != {POLICY} or set(differing_keys(before, after)) & set(ROOM):
            return False
        alike = {arch.nfp.encoding.table_policy for arch in (before, after)} <= ALIKE_IF_FITTING
        return alike and not spilled_levels(after.nfp.encoding, work.encoding)


def in_turn(steps: int, acting: int) -> list[int]:
    """Combinations of the ``acting`` of so many steps, the last step changing fastest."""
    some = [combination for combination in range(1 << steps) if combination & acting == combination]
    return sorted(some, key=lambda combination: [combination >> i & 1 for i in range(steps)])


@lru_cache(maxsize=8)
def _trace(name: str) -> Trace:
    return load_trace(name)


def play(games: Sequence[Game], jobs: int | None, tell: Callable[[int, int], None]) -> list[list[float]]:
    """Speedups (2^n,) of every game by combination, the same whatever the number of ``jobs``.

    By default there is a worker a core. ``tell`` hears how many frames are simulated, and of how many.
    """
    acting = [game.acting() for game in games]
    parts = [
        (index, tuple(order[start : start + PART]))
        for index, game in enumerate(games)
        for order in [in_turn(len(game.steps), acting[index])]
        for start in range(0, len(order), PART)
    ]
    total, known = sum(len(combinations) for _, combinations in parts), 0
    found: list[dict[int, float]] = [{} for _ in games]
    for (index, combinations), values in _run(games, parts, jobs):
        found[index].update(zip(combinations, values, strict=True))
        known += len(combinations)
        tell(known, total)
    return [
        [found[index][combination & acting[index]] for combination in range(1 << len(game.steps))]
        for index, game in enumerate(games)
    ]


def _run(games: Sequence[Game], parts: Sequence[Part], jobs: int | None) -> Iterator[tuple[Part, list[float]]]:
    """Parts with their speedups, as they are simulated."""
    workers = min(jobs or min(os.cpu_count() or 1, MAX_WORKERS), len(parts))
    if workers == 1:
        yield from ((part, games[part[0]].speedups(part[1])) for part in parts)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(games[part[0]].speedups, part[1]): part for part in parts}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
