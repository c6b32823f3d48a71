"""Opening a user's file: what cannot be opened or read is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file


@contextmanager
def opened(path: Path, what: str) -> Iterator[BufferedReader]:
    """Open the file for reading, ``what`` names its kind in an error.

    Raises
    ------
    UserError
        Where the file cannot be opened or read.
    """
    try:
        with open_file(path) as file:
            yield file
    except OSError as error:
        raise UserError(f"{what} {path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{what} {str(path)!r} cannot be read: {error}.") from error
