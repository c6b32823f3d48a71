"""What is sampled: the shares of a frame's commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ngpc_sim.frame.commands import Command
from ngpc_sim.frame.plan import FramePlan
from ngpc_sim.sampling.added import Added
from ngpc_sim.sampling.drawing import Strata
from ngpc_sim.sampling.records import Records
from ngpc_sim.sampling.replays import Replayer

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Completion:
    """All commands of a frame; ``timing`` is equal for completions that take the same times.

    ``added`` is what the commands add up to, where that is not seen from them; ``fewer_reads`` are actions by which the
    frame may have fewer than its commands count.
    """

    plan: FramePlan
    commands: Sequence[Command]
    timing: bytes
    added: Added | None = None
    fewer_reads: Mapping[str, int] = field(default_factory=dict)

    def actions(self, counted: Mapping[str, int]) -> dict[str, int]:
        """Actions of the frame of which so many were ``counted``."""
        return {name: number - min(number, self.fewer_reads.get(name, 0)) for name, number in counted.items()}


class Population(Protocol):
    """The shares of a frame's commands, and which of them can stand for which.

    ``replayer`` has the commands and replays shares of them. All is replayed where a share ``needs_all`` that is asked
    before it, or where more than the part ``most_drawn`` of the frame's queries would be drawn.
    """

    replayer: Replayer
    needs_all: bool
    most_drawn: float
    least_degrees: float
    reaches: tuple[str, ...]
    part: Array

    def strata(self, seed: int) -> Strata:
        """The first draw."""

    def learn(self, records: Records) -> None:
        """Take what the shares of the first draw cost; called once, before what follows."""

    def costs(self, records: Records) -> tuple[Array, ...]:
        """Columns (R,) of what a share and the one that stands for it may differ in: two of times, then others."""

    def completed(self, records: Records, source: Array, more: Array) -> Completion:
        """The frame in which the share ``source`` (U,) stands for every share.

        ``more`` (2, U) has cycles that shares take beyond that: when their NFP is idle, and behind another command.
        """
