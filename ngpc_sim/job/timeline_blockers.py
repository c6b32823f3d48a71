"""Where a frame's time went along its critical path, as a table: its first row is the result's bottleneck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ngpc_sim.config.units import ps_to_ms
from ngpc_sim.frame.timing import NGPC
from ngpc_sim.job.timeline_frame import CRITICAL_PATH
from ngpc_sim.report.timeline.lanes import Lane
from ngpc_sim.results.stall_causes import STALL_CAUSES

#: name of the table's file
BLOCKERS_FILE = "timeline-blockers.csv"
#: what limits the NGPC while its MLP engines compute
MLP = "mlp_engine"
_LIMITS = {cause.name: cause.limit for cause in STALL_CAUSES if cause.limit}


def blockers(lanes: Sequence[Lane]) -> list[dict[str, object]]:
    """Parts of the critical path, longest first; the NGPC's part by what its NFPs spend their cycles on.

    ``path_ms`` is the part of the path; ``ms`` what of it goes to the blocker: the NGPC's part is divided as the cycles
    of all NFPs in the frame are that are work, or a wait with a limit. ``lanes`` are those of the whole frame.
    """
    path = next(lane for lane in lanes if lane.name == CRITICAL_PATH)
    totals = path.rows.counts.sum(axis=0).tolist()
    parts = {key.removesuffix("_ps"): total for key, total in zip(path.keys, totals, strict=True) if total}
    cycles = _cycles(lanes)
    rows: list[dict[str, object]] = []
    for kind in sorted(parts, key=lambda kind: -parts[kind]):
        shares = cycles if kind == NGPC else {kind: 0}
        whole = sum(shares.values())
        for blocker in sorted(shares, key=lambda name: -shares[name]):
            part = shares[blocker] / whole if whole else 1.0
            rows.append(
                {
                    "rank": len(rows) + 1,
                    "blocker": blocker,
                    "path": kind,
                    "path_ms": _milliseconds(parts[kind]),
                    "ms": _milliseconds(parts[kind], part),
                    "cycles": shares[blocker] if kind == NGPC else "",
                }
            )
    return rows


def _milliseconds(picoseconds: int, part: float = 1.0) -> float:
    """A part of a time at nine digits, without what is left of the division."""
    return float(f"{ps_to_ms(picoseconds) * part:.9g}")


def _cycles(lanes: Sequence[Lane]) -> dict[str, int]:
    """Cycles of all NFPs by what limits them: work, and waits that name a limit."""
    mlps = [lane for lane in lanes if lane.name == "MLP engine"]
    totals = np.sum([lane.rows.counts.sum(axis=0) for lane in mlps], axis=0).tolist()
    found = {MLP: 0}
    for key, total in zip(mlps[0].keys, totals, strict=True):
        cause = key.removesuffix("_cycles")
        limit = MLP if cause == "busy" else _LIMITS.get(cause, "")
        if limit:
            found[limit] = found.get(limit, 0) + total
    return {name: total for name, total in found.items() if total}
