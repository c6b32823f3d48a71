"""A run over a sequence of frames: a row a frame, and a summary row for each design point.

The summary is the mean frame. Times, energies and counts are means over the frames. A ratio is weighted with what it is
divided by, so that it is the ratio of the means, as its formula says. What differs from frame to frame and is neither
is empty. Percentiles of the frame time are interpolated between the two nearest frames (numpy's ``linear``). A frame
is dropped at a rate when it takes longer than the rate's period: frames are independent of each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.results.columns import COLUMNS
from ngpc_sim.results.frames import RATES, SUMMARY
from ngpc_sim.results.names import Names
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point
from ngpc_sim.simulation.outcomes import ALONE, How
from ngpc_sim.simulation.points import run_each
from ngpc_sim.simulation.sequences import Row, point_on, run_frames
from ngpc_sim.trace.sequences import TraceSequence

#: columns by unit whose mean is the mean over the frames
ADDED = ("ms", "mJ", "cycles", "queries")
#: columns of other units likewise: they are times or energies over a constant
TIMES = (
    *(name for name in COLUMNS if name.startswith(("gap_", "gpu_gap_"))),
    *("energy_per_pixel_nj", "gpu_energy_per_pixel_nj"),
)
#: ratios by what they are divided by, apart from constants
WEIGHTS = {
    **dict.fromkeys(
        ("fps", "speedup", "speedup_modelled", "speedup_measured", "io_gbps", "dram_gbps", "line_gbps"), "frame_ms"
    ),
    **dict.fromkeys(("ngpc_power_w", "total_power_w", "power_pct_gpu", "power_density_w_mm2"), "frame_ms"),
    **dict.fromkeys(("speedup_bound", "rest_fusion"), "rest_ms"),
    **dict.fromkeys(("energy_gain", "fps_per_w"), "energy_mj"),
    **dict.fromkeys(("energy_per_query_nj", "gpu_energy_per_query_nj"), "queries"),
    "gpu_fps_per_w": "gpu_energy_mj",
    "idle_share": "nfp_cycles",
}
PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class SequenceRun:
    """Rows of a sequence, and its worst frames: points and results, one a design point that worked.

    ``worst`` has the number of each one's slowest frame. ``failures`` has sentences by number of the design point.
    """

    sequence: TraceSequence
    rows: list[Row] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    worst: list[int] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)

    def notes(self) -> list[Note]:
        """The sequence, and what limits its worst frames."""
        sequence, names = self.sequence, Names(self.results)
        tables = ", each with tables of its own" if sequence.own_tables else ""
        text = (
            f"The run is over {len(sequence)} frames{tables}, of {sequence.scene} along {sequence.path}. "
            "The table has the mean frame. Its drops count frames that each take longer than a period. "
            "Other notes, levels.csv and stalls.csv are of the worst frame of each row."
        )
        about = Note("traces", f"sequence {sequence.name}", text, {"frames": len(sequence)}, "index of the sequence")
        worst = zip(self.worst, self.results, strict=True)
        return [about, *folded(names, ((names.condition(r), _worst_note(number, r)) for number, r in worst))]


def _worst_note(number: int, result: Result) -> Note:
    """What limits the worst frame of a design point."""
    about = f"{result.arch}, {result.app}-{result.encoding}, scale {result.scale}"
    text = f"The worst frame is {number}, {result.frame_ms:.4g} ms, limited by {result.bottleneck}."
    figures = {"frame": number, "frame_ms": result.frame_ms}
    return Note("limits", about, text, figures, "columns frame_ms_worst and worst_frame of results.csv")


def run_sequence(points: Sequence[Point], sequence: TraceSequence, how: How = ALONE) -> SequenceRun:
    """Run design points over a sequence; their worst frames run once more where what limits them is to be doubled.

    See :func:`run_frames` for the parameters and errors.
    """
    found = run_frames(points, sequence, how)
    failures = dict(found.failures)
    worst = {index: int(np.argmax([row["frame_ms"] for row in own])) for index, own in found.values.items()}
    order = sorted(worst, key=worst.__getitem__)  # each frame is read once
    made = {
        index: point_on(points[index], sequence.frame(worst[index]), what_if=points[index].what_if) for index in order
    }
    asked = [made[index] for index in worst]
    silent = replace(how, told=None, noted=False)
    if how.only_failed:  # those of an earlier run; the others have never run
        run_each(asked, silent)
    again = run_each(asked, replace(silent, only_failed=False))
    run = SequenceRun(sequence, failures=failures)
    for place, (index, number) in enumerate(worst.items()):
        if place in again.failures:
            failures[index] = f"frame {number}: {again.failures[place]}"
            continue
        own, result = found.values[index], again.values[place]
        summary = summary_of(own, sequence)
        own[number] = result.row()
        run.rows.extend(row | {"sequence": sequence.name, "frame": frame} for frame, row in enumerate(own))
        run.rows.append(summary)
        run.points.append(asked[place])
        run.results.append(result)
        run.worst.append(number)
    return run


def summary_of(rows: Sequence[Row], sequence: TraceSequence) -> Row:
    """The summary row of a design point's frames."""
    times = [row["frame_ms"] for row in rows]
    limits = Counter(row["bottleneck"] for row in rows)
    summary = {name: _mean(name, rows) for name in rows[0]}
    summary |= {"trace": sequence.name, "trace_sha256": sequence.sha256, "sequence": sequence.name, "frame": SUMMARY}
    summary |= {"bottleneck": ", ".join(name for name, _ in limits.most_common())}
    summary |= {f"frame_ms_p{part}": float(np.percentile(times, part)) for part in PERCENTILES}
    summary |= {"frame_ms_worst": max(times), "worst_frame": times.index(max(times))}
    return summary | {f"dropped_{hz}hz": sum(ms > 1000 / hz for ms in times) for hz in RATES}


def _mean(name: str, rows: Sequence[Row]) -> Any:  # noqa: ANN401 - a cell
    """Cell of the mean frame; ends of intervals are those of columns that are means over the frames."""
    cells = [row.get(name) for row in rows]
    if all(cell == cells[0] for cell in cells):
        return cells[0]
    of = name.removeprefix("ci_low_").removeprefix("ci_high_")
    added = of in TIMES or (of in COLUMNS and COLUMNS[of].unit in ADDED)
    weights = [1.0] * len(rows) if added else [row.get(WEIGHTS.get(name, "")) for row in rows]
    numbers = [*cells, *weights]
    if not all(isinstance(value, int | float) and isfinite(value) for value in numbers) or not any(weights):
        return None
    return float(np.average(np.array(cells, float), weights=np.array(weights, float)))
