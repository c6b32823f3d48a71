"""Files of the ladder: its rows as CSV, the rows and their origin as JSON, and the waterfall chart."""

from __future__ import annotations

import json

from ngpc_sim import __version__
from ngpc_sim.architecture.arch import load_arch
from ngpc_sim.paper.ladder import Ladder
from ngpc_sim.report.charts.waterfall import waterfall_files
from ngpc_sim.report.files import table_files
from ngpc_sim.trace import load_trace
from ngpc_sim.workloads.workload import load_workload


def files(climbed: Ladder) -> dict[str, bytes]:
    """Files of a ladder, name to content; same ladder, same bytes."""
    rows = climbed.rows()
    return {
        **table_files({"ladder.csv": rows}),
        "ladder.json": (json.dumps(_manifest(climbed) | {"rows": rows}, indent=1) + "\n").encode(),
        **waterfall_files(rows, load_arch(climbed.asked.last).name),
    }


def _manifest(climbed: Ladder) -> dict[str, object]:
    """What made the rows: version, architectures, traces, and what every step changes from what to what."""
    asked = climbed.asked
    works = [load_workload(f"{app}-{asked.encoding}") for app in asked.apps]
    return {
        "tool": "ngpc-sim",
        "version": __version__,
        "architectures": {arch.name: arch.sha256 for arch in map(load_arch, (asked.first, asked.last))},
        "traces": {work.trace: load_trace(work.trace).sha256 for work in works},
        "encoding": asked.encoding,
        "limit_queries": asked.limit_queries,
        "steps": [
            {
                "step": step.name,
                "title": step.title,
                "changes": {key: {"from": step.before[key], "to": value} for key, value in step.values.items()},
            }
            for step in climbed.steps
        ],
    }


def footer(climbed: Ladder) -> list[str]:
    """Lines below the table: what the columns mean, what is fitted, and which steps do nothing."""
    asked = climbed.asked
    first, last = load_arch(asked.first), load_arch(asked.last)
    lines = [f"{first.name}: {first.calibration_label}."] if first.calibrated else []
    lines.append(
        f"{asked.encoding}, mean speedup of {', '.join(asked.apps)} over the GPU. gain: factor of the step in this "
        "order; Shapley: its mean factor over all orders. Both multiply to the whole."
    )
    same = [step.title for step in climbed.steps if not step.values]
    lines += [f"Nothing to change, {first.name} and {last.name} agree: {'; '.join(same)}."] if same else []
    rows = [row for row in climbed.rows() if row["keys"]]
    idle = [
        step.title
        for step in climbed.acting
        if all(row["gain"] == row["shapley"] == 1.0 for row in rows if row["step"] == step.name)
    ]
    lines += [f"Without effect on these frames: {'; '.join(idle)}."] if idle else []
    return lines
