"""What the commands of a completion add up to, where they are too many to keep the waits of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.engines.cluster import ClusterRun
from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.stalls import StallReport, stall_report
from ngpc_sim.frame.timing import FrameRun, Placed
from ngpc_sim.kernels.causes import CAUSES
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.sampling.shares import Shares

Array = np.ndarray[Any, Any]
#: bits of the fixed-point factor between shares: sums of integers do not depend on their order
FACTOR_BITS = 20


@dataclass(frozen=True)
class Added:
    """What the commands of a completion add up to.

    ``shares`` take ``occupancy`` and ``busy`` (U,) cycles; their waits are those of ``parts``: weights (U,) of the rows
    ``rows`` (U,) of ``stalls`` (rows, slots + 1, causes), in 1/2^FACTOR_BITS.
    """

    issue_cycles: int
    interval_cycles: int
    actions: Mapping[str, int]
    shares: Shares
    occupancy: Array
    busy: Array
    parts: tuple[tuple[Array, Array, Array], ...]

    def stalls(self, arch: Arch, frame: FrameRun) -> StallReport:
        """Where the cycles of the NFPs go, as if each had done its part of the frame in one command."""
        offsets = np.zeros(len(frame.placed.steps), np.int64)
        offsets[frame.placed.steps] = frame.placed.orders[:, 0]
        nfp = (self.shares.nfp + offsets[self.shares.stream]) % arch.scale

        def summed(values: Array) -> Array:
            total = np.zeros((arch.scale, *values.shape[1:]), np.int64)
            np.add.at(total, nfp, values)
            return total

        occupancy, busy = summed(self.occupancy), summed(self.busy)
        run = ClusterRun(
            end_cycles=occupancy,
            occupancy_cycles=occupancy,
            waits=NfpCounts.of(_apportioned(self._waits(nfp, arch.scale), occupancy - busy)),
            busy_cycles=busy,
            n_queries=int(self.shares.queries.sum()),
            actions=self.actions,
            done_cycles=np.zeros(0, np.int64),
        )
        once = Placed(np.zeros(1, np.int32), np.zeros((1, 1), np.int16))
        return stall_report(arch, [Command(run, occupancy, occupancy, arch.scale)], replace(frame, placed=once))

    def _waits(self, nfp: Array, scale: int) -> Array:
        """(N, slots + 1, causes) waits of every NFP in 1/2^FACTOR_BITS cycles."""
        total = np.zeros((scale, self.parts[0][2][0].size), np.int64)
        for weights, rows, stalls in self.parts:
            matrix = np.zeros((scale, len(stalls)), np.int64)
            np.add.at(matrix, (nfp, rows), weights)
            total += matrix @ stalls.reshape(len(stalls), -1)
        return total.reshape(scale, *self.parts[0][2].shape[1:])


def _apportioned(waits: Array, cycles: Array) -> Array:
    """(N, slots + 1, causes) whole cycles in proportion to ``waits``, of every NFP as many as ``cycles`` (N,) says.

    Waits below 0, which can come of a difference of costs, count as none.
    """
    flat = np.maximum(waits.reshape(len(waits), -1), 0)
    none = np.flatnonzero(flat.sum(axis=1) == 0)
    flat[none, flat.shape[1] - len(CAUSES) + CAUSES.index("encoding")] = 1
    exact = flat * (cycles / flat.sum(axis=1))[:, None]
    whole = np.floor(exact).astype(np.int64)
    rank = np.argsort(np.argsort(whole - exact, axis=1, kind="stable"), axis=1, kind="stable")
    whole += rank < (cycles - whole.sum(axis=1))[:, None]
    answer: Array = whole.reshape(waits.shape)
    return answer
