"""Where a trace is: a bundled name, a file of this machine, or a URL.

A URL names one of ``PROTOCOLS`` and no chain of them, for fsspec's others open files inside files, or build them from
templates that can run commands. Bytes from elsewhere come in pieces, at most ``MAX_REMOTE_BYTES`` of them, and only
while they may be a trace.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from io import BufferedReader
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from typing import Any

from ngpc_sim.config import bundled
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.config.schema import choices
from ngpc_sim.config.texts import MAX_NAME, printable
from ngpc_sim.config.yaml_files import is_file
from ngpc_sim.trace.file_format import reason_of

SUFFIX = ".trace.parquet"
MAGIC = b"PAR1"
PROTOCOLS = ("abfs", "az", "file", "gcs", "gs", "http", "https", "memory", "s3")
MAX_REMOTE_BYTES = 1 << 30
HELD_BYTES = 64 << 20
"""Bytes from elsewhere that stay in memory; more of them wait in a temporary file."""
PIECE_BYTES = 1 << 20
PIECE_S, WHOLE_S = 20.0, 300.0
"""Seconds that a piece from elsewhere, and all of them, may take."""
_DEFAULT_RESOLUTION = "-fhd"
Stream = BufferedReader | tempfile.SpooledTemporaryFile[bytes]


def bundled_traces() -> list[str]:
    """Names of the traces that come with the package, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in bundled.folder("traces").glob("*" + SUFFIX))


def located(source: str | os.PathLike[str]) -> tuple[str, str]:
    """Path or URL of a source, and the trace's name."""
    text = os.fspath(source).removeprefix("file://")
    file = PurePosixPath(text.replace("\\", "/")).name.removesuffix(SUFFIX).removesuffix(".parquet")
    name = printable(file)[:MAX_NAME]
    if "://" in text:
        return text, name
    known = bundled_traces()
    for candidate in (text, text + _DEFAULT_RESOLUTION):
        if candidate in known:
            return str(bundled.folder("traces") / (candidate + SUFFIX)), candidate
    looks_like_path = isinstance(source, os.PathLike) or "/" in text or os.sep in text or "." in text
    if looks_like_path or is_file(Path(text)):
        return text, name
    if text.startswith("uniform-rays"):
        raise UserError(f"No trace is called '{text}': write uniform-rays-64, or uniform-rays-64-800x800.")
    hint = choices(text, known) if known else "none is bundled here"
    raise UserError(f"No trace is called '{text}'; {hint}; a path or a URL works too.")


def opened(place: str) -> Stream:
    """Stream of a local file, or of the bytes that stand behind a URL."""
    try:
        return _fetched(place) if "://" in place else open_file(Path(place))
    except UserError:
        raise
    except ImportError as error:
        remote = place.startswith(("http://", "https://"))
        how = "install ngpc-sim[remote]" if remote else reason_of(error)
        raise UserError(f"The trace {place} could not be read, for a package is missing: {how}.") from error
    except Exception as error:  # every protocol has errors of its own
        said = _said(error)
        raise UserError(
            f"The trace {place} could not be read: {said}." if said else f"There is no trace at {place}."
        ) from error


def _said(error: Exception) -> str:
    """What went wrong, as the end of a sentence; nothing where there is no such file."""
    found = error.__cause__ or error  # fsspec takes whatever went wrong with http for a missing file
    status = getattr(found, "status", None)
    if status in {404, 410} or isinstance(found, FileNotFoundError):
        return ""
    if isinstance(status, int):
        return f"its server answers {status} {getattr(found, 'message', '')}"
    return reason_of(found)


def _fetched(url: str) -> Stream:
    """All bytes behind a URL; what does not begin like a trace is left there."""
    if "::" in url or url.partition("://")[0] not in PROTOCOLS:
        raise UserError(f"The trace {url} is not read: a URL begins with {', '.join(PROTOCOLS)} and names one file.")
    with ExitStack() as on_error:
        stream = on_error.enter_context(tempfile.SpooledTemporaryFile(HELD_BYTES))
        _fetch(url, stream)
        on_error.pop_all()
    stream.seek(0)
    return stream


def _fetch(url: str, stream: tempfile.SpooledTemporaryFile[bytes]) -> None:
    """Write what is behind a URL to a stream."""
    import fsspec  # noqa: PLC0415  (slow to import, needed only here)

    deadline = time.monotonic() + WHOLE_S
    with _in_time(lambda: fsspec.open(url, "rb", **_options(url)).open()) as file:
        while piece := _in_time(lambda: file.read(PIECE_BYTES)):
            stream.write(piece)
            if stream.tell() > MAX_REMOTE_BYTES:
                raise OSError(f"it has more than {MAX_REMOTE_BYTES >> 20} MiB, fetch it first")
            if time.monotonic() > deadline:
                raise TimeoutError(f"it took more than {WHOLE_S:g} s")
            if stream.tell() == len(piece) and not MAGIC.startswith(piece[: len(MAGIC)]):
                break


def _options(url: str) -> dict[str, Any]:
    """What a protocol is asked for: of http bytes in order, not packed, and not in blocks of a size that it chooses."""
    return {"block_size": 0, "client_kwargs": {"auto_decompress": False}} if url.startswith("http") else {}


def _in_time(call: Callable[[], Any]) -> Any:  # noqa: ANN401  (what the call gives)
    """What ``call`` gives or raises, on a thread that is left behind where it takes longer than ``PIECE_S``."""
    answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # noqa: BLE001  (raised below)
            answers.put((None, error))

    threading.Thread(target=answer, daemon=True).start()
    try:
        value, error = answers.get(timeout=PIECE_S)
    except Empty:
        raise TimeoutError(f"nothing came for {PIECE_S:g} s") from None
    if error is not None:
        raise error
    return value
