"""A run repeated from its manifest, and its files held against the first ones."""

from __future__ import annotations

import filecmp
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.job import so_far
from ngpc_sim.job.compare import versions
from ngpc_sim.job.designs import Sweep
from ngpc_sim.job.feasible import Constraint, constraint
from ngpc_sim.job.finished_runs import MANIFEST, RESULTS, read_manifest
from ngpc_sim.job.repeats import points_of
from ngpc_sim.job.request import PRUNED, Request
from ngpc_sim.job.run_folder import EXTRA_FILES
from ngpc_sim.report.charts.chart_files import CHART_FILES
from ngpc_sim.report.files import TIMES
from ngpc_sim.simulation.design import Point

#: files of a run whose bytes follow from what was asked; the manifest's do but for its times, and neither the page nor
#: a table of what is finished so far is one of them
FILES = (
    *("results.csv", RESULTS, "results.parquet", *CHART_FILES),
    *(name for name in EXTRA_FILES if name != so_far.FILE),
)
#: types of an option by the words of its annotation
TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


def asked_again(manifest: Mapping[str, Any], *, allow_plugins: bool, allow_urls: bool) -> tuple[Request, list[Point]]:
    """Request and design points of a manifest.

    Raises
    ------
    UserError
        Where the manifest is damaged, a trace is not what it was, or a plug-in or a URL is named and not allowed.
    """
    points = points_of(manifest, allow_plugins=allow_plugins, allow_urls=allow_urls)
    options = _options(manifest["repeat"].get("asked"))
    if "sweep" in options:
        options["sweep"] = Sweep(Path(options["sweep"]), {}, _constraints(manifest), {})
    asked = Request(**options)
    if asked.frames is not None:
        traces = manifest.get("traces")
        named = traces.get(asked.frames.name) if isinstance(traces, dict) else None
        if not isinstance(named, dict) or named.get("sha256") != asked.frames.sha256:
            raise UserError(f"the sequence {asked.frames.folder} has changed since the run.")
    return asked, points


def pruned_by(manifest: Mapping[str, Any]) -> int:
    """How many design points the constraints of a run pruned, by its manifest."""
    pruned = manifest.get(PRUNED, 0)
    if not isinstance(pruned, int) or pruned < 0:
        raise UserError(f"the manifest has {PRUNED} that is no number of design points.")
    return pruned


def _options(asked: object) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise UserError("the manifest has no options under 'repeat'.")
    known = {option.name: str(option.type).split(" | ") for option in fields(Request)}
    known["sweep"] = ["str"]  # its path: the constraints stand beside it, and the points are made
    for name, value in asked.items():
        if name not in known or not _fits(value, known[name]):
            raise damaged_option(name)
    return dict(asked)


def damaged_option(name: str) -> UserError:
    """The mistake of a manifest whose option has a value that none can type."""
    return UserError(f"the manifest has the option {name} with a value that it cannot have.")


def _constraints(manifest: Mapping[str, Any]) -> tuple[Constraint, ...]:
    texts = manifest.get("constraints", [])
    if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
        raise UserError("the manifest has constraints that are no list of texts.")
    return tuple(map(constraint, texts))


def _fits(value: object, words: list[str]) -> bool:
    if isinstance(value, list):
        return words[0].startswith("SequenceOf") and all(isinstance(word, str) for word in value)
    return type(value) in {TYPES.get(word) for word in words}


def held_against(first: Path, second: Path, files: Sequence[str] = FILES) -> dict[str, bool]:
    """Whether the bytes agree of each of ``files`` that one of two folders has; of the manifests, all but times."""
    names = [name for name in files if any((folder / name).is_file() for folder in (first, second))]
    agree = {name: _equal(first / name, second / name) for name in names}
    manifests = [
        {key: own for key, own in read_manifest(folder).items() if key not in TIMES} for folder in (first, second)
    ]
    return agree | {MANIFEST: manifests[0] == manifests[1]}


def _equal(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)


def sentences(agree: Mapping[str, bool], first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What agrees and what does not, and which versions differ."""
    same, other = ([name for name, equal in agree.items() if equal is wanted] for wanted in (True, False))
    lines = [f"Same bytes: {', '.join(same)} (of manifest.json all but its times)."] if same else []
    lines += [f"Other bytes: {', '.join(other)}."] if other else []
    changed = [f"{name} was {old}, is {new}" for name, old, new in versions(first, second)]
    return [*lines, f"Other versions: {'; '.join(changed)}." if changed else "All versions are the same."]
