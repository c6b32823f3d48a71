"""A Parquet file in parts: a row group a table, written as the tables are made, so that no file is held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: rows of a table, above which a file of parts of results is Parquet, not CSV: about 10 MB of text (assumed)
MAX_CSV_ROWS = 100_000
#: rows of a row group: some 60 MB while it is made (assumed)
GROUP_ROWS = 100_000


class _Sink:
    """A file that keeps what was written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def write(self, part: Any) -> int:  # noqa: ANN401 - a buffer of pyarrow
        """Keep a part."""
        data = bytes(part)
        self._parts.append(data)
        self._length += len(data)
        return len(data)

    def tell(self) -> int:
        """Bytes written so far."""
        return self._length

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_parts(tables: Iterable[pa.Table]) -> Iterator[bytes]:
    """Parts of a file of ``tables``, one or more, all of the schema of the first; the same bytes for the same rows."""
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    sink, writer = _Sink(), None
    for table in tables:
        if writer is None:
            writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), table.schema, compression="zstd")
        writer.write_table(table)
        yield sink.taken()
    if writer is not None:
        writer.close()
        yield sink.taken()


def grouped_by_rows(counts: Sequence[int]) -> Iterator[range]:
    """Ranges of results that make a row group each, of results of so many rows."""
    first, rows = 0, 0
    for index, count in enumerate(counts):
        if rows and rows + count > GROUP_ROWS:
            yield range(first, index)
            first, rows = index, 0
        rows += count
    yield range(first, len(counts))
