"""Sweep files: options of the main job by name, a grid of keys, named designs and constraints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import arch_names, check_key
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import Field, Line, Name, Spec, validate
from ngpc_sim.config.yaml_files import load_yaml, parse_scalar
from ngpc_sim.job.designs import Sweep
from ngpc_sim.job.feasible import constraint
from ngpc_sim.job.options import MEANT_AS_RANGE, parse_names, parse_scales, parse_settings
from ngpc_sim.job.request import FLAGS, Request
from ngpc_sim.workloads.apps import APPS
from ngpc_sim.workloads.frame_sizes import parse_resolution

Word = int | float | Line
Words = Word | list[Word]
Texts = list[str]
#: options whose field of a request has another name
FIELDS = {flag: name for name, flag in FLAGS.items()}
#: options that hold a number or a truth value, not words
PLAIN = ("relative_error", "seed", "limit_queries", "scenes", "frames_per_scene", "what_if")
#: signs by which words behind ``--set`` are told apart
DIVIDING = re.compile(r"[,\[\]{}]")


class SweepFile(Spec):
    """A sweep file; every option means what it means on the command line of the main job."""

    scale: Words | None = Field(default=None, description="NFPs: 8, 8..64 (doubles), 8..64:8 (steps), or a list")
    app: Words | None = Field(default=None, description="apps or workload files")
    encoding: Words | None = Field(default=None, description="encodings")
    resolution: Words | None = Field(default=None, description="frame sizes")
    arch: Words | None = Field(default=None, description="architecture names or files")
    gpu: Line | None = Field(default=None, description="GPU name or file")
    trace: Words | None = Field(default=None, description="traces instead of the workloads' own")
    detail: Line | None = Field(default=None, description="bound, cycle, sampled or reference")
    relative_error: float | None = Field(default=None, description="with sampled: half of the interval")
    seed: int | None = Field(default=None, description="with sampled: seed of what is drawn")
    limit_queries: int | None = Field(default=None, description="only the first recorded queries")
    power_budget: Words | None = Field(default=None, description="watts of the NFPs")
    scenes: int | None = Field(default=None, description="scenes, each with its table load")
    frames_per_scene: int | None = Field(default=None, description="frames of each scene")
    what_if: bool | None = Field(default=None, description="run again with what limits a frame doubled")
    grid: dict[str, Any] = Field(default={}, description="values by dotted key: all combinations run")
    constraints: Texts = Field(default=[], description="what a design point must meet")
    list: dict[Name, dict[str, Any]] = Field(default={}, description="values by dotted key of named designs")


def sweep_schema() -> dict[str, Any]:
    """JSON Schema of a sweep file."""
    return SweepFile.model_json_schema()


def read_sweep(path: Path) -> Request:
    """What a sweep file asks for.

    Raises
    ------
    UserError
        For a file that cannot be read, and with its line for what is unknown or not allowed in it.
    """
    tree, origins = load_yaml(path)
    file = validate(SweepFile, tree, path.name, origins)
    given = {name: getattr(file, name) for name in SweepFile.model_fields if name in tree}
    beside = {*PLAIN, "grid", "list", "constraints"}
    words = {name: _words(value) for name, value in given.items() if name not in beside and value is not None}
    _check_words(words, origins)
    settings = []
    for key, value in file.grid.items():
        with _at(origins[f"grid.{key}"]):
            settings.append(f"{key}={_setting(key, value)}")
            parse_settings(settings[-1:])
    for name, values in file.list.items():
        for key in values:
            with _at(origins[f"list.{name}.{key}"]):
                check_key(key)
                if key in file.grid:
                    raise UserError(f"'{key}' is in a design and in the grid: give it in one of them.")
    lines = (" ".join(text.splitlines()) for text in file.constraints)
    rules = tuple(constraint(line, origins[f"constraints.{n}"]) for n, line in enumerate(lines))
    named: dict[str, Any] = {FIELDS.get(name, name): value for name, value in words.items()}
    named |= {name: given[name] for name in PLAIN if given.get(name) is not None}
    return Request(**named, settings=settings or None, sweep=Sweep(path, file.list, rules, origins))


def _check_words(words: Mapping[str, str], origins: Mapping[str, str]) -> None:
    """Refuse words that can be refused where their line is known."""
    checks: Mapping[str, Callable[[str], object]] = {
        "scale": parse_scales,
        "app": lambda text: parse_names(text, "--app", APPS, paths=True),
        "arch": lambda text: parse_names(text, "--arch", arch_names(), paths=True),
        "resolution": lambda text: [parse_resolution(word) for word in text.split(",")],
    }
    for name, text in words.items():
        if name in checks:
            with _at(origins[name]):
                checks[name](text)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say where in the file a mistake is."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


def _words(value: Any) -> str:  # noqa: ANN401 - a word or a list of words
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _setting(key: str, value: Any) -> str:  # noqa: ANN401 - a YAML value
    """A value or a list of values as typed behind ``--set KEY=``."""
    if value is None or value == []:
        raise UserError(f"{key} has no value: give it one, a list or a range.")
    if isinstance(value, str):
        return value
    return ",".join(map(_word, value)) if isinstance(value, list) else _word(value)


def _word(value: Any) -> str:  # noqa: ANN401 - a YAML value
    """A value as YAML in one word; JSON is YAML, and its escapes keep a text whole that reads like a list."""
    divides = isinstance(value, str) and DIVIDING.search(value)
    if isinstance(value, str) and not divides and (MEANT_AS_RANGE.fullmatch(value) or parse_scalar(value) == value):
        return value
    word = json.dumps(value, ensure_ascii=False)
    return DIVIDING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", word) if divides else word
