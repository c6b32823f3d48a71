"""Sequences: a folder of traces, a frame each, and the index that says in which order they are shown.

The index names files of its own folder and their sha256. It is written last, so that a folder without it is incomplete.
Frames are read one at a time, when they are asked for: memory holds no more of them than the caller keeps.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.config.texts import MAX_NAME, is_line, printable
from ngpc_sim.machine.whole_files import write_whole
from ngpc_sim.trace.contents import MAX_TEXT, Trace
from ngpc_sim.trace.file_format import RefusedError, reason_of
from ngpc_sim.trace.reading import read_trace
from ngpc_sim.trace.sources import SUFFIX, bundled_traces
from ngpc_sim.workloads.apps import NAME_RULE, is_app_name

INDEX = "index.json"
FORMAT, FORMAT_VERSION = "ngpc-sim sequence", 1
MAX_FRAMES = 100_000
"""Frames of a sequence: 27 minutes at 60 a second."""
MAX_INDEX_BYTES = 18 << 20
"""Bytes of an index: enough for ``MAX_FRAMES`` frames with the longest names."""
MAX_FILE_NAME = 64
"""Characters of the name of a frame's file."""
TABLES = ("once", "every frame")
"""Whether all frames use the tables that are loaded, or each one loads its own."""
_KEYS = ("format", "format_version", "app", "scene", "path", "tables", "frames")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FrameFile:
    """A frame of a sequence: the name of its file inside the folder, and the sha256 of its bytes."""

    file: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FrameFile:
        """The frame in a file; an ``OSError`` says why it cannot be read."""
        with open_file(path) as stream:
            return cls(path.name, hashlib.file_digest(stream, "sha256").hexdigest())


@dataclass(frozen=True)
class SequenceFrame:
    """A frame with all that it needs to be read elsewhere, in another process for instance."""

    folder: Path
    file: str
    sha256: str
    app: str
    size: tuple[int, int]

    @property
    def name(self) -> str:
        """Name of the file without its endings, which is the name of its trace."""
        return self.file.removesuffix(SUFFIX)

    def load(self) -> Trace:
        """Trace of the frame.

        Raises
        ------
        UserError
            When the file is missing, damaged, changed since the index was written, or of another app or resolution.
        """
        return self.check(_load(self.folder, FrameFile(self.file, self.sha256)))

    def check(self, trace: Trace) -> Trace:
        """The trace, if it is of the sequence's app and resolution."""
        if trace.app != self.app:
            raise self._fault(f"records app '{trace.app}', and the sequence is of app '{self.app}'")
        if (trace.width, trace.height) != self.size:
            found, wanted = (f"{width}x{height}" for width, height in ((trace.width, trace.height), self.size))
            raise self._fault(f"has {found} pixels, and the first frame has {wanted}")
        return trace

    def _fault(self, words: str) -> UserError:
        return UserError(f"Frame {self.file} of the sequence {self.folder} {words}.")


@dataclass(frozen=True)
class TraceSequence:
    """Frames of one scene in the order in which they are shown; their traces stay in their files."""

    folder: Path
    sha256: str
    """Of the index, which has those of all frames."""
    app: str
    scene: str
    path: str
    """The way of the camera in words, such as ``orbit:60``."""
    own_tables: bool
    """Whether every frame loads tables of its own, as in an animated scene."""
    files: tuple[FrameFile, ...]
    size: tuple[int, int]
    """Width and height of every frame in pixels."""

    @property
    def name(self) -> str:
        """Name of the folder."""
        return printable(self.folder.resolve().name)[:MAX_NAME]

    def __len__(self) -> int:
        return len(self.files)

    def frame(self, number: int) -> SequenceFrame:
        """Frame ``number``, from 0."""
        frame = self.files[number]
        return SequenceFrame(self.folder, frame.file, frame.sha256, self.app, self.size)


def _load(folder: Path, frame: FrameFile) -> Trace:
    trace = read_trace(folder / frame.file)
    if trace.sha256 != frame.sha256:
        raise UserError(
            f"Frame {frame.file} of the sequence {folder} has changed since its {INDEX} was written: record the "
            "sequence again."
        )
    return trace


def is_sequence(source: str | os.PathLike[str]) -> bool:
    """Whether what is asked for is a folder, and no bundled trace of this name; only sequences are."""
    return source not in bundled_traces() and Path(source).is_dir()


def read_sequence(folder: str | os.PathLike[str]) -> TraceSequence:
    """The sequence in a folder; of its frames, only the first one is read.

    Raises
    ------
    UserError
        When the folder has no whole index of this format version, or its first frame cannot be loaded.
    """
    place = Path(folder)
    try:
        text = _text(place / INDEX)
        header = _header(text)
        files = _frames(header["frames"])
    except RefusedError as refused:
        raise UserError(f"The sequence {place} {refused}.") from refused
    first = _load(place, files[0])
    sequence = TraceSequence(
        folder=place,
        sha256=hashlib.sha256(text).hexdigest(),
        **{key: header[key] for key in ("app", "scene", "path")},
        own_tables=header["tables"] == TABLES[1],
        files=files,
        size=(first.width, first.height),
    )
    sequence.frame(0).check(first)
    return sequence


def _text(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            text = stream.read(MAX_INDEX_BYTES + 1)
    except FileNotFoundError as error:
        raise RefusedError(f"has no {INDEX}, so it is no sequence or was not recorded to its end") from error
    except OSError as error:
        raise RefusedError(f"has an {INDEX} that could not be read: {reason_of(error)}") from error
    if len(text) > MAX_INDEX_BYTES:
        raise RefusedError(f"has an {INDEX} of more than {MAX_INDEX_BYTES >> 20} MiB")
    return text


def _header(text: bytes) -> dict[str, Any]:
    """What an index says, with its texts checked and its frames as they stand there."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"has an {INDEX} that is not JSON") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise RefusedError(f'has an {INDEX} without "format": "{FORMAT}"')
    version = header.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise RefusedError(f"has another format version than {FORMAT_VERSION}, which this program reads")
    wrong = [key for key in _KEYS if key not in header] + [key for key in header if key not in _KEYS]
    if wrong:
        raise RefusedError(
            f"has an {INDEX} whose keys are not {', '.join(_KEYS)}: see {printable(wrong[0])[:MAX_NAME]}"
        )
    if not (isinstance(header["app"], str) and is_app_name(header["app"])):
        raise RefusedError(f"has an app whose name is not {NAME_RULE}")
    for key in ("scene", "path"):
        if not (isinstance(header[key], str) and is_line(header[key], MAX_TEXT)):
            raise RefusedError(f"has a {key} that is not a line of at most {MAX_TEXT} characters")
    if header["tables"] not in TABLES:
        raise RefusedError(f"has tables that are neither '{TABLES[0]}' nor '{TABLES[1]}'")
    return header


def _frames(found: Any) -> tuple[FrameFile, ...]:  # noqa: ANN401  (JSON)
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_FRAMES:
        raise RefusedError(f"has no list of 1 to {MAX_FRAMES:,} frames")
    return tuple(_frame(number, entry) for number, entry in enumerate(found))


def _frame(number: int, entry: Any) -> FrameFile:  # noqa: ANN401  (JSON)
    if not isinstance(entry, dict) or set(entry) != {"file", "sha256"}:
        raise RefusedError(f"has a frame {number} without exactly a file and a sha256")
    file, sha256 = entry["file"], entry["sha256"]
    if not (isinstance(file, str) and _is_file_name(file)):
        raise RefusedError(
            f"has a frame {number} whose file is not the plain name of a file inside the folder that ends in {SUFFIX}"
        )
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise RefusedError(f"has a frame {number} whose sha256 is not 64 hexadecimal digits")
    return FrameFile(file, sha256)


def _is_file_name(name: str) -> bool:
    """Whether a name leads to nothing outside its folder on any system."""
    plain = is_line(name, MAX_FILE_NAME) and not set(name) & set('/\\:*?"<>|')
    return plain and not name.startswith(".") and name.endswith(SUFFIX) and name != SUFFIX


def write_index(
    folder: str | os.PathLike[str],
    frames: Sequence[FrameFile],
    *,
    app: str,
    scene: str,
    path: str,
    own_tables: bool = False,
) -> Path:
    """Write the index of the traces in a folder, all of it or nothing, and return its path.

    Parameters
    ----------
    folder
        Where the traces already are: the index comes last.
    frames
        Their files in the order in which they are shown.
    app, scene, path
        App of all traces; scene and way of the camera, each a line of text.
    own_tables
        Whether every frame loads tables of its own.

    Raises
    ------
    UserError
        When the index cannot be written, or :func:`read_sequence` would refuse it.
    """
    entries = [{"file": frame.file, "sha256": frame.sha256} for frame in frames]
    words = {"app": app, "scene": scene, "path": path, "tables": TABLES[int(own_tables)]}
    text = json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **words, "frames": entries}, indent=1)
    target = Path(folder) / INDEX
    try:
        _frames(_header(text.encode())["frames"])
    except RefusedError as refused:
        raise UserError(f"The sequence {folder} cannot be written, for it {refused}.") from refused
    write_whole(target, f"{text}\n".encode())
    return target
