"""A trace of whatever a user names: a bundled trace, a trace file, a URL, or a file that is recorded first."""

from __future__ import annotations

import os
from pathlib import Path

from ngpc_sim.trace.contents import Trace
from ngpc_sim.trace.inputs.kinds import is_users_file
from ngpc_sim.trace.reading import read_trace
from ngpc_sim.trace.uniform_rays import is_uniform_rays, uniform_rays


def users_file(source: str | os.PathLike[str]) -> Path | None:
    """Path of a file that is recorded before it is replayed, such as a mesh; of anything else ``None``."""
    text = os.fspath(source).removeprefix("file://")
    return Path(text) if is_users_file(text) else None


def load_trace(source: str | os.PathLike[str]) -> Trace:
    """Trace of a bundled name (``nerf-room-fhd`` or ``nerf-room``), a path or an fsspec URL.

    A local file that records a whole frame in more than ``reading.HELD_ROWS`` rows is opened, any other one is read. A
    mesh, image, volume or occupancy is recorded from the usual view; the recording is kept for the next time.
    ``uniform-rays-64`` is made: 64 queries on every ray of an 800x800 frame (:mod:`ngpc_sim.trace.uniform_rays`).

    Raises
    ------
    UserError
        For whatever is not a whole, undamaged trace file of a version that is known, or nothing to record.
    """
    path = users_file(source)
    if is_uniform_rays(os.fspath(source)):
        return uniform_rays(os.fspath(source))
    if path is None:
        return read_trace(source)
    from ngpc_sim.trace.kept_recordings import recorded  # noqa: PLC0415  (numba enters here)

    return recorded(path).trace
