"""What can be drawn: the share that one NFP gets of one distinct command.

A share is the chunks of ``dispatch_queries`` consecutive queries that ``round_robin`` hands to an NFP. Replaying it
from an idle NFP and then behind itself gives both of its costs exactly: the first copy warms engines, windows and
buffers up for the second. NFPs meet only in their parts of link and memory, which follow from the number of queries,
so a share costs alone what it costs in the whole command.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.cluster import Cluster
from ngpc_sim.engines.nfp import has_built_in_replay, neural_fields_processor
from ngpc_sim.frame.plan import FramePlan

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Shares:
    """All shares of a frame, stream by stream and in it NFP by NFP from 0.

    ``stream``, ``nfp``, ``queries`` (U,) int64; ``firsts`` (streams + 1,) number of the first share of each stream.
    """

    stream: Array
    nfp: Array
    queries: Array
    firsts: Array

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.queries)

    def by_command(self, values: Array, n_nfps: int) -> Array:
        """(streams, N) values (U,) of the shares, 0 where a command has none for an NFP."""
        answer = np.zeros((len(self.firsts) - 1, n_nfps), np.int64)
        answer[self.stream, self.nfp] = values
        return answer

    def sums(self, values: Array) -> Array:
        """(streams, ...) values (U, ...) of the shares of each command, added up."""
        answer: Array = np.add.reduceat(values, self.firsts[:-1], axis=0)
        return answer

    def batches(self, size: int) -> Array:
        """(streams,) batches of ``size`` queries that NFPs make of each command, partial ones among them."""
        return self.sums(-(-self.queries // size))


def can_sample(arch: Arch) -> bool:
    """Whether it is known before the replay which queries an NFP gets, and that NFPs do not touch each other."""
    cluster = arch.cluster
    in_turn = cluster.dispatch == "round_robin" and cluster.model == BUILTIN
    return in_turn and has_built_in_replay(neural_fields_processor(arch.nfp))


def shares_of(plan: FramePlan, cluster: Cluster) -> Shares:
    """Shares of the distinct commands of a plan."""
    counts = cluster.shares(plan.sizes)
    used = [np.flatnonzero(of_stream) for of_stream in counts]
    sizes = np.array([len(nfps) for nfps in used], np.int64)
    return Shares(
        stream=np.repeat(np.arange(len(used), dtype=np.int64), sizes),
        nfp=np.concatenate(used),
        queries=np.concatenate([of_stream[nfps] for of_stream, nfps in zip(counts, used, strict=True)]),
        firsts=np.r_[0, np.cumsum(sizes)],
    )
