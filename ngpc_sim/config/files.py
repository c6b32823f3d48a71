"""Opening files that a user or a stranger names: what is opened is a file, not a folder, a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from ngpc_sim.config.errors import UserError

#: reading, without waiting for the other end of a pipe; some systems lack a flag
_FLAGS = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def read_small(path: Path, most_bytes: int, name: str, use: str) -> bytes:
    """Content of a file of at most so many bytes, which is read for ``use``; ``name`` is what an error calls it.

    Raises
    ------
    UserError
        Where it cannot be read, or is larger.
    """
    try:
        with open_file(path) as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{str(path)!r} cannot be the name of a file: {error}.") from error
    if len(content) > most_bytes:
        raise UserError(f"{name} is larger than {most_bytes} bytes, too large for {use}.")
    return content


def open_file(path: Path) -> BufferedReader:
    """Open a regular file for reading; an ``OSError`` says what else is there."""
    handle = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a file")
    return os.fdopen(handle, "rb")
