"""Where compiled kernels are kept: in a folder for every state of their sources.

numba keeps a compiled function until the function's own file changes. It does not see an edit in another file, whose
functions are compiled into this one. So the folder's name is a digest of all sources. What lies there is unpickled, and
so can run anything: the folder is the user's own.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ngpc_sim.machine.leftovers import own_prefix, sweep
from ngpc_sim.machine.own_files import is_own, make_own_folder, user_folder

#: environment variable of numba that names a folder
NAMED = "NUMBA_CACHE_DIR"
#: settings of numba that change nothing of what is compiled
WITHOUT_EFFECT = (NAMED, "NUMBA_NUM_THREADS")
PREFIX = "ngpc-sim-kernels-"
#: folders of other sources that are left, and for how many seconds after their last use
KEPT, KEPT_S = 4, 30 * 24 * 3600


def kernels_folder(sources: Sequence[Path], versions: Sequence[str]) -> Path | None:
    """Folder for what is compiled of ``sources`` by packages of these ``versions``; ``None`` where none is writable.

    It is in the folder that ``NUMBA_CACHE_DIR`` names, else in ``__pycache__`` beside the first source, else among the
    user's caches. Where none of them is the user's own and writable, it is temporary, and worker processes share it.
    """
    name = PREFIX + _digest(sources, versions)
    for place in _places(sources[0].parent):
        folder = place / name
        is_new = not folder.exists()
        if make_own_folder(folder):
            os.utime(folder)
            if is_new:
                _sweep(folder)
            return folder
    try:
        sweep(Path(tempfile.gettempdir()))
        place = Path(tempfile.mkdtemp(prefix=own_prefix()))
    except OSError:
        return None
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    os.environ[NAMED] = str(place)
    return place / name


def _digest(sources: Sequence[Path], versions: Sequence[str]) -> str:
    """Digest of all that a compiled kernel follows from, but for the processor, which numba sees by itself."""
    settings = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in WITHOUT_EFFECT)
    made_by = "\n".join([platform.python_version(), *versions, *settings])
    digest = hashlib.sha256(made_by.encode("utf-8", "surrogateescape"))
    for path in sources:
        content = path.read_bytes()
        digest.update(f"\n{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _places(package: Path) -> Iterator[Path]:
    if os.environ.get(NAMED):
        yield Path(os.environ[NAMED]).absolute()
    yield package / "__pycache__"
    own = user_folder()
    if own is not None:
        yield own.absolute()


def _sweep(folder: Path) -> None:
    """Delete what is kept of other sources beside ``folder``, but for the last used ones."""
    with suppress(OSError):
        others = [(path.lstat(), path) for path in folder.parent.glob(f"{PREFIX}*") if path != folder]
        own = sorted(((status.st_mtime, path) for status, path in others if is_own(status)), reverse=True)
        for k, (used, path) in enumerate(own):
            if k >= KEPT or used < time.time() - KEPT_S:
                shutil.rmtree(path, ignore_errors=True)
