"""What is typed on the command line, as values: scales, lists, overrides."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import check_key
from ngpc_sim.architecture.arch_file import MAX_SCALE
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import choices
from ngpc_sim.config.yaml_files import is_folder, parse_scalar

#: design points of one run; more is almost surely a slip in a range
MAX_POINTS = 100_000


def parse_scales(text: str) -> list[int]:
    """``8..64`` doubles, ``8..64:8`` steps, ``8,12,64`` lists; ascending, each once."""
    scales: list[int] = []
    for part in _split(text, "--scale"):
        scales.extend(_range(part) if ".." in part else [_scale(part, text)])
    return sorted(set(scales))


def scale_ends(text: str) -> list[str]:
    """A sentence for each range that doubles and does not meet its end."""
    ranges = [part for part in _split(text, "--scale") if ".." in part and ":" not in part]
    ends = {part: (_range(part)[-1], int(part.rpartition("..")[2])) for part in ranges}
    return [
        f"--scale {part} doubles and ends at {last}; {part}:STEP steps."
        for part, (last, end) in ends.items()
        if last < end
    ]


def _range(part: str) -> list[int]:
    match = re.fullmatch(r"(\d+)\.\.(\d+)(?::(\d{1,9}))?", part)
    if match is None:
        raise UserError(f"--scale {part} is not a range: write 8..64 to double or 8..64:8 to step.")
    first, last = _scale(match[1], part), _scale(match[2], part)
    if first > last:
        raise UserError(f"--scale {part} runs backwards: write {last}..{first}.")
    if match[3] is None:
        return [first << k for k in range(MAX_SCALE.bit_length()) if first << k <= last]
    step = int(match[3])
    if step < 1:
        raise UserError(f"--scale {part} has step {step}: it should be 1 or more.")
    return list(range(first, last + 1, step))


def _scale(word: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", word):
        raise UserError(f"--scale {text} is not a number of NFPs: write 8, 8..64, 8..64:8 or 8,12,64.")
    if not 1 <= int(word) <= MAX_SCALE:
        raise UserError(f"--scale {text} is out of range: 1 to {MAX_SCALE} NFPs.")
    return int(word)


def parse_names(text: str, option: str, everything: Sequence[str], *, paths: bool = False) -> list[str]:
    """Comma-separated names, ``all`` for ``everything``; an unknown one names the nearest.

    With ``paths``, words with a slash or a dot are files and pass.
    """
    names: list[str] = []
    for word in _split(text, option):
        if word == "all":
            names.extend(everything)
        elif word in everything or (paths and ("/" in word or "." in word)):
            names.append(word)
        else:
            if paths and is_folder(Path(word)):
                raise UserError(f"{option} {word} is a folder: name a file in it.")
            raise UserError(f"unknown {option.lstrip('-')} '{word}'; {choices(word, everything)}.")
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
    choices: dict[str, list[Any]] = {}
    for setting in settings:
        key, equals, values = setting.partition("=")
        if not equals or not key.strip() or not values.strip():
            raise UserError(f"--set {setting} is not KEY=VALUE, for instance --set nfp.clock_ghz=1,1.5.")
        check_key(key.strip())
        if key.strip() in choices:
            raise UserError(f"--set gives '{key.strip()}' twice: write its values in one list.")
        choices[key.strip()] = [parse_scalar(word) for word in _values(values)]
    if math.prod(map(len, choices.values())) > MAX_POINTS:
        raise UserError(f"--set asks for more than {MAX_POINTS} combinations: narrow a list.")
    return [dict(zip(choices, combination, strict=True)) for combination in product(*choices.values())]


def _values(text: str) -> list[str]:
    """Words between commas that are not inside brackets."""
    words = re.split(r",(?![^\[{]*[\]}])", text)
    if not all(word.strip() for word in words):
        raise UserError(f"--set value '{text}' has an empty entry: write a comma-separated list.")
    return [word.strip() for word in words]
