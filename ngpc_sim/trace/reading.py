"""Traces from files: read into memory, or opened where a whole frame would not fit there.

A trace that records every screen tile of its frame can have more rows than memory. Such a file has the format of all
others and stays on disk: :class:`StreamedTrace` knows the frame, and reads its rows in order when they are asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.threads import n_threads
from ngpc_sim.trace.contents import (
    NOT_FINITE,
    Array,
    Trace,
    contents_sha256,
    description_flaw,
    from_file,
    networks_flaw,
    rows_flaw,
)
from ngpc_sim.trace.file_format import (
    MAX_STREAMED_ROWS,
    RefusedError,
    check_sizes,
    columns_in,
    columns_of,
    damage,
    dimensions_of,
    header_of,
    parquet_file,
    without_rows,
)
from ngpc_sim.trace.sources import MAGIC, Stream, located, opened

HELD_ROWS = 1 << 22
"""Rows up to which a trace of a whole frame is read into memory, 80 MB."""
MAX_ROWS = 200_000_000
"""Rows of any other trace: 4 GB of columns, well above a full 4K NeRF frame at 20 queries per pixel."""
MAX_FILE_BYTES = 8 << 30
"""Bytes of a file that is read into memory."""
MAX_GROUP_ROWS = 1 << 20
"""Rows of one row group of a file that is streamed; files written here have 65,536."""
GROUPS_AT_ONCE = 16
WRONG_CHECKSUM = "is damaged: its contents do not match their checksum"


def read_trace(source: str | os.PathLike[str]) -> Trace:
    """Trace of a bundled name, a path or an fsspec URL.

    A local file that records a whole frame in more than ``HELD_ROWS`` rows is opened, any other one is read.

    Raises
    ------
    UserError
        For whatever is not a whole, undamaged trace file of a format version that is known.
    """
    place, name = located(source)
    with _one_sentence(place), opened(place) as stream:
        return _read(stream, place, name)


@contextmanager
def _one_sentence(place: str) -> Iterator[None]:
    """Turn what is wrong with a file into a user's error."""
    try:
        yield
    except RefusedError as refused:
        raise UserError(f"The trace {place} {refused}.") from refused


def _read(stream: Stream, place: str, name: str) -> Trace:
    """The trace in a stream; sizes are checked from the metadata before memory is taken."""
    with damage("could not be read"):
        magic, size = stream.read(len(MAGIC)), stream.seek(0, os.SEEK_END)
        stream.seek(0)
    if magic != MAGIC:
        raise RefusedError("is not a Parquet file" if magic else "is empty")
    with damage("is damaged or cut short"):
        file = parquet_file(stream)
        metadata, schema = file.metadata, file.schema_arrow
    header = header_of(metadata.metadata or {})
    trace = without_rows(header, name, dimensions_of(schema, several="networks" in header))
    _refuse(description_flaw(trace))
    told = header.get("contents_sha256", "")
    if metadata.num_rows > HELD_ROWS and trace.is_full_frame and "://" not in place:
        return _streamed(trace, place, stream, metadata, told)
    check_sizes(metadata, stream, size, MAX_ROWS)
    if size > MAX_FILE_BYTES:
        raise RefusedError(f"has more than {MAX_FILE_BYTES} bytes")
    with damage("is damaged"):
        invocations, tiles, *positions = columns_in(file.read(use_threads=False))
    if trace.networks:
        _refuse(networks_flaw(trace, invocations, positions.pop(0)))
    trace = replace(trace, invocations=invocations, tiles=tiles, positions=_stacked(positions))
    _refuse(rows_flaw(trace))
    if told not in ("", trace.sha256):
        raise RefusedError(WRONG_CHECKSUM)
    return from_file(trace, place, _sha256(stream))


def _sha256(stream: Stream) -> str:
    with damage("could not be read"):
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stacked(columns: list[Array]) -> Array:
    """(n, D) of D columns (n,), which nobody can write to."""
    positions = np.column_stack(columns)
    positions.flags.writeable = False
    return positions


def _refuse(fault: str | None) -> None:
    if fault:
        raise RefusedError(fault)


def _streamed(trace: Trace, place: str, stream: Stream, metadata: Any, told: str) -> StreamedTrace:  # noqa: ANN401  (pyarrow has no types)
    """Open a whole frame of many rows."""
    found = os.fstat(stream.fileno())
    check_sizes(metadata, stream, found.st_size, MAX_STREAMED_ROWS)
    if any(metadata.row_group(i).num_rows > MAX_GROUP_ROWS for i in range(metadata.num_row_groups)):
        raise RefusedError(f"has a chunk of more than {MAX_GROUP_ROWS:,} rows, too many for a file of this size")
    file = {"rows": metadata.num_rows, "file_sha256": _sha256(stream), "stamp": _stamp(found)}
    return from_file(StreamedTrace(**_values(trace), **file, told_sha256=told), place, file["file_sha256"])


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is written to, or another one takes its place."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _values(trace: Trace) -> dict[str, Any]:
    """Values of a plain trace by name."""
    return {field.name: getattr(trace, field.name) for field in fields(Trace)}


@dataclass(frozen=True)
class StreamedTrace(Trace):
    """A full-frame trace whose rows stay in its file; the arrays of rows of a plain trace are empty here."""

    rows: int = 0
    """Queries in the file."""
    file_sha256: str = ""
    """Of the bytes of the file."""
    stamp: tuple[int, ...] = ()
    """Which state of the file was opened."""
    told_sha256: str = ""
    """Of the contents, as the file says, or empty; :func:`ngpc_sim.trace.verifying.verify` compares it."""

    def _own_sha256(self) -> str:
        return hashlib.sha256(f"{contents_sha256(self)} {self.file_sha256}".encode()).hexdigest()

    @property
    def recorded(self) -> int:
        """Queries in the file."""
        return self.rows

    def blocks(self, *, positions: bool = True) -> Iterator[tuple[Any, ...]]:
        """Yield invocations (n,), tiles (n,) and, if asked for, positions (n, D) of all rows in order.

        Raises ``UserError`` when the file is damaged, or is not the one that was opened.
        """
        names = columns_of(self.n_dims if positions else 0, several=bool(self.networks))
        with self._file() as file:
            for first in range(0, file.num_row_groups, GROUPS_AT_ONCE):
                groups = list(range(first, min(first + GROUPS_AT_ONCE, file.num_row_groups)))
                columns = _columns(file, groups, names)
                if self.networks:
                    _refuse(networks_flaw(self, columns[0], columns.pop(2)))
                yield (*columns[:2], _finite(np.column_stack(columns[2:]))) if positions else tuple(columns)

    def column(self, name: str) -> Iterator[Array]:
        """Yield a column (n,) of all rows in order, as the file has it. Raises ``UserError`` like :meth:`blocks`."""
        with self._file() as file:
            for group in range(file.num_row_groups):
                yield _columns(file, [group], [name])[0]

    def positions_of(self, rows: Array) -> Array:
        """(n, D) float32 positions of recorded queries, by their ascending numbers ``rows`` (n,).

        Only the row groups that hold them are read, a few at a time. Raises ``UserError`` like :meth:`blocks`.
        """
        names = columns_of(self.n_dims)[2:]
        answer = np.empty((len(rows), self.n_dims), np.float32)
        with self._file() as file:
            sizes = np.array([file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)], np.int64)
            starts = np.cumsum(sizes) - sizes
            group_of = np.searchsorted(starts, rows, side="right") - 1
            needed = np.unique(group_of)
            for first in range(0, len(needed), GROUPS_AT_ONCE):
                groups = needed[first : first + GROUPS_AT_ONCE]
                low, high = np.searchsorted(group_of, [groups[0], groups[-1] + 1])
                shifts = np.cumsum(sizes[groups]) - sizes[groups] - starts[groups]
                inside = rows[low:high] + shifts[np.searchsorted(groups, group_of[low:high])]
                for dim, column in enumerate(_columns(file, groups.tolist(), names)):
                    answer[low:high, dim] = column[inside]
            return _finite(answer)

    @contextmanager
    def _file(self) -> Iterator[Any]:
        """The opened file; what is wrong with it becomes one sentence."""
        with _one_sentence(self.place), damage("is damaged"):
            if _stamp(Path(self.place).stat()) != self.stamp:
                raise RefusedError("has changed since it was opened")
            yield parquet_file(self.place)

    def limited(self, n: int) -> Trace:
        """Keep the first ``n`` recorded queries, in memory, standing only for themselves."""
        if n > HELD_ROWS:
            raise UserError(f"The trace {self.name} can be limited to at most {HELD_ROWS:,} queries, not to {n:,}.")
        parts, count = [], 0
        for part in self.blocks():
            parts.append(part)
            count += len(part[0])
            if count >= n:
                break
        invocations, tiles, positions = (np.concatenate(column) for column in zip(*parts, strict=True))
        rows = {"invocations": invocations, "tiles": tiles, "positions": positions}
        return Trace(**_values(self) | rows).limited(n)


def _finite(positions: Array) -> Array:
    if not np.isfinite(positions).all():
        raise RefusedError(NOT_FINITE)
    return positions


def _columns(file: Any, groups: list[int], names: list[str]) -> list[Array]:  # noqa: ANN401
    """Columns of some row groups, one after the other."""
    return columns_in(file.read_row_groups(groups, columns=names, use_threads=n_threads() > 1).select(names))
