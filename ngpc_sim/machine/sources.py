"""What made a result that is kept on disk: versions of packages, and the sources that computed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

#: ends of the names of files that decide results
SUFFIXES = (".py", ".csv")


@cache
def made_by(rooms: tuple[str, ...], packages: tuple[str, ...]) -> str:
    """Versions of ``packages`` that are installed, and a digest of the sources and tables of ``rooms``."""
    digest = hashlib.sha256()
    for room in rooms:
        folder = Path(__file__).resolve().parents[1] / room
        for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
            content = path.read_bytes()
            digest.update(f"{room}/{path.relative_to(folder).as_posix()} {len(content)} ".encode())
            digest.update(content)
    return " ".join([*_versions(packages), digest.hexdigest()])


def _versions(packages: Iterable[str]) -> list[str]:
    found = []
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return found
