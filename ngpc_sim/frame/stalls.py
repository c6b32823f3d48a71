"""Where the cycles of every NFP and level go in a frame: each cycle has one cause, and they add up exactly.

The replay of the commands (:mod:`ngpc_sim.engines.nfp`) gives the waits of the MLP arrays, each charged to the engine
slot whose features it waited for. The frame gives what happens between commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.config.units import PS_PER_S
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.frame.commands import Command, Commands
from ngpc_sim.frame.timing import FrameRun, Placed
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.kernels.charges import charge_as_placed, charge_in_turn
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.stall_causes import STALLS

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class StallReport:
    """Cycles of the NFPs in a frame.

    ``busy`` (N,): the MLP array advances a query; ``waits`` (slots + 1, causes of ``STALLS``): by the engine slot that
    is waited for, in the last row where it is none. Both add up to ``cycles`` on every NFP. ``lines`` (3, slots): lines
    asked of cached levels, missing there, and missing in L2 too.
    """

    cycles: int
    busy: Array
    waits: NfpCounts
    lines: NfpCounts

    def with_wait(self, cause: str, cycles: int) -> StallReport:
        """The same with ``cycles`` more on every NFP, which no level causes."""
        waits = self.waits.dense
        waits[:, -1, STALLS.index(cause)] += cycles
        return StallReport(self.cycles + cycles, self.busy, NfpCounts.of(waits), self.lines)

    @cached_property
    def total(self) -> dict[str, int]:
        """Stalls by cause, all NFPs added up."""
        sums = self.waits.total.sum(axis=0)
        return {cause: int(sums[column]) for column, cause in enumerate(STALLS)}


def stall_report(arch: Arch, commands: Sequence[Command], frame: FrameRun) -> StallReport:
    """Stalls of a frame from its commands and what happened between them."""
    hz, scale = arch.clock_hz, arch.scale
    placed = _Commands.of(arch, commands, frame.placed)
    rows, causes = commands[0].run.waits.shape
    waits = np.zeros((scale, rows, len(STALLS)), np.int64)
    busy, lines = np.zeros((scale, 1), np.int64), np.zeros((scale, 3, rows - 1), np.int64)
    # the columns of the replay's waits in the flat row of an NFP
    places = np.arange(rows)[:, np.newaxis] * len(STALLS) + [STALLS.index(cause) for cause in CAUSES[:causes]]
    for first, runs in placed.with_same_columns():
        own = [run.waits for run in runs]
        waits.reshape(scale, -1)[:, places.ravel()[own[0].columns]] += placed.charged(first, *_rows_of(own))
        busy += placed.charged(first, *_own_rows(np.stack([run.busy_cycles for run in runs])[:, :, np.newaxis]))
        asked = [run.lines.reshape(scale, -1) for run in runs if run.lines is not None]
        if asked:
            lines += placed.charged(first, *_own_rows(np.stack(asked))).reshape(lines.shape)
    cycles = -(-frame.frame_ps * hz // PS_PER_S)
    between: Mapping[str, Any] = {
        "fill": np.array([int(time) * hz // PS_PER_S for time in frame.fill_ps], np.int64),
        "bandwidth": frame.starved_ps * hz // PS_PER_S,
        "contention": frame.slowed_ps * hz // PS_PER_S,
        "gpu": (frame.frame_ps - frame.ngpc_any_ps) * hz // PS_PER_S,
    }
    for cause, lost in between.items():
        waits[:, -1, STALLS.index(cause)] = lost
    waits[:, -1, STALLS.index("dispatch")] = cycles - busy[:, 0] - waits.sum(axis=(1, 2))
    return StallReport(cycles, busy[:, 0], NfpCounts.of(waits), NfpCounts.of(lines))


@dataclass(frozen=True)
class _Commands:
    """Runs of the commands of a frame as they were placed, sorted by command.

    Command s was placed with ``orders[bounds[s] : bounds[s + 1]]``, and ``used[s]`` of its shares have work.
    """

    runs: Sequence[ClusterRun]
    orders: Array
    bounds: Array
    used: Array

    @classmethod
    def of(cls, arch: Arch, commands: Sequence[Command], placed: Placed) -> _Commands:
        by_command = np.argsort(placed.steps, kind="stable")
        bounds = np.searchsorted(placed.steps[by_command], np.arange(len(commands) + 1))
        in_turn = arch.cluster.dispatch == "round_robin" and arch.cluster.model == BUILTIN
        together = Commands.of(commands)
        used = np.minimum(together.granules, arch.scale) if in_turn else np.full(len(together), arch.scale)
        return cls(together.runs, placed.orders[by_command], bounds, used)

    def with_same_columns(self) -> Iterator[tuple[int, list[ClusterRun]]]:
        """Runs of commands one after another whose waits have the same columns and rows, and the first's number."""

        def key(run: ClusterRun) -> tuple[int, int, bool]:
            return id(run.waits.columns), len(run.waits.values), run.lines is None

        first = 0
        for _, group in groupby(self.runs, key):
            runs = list(group)
            yield first, runs
            first += len(runs)

    def charged(self, first: int, kinds: Array, values: Array) -> Array:
        """(N, K) what the NFPs take of commands from ``first`` on.

        Share j of command ``first`` + s takes the row ``kinds[s, j]`` (S, N) int32 of ``values`` (rows, K).
        """
        total = np.zeros((kinds.shape[1], values.shape[1]), np.int64)
        bounds, used = self.bounds[first : first + len(kinds) + 1], self.used[first : first + len(kinds)]
        if self.orders.shape[1] > 1:
            charge_as_placed(self.orders, bounds, kinds, values, used, total)
        else:
            charge_in_turn(self.orders[:, 0], bounds, kinds, values, used, total)
        return total


def _rows_of(waits: Sequence[NfpCounts]) -> tuple[Array, Array]:
    """(S, N) int32 row of every share of the commands, and the rows (rows, K); one table for all is not copied."""
    kinds, tables = np.stack([one.kind for one in waits]), [one.values for one in waits]
    if all(table is tables[0] for table in tables):
        return kinds.astype(np.int32), tables[0]
    firsts = np.arange(len(tables), dtype=np.int32)[:, np.newaxis] * np.int32(len(tables[0]))
    return kinds + firsts, np.concatenate(tables)


def _own_rows(values: Array) -> tuple[Array, Array]:
    """The same for shares that have a row of ``values`` (S, N, K) each."""
    commands, n_nfps, columns = values.shape
    rows = np.arange(commands * n_nfps, dtype=np.int32)
    return rows.reshape(commands, n_nfps), values.reshape(-1, columns)
