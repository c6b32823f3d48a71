"""What each NFP, and each engine in it, gets of the bandwidth that all of them share.

The NFPs that have work share the link to L2, and DRAM, in equal parts. Inside an NFP, streams of inputs and outputs
and missing lines share max-min fairly: lines get what streams leave at the NFP's full speed, but never less than half,
or than their part of the time that both need. That goes to the engines by their lines, and no engine gets less than an
equal part of it. Over a command no more is used than there is: where lines are few, streams are held to their part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.kernels.nfp import ONE

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Memory:
    """What the NFPs share behind their ports, in NFP cycles.

    ``link_bytes_per_cycle`` of L2; ``dram_bytes_per_cycle`` that DRAM reaches on missing lines; latencies of a line
    from L2 and, on top of it, from DRAM; ``stream_bytes_per_cycle`` that DRAM reaches on inputs and outputs, where
    these exceed L2 and pass through it.
    """

    link_bytes_per_cycle: float
    dram_bytes_per_cycle: float
    l2_latency_cycles: int
    dram_latency_cycles: int
    stream_bytes_per_cycle: float | None = None


@dataclass(frozen=True)
class MissPath:
    """Where missing lines come from, as one NFP sees it.

    ``l2_latency_cycles`` of a line from L2, ``dram_latency_cycles`` on top of it of one from DRAM; ``line_times`` a
    pair for every engine slot, how long a line takes an engine's share of the link and of DRAM, in 1/65536 cycles.
    Without arguments: a memory without latency and limit.
    """

    l2_latency_cycles: int = 0
    dram_latency_cycles: int = 0
    line_times: tuple[tuple[int, int], ...] = ()

    def kernel(self, slots: int) -> Array:
        """(slots, 4) int64 as the kernels take it: line times and latencies of every engine slot."""
        latencies = self.l2_latency_cycles, self.dram_latency_cycles
        return np.array([(*times, *latencies) for times in self.line_times or [(0, 0)] * slots], np.int64)


IDEAL_PATH = MissPath()


@dataclass(frozen=True)
class Demand:
    """What a query of an NFP asks of the memory on average.

    ``stream_bytes`` in and out; ``missing``, ``far`` (slots,) lines from L2 and those of them from DRAM;
    ``line_bytes``; ``cycles_per_query`` at full speed; ``groups`` of engines side by side.
    """

    stream_bytes: int
    missing: Array
    far: Array
    line_bytes: int
    cycles_per_query: float
    groups: int

    @property
    def bytes_per_query(self) -> float:
        """Over the link."""
        return self.stream_bytes + float(self.missing.sum()) * self.line_bytes


def miss_path(memory: Memory, demand: Demand, nfps: int) -> MissPath:
    """The way of missing lines to one of ``nfps`` NFPs that have work."""
    link = _line_times(memory.link_bytes_per_cycle / nfps, demand, demand.missing, _link_time(memory, demand, nfps))
    dram = _line_times(memory.dram_bytes_per_cycle / nfps, demand, demand.far, _dram_time(memory, demand, nfps))
    times = tuple(zip(link, dram, strict=True))
    return MissPath(memory.l2_latency_cycles, memory.dram_latency_cycles, times)


def stream_share(memory: Memory, demand: Demand, nfps: int) -> float:
    """Bytes per cycle of DRAM for inputs and outputs of one of ``nfps`` NFPs beside its lines; infinite where none."""
    streams = _dram_time(memory, demand, nfps)
    if not streams:
        return np.inf
    lines = float(demand.far.sum()) * demand.line_bytes / (memory.dram_bytes_per_cycle / nfps)
    return demand.stream_bytes / (streams + lines)


def _link_time(memory: Memory, demand: Demand, nfps: int) -> float:
    """Cycles for which a query's inputs and outputs take an NFP's share of the link."""
    return demand.stream_bytes / (memory.link_bytes_per_cycle / nfps)


def _dram_time(memory: Memory, demand: Demand, nfps: int) -> float:
    """Cycles for which they take its share of DRAM."""
    rate = memory.stream_bytes_per_cycle
    return 0.0 if rate is None else demand.stream_bytes / (rate / nfps)


def _line_times(share: float, demand: Demand, lines: Array, stream_cycles: float) -> list[int]:
    """1/65536 cycles that a line takes an engine of every slot, beside streams of ``stream_cycles`` a query."""
    asked = lines * float(demand.line_bytes)
    total = float(asked.sum())
    if not total:
        return [0] * len(lines)
    line_cycles = total / share
    left = share * max(0.5, line_cycles / (line_cycles + stream_cycles), 1 - stream_cycles / demand.cycles_per_query)
    equal = left / np.count_nonzero(asked)
    rates = np.maximum(left * asked / total, equal) / demand.groups
    return [int(np.ceil(demand.line_bytes * ONE / rate)) for rate in rates]
