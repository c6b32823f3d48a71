"""Plain data of a stranger's file, asked for by key: what is missing or of another kind is one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ngpc_sim.config.errors import UserError

_MOST = (1 << 32) - 1


class Fields:
    """A mapping inside a file; ``name`` says which, and begins an error."""

    def __init__(self, values: object, name: str) -> None:
        if not isinstance(values, Mapping):
            raise UserError(f"{name} is not what it should be: a mapping of keys to values would be right.")
        self.values: Mapping[str, Any] = values
        self.name = name

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def below(self, key: str) -> Fields:
        """The mapping under a key."""
        return Fields(self._value(key, None), f"{self.name}, {key}")

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int:
        """A whole number, also one that is stored as 4.0."""
        value = self._value(key, default)
        if not _is_finite(value) or value != int(value) or not least <= value <= _MOST:
            raise self.wrong(key, value, f"a whole number of {least} or more")
        return int(value)

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._value(key, default)
        if not _is_finite(value):
            raise self.wrong(key, value, "a finite number")
        return float(value)

    def word(self, key: str, default: str | None = None) -> str:
        """A text."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, value, "a word")
        return value

    def content(self, key: str) -> bytes:
        """Binary data."""
        value = self._value(key, None)
        if not isinstance(value, bytes):
            raise self.wrong(key, value, "binary data")
        return value

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """A list of so many finite numbers."""
        value = self._value(key, None)
        if not isinstance(value, list) or len(value) != count or not all(map(_is_finite, value)):
            raise self.wrong(key, value, f"a list of {count} finite numbers")
        return tuple(map(float, value))

    def wrong(self, key: str, value: object, right: str) -> UserError:
        """An error that says what would be right."""
        shown = repr(value) if isinstance(value, str | int | float | bool | None) else type(value).__name__
        return UserError(f"{self.name} states {key} = {shown[:60]}: {right} would be right.")

    def _value(self, key: str, default: object) -> Any:  # noqa: ANN401 - as a file has it
        value = self.values.get(key, default)
        if value is None:
            raise UserError(f"{self.name} states no {key}.")
        return value


def _is_finite(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) < math.inf if isinstance(value, float) else abs(value) <= 1 << 64
