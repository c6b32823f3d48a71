"""Recordings of users' files from the usual view, kept on disk for the next run by what the file holds."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import open_file
from ngpc_sim.machine import disk_cache
from ngpc_sim.machine.sources import made_by
from ngpc_sim.machine.store import Store
from ngpc_sim.trace.contents import Trace, described
from ngpc_sim.trace.file_format import METADATA_KEY, header_of, metadata_of, reason_of, without_rows
from ngpc_sim.trace.record import Progress
from ngpc_sim.workloads.apps import BUILT_IN

#: rooms whose sources, and packages whose versions, can change a recording
ROOMS = ("config", "kernels", "machine", "trace", "workloads")
PACKAGES = ("ngpc-sim", "numpy", "numba", "trimesh", "pillow", "nibabel")


@dataclass(frozen=True)
class Recorded:
    """A trace, and what whoever reads its results should know."""

    trace: Trace
    notes: tuple[str, ...]


RECORDED: Store[Recorded] = Store(4)


def recorded(path: Path, progress: Progress | None = None) -> Recorded:
    """The usual view of what a user's file shows, recorded now or kept from a run before."""
    key = json.dumps(["recording", made_by(ROOMS, PACKAGES), path.name, _sha256(path)])
    return RECORDED.get(key, lambda: _kept(key) or _made(key, path, progress))


def _sha256(path: Path) -> str:
    try:
        with open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason_of(error)}.") from error


def _made(key: str, path: Path, progress: Progress | None) -> Recorded:
    from ngpc_sim.trace.inputs.fields_of_files import subject_of  # noqa: PLC0415  (numba enters here)
    from ngpc_sim.trace.recordings import Recording  # noqa: PLC0415

    subject = subject_of(path)
    if json.loads(key)[-1] != _sha256(path):
        raise UserError(f"{path} has changed while it was read.")
    made = Recorded(Recording(subject).trace(progress), subject.notes)
    rows = {name: getattr(made.trace, name) for name in ("invocations", "tiles", "positions")}
    beside = json.dumps({"name": made.trace.name, "notes": made.notes}).encode()
    words = {"about": metadata_of(described(made.trace))[METADATA_KEY], "beside": beside}
    disk_cache.save(key, rows | {name: np.frombuffer(text, np.uint8) for name, text in words.items()})
    return made


def _kept(key: str) -> Recorded | None:
    for n_dims in sorted({app.n_dims for app in BUILT_IN.values()}):
        columns = {"invocations": ("i4", (None,)), "tiles": ("i4", (None,)), "positions": ("f4", (None, n_dims))}
        arrays = disk_cache.load(key, columns | dict.fromkeys(("about", "beside"), ("u1", (None,))))
        if arrays is not None:
            return _read(arrays, n_dims)
    return None


def _read(arrays: dict[str, Any], n_dims: int) -> Recorded:
    about, beside = (arrays.pop(name).tobytes() for name in ("about", "beside"))
    words = json.loads(beside)
    trace = without_rows(header_of({METADATA_KEY: about}), words["name"], n_dims)
    return Recorded(replace(trace, **arrays), tuple(words["notes"]))
