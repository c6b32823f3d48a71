"""A set of files goes into a folder completely or not at all.

The files are written beside the folder, reach the disk, and take the folder's place in one step where it holds nothing
but an earlier set. Where it holds more, or the system has no such step, they are moved into it one by one: the files
that they replace wait beside them and are put back when a move fails. ``manifest.json`` goes first and comes last
then, so that a folder without it is known to be incomplete.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.ending import gone_at_the_end, undone_by_the_end
from ngpc_sim.machine.leftovers import own_prefix, sweep

#: bytes of a file, or parts of them that are written as they are made
Content = bytes | Iterable[bytes]

#: files that wait for the disk at the same time
MAX_SYNCS = 16
#: file that is there only where all others are
SEAL = "manifest.json"
#: of the C library's renameat2: paths from the current folder, and both names change places
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def check_writable(folder: Path) -> None:
    """Raise `UserError` when files could not be written to ``folder``; leave no trace of the check."""
    with _staging(folder, keep=False) as staging:
        (staging / "check").write_bytes(b"ngpc-sim")


def write_set(folder: Path, files: Mapping[str, Content], stale: Collection[str] = ()) -> list[Path]:
    """Write all ``files`` (name to content) and delete the ``stale`` ones, or change nothing.

    Returns the paths in the order of ``files``. Raises `UserError` with the folder and the reason.
    """
    with _staging(folder, keep=True) as staging:
        new = staging / "new"
        new.mkdir()
        _write(new, files)
        _sync(new)
        touched = [*files, *(name for name in stale if name not in files)]
        if not _switch(folder, new, touched):
            _move_into_place(folder, new, staging / "old", touched)
        _sync(folder)
    return [folder / name for name in files]


def _write(folder: Path, files: Mapping[str, Content]) -> None:
    for name, content in files.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            with (folder / name).open("wb") as file:
                file.writelines(content)
    with ThreadPoolExecutor(MAX_SYNCS) as pool:  # waiting for the disk takes no core, and waits at once are one
        list(pool.map(_sync, (folder / name for name in files)))


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; not every system can open a folder."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _switch(folder: Path, new: Path, names: Collection[str]) -> bool:
    """Give ``new`` and ``folder`` each other's place in one step, where the folder holds only files of the set."""
    exchange = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if exchange is None or not _is_a_set(folder, names, new.parent):
        return False
    place = folder.resolve()
    with ExitStack() as after, suppress(OSError):
        outside = Path(tempfile.mkdtemp(prefix=own_prefix(), dir=place.parent))
        after.enter_context(gone_at_the_end(outside))
        moved = outside / "new"
        new.rename(moved)
        moved.chmod(place.stat().st_mode & 0o7777)
        if exchange(AT_FDCWD, os.fsencode(moved), AT_FDCWD, os.fsencode(place), RENAME_EXCHANGE) == 0:
            return True
        moved.rename(new)
    return False


def _is_a_set(folder: Path, names: Collection[str], staging: Path) -> bool:
    """Whether a folder holds only plain files of a set of several files, and nobody stands in it."""
    inside = [path for path in folder.iterdir() if path != staging]
    plain = all(path.name in names and path.is_file() and not path.is_symlink() for path in inside)
    return plain and len(names) > 1 and not Path.cwd().is_relative_to(folder.resolve())


def _move_into_place(folder: Path, new: Path, old: Path, names: Collection[str]) -> None:
    """Move files of a set into a folder, and those that they replace to ``old``; all of them or none."""
    old.mkdir()
    for name in names:
        if (folder / name).exists():
            _keep(folder / name, old / name)
    order = sorted(names, key=lambda name: name == SEAL)
    done: list[str] = []
    try:
        if SEAL in names:
            (folder / SEAL).unlink(missing_ok=True)
        for name in order:
            done.append(name)
            _put(new / name, folder / name)
    except BaseException:
        for name in reversed(done[:-1]):
            _put(old / name, folder / name)
        if SEAL in names:
            _put(old / SEAL, folder / SEAL)
        raise


def _keep(file: Path, copy: Path) -> None:
    """A second name of a file; a copy where the file system has no such names."""
    try:
        copy.hardlink_to(file)
    except OSError:
        shutil.copy2(file, copy)


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
        with undone_by_the_end(lambda: _remove_empty(made)):
            _make_folders(folder, made)
            sweep(folder)
            sweep(folder.resolve().parent)
            staging = Path(tempfile.mkdtemp(prefix=own_prefix(), dir=folder))
            with gone_at_the_end(staging):
                yield staging
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
