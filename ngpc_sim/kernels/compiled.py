"""How kernels are compiled.

What only one or two places call is ``inlined``: numba then compiles it with its caller alone, and not by itself and
again in every kernel above. That is most of what compiling costs.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ngpc_sim.machine.compiled_kernels import kernels_folder

_PACKAGE = Path(__file__).resolve().parents[1]
#: folders with numba functions
FOLDERS = ("kernels", "trace/loops")


def _numba() -> Any:  # noqa: ANN401  (numba has no types)
    """Import numba without ``.numba_config.yaml``, which it reads in the current folder, a stranger's perhaps.

    Without PyYAML it does not open the file, and only says so. Where numba is imported already, it is left as it is.
    """
    if "numba" not in sys.modules:
        yaml = sys.modules.get("yaml")
        warnings.filterwarnings("ignore", "A Numba config file is found")
        sys.modules["yaml"] = None  # type: ignore[assignment]  # this is how Python says that there is no such module
        try:
            from numba.core import config  # noqa: PLC0415
        finally:
            del sys.modules["yaml"]
            if yaml is not None:
                sys.modules["yaml"] = yaml
        config._config_fname = ""  # noqa: SLF001  # nor later, when it looks again
    import numba  # noqa: PLC0415

    return numba


numba = _numba()
_SOURCES = [path for folder in FOLDERS for path in sorted((_PACKAGE / folder).glob("*.py"))]
FOLDER = kernels_folder(_SOURCES, [numba.__version__, np.__version__])
#: settings by which numba chooses where a function is kept, while one of ours is made
_PLACES = {"CACHE_DIR": str(FOLDER), "CACHE_LOCATOR_CLASSES": ""}


def _kept(**options: Any) -> Callable[[Any], Any]:  # noqa: ANN401  (numba's options and functions)
    """Decorator like ``njit`` whose functions are kept on disk in ``FOLDER``, if there is one."""

    def decorate(function: Any) -> Any:  # noqa: ANN401
        settings = vars(numba.config)
        before = {name: settings[name] for name in _PLACES if name in settings}
        settings.update(_PLACES)
        try:
            return numba.njit(cache=FOLDER is not None, **options)(function)
        finally:
            settings.update(before)

    return decorate


#: kept on disk, without the interpreter's lock, and without a test for 0 before every division
kernel = _kept(nogil=True, error_model="numpy")
#: the same for functions that make no arrays: numba counts no references to those that they pass on, each count being
#: an atomic step (measured: replays by batches take a quarter of the time)
bare = _kept(nogil=True, error_model="numpy", _nrt=False)
#: as ``kernel``, called by kernels alone, so that nothing is compiled that unpacks Python's arguments
part = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
#: a part of its callers
inlined = numba.njit(inline="always")
forced = _kept(nogil=True, error_model="numpy", forceinline=True, _nrt=False)
#: a kernel of recorders: with that test, as bundled traces were recorded
loop = _kept(nogil=True)
