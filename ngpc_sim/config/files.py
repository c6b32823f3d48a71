"""Opening files that a user or a stranger names: what is opened is a file, not a folder, a pipe or a device."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

#: reading, without waiting for the other end of a pipe; some systems lack a flag
_FLAGS = sum(getattr(os, name, 0) for name in ("O_RDONLY", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def open_file(path: Path) -> BufferedReader:
    """Open a regular file for reading; an ``OSError`` says what else is there."""
    handle = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a file")
    return os.fdopen(handle, "rb")
