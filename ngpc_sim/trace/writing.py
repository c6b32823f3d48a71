"""Traces into files: rows as they come, all of the file or nothing of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.machine.ending import gone_at_the_end
from ngpc_sim.machine.leftovers import own_prefix, sweep
from ngpc_sim.machine.whole_files import check_target
from ngpc_sim.trace import file_format
from ngpc_sim.trace.contents import Array, Trace, contents_sha256, described, flaw
from ngpc_sim.trace.file_format import MAX_STREAMED_ROWS, metadata_of, parquet_writer, reason_of, schema_of

SMALL, FAST = 19, 3
"""Levels of zstd: for traces that are kept, and for whole frames, which are about a gigabyte of rows."""


class RowWriter:
    """Writes a trace's rows as they come; the target is replaced when :meth:`finish` has all of it, or never."""

    def __init__(
        self, path: str | os.PathLike[str], n_dims: int, compression_level: int = FAST, *, several: bool = False
    ) -> None:
        self._target, self._schema = Path(path), schema_of(n_dims, several=several)
        self.rows = 0
        self._held: list[list[Array]] = [[] for _ in self._schema]
        self._waiting = 0
        check_target(self._target)
        with self._reported():
            sweep(self._target.parent)
            with tempfile.NamedTemporaryFile(dir=self._target.parent, prefix=own_prefix(), delete=False) as file:
                self._temporary = Path(file.name)
            self._kept = ExitStack()
            self._kept.enter_context(gone_at_the_end(self._temporary))
            self._writer = parquet_writer(self._temporary, self._schema, compression_level)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._kept.close()

    def add(self, invocations: Array, tiles: Array, positions: Array, networks: Array | None = None) -> None:
        """Write the next rows: (n,), (n,) and (n, D), and (n,) where the trace has several networks."""
        self.rows += len(invocations)
        if self.rows > MAX_STREAMED_ROWS:
            raise UserError(f"A trace has at most {MAX_STREAMED_ROWS:,} rows; record fewer tiles.")
        columns = (invocations, tiles, *([] if networks is None else [networks]), *positions.T)
        for held, column in zip(self._held, columns, strict=True):
            held.append(np.ascontiguousarray(column))
        self._waiting += len(invocations)
        chunk = file_format.ROW_GROUP_ROWS
        if self._waiting >= chunk:
            self._flush(self._waiting // chunk * chunk)

    def finish(self, description: dict[str, Any]) -> None:
        """Write what is left and what is known of the trace; it takes its place."""
        self._flush(self._waiting)
        with self._reported():
            self._writer.add_key_value_metadata(metadata_of(description))
            self._writer.close()
            with self._temporary.open("rb") as file:
                os.fsync(file.fileno())
            self._temporary.chmod(0o644)
            self._temporary.replace(self._target)

    def _flush(self, n: int) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if n == 0:
            return
        columns = [np.concatenate(held) for held in self._held]
        arrays = [pa.array(column[:n], field.type) for column, field in zip(columns, self._schema, strict=True)]
        with self._reported():
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), file_format.ROW_GROUP_ROWS)
        self._held = [[column[n:].copy()] for column in columns]
        self._waiting -= n

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn a failure of the disk into one sentence."""
        try:
            yield
        except OSError as error:
            raise UserError(f"The trace could not be written to {self._target}: {reason_of(error)}.") from error


def write_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write ``trace`` to a local ``path``, all of it or nothing."""
    fault = flaw(trace)
    if fault:
        raise UserError(f"The trace '{trace.name}' cannot be written because it {fault}.")
    several = bool(trace.networks)
    with RowWriter(path, trace.n_dims, SMALL, several=several) as writer:
        networks = trace.networks_of(trace.invocations) if several else None
        writer.add(trace.invocations, trace.tiles, trace.positions, networks)
        writer.finish(described(trace) | {"contents_sha256": contents_sha256(trace)})
