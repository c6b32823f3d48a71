"""Traces as Parquet files: one row a query in the order issued, one row group a chunk.

Columns ``invocation, tile`` (int32) and ``x, y[, z]`` (float32); everything else is one JSON value in the
file's metadata, key ``ngpc_sim.trace``; ``docs/traces.md`` has the whole format. The same trace gives the
same bytes under one pyarrow version. This file is the only door to pyarrow and fsspec for traces.
"""

from __future__ import annotations

import difflib
import hashlib
import io
import json
import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.trace.contents import APPS, DIMENSIONS, MAX_INVOCATIONS, Trace, contents_sha256, described, flaw

__all__ = ["Trace", "bundled_traces", "load_trace", "write_trace"]

FORMAT_VERSION = 1
METADATA_KEY = b"ngpc_sim.trace"
SUFFIX = ".trace.parquet"
ROW_GROUP_ROWS = 1 << 16
"""Rows a chunk; a reader never needs more than one chunk at a time."""
MAX_ROWS = 200_000_000
"""Rows accepted: 4 GB of columns, well above a full 4K NeRF frame at 20 queries per pixel."""
MAX_FILE_BYTES = 8 << 30
MAX_METADATA_BYTES = 64 << 20
MAX_TILES = 1 << 24
_ZSTD_LEVEL = 19
_DEFAULT_RESOLUTION = "-fhd"
_KEYS: dict[str, type] = {
    "format_version": int,
    "app": str,
    "scene": str,
    "camera": str,
    "width": int,
    "height": int,
    "seed": int,
    "tool_version": str,
    "tile_pixels": list,
    "tile_weights": list,
    "profile": list,
    "phases": list,
}
_OPTIONAL_KEYS: dict[str, type] = {"contents_sha256": str}


def bundled_traces() -> list[str]:
    """Names of the traces that come with the package, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in bundled.folder("traces").glob("*" + SUFFIX))


def write_trace(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write ``trace`` to a local ``path``, all of it or nothing."""
    fault = flaw(trace)
    if fault:
        raise UserError(f"The trace {trace.name!r} cannot be written because it {fault}.")
    target = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name + ".", delete=False) as file:
            temporary = Path(file.name)
            file.write(_encoded(trace))
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        raise UserError(f"The trace could not be written to {target}: {reason_of(error)}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def load_trace(source: str | os.PathLike[str]) -> Trace:
    """Read a trace from a bundled name (``nerf-room-fhd`` or ``nerf-room``), a path or an fsspec URL.

    Raises ``UserError`` for whatever is not a whole, undamaged trace file of this format version.
    """
    place, name = located(source)
    data = _read_bytes(place)
    if not data:
        raise UserError(f"The trace {place} is empty.")
    if data[:4] != b"PAR1":
        raise UserError(f"The trace {place} is not a Parquet file.")
    try:
        return _decoded(data, name)
    except RefusedError as refused:
        raise UserError(f"The trace {place} {refused}.") from refused


class RefusedError(Exception):
    """Ends the sentence ``The trace PLACE ...``."""


def located(source: str | os.PathLike[str]) -> tuple[str, str]:
    """Path or URL of a source, and the trace's name."""
    text = os.fspath(source)
    name = PurePosixPath(text.replace("\\", "/")).name.removesuffix(SUFFIX).removesuffix(".parquet")
    if "://" in text:
        return text, name
    known = bundled_traces()
    for candidate in (text, text + _DEFAULT_RESOLUTION):
        if candidate in known:
            return str(bundled.folder("traces") / (candidate + SUFFIX)), candidate
    looks_like_path = isinstance(source, os.PathLike) or "/" in text or os.sep in text or "." in text
    if looks_like_path or Path(text).exists():
        return text, name
    nearest = difflib.get_close_matches(text, known, n=1, cutoff=0.0)
    hint = f"the nearest known is {nearest[0]!r}" if nearest else "none is bundled here"
    raise UserError(f"No trace is called {text!r}; {hint}, and a path or a URL works too.")


def _read_bytes(place: str) -> bytes:
    try:
        if "://" not in place:
            with Path(place).open("rb") as file:
                return _read_bounded(file)
        import fsspec  # noqa: PLC0415  (slow to import, needed only here)

        with fsspec.open(place, "rb") as file:
            return _read_bounded(file)
    except FileNotFoundError as error:
        raise UserError(f"There is no trace at {place}.") from error
    except (OSError, ImportError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise UserError(f"The trace {place} could not be read: {reason_of(error)}.") from error


def _read_bounded(file: IO[bytes]) -> bytes:
    """Read a whole file, but never more than MAX_FILE_BYTES."""
    data = bytes(file.read(MAX_FILE_BYTES + 1))
    if len(data) > MAX_FILE_BYTES:
        raise OSError(f"it has more than {MAX_FILE_BYTES} bytes")
    return data


def reason_of(error: BaseException) -> str:
    """First sentence of an exception's text, without its full stop."""
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
    return text.splitlines()[0].split(". ")[0].rstrip(".") if text else type(error).__name__


def columns_of(n_dims: int) -> list[str]:
    return ["invocation", "tile", *"xyz"[:n_dims]]


def schema_of(n_dims: int) -> Any:  # noqa: ANN401  (pyarrow has no types)
    import pyarrow as pa  # noqa: PLC0415

    names = columns_of(n_dims)
    types = [pa.int32(), pa.int32()] + [pa.float32()] * n_dims
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in zip(names, types, strict=True)])


def _encoded(trace: Trace) -> bytes:
    """Return the file's bytes."""
    import pyarrow as pa  # noqa: PLC0415

    described_by = {**described(trace), "contents_sha256": contents_sha256(trace)}
    arrays = [trace.invocations, trace.tiles, *trace.positions.T]
    schema = schema_of(trace.n_dims)
    table = pa.Table.from_arrays(
        [pa.array(np.ascontiguousarray(a), field.type) for a, field in zip(arrays, schema, strict=True)],
        schema=schema,
    )
    buffer = io.BytesIO()
    with parquet_writer(buffer, trace.n_dims, _ZSTD_LEVEL) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        writer.add_key_value_metadata(metadata_of(described_by))
    return buffer.getvalue()


def parquet_writer(target: Any, n_dims: int, compression_level: int) -> Any:  # noqa: ANN401
    """Writer of a trace's rows; integers as deltas, floats split by byte, so that zstd finds what repeats."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    integers = dict.fromkeys(columns_of(0), "DELTA_BINARY_PACKED")
    floats = dict.fromkeys(columns_of(n_dims)[2:], "BYTE_STREAM_SPLIT")
    return pq.ParquetWriter(
        target,
        schema_of(n_dims),
        compression="zstd",
        compression_level=compression_level,
        use_dictionary=False,
        column_encoding=integers | floats,
        write_statistics=False,
        store_schema=False,
        write_page_checksum=True,
    )


def metadata_of(description: dict[str, Any]) -> dict[bytes, bytes]:
    """Return the file's own metadata: what :func:`described` says of a trace, and its checksum where it has one."""
    text = json.dumps({"format_version": FORMAT_VERSION, **description}, sort_keys=True, separators=(",", ":"))
    return {METADATA_KEY: text.encode()}


def _decoded(data: bytes, name: str) -> Trace:
    """Build a trace from a file's bytes; sizes are checked from the metadata before memory is taken."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    damage = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError)
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        metadata = file.metadata.metadata or {}
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
    except damage as error:
        raise RefusedError(f"is damaged or cut short: {reason_of(error)}") from error
    if METADATA_KEY not in metadata:
        raise RefusedError(f"is a Parquet file without the metadata key {METADATA_KEY.decode()}")
    header = header_of(metadata[METADATA_KEY])
    check_shape(schema, n_rows, file.metadata, DIMENSIONS[header["app"]])
    try:
        table = file.read(use_threads=False)
        columns = [_numpy(table.column(i), n_rows) for i in range(table.num_columns)]
    except damage as error:
        raise RefusedError(f"is damaged: {reason_of(error)}") from error
    trace = built(header, columns, name, hashlib.sha256(data).hexdigest())
    fault = flaw(trace)
    if fault:
        raise RefusedError(fault)
    if header.get("contents_sha256", "") not in ("", contents_sha256(trace)):
        raise RefusedError("is damaged: its contents do not match their checksum")
    return trace


def check_shape(schema: Any, n_rows: int, metadata: Any, n_dims: int, max_rows: int | None = None) -> None:  # noqa: ANN401
    """Refuse columns, row counts (above ``MAX_ROWS`` unless said) and claimed sizes that no trace has."""
    max_rows = max_rows or MAX_ROWS
    if schema.names != columns_of(n_dims) or [f.type for f in schema] != [f.type for f in schema_of(n_dims)]:
        wanted = ", ".join(columns_of(n_dims))
        raise RefusedError(f"does not have exactly the columns {wanted} as int32, int32 and float32")
    if n_rows == 0:
        raise RefusedError("has no queries")
    if not 0 < n_rows <= max_rows:
        raise RefusedError(f"claims {n_rows} rows, more than the {max_rows} accepted")
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) != n_rows or any(group.num_rows < 0 for group in groups):
        raise RefusedError("is damaged: its chunks do not add up to its rows")
    for group in groups:
        limit = 64 * group.num_rows + MAX_METADATA_BYTES
        chunks = [group.column(i) for i in range(group.num_columns)]
        if any(not 0 <= c.total_uncompressed_size <= limit or c.num_values != group.num_rows for c in chunks):
            raise RefusedError("is damaged: a chunk claims a size that its rows cannot have")


def _numpy(column: Any, n_rows: int) -> Any:  # noqa: ANN401
    """Turn a column into one array; a missing value or a wrong length is damage."""
    if column.null_count or len(column) != n_rows:
        raise ValueError("a column has missing values")
    return column.to_numpy()


def header_of(text: bytes) -> dict[str, Any]:
    """Parse and type-check the file's JSON value."""
    if len(text) > MAX_METADATA_BYTES:
        raise RefusedError("has a description that is too long")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError("is damaged: its description is not JSON") from error
    if not isinstance(header, dict):
        raise RefusedError("is damaged: its description is not a JSON object")
    version = header.get("format_version")
    if type(version) is not int:
        raise RefusedError("does not say its format version")
    if version != FORMAT_VERSION:
        raise RefusedError(f"has format version {version}, and this program reads version {FORMAT_VERSION}")
    for key, kind in (_KEYS | _OPTIONAL_KEYS).items():
        if (key in header or key in _KEYS) and type(header.get(key)) is not kind:
            raise RefusedError(f"has no valid {key!r} in its description")
    unknown = sorted(set(header) - set(_KEYS) - set(_OPTIONAL_KEYS))
    if unknown:
        raise RefusedError(f"has the unknown key {unknown[0]!r} in its description")
    if header["app"] not in APPS:
        raise RefusedError(f"has app {header['app']!r}, which should be one of {', '.join(APPS)}")
    return header


def built(header: dict[str, Any], columns: list[Any], name: str, sha256: str) -> Trace:
    try:
        profile = np.array(header["profile"], dtype=np.int64)
        weights = np.array(_expanded(header["tile_weights"], MAX_TILES, (int, float)), dtype=np.float64)
        phases = tuple(_expanded(header["phases"], MAX_INVOCATIONS, (str,)))
        tile_width, tile_height = header["tile_pixels"]
        _require_integers([*header["profile"], tile_width, tile_height])
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError("is damaged: its profile, phases, tile weights or tile size are not valid") from error
    return Trace(
        name=name,
        **{key: header[key] for key in ("app", "scene", "camera", "width", "height", "seed", "tool_version")},
        profile=profile,
        phases=phases,
        invocations=columns[0],
        tiles=columns[1],
        positions=np.column_stack(columns[2:]),
        tile_weights=weights,
        tile_pixels=(tile_width, tile_height),
        sha256=sha256,
    )


def _require_integers(values: list[Any]) -> None:
    if any(type(value) is not int for value in values):
        raise TypeError


def _expanded(runs: list[Any], limit: int, kinds: tuple[type, ...]) -> list[Any]:
    """Undo ``[value, how often]`` pairs, refusing more than ``limit`` values before making them."""
    if any(type(run[0]) not in kinds or type(run[1]) is not int or run[1] < 1 for run in runs):
        raise TypeError
    if sum(count for _, count in runs) > limit:
        raise OverflowError
    return [value for value, count in runs for _ in range(count)]
