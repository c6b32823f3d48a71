"""What every engine answers: how long, how busy, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Timing:
    """Answer of ``Engine(spec).timing(work)``, in the engine's own cycles.

    Attributes
    ----------
    latency_cycles
        From the start of the work to its last result.
    busy_cycles
        Cycles in which the engine can take no other work.
    actions
        Counted actions by name, the names of the energy tables.
    """

    latency_cycles: int
    busy_cycles: int
    actions: Mapping[str, int] = field(default_factory=dict)
