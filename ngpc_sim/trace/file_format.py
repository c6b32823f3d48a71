"""The file format of traces: Parquet, one row a query in the order issued, one row group a chunk.

Columns ``invocation, tile[, network]`` (int32) and ``x, y[, z[, w]]`` (float32); everything else is one JSON value in
the file's metadata, key ``ngpc_sim.trace``; ``docs/trace-format.md`` has the whole format. The same trace gives the
same bytes under one pyarrow version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from ngpc_sim.trace.contents import (
    AXES,
    MAX_INVOCATIONS,
    MAX_PIXELS_PER_SIDE,
    MAX_PROFILES,
    Array,
    Trace,
)
from ngpc_sim.trace.page_sizes import page_sizes
from ngpc_sim.trace.profiles import FrameProfile

ONE_NETWORK, SEVERAL_NETWORKS = 1, 2
"""Format versions: a trace of one network has the first, which older programs read too."""
METADATA_KEY = b"ngpc_sim.trace"
ROW_GROUP_ROWS = 1 << 16
"""Rows a chunk; a reader never needs more than one chunk at a time."""
MAX_STREAMED_ROWS = 4_000_000_000
"""Rows of a full-frame trace: above an 8K NeRF frame of 43.6 queries per pixel."""
MAX_METADATA_BYTES = 64 << 20
MAX_SHOWN = 20
"""Characters of a wrong size that are shown."""
MAX_TILES = 1 << 20
"""Tiles of a trace: an 8K frame has 259,200 of 16x8 pixels."""
MAX_CHUNK_BYTES = 1 << 20
"""Bytes of a column of a chunk, before they are packed, beside 16 for each of its rows."""
FREE_BYTES, MAX_RATIO = 64 << 20, 64
"""Bytes of rows that any file may hold, and how many more for each of its own bytes; recorded ones have 2 to 4."""
_KEYS: dict[str, type] = {
    **dict.fromkeys(("format_version", "width", "height", "seed"), int),
    **dict.fromkeys(("app", "scene", "camera", "tool_version"), str),
    **dict.fromkeys(("tile_pixels", "tile_weights", "profile", "phases"), list),
}
_OPTIONAL_KEYS: dict[str, type] = {"contents_sha256": str, "profiles": dict}
_NETWORK_KEYS: dict[str, type] = {"networks": list, "invocation_networks": list}
"""Needed in files of several networks, unknown in others."""
_PROFILE_KEYS = {"profile", "phases"}
_SIZE = re.compile(r"([1-9][0-9]{0,6})x([1-9][0-9]{0,6})")


class RefusedError(Exception):
    """Ends the sentence ``The trace PLACE ...``."""


def reason_of(error: BaseException) -> str:
    """First sentence of an exception's text, without its full stop."""
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
    return text.splitlines()[0].split(". ")[0].rstrip(".") if text else type(error).__name__


@contextmanager
def damage(words: str) -> Iterator[None]:
    """Turn what pyarrow says of a broken file into a refusal, which starts with ``words``."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError) as error:
        raise RefusedError(f"{words}: {reason_of(error)}") from error


def columns_of(n_dims: int, *, several: bool = False) -> list[str]:
    """Names of the columns of a trace with so many position components, of one or ``several`` networks."""
    return ["invocation", "tile", *(["network"] if several else []), *AXES[:n_dims]]


def schema_of(n_dims: int, *, several: bool = False) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Columns with their types."""
    import pyarrow as pa  # noqa: PLC0415

    names = columns_of(n_dims, several=several)
    types = {name: pa.float32() if name in AXES else pa.int32() for name in names}
    return pa.schema([pa.field(name, types[name], nullable=False) for name in names])


def parquet_writer(target: Any, schema: Any, compression_level: int) -> Any:  # noqa: ANN401
    """Writer of a trace's rows; integers as deltas, floats split by byte, so that zstd finds what repeats."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    encodings = {name: "BYTE_STREAM_SPLIT" if name in AXES else "DELTA_BINARY_PACKED" for name in schema.names}
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        compression_level=compression_level,
        use_dictionary=False,
        column_encoding=encodings,
        write_statistics=False,
        store_schema=False,
        write_page_checksum=True,
    )


def parquet_file(source: Any) -> Any:  # noqa: ANN401
    """Parquet file of a path or a stream, whose pages are checked as they are read."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.ParquetFile(source, page_checksum_verification=True)


def columns_in(table: Any) -> list[Array]:  # noqa: ANN401
    """Columns of a table as arrays; a missing value is damage."""
    if any(column.null_count for column in table.columns):
        raise ValueError("a column has missing values")
    return [column.to_numpy() for column in table.columns]


def metadata_of(description: dict[str, Any]) -> dict[bytes, bytes]:
    """Return the file's own metadata: what :func:`described` says of a trace, and its checksum where it has one."""
    version = SEVERAL_NETWORKS if "networks" in description else ONE_NETWORK
    text = json.dumps({"format_version": version, **description}, sort_keys=True, separators=(",", ":"))
    return {METADATA_KEY: text.encode()}


def dimensions_of(schema: Any, *, several: bool) -> int:  # noqa: ANN401
    """Position components of a file's rows, of one or ``several`` networks; columns that no trace has are refused."""
    n_dims = len(schema.names) - len(columns_of(0, several=several))
    if 2 <= n_dims <= len(AXES):
        wanted = schema_of(n_dims, several=several)
        if schema.names == wanted.names and [f.type for f in schema] == [f.type for f in wanted]:
            return n_dims
    integers = columns_of(0, several=several)
    raise RefusedError(
        f"does not have exactly the columns {', '.join(integers)} as int32, then x, y and perhaps z and w as float32"
    )


def check_sizes(metadata: Any, stream: IO[bytes], file_bytes: int, max_rows: int) -> None:  # noqa: ANN401
    """Refuse row counts and claimed sizes that no trace has, before memory is taken."""
    _check_rows(metadata, file_bytes, max_rows)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) != metadata.num_rows or any(group.num_rows < 0 for group in groups):
        raise RefusedError("is damaged: its chunks do not add up to its rows")
    for group in groups:
        limit = 16 * group.num_rows + MAX_CHUNK_BYTES
        for chunk in map(group.column, range(group.num_columns)):
            with damage("is damaged"):
                unpacked = max(chunk.total_uncompressed_size, sum(page_sizes(stream, chunk)))
            if not 0 <= unpacked <= limit or chunk.num_values != group.num_rows:
                raise RefusedError("is damaged: a chunk claims a size that its rows cannot have")


def _check_rows(metadata: Any, file_bytes: int, max_rows: int) -> None:  # noqa: ANN401
    """Refuse rows that the bytes of a file cannot hold, and bytes that its rows cannot need."""
    n_rows, row_bytes = metadata.num_rows, 4 * metadata.num_columns
    if n_rows == 0:
        raise RefusedError("has no queries")
    if not 0 < n_rows <= max_rows:
        raise RefusedError(f"claims {n_rows} rows, more than the {max_rows} accepted")
    if n_rows * row_bytes > FREE_BYTES + MAX_RATIO * file_bytes:
        raise RefusedError(f"claims {n_rows} rows, more than its {file_bytes} bytes can hold of a recorded frame")
    if file_bytes > MAX_METADATA_BYTES + 2 * n_rows * row_bytes:
        raise RefusedError(f"has {file_bytes} bytes, more than its {n_rows} rows can need")
    if metadata.num_row_groups > n_rows:
        raise RefusedError("is damaged: it has more chunks than rows")


def header_of(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Parse and type-check the JSON value in a file's metadata."""
    text = metadata.get(METADATA_KEY)
    if text is None:
        raise RefusedError(f"is a Parquet file without the metadata key {METADATA_KEY.decode()}")
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
    if version not in (ONE_NETWORK, SEVERAL_NETWORKS):
        raise RefusedError(
            f"has format version {version}, and this program reads versions {ONE_NETWORK} and {SEVERAL_NETWORKS}"
        )
    _check_keys(header, _KEYS | (_NETWORK_KEYS if version == SEVERAL_NETWORKS else {}))
    if version == SEVERAL_NETWORKS and len(header["networks"]) < 2:
        raise RefusedError(f"has format version {SEVERAL_NETWORKS}, but does not name two or more networks")
    return header


def _check_keys(header: Mapping[str, Any], needed: dict[str, type]) -> None:
    """Refuse a header with a missing or unknown key, or a value of another type."""
    for key, kind in (needed | _OPTIONAL_KEYS).items():
        if (key in header or key in needed) and type(header.get(key)) is not kind:
            raise RefusedError(f"has no valid {key!r} in its description")
    unknown = sorted(set(header) - set(needed) - set(_OPTIONAL_KEYS))
    if unknown:
        raise RefusedError(f"has the unknown key {unknown[0]!r} in its description")


def without_rows(header: dict[str, Any], name: str, n_dims: int) -> Trace:
    """The trace that a header describes; its rows are not read yet."""
    try:
        profile = np.array(header["profile"], dtype=np.int64)
        weights = np.array(_expanded(header["tile_weights"], MAX_TILES, (int, float)), dtype=np.float64)
        phases = tuple(_expanded(header["phases"], MAX_INVOCATIONS, (str,)))
        tile_width, tile_height = header["tile_pixels"]
        _check_integers([*header["profile"], tile_width, tile_height])
        networks = _texts(header.get("networks", []))
        asked = np.array(_expanded(header.get("invocation_networks", []), MAX_INVOCATIONS, (int,)), dtype=np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        what = "profile, phases, tile weights, tile size or networks"
        raise RefusedError(f"is damaged: its {what} are not valid") from error
    return Trace(
        name=name,
        **{key: header[key] for key in ("app", "scene", "camera", "width", "height", "seed", "tool_version")},
        profile=profile,
        phases=phases,
        invocations=np.empty(0, np.int32),
        tiles=np.empty(0, np.int32),
        positions=np.empty((0, n_dims), np.float32),
        tile_weights=weights,
        tile_pixels=(tile_width, tile_height),
        profiles=_profiles(header.get("profiles", {})),
        networks=networks,
        invocation_networks=asked,
    )


def _profiles(found: dict[str, Any]) -> tuple[FrameProfile, ...]:
    """Profiles of other sizes, ascending by pixels."""
    if len(found) > MAX_PROFILES:
        raise RefusedError(f"has profiles of more than {MAX_PROFILES} other sizes")
    profiles = (_profile(size, value) for size, value in found.items())
    return tuple(sorted(profiles, key=lambda profile: profile.pixels))


def _profile(size: str, value: Any) -> FrameProfile:  # noqa: ANN401  (JSON)
    sides = _SIZE.fullmatch(size)
    if sides is None or max(map(int, sides.groups())) > MAX_PIXELS_PER_SIDE:
        raise RefusedError(f"has a profile of the size {size[:MAX_SHOWN]!r}, which is not WIDTHxHEIGHT in pixels")
    if type(value) is not dict or set(value) != _PROFILE_KEYS or any(type(part) is not list for part in value.values()):
        raise RefusedError(f"has no valid profile of {size}")
    try:
        _check_integers(value["profile"])
        phases = _expanded(value["phases"], MAX_INVOCATIONS, (str,))
    except (TypeError, OverflowError) as error:
        raise RefusedError(f"has no valid profile of {size}") from error
    width, height = map(int, sides.groups())
    return FrameProfile.recorded(width, height, value["profile"], phases)


def _check_integers(values: list[Any]) -> None:
    if any(type(value) is not int for value in values):
        raise TypeError


def _texts(values: list[Any]) -> tuple[str, ...]:
    if any(type(value) is not str for value in values):
        raise TypeError
    return tuple(values)


def _expanded(runs: list[Any], limit: int, kinds: tuple[type, ...]) -> list[Any]:
    """Undo ``[value, how often]`` pairs, refusing more than ``limit`` values before making them."""
    if any(type(run) is not list or len(run) != 2 for run in runs):
        raise TypeError
    if any(type(run[0]) not in kinds or type(run[1]) is not int or run[1] < 1 for run in runs):
        raise TypeError
    if sum(count for _, count in runs) > limit:
        raise OverflowError
    return [value for value, count in runs for _ in range(count)]
