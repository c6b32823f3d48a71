"""Arrays on disk for later runs, by key.

A file is a magic word, the length of a header, the header (JSON: key, arrays, digest) and the arrays, each from a
multiple of 64 bytes on. Reading runs nothing in it. The digest is of key, names, shapes and contents. A file is not
believed that is missing, damaged, of another key, too large, of another user, or that others can write to. A folder
that cannot be written keeps nothing. A file is written under another name and then renamed, so that runs at
the same time see whole files. Above the size cap, the files that were not used for longest are deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.own_files import open_own, user_folder

Array = np.ndarray[Any, Any]

CAP = "NGPC_SIM_CACHE_MIB"
DEFAULT_MIB = 512
MIB = 1 << 20
MAGIC = b"ngpcsim2"
#: bytes of a header at most
MAX_HEADER = 1 << 16
ALIGN = 64
SUFFIX, ASIDE = ".arrays", ".part"
#: seconds after which a file that was being written is taken for left behind
LEFT_BEHIND = 3600


def cap_bytes() -> int:
    """Bytes that all files together may take; 0 turns the cache off."""
    text = os.environ.get(CAP, str(DEFAULT_MIB)).strip()
    if not text.isdecimal() or int(text) > MIB:
        raise UserError(f"{CAP} = '{text}' must be a whole number of MiB from 0 (off) to {MIB}.")
    return int(text) * MIB


def folder() -> Path | None:
    """Where files are kept; ``None`` for nowhere."""
    return user_folder() if cap_bytes() else None


def load(key: str, expected: Mapping[str, tuple[str, tuple[int | None, ...]]]) -> dict[str, Array] | None:
    """Arrays that were saved under ``key``; ``expected`` has their dtypes and shapes, ``None`` for any length."""
    place = folder()
    if place is None:
        return None
    path = place / _name(key)
    try:
        with open_own(path) as file:
            arrays = _read(file, key, expected)
            if arrays is not None:
                os.utime(file.fileno() if os.utime in os.supports_fd else path)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
        return None
    return arrays


def save(key: str, arrays: Mapping[str, Array]) -> None:
    """Keep ``arrays`` under ``key`` where there is room."""
    place, cap = folder(), cap_bytes()
    if place is None:
        return
    parts = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if sum(part.nbytes for part in parts.values()) + MAX_HEADER > cap:
        return
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(place, _name(key), key, parts)
        _make_room(place, cap)
    except OSError:
        return


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest() + SUFFIX


def _bytes(array: Array) -> memoryview:
    """Content of a contiguous array."""
    return array.reshape(-1).view(np.uint8).data


def _header(key: str, parts: Mapping[str, Array]) -> bytes:
    return json.dumps({"key": key, "arrays": _shapes(parts), "sha256": _digest(key, parts)}).encode()


def _shapes(parts: Mapping[str, Array]) -> list[list[Any]]:
    return [[name, part.dtype.str, list(part.shape)] for name, part in parts.items()]


def _digest(key: str, parts: Mapping[str, Array]) -> str:
    """Digest of a key and of what is kept under it."""
    digest = hashlib.sha256(json.dumps([key, _shapes(parts)]).encode())
    for part in parts.values():
        digest.update(_bytes(part))
    return digest.hexdigest()


def _write(place: Path, name: str, key: str, parts: Mapping[str, Array]) -> None:
    header = _header(key, parts)
    handle, aside = tempfile.mkstemp(suffix=ASIDE, dir=place)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + len(header).to_bytes(8, "little") + header)
            for part in parts.values():
                file.write(bytes(-file.tell() % ALIGN))
                file.write(_bytes(part))
        Path(aside).replace(place / name)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def _read(
    file: BufferedReader, key: str, expected: Mapping[str, tuple[str, tuple[int | None, ...]]]
) -> dict[str, Array] | None:
    """Arrays of an open file, ``None`` where anything differs from what is expected.

    Sizes are checked before memory is taken.
    """
    size = os.fstat(file.fileno()).st_size
    start = file.read(len(MAGIC) + 8)
    length = int.from_bytes(start[len(MAGIC) :], "little")
    if not start.startswith(MAGIC) or not 0 < length <= MAX_HEADER or size > cap_bytes():
        return None
    header = json.loads(file.read(length))
    shapes = {name: (dtype, tuple(shape)) for name, dtype, shape in header["arrays"]}
    if header["key"] != key or shapes.keys() != expected.keys():
        return None
    if not all(_fits(shapes[name], expected[name]) for name in shapes):
        return None
    places = dict(zip(shapes, _places(shapes.values(), len(start) + length), strict=True))
    if max((end for _, end in places.values()), default=len(start) + length) != size:
        return None
    content = _content(file, size)
    arrays = {
        name: content[first:end].view(shapes[name][0]).reshape(shapes[name][1]) for name, (first, end) in places.items()
    }
    return arrays if _digest(key, arrays) == header["sha256"] else None


def _content(file: BufferedReader, size: int) -> Array:
    """All bytes of a file, (size,) uint8."""
    content = np.empty(size, np.uint8)
    file.seek(0)
    if file.readinto(content.data) != size:
        raise ValueError
    return content


def _fits(found: tuple[str, tuple[int, ...]], expected: tuple[str, tuple[int | None, ...]]) -> bool:
    """Whether dtype and shape are the expected ones."""
    (dtype, shape), (wanted, lengths) = found, expected
    if np.dtype(wanted).str != dtype or len(shape) != len(lengths):
        return False
    return all(
        type(length) is int and length >= 0 and want in {None, length}
        for length, want in zip(shape, lengths, strict=True)
    )


def _places(shapes: Iterable[tuple[str, tuple[int, ...]]], at: int) -> Iterator[tuple[int, int]]:
    """First byte of every array, and the one after its last."""
    for dtype, shape in shapes:
        at += -at % ALIGN
        first = at
        size = np.dtype(dtype).itemsize
        for length in shape:
            size *= length
        at += size
        yield first, at


def _make_room(place: Path, cap: int) -> None:
    """Delete the files that were not used for longest until the others fit, and those that were never finished."""
    found = []
    for path in place.iterdir():
        if path.suffix not in {SUFFIX, ASIDE}:
            continue
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime, status.st_size, path))
    newest = max((time for time, _, _ in found), default=0.0)
    total = sum(size for _, size, _ in found)
    for time, size, path in sorted(found):
        forgotten = path.suffix == ASIDE and time < newest - LEFT_BEHIND
        if total > cap or forgotten:
            path.unlink(missing_ok=True)
            total -= size
