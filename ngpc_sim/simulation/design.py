"""What is simulated: a design point, and a sequence of scenes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.workload import Workload


@dataclass(frozen=True)
class Design:
    """A design point: what is simulated."""

    arch: Arch
    work: Workload
    trace: Trace
    resolution: str
    pixels: int
    detail: str
    spilled: tuple[int, ...]
    overrides: Mapping[str, Any]

    @property
    def entry_bytes(self) -> int:
        """Bytes of a table entry."""
        return self.work.encoding.n_features_per_level * self.arch.nfp.encoding.feature_bytes

    @property
    def io_bytes(self) -> int:
        """Bytes of a query in and out."""
        return self.work.input_bytes + self.work.output_bytes

    def cycles(self, duration_ps: int) -> int:
        """NFP cycles of a duration, rounded up."""
        return -(-duration_ps * self.arch.clock_hz // units.PS_PER_S)


@dataclass(frozen=True)
class Sequence:
    """Frames of scenes one after another: the mean frame is reported, with the loads of all scenes in it."""

    scenes: int
    frames_per_scene: int
