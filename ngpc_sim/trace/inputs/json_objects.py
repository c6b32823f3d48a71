"""JSON files of strangers: an object whose values are asked for by key and kind, and refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ngpc_sim.config.errors import UserError
from ngpc_sim.config.files import read_small

MAX_FILE_BYTES = 64 << 20
"""Largest file. Assumed: a camera takes about 1 kB, and 10,000 are many."""
MAX_VALUES = 4_000_000
"""Most values in a file, for Python takes up to 100 bytes for one. Assumed: 20 a camera, 100,000 cameras."""
LARGEST = 1e100
"""Largest number. Assumed: its square is finite, and no length is that large."""


@dataclass(frozen=True)
class JsonObject:
    """Values by key, and in which file and where in it they stand."""

    where: str
    values: dict[str, Any]

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(self, fault: str) -> NoReturn:
        """Raise the user's error of this object."""
        raise UserError(f"{self.where} {fault}.")

    def number(self, key: str, low: float = -LARGEST, high: float = LARGEST) -> float:
        """Finite number of ``low`` to ``high``."""
        value = self._value(key)
        if not _is_number(value) or not low <= value <= high:
            self.refuse(f"has {key} = {_shown(value)}; it must be a number of {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int:
        """Whole number of ``low`` to ``high``; 1920.0 is one."""
        value = self.number(key, low, high)
        if value != int(value):
            self.refuse(f"has {key} = {value:g}; it must be a whole number of {low} to {high}")
        return int(value)

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """So many finite numbers."""
        value = self._value(key)
        if not _is_row(value, count):
            self.refuse(f"has {key} = {_shown(value)}; it must be a list of {count} finite numbers")
        return tuple(map(float, value))

    def rows(self, key: str, counts: Sequence[int], columns: int) -> list[tuple[float, ...]]:
        """Matrix of finite numbers; ``counts`` are the numbers of rows that it may have."""
        value = self._value(key)
        if not (isinstance(value, list) and len(value) in counts and all(_is_row(row, columns) for row in value)):
            words = " or ".join(map(str, counts))
            self.refuse(f"has {key} = {_shown(value)}; it must be {words} lists of {columns} finite numbers")
        return [tuple(map(float, row)) for row in value]

    def flag(self, key: str) -> bool:
        """True or false, false where the key is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.refuse(f"has {key} = {_shown(value)}; it must be true or false")
        return value

    def objects(self, key: str, name: str, most: int) -> list[JsonObject]:
        """One to ``most`` objects of a list, each called by ``name`` and its number from 0."""
        value = self._value(key)
        if not (isinstance(value, list) and value and all(isinstance(item, dict) for item in value)):
            self.refuse(f"has {key} = {_shown(value)}; it must be a list of at least one object")
        if len(value) > most:
            self.refuse(f"has {len(value)} {key}; at most {most} are read")
        return [JsonObject(f"{self.where}, {name} {i},", item) for i, item in enumerate(value)]

    def _value(self, key: str) -> Any:  # noqa: ANN401  (JSON of any kind)
        if key not in self.values:
            self.refuse(f"has no {key}")
        return self.values[key]


def read_object(path: Path, what: str, most_bytes: int = MAX_FILE_BYTES, most_values: int = MAX_VALUES) -> JsonObject:
    """Object of a JSON file; ``what`` names its kind in errors."""
    where = f"{what} {path}"
    content = read_small(path, most_bytes, where, f"a {what}")
    if sum(map(content.count, (b"{", b"[", b","))) > most_values:
        raise UserError(f"{where} has more than {most_values} values, the most that are read.")
    try:
        tree = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_repeats, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not a text file in UTF-8.") from error
    except RecursionError as error:
        raise UserError(f"{where} is nested too deeply.") from error
    except ValueError as error:
        raise UserError(f"{where} is not valid JSON: {error}.") from error
    if not isinstance(tree, dict):
        raise UserError(f"{where} has no JSON object at its top.")
    return JsonObject(where, tree)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)[:40]!r} stands there twice")
    return values


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_row(value: Any, count: int) -> bool:  # noqa: ANN401
    return isinstance(value, list) and len(value) == count and all(map(_is_number, value))


def _shown(value: Any) -> str:  # noqa: ANN401
    """Short words for a value of any size."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if isinstance(value, int) and abs(value) > LARGEST:
        return "a number of very many digits"
    return json.dumps(value)[:40]
