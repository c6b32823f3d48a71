"""Intervals of a share of a command in a timeline: its batches on the MLP engine and on each encoding engine.

The frame takes a command as its replay alone or behind itself (:mod:`ngpc_sim.engines.cluster`). The lane of an MLP
engine shows what is counted: first what filling an idle NFP takes, then batch after batch of the replay behind itself,
each with the waits that it is charged with, then what its drain exceeds that of the command before by. The encoding
engines are as in that replay, and begin where the command before has left them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ngpc_sim.engines.cluster import CommandLog
from ngpc_sim.kernels.causes import BUSY, CAUSES, DRAIN, HIDDEN, MLP_FILL, OUTPUT
from ngpc_sim.kernels.cluster import FIRST_WAIT, RELEASED, SLOT
from ngpc_sim.kernels.nfp import BEGIN, BUSY_CYCLES, FREE, HELD
from ngpc_sim.report.timeline.lanes import NONE, WAIT, Names
from ngpc_sim.results.stall_causes import CHARGED, STALLS

Array = np.ndarray[Any, Any]
MLP_KEYS = ("busy_cycles", *(f"{cause}_cycles" for cause in STALLS))
ENGINE_CAUSES = ("feature_buffer", "input", "miss_latency")
ENGINE_KEYS = ("busy_cycles", *(f"{cause}_cycles" for cause in ENGINE_CAUSES), "no_query_ps")
#: column of MLP_KEYS of each column of an NFP's waits
COLUMN = [*(MLP_KEYS.index(f"{cause}_cycles") for cause in CAUSES), 0]
FILL = MLP_KEYS.index("fill_cycles")
#: waits of a batch in the order of the lane, those charged first nearest to it; its work; and its wait for the FIFO
ORDER = [*(CAUSES.index(cause) for cause in reversed(CHARGED)), BUSY, OUTPUT]


@dataclass(frozen=True)
class Pieces:
    """Intervals one behind the other: ``lengths`` (n,) in cycles, numbers of names, reasons, and ``counts`` (n, K)."""

    lengths: Array
    names: Array
    waits_for: Array
    counts: Array


@dataclass(frozen=True)
class Batches:
    """Makes the intervals; ``levels`` names the encoding engines by slot."""

    names: Names
    levels: Sequence[str]

    @cached_property
    def waits(self) -> dict[str, int]:
        """Numbers of the names of waits by cause."""
        return {cause: self.names.number(cause, WAIT) for cause in (*STALLS, "no_query")}

    @cached_property
    def _engines(self) -> Array:
        return np.array([self.names.number(level) for level in self.levels])

    def of_mlp(self, log: Array, waits: Array, fill: tuple[int, int]) -> Pieces:
        """An MLP engine's share, whose batches are ``log`` (batches, WAITED), and its ``waits`` (CAUSES,) as counted.

        ``fill``: how long it fills, and what that counts.
        """
        own = as_counted(log[:, FIRST_WAIT:], waits)
        lengths = own[:, ORDER]
        lengths[:, ORDER.index(BUSY)] += own[:, MLP_FILL]
        counts = np.zeros((len(own), len(ORDER), len(MLP_KEYS)), np.int64)
        for place, column in enumerate(ORDER):
            counts[:, place, COLUMN[column]] = own[:, column]
        counts[:, ORDER.index(BUSY), COLUMN[MLP_FILL]] = own[:, MLP_FILL]
        ends = np.zeros((2, len(MLP_KEYS)), np.int64)
        ends[0, FILL], ends[1, COLUMN[DRAIN]] = fill[1], waits[DRAIN]
        works, output = self.names.number("batches"), self.names.number("output port")
        named = [works if column == BUSY else self.waits[CAUSES[column]] for column in ORDER]
        reasons = np.full(lengths.shape, NONE)
        reasons[:, :-2], reasons[:, -1] = self._engines[log[:, SLOT]][:, np.newaxis], output
        return Pieces(
            np.r_[fill[0], lengths.ravel(), waits[DRAIN]],
            np.r_[self.waits["fill"], np.tile(named, len(own)), self.waits["drain"]],
            np.r_[NONE, reasons.ravel(), output],
            np.concatenate([ends[:1], counts.reshape(-1, len(MLP_KEYS)), ends[1:]]),
        )

    def of_engines(self, log: CommandLog, share: int) -> tuple[Array, Pieces]:
        """The encoding engines' shares, and when each (P x S,) begins, in cycles from the last output before it.

        Their pieces stand one engine behind the other, equally many of each.
        """
        engines = log.engines[share]
        batches, rows = engines.shape[:2]
        table = engines.reshape(batches, rows, -1).transpose(1, 2, 0)
        begin, busy, held = table[BEGIN], table[BUSY_CYCLES], table[HELD]
        idle = table[FREE] - held - begin - busy
        buffer = np.clip(log.waits[share][:, RELEASED] - begin, 0, idle)
        lengths = np.stack([buffer, idle - buffer, busy, held], axis=2)
        counts = lengths.reshape(-1, 4)[:, :, np.newaxis] * np.eye(len(ENGINE_KEYS), dtype=np.int64)[[1, 2, 0, 3]]
        buffered, late, missing = (self.waits[cause] for cause in ENGINE_CAUSES)
        named = [buffered, late, self.names.number("queries"), missing]
        texts = ("MLP engine", "input port", "", "lines from L2 and DRAM")
        reasons = [self.names.number(text) if text else NONE for text in texts]
        repeats = lengths.size // 4
        pieces = Pieces(
            lengths.ravel(), np.tile(named, repeats), np.tile(reasons, repeats), counts.reshape(-1, len(ENGINE_KEYS))
        )
        return begin[:, 0] - int(log.ends[share]), pieces


def as_counted(log: Array, counted: Array) -> Array:
    """Waits of batches (batches, COLUMNS) without those that the drain of the command before hides, from the first on.

    ``counted`` (CAUSES,) is what is left of them together.
    """
    own = log.copy()
    for column in HIDDEN:
        hidden = int(own[:, column].sum()) - int(counted[column])
        before = np.cumsum(own[:, column]) - own[:, column]
        own[:, column] -= np.clip(hidden - before, 0, own[:, column])
    return own
