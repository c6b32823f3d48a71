"""Engines named in a file as ``package.module:Class``: looked up by name, no registry to edit.

A configuration from a stranger must not run code, so ``load_arch`` refuses such a name unless plug-ins
were allowed; only after that does :func:`load` import it.

An engine that :func:`build` gives is guarded: what one of its methods raises, or answers wrongly, is one sentence that
names the class and the method. What an engine can do is asked of it (:func:`takes`, :func:`speaks_for`), never of its
name, so that a class that changes nothing gives what the built-in one gives.
"""

from __future__ import annotations

import importlib
import inspect
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, update_wrapper
from math import nan
from typing import Any

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.units import is_real, is_whole

#: takes an answer and the arguments that it answers, and gives it as callers want it, or raises a WrongAnswerError
Check = Callable[..., Any]
#: characters of what a plug-in has said that a sentence shows
MAX_SAID = 300
#: most cycles, bytes or actions that a plug-in may answer: a million of them still add up in 64 bits
MOST = 1 << 40
#: marks the classes that :func:`build` makes
_GUARDS = "_guards_plugin"

BUILTIN = "builtin"
#: what a plug-in's name looks like
PATTERN = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"


class WrongAnswerError(Exception):
    """What a plug-in must give, and what it gave, as the end of a sentence behind "must"."""


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
    except (Exception, SystemExit) as error:
        _leave_out_caller(error)
        raise UserError(f"plug-in '{model}' cannot be imported: {_said(error)}.") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise UserError(f"plug-in '{model}' does not exist: module {module_name} has no class {class_name}.")
    return found


@dataclass(frozen=True)
class Calls:
    """Check of an answer that is called in its turn: every answer of it is held to ``check``."""

    check: Check


def build(
    model: str, needs: Mapping[str, Check], *arguments: object, may_have: Mapping[str, Check | Calls] | None = None
) -> Any:  # noqa: ANN401 - an engine of any kind
    """Guarded instance of the class that ``model`` names, which has everything that its place ``needs``.

    ``needs`` and ``may_have`` are checks of its parts by name. What is no method is looked at once, here.

    Raises
    ------
    UserError
        When it cannot be imported or built, or something is missing in it.
    """
    checks = {**needs, **(may_have or {})}
    made = load(model)
    try:
        guarded_class = _guarded_class(made, model, tuple(checks.items()))
        engine = guarded_class(*arguments)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        _leave_out_caller(error)
        raise UserError(f"plug-in '{model}' cannot be built: {_said(error)}.") from error
    has = [name for name in checks if _ask(model, name, hasattr, engine, name)]
    missing = [name for name in needs if name not in has]
    if missing:
        raise UserError(f"plug-in '{model}' cannot take this place: it has no {', '.join(missing)}.")
    for name in has:
        check, part = checks[name], getattr(engine, name)
        if not callable(part):
            _held(model, name, check, part)
        elif name not in vars(guarded_class) or name in getattr(engine, "__dict__", {}):
            object.__setattr__(engine, name, _guarded(model, name, part, check))
    return engine


@lru_cache(maxsize=64)
def _guarded_class(made: type, model: str, checks: tuple[tuple[str, Check | Calls], ...]) -> type:
    """Class like ``made`` whose methods are guarded."""
    parts: dict[str, Any] = {_GUARDS: True, "__module__": made.__module__, "__qualname__": made.__qualname__}
    for name, check in checks:
        if callable(getattr(made, name, None)):
            parts[name] = _guarded_method(made, model, name, check)
    return type(made.__name__, (made,), parts)


def _guarded_method(made: type, model: str, name: str, check: Check | Calls) -> Callable[..., Any]:
    part = inspect.getattr_static(made, name)

    def method(self: object, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any method
        call = part.__get__(self, type(self)) if hasattr(part, "__get__") else part
        return _guarded(model, name, call, check)(*arguments, **named)

    return method


def _guarded(model: str, name: str, call: Callable[..., Any], check: Check | Calls) -> Callable[..., Any]:
    """``call``, the method ``name`` of a plug-in, or what it has answered."""

    def answer(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any method
        return _held(model, name, check, _ask(model, name, call, *arguments, **named), *arguments, **named)

    return update_wrapper(answer, call)


def _ask(model: str, name: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
    try:
        return call(*arguments, **named)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        _leave_out_caller(error)
        raise UserError(f"plug-in '{model}': {name} raised {_said(error)}.") from error


def _held(model: str, name: str, check: Check | Calls, answer: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
    """The answer as callers take it."""
    try:
        if not isinstance(check, Calls):
            return check(answer, *arguments, **named)
        return _guarded(model, name, _function(answer), check.check)
    except WrongAnswerError as error:
        raise UserError(f"plug-in '{model}': {name} must {error}.") from None


def _function(answer: Any) -> Callable[..., Any]:  # noqa: ANN401 - of a plug-in
    if not callable(answer):
        raise WrongAnswerError(f"give a function, not {shown(answer)}")
    return answer  # type: ignore[no-any-return]


def name_of(engine: object) -> str:
    """An engine's class as a file names it."""
    return f"{type(engine).__module__}:{type(engine).__qualname__}"


def giver(engine: object, name: str) -> type | None:
    """Class that gives a part of an engine; ``None`` where the engine itself has it, or none of its classes."""
    if name in getattr(engine, "__dict__", {}):
        return None
    return next((kind for kind in _classes(engine) if name in vars(kind)), None)


def speaks_for(engine: object, name: str, *methods: str) -> bool:
    """Whether ``name`` of an engine says what its ``methods`` do: no class below the one that gives it changed them."""
    order = _classes(engine)
    says, *does = (giver(engine, one) for one in (name, *methods))
    return says in order and all(one in order and order.index(says) <= order.index(one) for one in does)


def takes(engine: object, name: str, count: int) -> bool:
    """Whether a method of an engine takes so many arguments by position."""
    given = giver(engine, name)
    method = getattr(engine, name) if given is None else inspect.getattr_static(given, name).__get__(engine, given)
    try:
        inspect.signature(method).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def _classes(engine: object) -> list[type]:
    """Classes of an engine, its own first, as its author wrote them."""
    return [kind for kind in type(engine).__mro__ if _GUARDS not in vars(kind)]


def whole(least: int = 0, most: int = MOST) -> Check:
    """Check of a whole number from ``least`` to ``most``."""

    def check(answer: Any, *_: Any, **__: Any) -> int:  # noqa: ANN401 - of a plug-in
        if not is_whole(answer) or not least <= int(answer) <= most:
            raise WrongAnswerError(f"give a whole number from {least} to {most}, not {shown(answer)}")
        return int(answer)

    return check


def real(answer: Any) -> float:  # noqa: ANN401 - of a plug-in
    """A number as ``float``, not a number for anything else."""
    return float(answer) if is_real(answer) else nan


def shown(answer: object) -> str:
    """What a plug-in answered, as a sentence shows it."""
    try:
        return " ".join(reprlib.repr(answer).split())
    except Exception:  # noqa: BLE001 - of a plug-in's own
        return f"a {type(answer).__name__}"


def _leave_out_caller(error: BaseException) -> None:
    """Leave this module out of the traceback of what a plug-in raised."""
    if error.__traceback__ is not None:
        error.__traceback__ = error.__traceback__.tb_next


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    text = text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}..."
    if isinstance(error, ImportError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
