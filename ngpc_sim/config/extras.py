"""Packages that an extra brings: imported where they are needed; a missing one is one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from ngpc_sim.config.errors import UserError


class MissingExtraError(UserError):
    """An extra that is not installed."""


def has_package(name: str) -> bool:
    """Whether a package is installed; it is not imported."""
    try:
        return find_spec(name) is not None
    except ValueError:  # a module without a specification
        return False


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Import packages of the extra ``name`` inside; ``purpose`` needs them, and begins the sentence."""
    try:
        yield
    except ImportError as error:
        package = (error.name or name).partition(".")[0]
        raise MissingExtraError(f"{purpose} needs the package {package}: pip install 'ngpc-sim[{name}]'.") from error
