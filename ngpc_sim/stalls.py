"""Where the cycles of every NFP and level go in a frame: one cause a cycle, adding up exactly.

The waits of an MLP array come from the replay of the commands (:mod:`ngpc_sim.engines.nfp`), each charged to the
engine slot whose features it waited for; what happens between commands from the frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.arch import Arch
from ngpc_sim.columns import STALLS
from ngpc_sim.engines.command_queue import charge
from ngpc_sim.engines.pipeline import CAUSES
from ngpc_sim.plugins import BUILTIN
from ngpc_sim.system import Command, FrameRun
from ngpc_sim.units import PS_PER_S

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class StallReport:
    """Cycles of the NFPs in a frame.

    ``busy`` (N,): the MLP array advances a query; ``waits`` (N, slots + 1, causes of ``STALLS``): by the engine slot
    that is waited for, in the last row where it is none. Both add up to ``cycles`` on every NFP. ``lines`` (N, 3,
    slots): lines asked of cached levels, missing there, and missing in L2 too.
    """

    cycles: int
    busy: Array
    waits: Array
    lines: Array

    def with_wait(self, cause: str, cycles: int) -> StallReport:
        """The same with ``cycles`` more on every NFP, which no level causes."""
        waits = self.waits.copy()
        waits[:, -1, STALLS.index(cause)] += cycles
        return StallReport(self.cycles + cycles, self.busy, waits, self.lines)

    @property
    def total(self) -> dict[str, int]:
        """Stalls by cause, all NFPs added up."""
        sums = self.waits.sum(axis=(0, 1))
        return {cause: int(sums[column]) for column, cause in enumerate(STALLS)}


def stall_report(arch: Arch, commands: Sequence[Command], frame: FrameRun) -> StallReport:
    """Stalls of a frame from its commands and what happened between them."""
    hz, scale = arch.clock_hz, arch.scale
    rows = commands[0].run.level_stalls.shape[1]
    replayed = np.zeros((scale, rows * len(CAUSES)), np.int64)
    busy = np.zeros((scale, 1), np.int64)
    lines = np.zeros((scale, 3 * (rows - 1)), np.int64)
    in_turn = arch.cluster.dispatch == "round_robin" and arch.cluster.model == BUILTIN
    for step, command in enumerate(commands):
        run, orders = command.run, frame.placed.orders[frame.placed.steps == step]
        used = min(scale, command.granules) if in_turn else scale
        charge(orders, run.level_stalls.reshape(scale, -1), used, replayed)
        charge(orders, run.busy_cycles.reshape(scale, 1), used, busy)
        if run.lines is not None:
            charge(orders, run.lines.reshape(scale, -1), used, lines)
    waits = np.zeros((scale, rows, len(STALLS)), np.int64)
    waits[:, :, [STALLS.index(cause) for cause in CAUSES]] = replayed.reshape(scale, rows, -1)
    cycles = -(-frame.frame_ps * hz // PS_PER_S)
    between: Mapping[str, Any] = {
        "fill": np.array([int(time) * hz // PS_PER_S for time in frame.fill_ps], np.int64),
        "contention": frame.slowed_ps * hz // PS_PER_S,
        "gpu": (frame.frame_ps - frame.ngpc_any_ps) * hz // PS_PER_S,
    }
    for cause, lost in between.items():
        waits[:, -1, STALLS.index(cause)] = lost
    waits[:, -1, STALLS.index("dispatch")] = cycles - busy[:, 0] - waits.sum(axis=(1, 2))
    return StallReport(cycles, busy[:, 0], waits, lines.reshape(scale, 3, -1))
