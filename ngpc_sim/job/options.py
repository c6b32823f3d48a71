"""What is typed on the command line, as values: scales, ranges, lists, overrides."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import check_key
from ngpc_sim.architecture.arch_file import MAX_SCALE
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices, nearest
from ngpc_sim.config.yaml_files import is_folder, parse_scalar
from ngpc_sim.job.point_limit import check_count
from ngpc_sim.results.columns import COLUMNS

#: a number as a range is written with
NUMBER = r"[-+]?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})"
#: what stands on both sides of two dots, and what is meant as a range
RANGE = re.compile(rf"({NUMBER})\.\.({NUMBER})(?::({NUMBER}))?")
MEANT_AS_RANGE = re.compile(r"[-+]?[\d.]*\d\.\.[^/]*")


def parse_scales(text: str) -> list[int]:
    """``8..64`` doubles, ``8..64:8`` steps, ``8,12,64`` lists; ascending, each once."""
    scales: list[int] = []
    for part in _split(text, "--scale"):
        scales.extend(_range(part) if ".." in part else [_scale(part, text)])
    return sorted(set(scales))


def range_ends(scale: str | None, settings: Iterable[str]) -> list[str]:
    """A sentence for each range that doubles and does not meet its end."""
    typed = [("--scale ", scale)] if scale is not None else []
    typed += [(f"--set {key.strip()}=", values) for key, _, values in (text.partition("=") for text in settings)]
    doubling = ((option, part) for option, text in typed for part in _values(text) if _doubles(part))
    ends = {(option, part): (parse_range(part, option)[-1], int(part.rpartition("..")[2])) for option, part in doubling}
    return [
        f"{option}{part} doubles and ends at {last}; {part}:STEP steps."
        for (option, part), (last, end) in ends.items()
        if last < end
    ]


def _doubles(part: str) -> bool:
    match = RANGE.fullmatch(part)
    return match is not None and match[3] is None


def _range(part: str) -> list[int]:
    match = re.fullmatch(r"(\d+)\.\.(\d+)(?::\d{1,9})?", part)
    if match is None:
        raise UserError(f"--scale {part} is not a range: write 8..64 to double or 8..64:8 to step.")
    for end in match.groups():
        _scale(end, part)
    return [int(value) for value in parse_range(part, "--scale ")]


def parse_range(text: str, option: str) -> list[int] | list[float]:
    """Values of ``a..b``, which doubles, or of ``a..b:step``, which steps, both with ``b`` where they meet it.

    Steps are counted in decimals, so ``0.1..0.3:0.1`` has 0.3. ``option`` is what an error begins with.
    """
    match = RANGE.fullmatch(text)
    if match is None:
        raise UserError(f"{option}{text} is not a range: write 8..64 to double or 0.5..1.5:0.1 to step.")
    first, last = Decimal(match[1]), Decimal(match[2])
    whole = "." not in match[1] + match[2] + (match[3] or "")
    if first > last:
        raise UserError(f"{option}{text} runs backwards: write {match[2]}..{match[1]}.")
    if match[3] is None:
        if not whole or first < 1:
            raise UserError(f"{option}{text} doubles only whole numbers from 1 on: give it a step, {text}:STEP.")
        return [int(first) << k for k in range(int(last / first).bit_length())]
    step = Decimal(match[3])
    if step <= 0:
        least = "1 or more" if whole else "more than 0"
        raise UserError(f"{option}{text.rpartition(':')[0]} has step {match[3]}: it should be {least}.")
    count = int((last - first) // step) + 1
    check_count(count)
    values = (first + index * step for index in range(count))
    return [int(value) for value in values] if whole else [float(value) for value in values]


def _scale(word: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", word):
        raise UserError(f"--scale {text} is not a number of NFPs: write 8, 8..64, 8..64:8 or 8,12,64.")
    if not 1 <= int(word) <= MAX_SCALE:
        raise UserError(f"--scale {text} is out of range: 1 to {MAX_SCALE} NFPs.")
    return int(word)


def parse_names(
    text: str, option: str, everything: Sequence[str], *, paths: bool = False, also: Sequence[str] = ()
) -> list[str]:
    """Comma-separated names, ``all`` for ``everything``; an unknown one names the nearest.

    ``also`` are names that ``all`` leaves out. With ``paths``, words with a slash or a dot are files and pass.
    """
    names: list[str] = []
    for word in _split(text, option):
        if word == "all":
            names.extend(everything)
        elif word in everything or word in also or (paths and ("/" in word or "." in word)):
            names.append(word)
        else:
            if paths and is_folder(Path(word)):
                raise UserError(f"{option} {word} is a folder: name a file in it.")
            raise UserError(f"unknown {option.lstrip('-')} '{word}'; {choices(word, [*everything, *also])}.")
    return list(dict.fromkeys(names))


def parse_list(text: str, option: str) -> list[str]:
    """Comma-separated words, each once."""
    return list(dict.fromkeys(_split(text, option)))


def _split(text: str, option: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise UserError(f"{option} '{text}' has an empty entry: write a comma-separated list.")
    return parts


def parse_overrides(settings: Iterable[str]) -> list[dict[str, Any]]:
    """Every combination of ``--set KEY=VALUE[,VALUE...]``, as values by dotted key."""
    choices = parse_settings(settings)
    count = math.prod(map(len, choices.values()))
    check_count(count, count)
    return combinations(choices)


def combinations(choices: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of values by key."""
    return [dict(zip(choices, combination, strict=True)) for combination in product(*choices.values())]


def parse_settings(settings: Iterable[str]) -> dict[str, list[Any]]:
    """Values of ``--set KEY=VALUE[,VALUE...]`` by dotted key; a value may be a range."""
    choices: dict[str, list[Any]] = {}
    for setting in settings:
        key, equals, values = setting.partition("=")
        if not equals or not key.strip() or not values.strip():
            raise UserError(f"--set {setting} is not KEY=VALUE, for instance --set nfp.clock_ghz=1,1.5.")
        check_key(key.strip())
        if key.strip() in choices:
            raise UserError(f"--set gives '{key.strip()}' twice: write its values in one list.")
        choices[key.strip()] = [
            value for word in _values(values) for value in _values_of(word, f"--set {key.strip()}=")
        ]
    return choices


def _values_of(word: str, option: str) -> list[Any]:
    """The value of a word, or those of a range."""
    return list(parse_range(word, option)) if MEANT_AS_RANGE.fullmatch(word) else [parse_scalar(word)]


def _values(text: str) -> list[str]:
    """Words between commas that are not inside brackets."""
    words = re.split(r",(?![^\[{]*[\]}])", text)
    if not all(word.strip() for word in words):
        raise UserError(f"--set value '{text}' has an empty entry: write a comma-separated list.")
    return [word.strip() for word in words]


def check_column(column: str, option: str) -> None:
    """Refuse a column that no result has, or that has no unit: a text."""
    if column not in COLUMNS:
        raise UserError(f"{option}: unknown column '{column}'; the nearest known is '{nearest(column, COLUMNS)}'.")
    if not COLUMNS[column].unit:
        raise UserError(f"{option}: column '{column}' holds no numbers.")
