"""What a search leaves: tables, charts, a file for each design on the front, and sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim import __version__
from ngpc_sim.architecture.arch import names_of
from ngpc_sim.architecture.gpu_memory import OF_GPU, OVERRIDES
from ngpc_sim.config.schema import set_dotted
from ngpc_sim.config.yaml_files import Tree, dump_yaml
from ngpc_sim.job.explore.fronts import grown_volumes
from ngpc_sim.job.explore.goals import Limit
from ngpc_sim.job.explore.request import Found
from ngpc_sim.job.run_folder import old_pages
from ngpc_sim.report.charts.canvas import KINDS, chart_bytes
from ngpc_sim.report.charts.front import Axis, front_chart, volume_chart
from ngpc_sim.report.files import table_files
from ngpc_sim.report.folder import write_set
from ngpc_sim.results.columns import COLUMNS

#: folder of the files of designs, and what files of a search may be there
DESIGNS = "designs"
#: keys that name files, and what these describe
NAMED = {"gpu": "GPU", "technology": "technology"}
#: lines of the front that are printed (assumed)
MAX_SHOWN = 40
SEARCH = "search.json"  # not manifest.json, which is that of a run of the main job
FILES = (
    SEARCH,
    "trials.csv",
    "pareto.csv",
    *(f"{n}.{kind}" for n in ("front", "hypervolume") for kind in KINDS),
)


def write(found: Found, folder: Path, about: Mapping[str, Any]) -> list[Path]:
    """Write the files of a search as one set, and before it the files of its designs; ``about`` is how it was run."""
    front, volumes = found.search.front, volumes_of(found)
    designs = {f"{n:03}.yaml": design_file(found, n, folder / DESIGNS).encode() for n in front}
    had_search = (folder / SEARCH).is_file()  # else files called like ours are somebody's own
    known = {path.name for path in (folder / DESIGNS).glob("*.yaml") if had_search and path.stem.isdecimal()}
    files = table_files({"trials.csv": trial_rows(found, volumes), "pareto.csv": front_rows(found)})
    files |= chart_bytes(_charts(found, volumes))
    files[SEARCH] = _facts(found, about)
    if designs or known:
        write_set(folder / DESIGNS, designs, known)
    return write_set(folder, files, (*(FILES if had_search else ()), *old_pages(folder)))


def trial_rows(found: Found, volumes: Sequence[float]) -> list[dict[str, Any]]:
    """A row a replay, in order: values of the design, columns of the goals, those of the bound, and its standing."""
    search = found.search
    goals, front, feasible = search.goals, set(search.front), set(search.feasible)
    rows = []
    for n, trial in enumerate(search.trials):
        row: dict[str, Any] = {"trial": n, **search.space.values(trial.design)}
        row |= {name: trial.row.get(name) for name in goals.columns}
        row |= {f"bound_{name}": trial.bound.get(name) for name in goals.columns}
        row |= {"feasible": n in feasible, "on_front": n in front, "hypervolume": volumes[n], "refused": trial.refused}
        rows.append(row)
    return rows


def front_rows(found: Found) -> list[dict[str, Any]]:
    """Rows of the designs on the front with all their columns."""
    return [{"trial": n, "file": f"{DESIGNS}/{n:03}.yaml", **found.search.trials[n].row} for n in found.search.front]


def volumes_of(found: Found) -> list[float]:
    """Hypervolume after each trial, as a share of the box between the best and the worst feasible trial."""
    search = found.search
    feasible = search.feasible
    costs = search.costs(feasible)
    if not len(costs):
        return [0.0] * len(search.trials)
    low, high = costs.min(axis=0), costs.max(axis=0)
    spans = np.where(high > low, high - low, 1.0)
    # an objective in which all are equal is as good as it can be
    grown = iter(grown_volumes(np.where(high > low, (costs - low) / spans, 0.0), np.ones(len(low))))
    volumes, last, within = [], 0.0, set(feasible)
    for n in range(len(search.trials)):
        last = next(grown) if n in within else last
        volumes.append(last)
    return volumes


def design_file(found: Found, trial: int, folder: Path) -> str:
    """Architecture file of a design, which extends the one that was asked for."""
    asked = found.asked
    tree: Tree = {"extends": _from(folder, "architecture", asked.frames.archs)}
    values = asked.space.values(found.search.trials[trial].design)
    if asked.frames.gpu is not None:
        values = {"gpu": asked.frames.gpu, **values}
    for key, value in values.items():
        of_gpu = key.startswith(OF_GPU)
        own = _from(folder, NAMED[key], value) if key in NAMED else value
        tree = set_dotted(tree, f"{OVERRIDES}.{key.removeprefix(OF_GPU)}" if of_gpu else key, own)
    return dump_yaml(tree)


def _from(folder: Path, what: str, name: str) -> str:
    """The name of a built-in file as it is, a path as a file in ``folder`` gives it."""
    return name if name in names_of(what) else os.path.relpath(name, folder)


def _facts(found: Found, about: Mapping[str, Any]) -> bytes:
    search, goals = found.search, found.search.goals
    facts = {
        "tool": "ngpc-sim",
        "version": __version__,
        **about,
        "objectives": [objective.name for objective in goals.objectives],
        "constraints": [limit.text for limit in goals.limits],
        "designs": search.space.size,
        "bounds": found.bounds,
        "replays": len(search.trials),
        "proven": search.proven,
        "seed": found.asked.sampler.seed,
        "traces": {point.trace.name: point.trace.sha256 for point in found.points},
        "workloads": {point.work.label: point.work.sha256 for point in found.points},
    }
    return (json.dumps(facts, indent=2) + "\n").encode()


def _charts(found: Found, volumes: Sequence[float]) -> dict[str, Any]:
    search = found.search
    axes = [Axis(one.column, COLUMNS[one.column].unit) for one in search.goals.objectives]
    charts = {"hypervolume": volume_chart(volumes)}
    if len(axes) > 1 and search.feasible:
        values = search.costs(search.feasible) * [one.sign for one in search.goals.objectives]
        on_front = np.isin(search.feasible, search.front)
        charts["front"] = front_chart(values, on_front, axes)
    return charts


def sentences(found: Found) -> list[str]:
    """What was done, and whether the front is sure."""
    search = found.search
    replayed = f"{len(search.trials):,} designs replayed of {search.space.size:,}, {found.bounds:,} bounded"
    lines = [f"{replayed}, {len(search.front):,} on the front."]
    if search.proven and search.front:
        lines.append(_why_it_ended(found))
    refused = [*found.refused, *(trial.refused for trial in search.trials if trial.refused)]
    if refused:
        lines.append(f"{len(refused):,} designs cannot be simulated; the first says: {refused[0]}")
    if not search.front:
        lines += [_why_not(found, limit) for limit in search.goals.limits]
    return lines


def front_lines(found: Found) -> list[str]:
    """The front as a small table: trial, values of the design, objectives."""
    search = found.search
    columns = [objective.column for objective in search.goals.objectives]
    lines = [("trial", *search.space.choices, *columns)]
    for n in search.front[:MAX_SHOWN]:
        trial = search.trials[n]
        values = map(str, search.space.values(trial.design).values())
        lines.append((str(n), *values, *(f"{trial.row[name]:.6g}" for name in columns)))
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    more = len(search.front) - MAX_SHOWN
    return [*table, *([f"{more} more in pareto.csv."] if more > 0 else []), ""] if search.front else []


def _why_it_ended(found: Found) -> str:
    among = "of the space" if found.whole else "that the sampler proposed"
    return f"No other design {among} can be better: each was replayed, or its bound is beyond a limit or the front."


def _why_not(found: Found, limit: Limit) -> str:
    """How near any design came to a limit, by its replay or else by its bound."""
    rows = [trial.row for trial in found.search.trials if not trial.refused]
    best = min(rows or [bound for _, bound in found.search.pool], key=limit.excess)
    what = "replay" if rows else "bound"
    value = best.get(limit.column)
    number = "no value" if value is None else f"{value:.6g}"
    return f"Nothing is within all limits, and of {limit.text} the nearest {what} has {number}."
