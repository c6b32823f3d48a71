"""What a command says about the files that it has written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def wrote(files: Sequence[Path], folder: Path) -> str:
    """One sentence: how many, and where."""
    return f"Wrote {len(files):,} file{'' if len(files) == 1 else 's'} to {folder}."
