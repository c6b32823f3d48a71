"""Where the package's data folders are: inside an installed wheel, or beside the package in a source tree."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
#: folders that stand elsewhere in a source tree than under their own name
_PLACES = {"published": "ngpc_sim/results"}


@cache
def folder(kind: str) -> Path:
    """Folder of bundled data called ``kind``: ``traces``, ``workloads``, ``arch_configs`` or ``published``."""
    installed = _PACKAGE / "_data" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / _PLACES.get(kind, kind)
