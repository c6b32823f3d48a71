"""``report.html`` of folders of results: what they hold is read, compared where they are two, and made a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import is_folder
from ngpc_sim.job.compare import Comparison
from ngpc_sim.job.configurations import whole
from ngpc_sim.job.finished_runs import MANIFEST, RESULTS, FinishedRun, read_manifest, read_run
from ngpc_sim.job.notes.note import FILE as NOTES
from ngpc_sim.job.notes.note import TOPICS
from ngpc_sim.job.notes.reading import read_notes
from ngpc_sim.job.run_folder import PAGE, is_page
from ngpc_sim.job.so_far import SoFar, sweep_so_far
from ngpc_sim.machine.whole_files import check_target, write_whole
from ngpc_sim.report.page import Run, document
from ngpc_sim.report.page.run import read_levels, read_tables
from ngpc_sim.simulation.store import NAME

#: what is said of points without a manifest of their own
NOT_ENDED = "They are of a sweep that has not ended, so its command, configuration and notes are not known yet."


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
        is_ours = is_page(target)
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing is there; what cannot be made is told when it is made
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error
    if not is_ours:
        raise UserError(f"{target} is there and is no page of ngpc-sim: name another file or folder with --out.")


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
    manifest = read_manifest(folder) if (folder / MANIFEST).is_file() else {}
    finished = read_run(folder) if manifest and (folder / RESULTS).is_file() else None
    so_far, said = _so_far(folder, finished)
    if so_far is not None and (finished is None or (so_far.is_running and so_far.rows)):
        run = _unfinished(folder, name, so_far)
    else:
        run = _finished(folder, name, manifest, finished)
        run = replace(run, sentences=[*said, *([_later(so_far)] if so_far is not None and so_far.is_running else [])])
    if run.is_empty:
        raise UserError(f"{folder} holds no results: name a folder that a run has written.")
    return run


def _so_far(folder: Path, finished: FinishedRun | None) -> tuple[SoFar | None, list[str]]:
    """What the store has of a sweep; a store that is damaged beside results of a run only makes a sentence."""
    try:
        return sweep_so_far(folder), []
    except UserError:
        if finished is None:
            raise
        return None, [unusable(folder)]


def unusable(folder: Path) -> str:
    """A store that cannot be read is not needed where there are results."""
    return f"{folder / NAME} cannot be read, so what is shown is {RESULTS}; nothing was changed."


def _later(so_far: SoFar) -> str:
    return f"A later sweep into this folder has not ended: {so_far.sentence()} What is shown is the run before it."


def _unfinished(folder: Path, name: str, so_far: SoFar) -> Run:
    """The points of a sweep that were simulated; what an earlier run left in the folder is not about them."""
    if not so_far.rows:
        raise UserError(f"{folder}: {so_far.sentence().removesuffix('.')} so far: there is nothing to show yet.")
    return Run(name, so_far.rows, sentences=[so_far.sentence(), NOT_ENDED])


def _finished(folder: Path, name: str, manifest: dict[str, Any], finished: FinishedRun | None) -> Run:
    """What a run left that ended, or a search, whose rows are the designs on its front."""
    tables, configurations = read_tables(folder), _configurations(manifest)
    if finished is None:
        return Run(name, tables.get("pareto.csv", []), manifest, configurations, tables, out=str(folder))
    levels, notes = read_levels(folder), _notes(folder)
    return Run(name, finished.rows, manifest, configurations, tables, levels, notes, out=str(folder))


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
