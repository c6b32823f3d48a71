"""A set of files goes into a folder completely or not at all.

The files are written into a temporary folder inside the target and then moved into place one by one;
the files they replace wait beside them and are put back when a later move fails.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ngpc_sim.config.errors import UserError

#: bytes of a file, or parts of them that are written as they are made
Content = bytes | Iterable[bytes]

TEMPORARY_PREFIX = ".ngpc-sim-"


def check_writable(folder: Path) -> None:
    """Raise `UserError` when files could not be written to ``folder``; leave no trace of the check."""
    with _staging(folder, keep=False) as staging:
        (staging / "check").write_bytes(b"ngpc-sim")


def write_set(folder: Path, files: Mapping[str, Content], stale: Collection[str] = ()) -> list[Path]:
    """Write all ``files`` (name to content) and delete the ``stale`` ones, or change nothing.

    Returns the paths in the order of ``files``. Raises `UserError` with the folder and the reason.
    """
    with _staging(folder, keep=True) as staging:
        new, old = staging / "new", staging / "old"
        new.mkdir()
        old.mkdir()
        _write(new, files)
        touched = [*files, *(name for name in stale if name not in files)]
        for name in touched:
            if (folder / name).exists():
                _keep(folder / name, old / name)
        _move_into_place(folder, new, old, touched)
    return [folder / name for name in files]


def _write(folder: Path, files: Mapping[str, Content]) -> None:
    for name, content in files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            with (folder / name).open("wb") as file:
                file.writelines(content)


def _keep(file: Path, copy: Path) -> None:
    """A second name of a file; a copy where the file system has no such names."""
    try:
        copy.hardlink_to(file)
    except OSError:
        shutil.copy2(file, copy)


def _move_into_place(folder: Path, new: Path, old: Path, names: Collection[str]) -> None:
    done: list[str] = []
    try:
        for name in names:
            done.append(name)
            _put(new / name, folder / name)
    except BaseException:
        for name in reversed(done[:-1]):
            _put(old / name, folder / name)
        raise


def _put(source: Path, target: Path) -> None:
    """Make ``target`` what ``source`` is: its content, or absent."""
    if source.exists():
        os.replace(source, target)  # noqa: PTH105 - the one call that swaps a file atomically, named as such
    else:
        target.unlink(missing_ok=True)


@contextmanager
def _staging(folder: Path, *, keep: bool) -> Iterator[Path]:
    """Temporary folder inside ``folder``; folders made for it go again on failure, or unless ``keep``."""
    made: list[Path] = []
    done = False
    try:
        _make_folders(folder, made)
        staging = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        done = keep
    except OSError as error:
        raise UserError(_sentence(folder, error)) from error
    finally:
        if not done:
            _remove_empty(made)


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Create ``folder`` and its missing parents, outermost first, and note each one in ``made``."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        made.append(path)


def _remove_empty(folders: list[Path]) -> None:
    for path in reversed(folders):
        try:
            path.rmdir()
        except OSError:
            return


def _sentence(folder: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    if isinstance(error, NotADirectoryError | FileExistsError):
        blockers = [path for path in (folder, *folder.parents) if path.is_file()]
        reason = f"{blockers[0]} is not a folder" if blockers else reason
    return f"results cannot be written to {folder}: {reason}; name a folder that can be written"
