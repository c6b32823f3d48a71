"""Counters of a timeline: rates of L2 and DRAM of both sides, bytes of live buffers, and power, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.units import PS_PER_NS
from ngpc_sim.frame.recording import Recording
from ngpc_sim.kernels import frame_tables as tables
from ngpc_sim.kernels.fair_speeds import FULL
from ngpc_sim.power.energy import DYNAMIC_BLOCKS
from ngpc_sim.report.timeline.perfetto import Counter

Array = np.ndarray[Any, Any]
#: values of a counter, at most; more are means over equal times
MOST_VALUES = 4096
#: pJ of a mJ, and pW of a W by ps: mJ over ps is 1e9 W
W_PER_MJ_PER_PS = 1e9
W_PER_PJ_PER_PS = 1.0


@dataclass(frozen=True)
class Counters:
    """Makes the counters of a recorded frame of ``arch``, which starts at ``offset`` ps.

    ``line_bytes`` (commands, 2): bytes of missing lines over the link, and of those from DRAM; ``queries`` (commands,);
    ``energy`` in mJ by block of a frame that takes ``frame_ms``.
    """

    recording: Recording
    arch: Arch
    offset: int
    line_bytes: Array
    queries: Array
    energy: Mapping[str, float]
    frame_ms: float

    def all(self) -> list[Counter]:
        """Every counter."""
        steps = self.recording.log.passed
        kernels, commands = self._of_kernels(), self._of_commands()
        gpu_w, ngpc_w = self._power(kernels[2], commands)
        per_ns = float(PS_PER_NS)
        found = {
            ("L2: GPU", "GB/s"): kernels[0] * per_ns,
            ("L2: NGPC", "GB/s"): commands[0] * per_ns,
            ("DRAM: GPU", "GB/s"): kernels[1] * per_ns,
            ("DRAM: NGPC", "GB/s"): commands[1] * per_ns,
            ("buffers alive", "bytes"): steps[:, tables.BYTES_ALIVE].astype(np.float64),
            ("power: GPU", "W"): gpu_w,
            ("power: NGPC and its memory traffic", "W"): ngpc_w,
        }
        still = {"power: GPU": self.arch.gpu.idle_power_w.value, "power: NGPC and its memory traffic": self._leak_w}
        return [self._counter(*name, values, still.get(name[0], 0.0)) for name, values in found.items()]

    @property
    def _leak_w(self) -> float:
        return self.energy["leakage"] / self.frame_ms

    def _counter(self, name: str, unit: str, values: Array, before: float) -> Counter:
        """A counter of (steps,) values, with ``before`` until the first step."""
        times = self.recording.times
        passed = np.diff(times)
        starts = times[:-1]
        if len(values) > MOST_VALUES:
            edges = np.linspace(times[0], times[-1], MOST_VALUES + 1).astype(np.int64)
            total = np.interp(edges, times, np.r_[0.0, np.cumsum(values * passed)])
            starts, values = edges[:-1], np.diff(total) / np.maximum(1, np.diff(edges))
        else:
            starts, values = starts[passed > 0], values[passed > 0]
        rounded = np.round(values, 6)
        new = np.r_[True, rounded[1:] != rounded[:-1]]
        ends = np.r_[starts[new], times[-1]] + self.offset
        return Counter(name, unit, np.r_[0, ends], np.r_[before, rounded[new], 0.0])

    def _sums(self, numbers: Array, values: Array) -> Array:
        """(K, steps): ``values`` (K, records) of the records that go on in each step, added up."""
        times = self.recording.times
        began = self.recording.happened(tables.BEGAN)[numbers]
        first = np.searchsorted(times[:-1], began, side="left")
        last = np.searchsorted(times[:-1], self.recording.ends[numbers], side="left")
        found = np.zeros((len(values), len(times)))
        for row, own in zip(found, values, strict=True):
            np.add.at(row, first, own)
            np.add.at(row, last, -own)
        return np.maximum(0.0, np.round(np.cumsum(found, axis=1)[:, :-1], 12))

    def _of_kernels(self) -> Array:
        """(3, steps): bytes per ps of the GPU over the link and in DRAM, and whether a kernel runs, times its speed."""
        numbers, happened = self.recording.records[0], self.recording.happened
        lengths = np.maximum(1, happened(tables.LENGTH)[numbers])
        link = self.recording.tiles.work[happened(tables.OF_ITEM)[numbers], tables.LINK]
        rates = np.stack([link / lengths, happened(tables.IN_DRAM)[numbers] / lengths, np.ones(len(numbers))])
        return self._sums(numbers, rates) * self.recording.log.passed[:, tables.OF_GPU] / FULL

    def _of_commands(self) -> Array:
        """(3, steps): bytes per ps of the NGPC over the link and in DRAM, and queries per ps."""
        numbers, tiles = self.recording.records[1], self.recording.tiles
        items = self.recording.happened(tables.OF_ITEM)[numbers]
        lengths = np.maximum(1, self.recording.happened(tables.LENGTH)[numbers])
        streams = tiles.asks[tiles.steps[items], : tables.MISSING].sum(axis=1)
        link, dram = streams + self.line_bytes[items, 0], self.recording.log.streamed[items] + self.line_bytes[items, 1]
        rates = np.stack([link / lengths, dram / lengths, self.queries[items] / lengths])
        return self._sums(numbers, rates) * self.recording.log.passed[:, tables.OF_NGPC] / FULL

    def _power(self, speed: Array, commands: Array) -> tuple[Array, Array]:
        """(steps,) W of the GPU, and of the NGPC with its traffic of L2 and DRAM.

        Dynamic energy of a frame's NFPs goes with queries, leakage with time.
        """
        idle_w, board_w = self.arch.gpu.idle_power_w.value, self.arch.gpu.board_power_w.value
        dynamic_mj = sum(self.energy[block] for block in DYNAMIC_BLOCKS)
        costs = self.arch.technology.energy
        memory = (commands[0] * costs.l2_byte.value + commands[1] * costs.dram_byte.value) * W_PER_PJ_PER_PS
        work = commands[2] / max(1, int(self.queries.sum())) * dynamic_mj * W_PER_MJ_PER_PS
        return idle_w + speed * (board_w - idle_w), self._leak_w + work + memory
