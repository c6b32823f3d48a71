"""What this user alone can write to: only that is believed, for what is kept decides results, or is run."""

from __future__ import annotations

import os
import stat
import sys
from io import BufferedReader
from pathlib import Path

from ngpc_sim.config.files import open_file

#: environment variable that names the folder for what is kept
VARIABLE = "NGPC_SIM_CACHE"
#: permission of others to write
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def user_folder() -> Path | None:
    """Where a user's things are kept: ``NGPC_SIM_CACHE``, or our own among the user's caches; ``None`` for nowhere."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    usual = {"darwin": home / "Library" / "Caches", "win32": Path(os.environ.get("LOCALAPPDATA", home))}
    place = os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform) or home / ".cache"
    return Path(place) / "ngpc-sim"


def is_own(status: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, and others cannot write to it."""
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & OTHERS_WRITE)


def open_own(path: Path) -> BufferedReader:
    """Open a file of this user for reading; an ``OSError`` says what is wrong with any other."""
    file = open_file(path)
    if not is_own(os.fstat(file.fileno())):
        file.close()
        raise PermissionError
    return file


def make_own_folder(path: Path) -> bool:
    """Make the folder ``path`` where it is missing; whether it is this user's and can be written to."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
        return stat.S_ISDIR(status.st_mode) and is_own(status) and os.access(path, os.W_OK | os.X_OK)
    except OSError:
        return False
