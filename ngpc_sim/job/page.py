"""``report.html`` of folders of results: what they hold is read, compared where they are two, and made a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.config.yaml_files import is_folder
from ngpc_sim.job.compare import Comparison
from ngpc_sim.job.configurations import whole
from ngpc_sim.job.finished_runs import MANIFEST, RESULTS, FinishedRun, read_manifest, read_run
from ngpc_sim.job.notes.note import FILE as NOTES
from ngpc_sim.job.notes.note import TOPICS
from ngpc_sim.job.notes.reading import read_notes
from ngpc_sim.job.run_folder import PAGE
from ngpc_sim.job.so_far import SoFar, read_so_far
from ngpc_sim.machine.whole_files import check_target, write_whole
from ngpc_sim.report.page import Run, document
from ngpc_sim.report.page.run import read_levels, read_tables
from ngpc_sim.simulation.store import NAME

#: tables of a search, whose store has designs and no rows of a run
OF_SEARCH = ("trials.csv", "sensitivity.csv", "sobol.csv")
#: what a page of ours has in its head, and in how many bytes of it at most
OURS, HEAD_BYTES = b" - ngpc-sim</title>", 1 << 16


def check_page(target: Path) -> None:
    """Refuse to put a page in the place of another file, before anything is written.

    Raises
    ------
    UserError
        For another ending than .html or .htm, or where what is there is no page of ours.
    """
    if target.suffix.lower() not in {".html", ".htm"}:
        raise UserError(f"{target} is no name for a page: end it in .html, for instance {PAGE}.")
    check_target(target)
    try:
        with open_file(target) as file:
            is_ours = OURS in file.read(HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing is there; what cannot be made is told when it is made
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error
    if not is_ours:
        raise UserError(f"{target} is there and is no page of ngpc-sim: name another file with --out.")


def write_page(folders: Sequence[Path], target: Path | None = None) -> Path:
    """Write the page of some folders of results to ``target``, by default into the first of them.

    Raises
    ------
    UserError
        When a folder holds no results, a file in it is damaged, the page cannot be written, or the extra is missing.
    """
    runs = [read_folder(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    path = folders[0] / PAGE if target is None else target
    write_whole(path, document(runs, _compared(runs)))
    return path


def read_folder(folder: Path, name: str) -> Run:
    """What a folder holds, a finished run or a sweep that is still running."""
    if not is_folder(folder):
        raise UserError(f"{folder} is not a folder: name one that a run has written.")
    tables = read_tables(folder)
    manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else {}
    so_far = read_so_far(folder) if (folder / NAME).is_file() and not set(tables) & set(OF_SEARCH) else None
    finished = read_run(folder) if manifest and (folder / RESULTS).is_file() else None
    if finished is None or (so_far is not None and _is_running(so_far)):
        found = Run(name, _searched(tables) if so_far is None else so_far.rows, manifest, tables=tables)
        said = [] if so_far is None else [so_far.sentence()]
        run = Run(name, found.rows, manifest, _configurations(manifest), tables, sentences=said)
    else:
        levels, notes = read_levels(folder), _notes(folder)
        run = Run(name, finished.rows, manifest, _configurations(manifest), tables, levels, notes)
    if run.is_empty:
        raise UserError(f"{folder} holds no results: name a folder that a run has written.")
    return run


def _searched(tables: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rows of the designs on the front of a search."""
    return tables.get("pareto.csv", [])


def _is_running(found: SoFar) -> bool:
    """Whether points of the command that was started last are still to come."""
    return len(found.rows) + found.failed < found.points


def _configurations(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    given = manifest.get("configurations")
    if not isinstance(given, dict):
        return {}
    return {sha256: tree for sha256 in given if (tree := whole(given, sha256)) is not None}


def _notes(folder: Path) -> list[dict[str, Any]]:
    """Notes that the run left, their topics in words; without those on the run itself, which tell times."""
    if not (folder / NOTES).is_file():
        return []
    return [vars(note) | {"topic": TOPICS[note.topic]} for note in read_notes(folder) if note.topic != "run"]


def _names(folders: Sequence[Path]) -> list[str]:
    """What the folders are called on the page: their names, or paths where names are the same."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _compared(runs: Sequence[Run]) -> list[str]:
    """How two runs differ; one sentence where they have nothing in common."""
    if len(runs) != 2 or not all(run.rows and run.manifest for run in runs):
        return []
    finished = [FinishedRun(Path(run.name), dict(run.manifest), [dict(row) for row in run.rows]) for run in runs]
    try:
        return Comparison(*finished).sentences()
    except UserError as error:
        return [f"{error}"]
