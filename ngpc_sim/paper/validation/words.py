"""The words of a validation, kept apart from the arithmetic of their figures: ``words.yaml`` beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ngpc_sim.config.yaml_files import load_yaml

FILE = Path(__file__).with_name("words.yaml")


def words(kind: str) -> Any:  # noqa: ANN401 - a list or a mapping of texts
    """Words of a kind: ``introduction`` (paragraphs), ``verdicts`` (meaning by verdict) or ``reasons`` (by name)."""
    return load_yaml(FILE)[0][kind]


def told(reason: str, **figures: object) -> str:
    """A reason by its name, with its figures."""
    text: str = words("reasons")[reason]
    return text.format(**figures)
