"""Engines named in a file as ``package.module:Class``: looked up by name, no registry to edit.

A configuration from a stranger must not run code, so ``load_arch`` refuses such a name unless plug-ins
were allowed; only after that does :func:`load` import it.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

from ngpc_sim.config.errors import UserError

BUILTIN = "builtin"
#: what a plug-in's name looks like
PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


def is_plugin(model: str) -> bool:
    """Whether a value names a plug-in class."""
    return re.fullmatch(PATTERN, model) is not None


def checked(model: str, *builtin: str) -> str:
    """``model`` if it is one of ``builtin`` or looks like a plug-in; else a ``ValueError`` says what it should be."""
    if model not in builtin and not is_plugin(model):
        raise ValueError(f"it should be {' or '.join(builtin)}, or package.module:Class")
    return model


def load(model: str) -> Any:  # noqa: ANN401 - a class of any kind
    """Import the class that ``model`` names.

    Raises
    ------
    UserError
        When the module cannot be imported, whatever the reason, or has no such class.
    """
    module_name, _, class_name = model.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise UserError(f"plug-in '{model}' cannot be imported: {_said(error)}.") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise UserError(f"plug-in '{model}' does not exist: module {module_name} has no class {class_name}.")
    return found


def build(model: str, needs: tuple[str, ...], *arguments: object) -> Any:  # noqa: ANN401 - an engine of any kind
    """Instance of the class that ``model`` names, which has everything that its place ``needs``.

    Raises
    ------
    UserError
        When it cannot be imported or built, or something is missing in it.
    """
    made = load(model)
    try:
        engine = made(*arguments)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"plug-in '{model}' cannot be built: {_said(error)}.") from error
    missing = [name for name in needs if not hasattr(engine, name)]
    if missing:
        raise UserError(f"plug-in '{model}' cannot take this place: it has no {', '.join(missing)}.")
    return engine


def _said(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, ImportError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
