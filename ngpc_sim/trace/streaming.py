"""Traces that record every screen tile of their frame: written and read a few row groups at a time.

Such a file has the format of all others. What it holds beyond memory stays on disk: :class:`StreamedTrace` knows the
frame, and reads its rows in order each time they are asked for.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.threads import n_threads
from ngpc_sim.trace import store
from ngpc_sim.trace.contents import DIMENSIONS, Trace, description_flaw
from ngpc_sim.trace.store import RefusedError, reason_of

if TYPE_CHECKING:
    from ngpc_sim.trace.loops.kernel_types import Array

HELD_ROWS = 1 << 22
"""Rows up to which a trace is read into memory, 80 MB."""
MAX_STREAMED_ROWS = 4_000_000_000
"""Rows of a full-frame trace: above an 8K NeRF frame of 43.6 queries per pixel."""
MAX_GROUP_ROWS = 1 << 20
"""Rows of one row group of a file that is streamed; files written here have 65,536."""
GROUPS_AT_ONCE = 16
_ZSTD_LEVEL = 3
"""Fast: a full frame is about a gigabyte of rows."""


@dataclass(frozen=True)
class StreamedTrace(Trace):
    """A full-frame trace whose rows stay in its file; the arrays of rows of a plain trace are empty here."""

    path: str = ""
    rows: int = 0
    """Queries in the file."""

    @property
    def recorded(self) -> int:
        """Queries in the file."""
        return self.rows

    @property
    def n_dims(self) -> int:
        """Position components per query."""
        return DIMENSIONS[self.app]

    def blocks(self, *, positions: bool = True) -> Iterator[tuple[Any, ...]]:
        """Yield invocations (n,), tiles (n,) and, if asked for, positions (n, D) of all rows in order.

        Raises ``UserError`` when the file is damaged, or is not the one that was opened.
        """
        names = store.columns_of(self.n_dims if positions else 0)
        with self._refusals():
            file = self._file()
            for first in range(0, file.num_row_groups, GROUPS_AT_ONCE):
                groups = list(range(first, min(first + GROUPS_AT_ONCE, file.num_row_groups)))
                columns = _columns(file, groups, names)
                yield (*columns[:2], np.column_stack(columns[2:])) if positions else tuple(columns)

    def positions_of(self, rows: Array) -> Array:
        """(n, D) float32 positions of recorded queries, by their ascending numbers ``rows`` (n,).

        Only the row groups that hold them are read, a few at a time. Raises ``UserError`` like :meth:`blocks`.
        """
        names = store.columns_of(self.n_dims)[2:]
        answer = np.empty((len(rows), self.n_dims), np.float32)
        with self._refusals():
            file = self._file()
            sizes = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
            ends = np.cumsum(sizes, dtype=np.int64)
            group_of = np.searchsorted(ends, rows, side="right")
            needed = np.unique(group_of)
            for first in range(0, len(needed), GROUPS_AT_ONCE):
                groups = needed[first : first + GROUPS_AT_ONCE]
                starts = np.r_[0, np.cumsum(ends[groups] - np.r_[0, ends][groups])[:-1]]
                low, high = np.searchsorted(group_of, [groups[0], groups[-1] + 1])
                which = np.searchsorted(groups, group_of[low:high])
                inside = starts[which] + rows[low:high] - np.r_[0, ends][groups[which]]
                for dim, column in enumerate(_columns(file, groups.tolist(), names)):
                    answer[low:high, dim] = column[inside]
        return answer

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn what is wrong with the file into one sentence."""
        try:
            yield
        except _damage() as error:
            raise UserError(f"The trace {self.path} is damaged: {reason_of(error)}.") from error
        except RefusedError as refused:
            raise UserError(f"The trace {self.path} {refused}.") from refused

    def _file(self) -> Any:  # noqa: ANN401  (pyarrow has no types)
        file = _opened(self.path)
        if file.metadata.num_rows != self.rows:
            raise RefusedError("has changed since it was opened")
        return file

    def limited(self, n: int) -> Trace:
        """Keep the first ``n`` recorded queries, in memory, standing only for themselves."""
        if n > HELD_ROWS and n < self.rows:
            raise UserError(f"The trace {self.name} can be limited to at most {HELD_ROWS:,} queries, not to {n:,}.")
        parts, count = [], 0
        for part in self.blocks():
            parts.append(part)
            count += len(part[0])
            if count >= n or count > HELD_ROWS:
                break
        invocations, tiles, positions = (np.concatenate(column) for column in zip(*parts, strict=True))
        known = {name: getattr(self, name) for name in Trace.__dataclass_fields__}
        return Trace(**known | {"invocations": invocations, "tiles": tiles, "positions": positions}).limited(n)


def load_trace(source: str | os.PathLike[str]) -> Trace:
    """Read a trace, or open it where it records a whole frame in a local file and memory should not hold it."""
    place, name = store.located(source)
    if "://" not in place and Path(place).is_file():
        try:
            streamed = _streamed(place, name)
        except RefusedError as refused:
            raise UserError(f"The trace {place} {refused}.") from refused
        if streamed is not None:
            return streamed
    return store.load_trace(source)


def _streamed(place: str, name: str) -> StreamedTrace | None:
    """Open a full-frame trace of many rows; ``None`` for what :func:`ngpc_sim.trace.store.load_trace` reads."""
    try:
        file = _opened(place)
        metadata, schema = file.metadata, file.schema_arrow
        n_rows, text = metadata.num_rows, (metadata.metadata or {}).get(store.METADATA_KEY)
    except _damage():
        return None  # the plain reader says what is wrong
    if text is None or n_rows <= HELD_ROWS:
        return None
    header = store.header_of(text)
    dims = DIMENSIONS[header["app"]]
    none = [np.empty(0, np.int32)] * 2 + [np.empty(0, np.float32)] * dims
    trace = store.built(header, none, name, "-")
    if not trace.is_full_frame:
        return None
    store.check_shape(schema, n_rows, metadata, dims, MAX_STREAMED_ROWS)
    if any(metadata.row_group(i).num_rows > MAX_GROUP_ROWS for i in range(metadata.num_row_groups)):
        raise RefusedError(f"has a chunk of more than {MAX_GROUP_ROWS:,} rows, too many for a file of this size")
    fault = description_flaw(trace)
    if fault:
        raise RefusedError(fault)
    with Path(place).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    known = {name: getattr(trace, name) for name in Trace.__dataclass_fields__}
    return StreamedTrace(**known | {"sha256": digest}, path=place, rows=n_rows)


def _opened(place: str) -> Any:  # noqa: ANN401  (pyarrow has no types)
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.ParquetFile(place, page_checksum_verification=True)


def _damage() -> tuple[type[BaseException], ...]:
    import pyarrow as pa  # noqa: PLC0415

    return pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError


def _columns(file: Any, groups: list[int], names: list[str]) -> list[Any]:  # noqa: ANN401
    """Columns of some row groups, one after the other."""
    table = file.read_row_groups(groups, columns=names, use_threads=n_threads() > 1)
    return [_whole(table.column(name)) for name in names]


def _whole(column: Any) -> Any:  # noqa: ANN401
    if column.null_count:
        raise ValueError("a column has missing values")
    return column.to_numpy()


class TraceWriter:
    """Writes a trace's rows as they come; the target is replaced when :meth:`finish` has all of it, or never."""

    def __init__(self, path: str | os.PathLike[str], n_dims: int) -> None:
        self._target, self._schema = Path(path), store.schema_of(n_dims)
        self.rows = 0
        self._held: list[list[Any]] = [[] for _ in self._schema]
        self._waiting = 0
        try:
            with tempfile.NamedTemporaryFile(
                dir=self._target.parent, prefix=self._target.name + ".", delete=False
            ) as file:
                self._temporary = Path(file.name)
            self._writer = store.parquet_writer(self._temporary, n_dims, _ZSTD_LEVEL)
        except OSError as error:
            raise self._failed(error) from error

    def add(self, invocations: Any, tiles: Any, positions: Any) -> None:  # noqa: ANN401
        """Write the next rows: (n,), (n,) and (n, D)."""
        self.rows += len(invocations)
        if self.rows > MAX_STREAMED_ROWS:
            raise UserError(f"A trace has at most {MAX_STREAMED_ROWS:,} rows; record fewer tiles.")
        for held, column in zip(self._held, (invocations, tiles, *positions.T), strict=True):
            held.append(np.ascontiguousarray(column))
        self._waiting += len(invocations)
        if self._waiting >= store.ROW_GROUP_ROWS:
            self._flush(self._waiting // store.ROW_GROUP_ROWS * store.ROW_GROUP_ROWS)

    def finish(self, description: dict[str, Any]) -> None:
        """Write what is left and what is known of the trace; it takes its place."""
        try:
            self._flush(self._waiting)
            self._writer.add_key_value_metadata(store.metadata_of(description))
            self._writer.close()
            self._temporary.chmod(0o644)
            self._temporary.replace(self._target)
        except OSError as error:
            raise self._failed(error) from error

    def discard(self) -> None:
        """Remove what is not finished; nothing after :meth:`finish`."""
        self._writer.close()
        self._temporary.unlink(missing_ok=True)

    def _flush(self, n: int) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if n == 0:
            return
        columns = [np.concatenate(held) for held in self._held]
        arrays = [pa.array(column[:n], field.type) for column, field in zip(columns, self._schema, strict=True)]
        try:
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), store.ROW_GROUP_ROWS)
        except OSError as error:
            raise self._failed(error) from error
        self._held = [[column[n:].copy()] for column in columns]
        self._waiting -= n

    def _failed(self, error: OSError) -> UserError:
        return UserError(f"The trace could not be written to {self._target}: {reason_of(error)}.")
