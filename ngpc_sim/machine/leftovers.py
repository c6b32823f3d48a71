"""Temporary files and folders beside results: their names say whose they are, and the next run sweeps a dead one's."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

PREFIX = ".ngpc-sim-"


def own_prefix() -> str:
    """Beginning of the names of this process's temporary files: the host and the process."""
    return f"{_host_prefix()}{os.getpid()}-"


def sweep(folder: Path) -> None:
    """Delete what processes of this user and host that have ended left in ``folder``."""
    start = _host_prefix()
    with suppress(OSError):
        for path in list(folder.iterdir()):
            owner = path.name.removeprefix(start).partition("-")[0]
            if path.name.startswith(start) and owner.isdecimal() and _is_left(path, int(owner)):
                _delete(path)


def _host_prefix() -> str:
    host = "".join(letter if letter.isalnum() else "_" for letter in socket.gethostname())
    return f"{PREFIX}{host}-"


def _is_left(path: Path, process: int) -> bool:
    """Whether it is ours, and whoever made it has ended."""
    with suppress(OSError):
        if hasattr(os, "getuid") and path.lstat().st_uid == os.getuid():
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return True
    return False


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
