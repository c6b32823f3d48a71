"""The words of a validation, kept apart from the arithmetic of their figures: ``words.yaml`` beside this module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ngpc_sim.config.yaml_files import load_yaml

FILE = Path(__file__).with_name("words.yaml")


def words(kind: str) -> Any:  # noqa: ANN401 - a list or a mapping of texts
    """Words of a kind.

    ``introduction`` (paragraphs), ``verdicts`` (meaning by verdict), ``reasons`` (by name), ``constructed`` and
    ``one_test`` (groups of rows, each with its reason).
    """
    return load_yaml(FILE)[0][kind]


def constructed(key: str, mode: str) -> str:
    """Why a row of the reference file cannot come out otherwise in a mode; empty where it can."""
    found = (group["reason"] for group in words("constructed") if key in group["rows"] and _is_of(group, mode))
    return next(found, "")


def _is_of(group: dict[str, Any], mode: str) -> bool:
    return bool(group.get("only", mode) == mode)


def one_test(key: str) -> str:
    """Why a row tests the same number as others; empty where it is a test of its own."""
    return next((group["reason"] for group in words("one_test") if key in group["rows"]), "")


def told(reason: str, **figures: object) -> str:
    """A reason by its name, with its figures."""
    text: str = words("reasons")[reason]
    return text.format(**figures)
