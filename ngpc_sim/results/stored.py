"""A result as bytes and back, exactly: for other processes and for disk.

The bytes are a zlib stream of a head, a JSON text and arrays. The head names this format and the fields of a result;
nothing with another head is read. Numbers of the JSON text are written so that they come back as they are. Nothing of
it is run, and no more is unpacked than ``MAX_BYTES``.

What the caller knows of the design point is left out: ``LABELS``.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from dataclasses import fields
from math import prod
from typing import Any

import numpy as np

from ngpc_sim.machine.store import Store
from ngpc_sim.results.nfp_counts import NfpCounts
from ngpc_sim.results.result import Costs, LevelLines, Result, Scenes

Array = np.ndarray[Any, Any]

FORMAT = 1
#: fields that are no part of the bytes, and what stands in them when they come back
LABELS: dict[str, Any] = {"workload": "", "trace": "", "arch_sha256": "", "overrides": {}, "configuration": {}}
#: bytes that are unpacked at most (derived: waits of 1,024 NFPs for 64 slots by 12 causes are 6 MiB, lines 1.5 MiB)
MAX_BYTES = 1 << 26
#: zlib's effort: the least one takes two thirds of the time of the usual one, for 5 % more bytes (measured)
EFFORT = 1
_COUNTS = ("nfp_stalls", "nfp_lines")
_ARRAYS = ("kind", "values", "columns")
_PARTS = {"costs": Costs, "scenes": Scenes}
_OWN = ("nfp_busy", "levels", *_COUNTS, *_PARTS)
#: fields whose values are JSON as they are
_PLAIN = tuple(field.name for field in fields(Result) if field.name not in LABELS and field.name not in _OWN)
_NAMES: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind)) for kind in (Costs, Scenes, LevelLines)
}
#: lines of levels kept, for results of a sweep whose levels ask the same
_LEVELS: Store[tuple[LevelLines, ...]] = Store(256)
#: format, fields, and bytes of the JSON text
_HEAD = struct.Struct("<III")
_FIELDS = zlib.crc32(json.dumps([_PLAIN, *_NAMES.values()]).encode())
#: kinds of whole numbers that an array may have
_KINDS = frozenset(["|u1", "<u2", "<u4", "<u8", "|i1", "<i2", "<i4", "<i8"])


class NotStoredError(ValueError):
    """Bytes that :func:`packed` of this version has not made."""


def packed(result: Result) -> bytes:
    """Bytes of a result."""
    tables = [getattr(result, name) for name in _COUNTS]
    arrays = [result.nfp_busy, *(getattr(table, name) for table in tables for name in _ARRAYS)]
    little = [np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for array in arrays]
    plain = [
        [getattr(result, name) for name in _PLAIN],
        *(_listed(getattr(result, name)) for name in _PARTS),
        [_listed(level) for level in result.levels],
        [table.shape for table in tables],
        [[array.dtype.str, array.shape] for array in little],
    ]
    text = json.dumps(plain, separators=(",", ":"), default=_number).encode()
    head = _HEAD.pack(FORMAT, _FIELDS, len(text))
    return zlib.compress(b"".join([head, text, *(array.tobytes() for array in little)]), EFFORT)


def _listed(part: Any) -> list[Any]:  # noqa: ANN401 - a part of a result
    return [getattr(part, name) for name in _NAMES[type(part)]]


def _number(value: Any) -> Any:  # noqa: ANN401 - a numpy number
    return value.item()


def unpacked(content: bytes) -> Result:
    """The result in ``content``, with ``LABELS`` left empty.

    Raises
    ------
    NotStoredError
        When the bytes are damaged, or another version has made them.
    """
    try:
        reader = zlib.decompressobj()
        whole = reader.decompress(content, MAX_BYTES)
        if not reader.eof or reader.unused_data:
            raise NotStoredError("it is damaged")
        form, names, length = _HEAD.unpack_from(whole)
        if (form, names) != (FORMAT, _FIELDS):
            raise NotStoredError("it was written by another version")
        end = _HEAD.size + length
        return _result(json.loads(whole[_HEAD.size : end]), memoryview(whole)[end:])
    except (zlib.error, struct.error, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise error if isinstance(error, NotStoredError) else NotStoredError("it is damaged") from error


def _result(plain: Any, content: memoryview) -> Result:  # noqa: ANN401 - JSON
    values, costs, scenes, levels, shapes, heads = plain
    busy, *arrays = _arrays(heads, content)
    by_table = zip(arrays[::3], arrays[1::3], arrays[2::3], shapes, strict=True)
    tables = [NfpCounts(kind, table, columns, (n, k)) for kind, table, columns, (n, k) in by_table]
    named = {name: _shared(value) for name, value in zip(_PLAIN, values, strict=True)}
    named["intervals"] = {name: (low, high) for name, (low, high) in named["intervals"].items()}
    parts: dict[str, Any] = {
        name: kind(**dict(zip(_NAMES[kind], map(_shared, own), strict=True)))
        for (name, kind), own in zip(_PARTS.items(), (costs, scenes), strict=True)
    }
    lines = tuple(tuple(level) for level in levels)
    shared = _LEVELS.get(lines, lambda: tuple(LevelLines(*level) for level in lines))
    own: dict[str, Any] = {"nfp_busy": busy, "levels": shared, **dict(zip(_COUNTS, tables, strict=True))}
    return Result(**LABELS, **named, **parts, **own)


def _shared(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A value whose text is the one of all other results, for a sweep has many and they say the same."""
    if type(value) is str:
        return sys.intern(value)
    return {sys.intern(name): own for name, own in value.items()} if type(value) is dict else value


def _arrays(heads: Any, content: memoryview) -> list[Array]:  # noqa: ANN401 - JSON
    """Arrays that follow each other in ``content`` and fill it."""
    found: list[Array] = []
    for kind, shape in heads:
        if kind not in _KINDS or not all(type(length) is int and length >= 0 for length in shape):
            raise NotStoredError("it is damaged")
        count = prod(shape)
        array = np.frombuffer(content, kind, count) if count else np.empty(0, kind)
        content = content[array.nbytes :]
        found.append(array.reshape(shape).copy())  # so that it does not hold all that was unpacked
    if content or len(found) != 1 + len(_COUNTS) * len(_ARRAYS):
        raise NotStoredError("it is damaged")
    return found
