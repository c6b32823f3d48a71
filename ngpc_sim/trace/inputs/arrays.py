"""NumPy's ``.npy`` files: the header is read and compared with the file before any memory is taken.

The format is of numpy.lib.format: a magic word, a version, a header that is a Python dictionary in print, the values.
The dictionary is not evaluated: three patterns find what it states. Objects, which need pickle, texts and records are
refused.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ngpc_sim.config.errors import UserError

MAGIC = b"\x93NUMPY"
_MOST_HEADER_BYTES = 10_000  # published: numpy's own limit, ``max_header_size``
_PATTERNS = {
    "descr": r"'descr'\s*:\s*'([<>|=]?[biuf][1248])'",
    "order": r"'fortran_order'\s*:\s*(True|False)",
    "shape": r"'shape'\s*:\s*\(([\d, ]{0,200})\)",
}


@dataclass(frozen=True)
class ArrayHeader:
    """What a ``.npy`` file declares: values of ``dtype`` in ``shape``, first axis fastest where ``fortran``."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool


def read_header(file: BufferedReader, path: Path, what: str) -> ArrayHeader:
    """Header of a ``.npy`` file; the file then stands at its first value, and has exactly the values declared.

    Raises
    ------
    UserError
        Where the header is none, declares no numbers, or other bytes than the file has.
    """
    file.seek(0)
    start = file.read(8)
    width = {1: 2, 2: 4, 3: 4}.get(start[6] if len(start) == 8 and start.startswith(MAGIC) else 0, 0)
    length = int.from_bytes(file.read(width), "little")
    text = file.read(length).decode("latin-1") if 0 < length <= _MOST_HEADER_BYTES else ""
    found = {key: re.findall(pattern, text) for key, pattern in _PATTERNS.items()}
    if any(len(values) != 1 for values in found.values()):
        raise UserError(f"{what} {path} is no .npy file of plain numbers: its header is not as numpy.save writes it.")
    try:
        dtype: np.dtype[Any] = np.dtype(found["descr"][0])
    except TypeError as error:
        raise UserError(f"{what} {path} holds values of the unknown type {found['descr'][0]}.") from error
    header = ArrayHeader(
        dtype, tuple(int(size) for size in re.findall(r"\d+", found["shape"][0])), found["order"][0] == "True"
    )
    declared, held = math.prod(header.shape) * dtype.itemsize, os.fstat(file.fileno()).st_size - file.tell()
    if declared != held:
        raise UserError(
            f"{what} {path} declares {' x '.join(map(str, header.shape)) or 'one'} values of {dtype.itemsize} bytes, "
            f"{declared} bytes, and holds {held}: it is cut or damaged."
        )
    return header


def read_values(file: BufferedReader, header: ArrayHeader) -> npt.NDArray[Any]:
    """All values in the shape that the header declares."""
    values = np.frombuffer(file.read(), header.dtype)
    return values.reshape(header.shape[::-1]).T if header.fortran else values.reshape(header.shape)
