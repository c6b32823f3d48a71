"""The steps of the ladder: named groups of keys in which two architectures differ, each taken over as a whole.

``steps.yaml`` beside this module lists them. A key that differs belongs to exactly one group, or to none where it
cannot change the speedup. A group whose keys are all the same in both architectures is a step without effect, and is
shown as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ngpc_sim.architecture.arch import Arch, all_keys, load_arch
from ngpc_sim.architecture.gpu_memory import OF_GPU, OVERRIDES
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.yaml_files import load_yaml

FILE = Path(__file__).with_name("steps.yaml")


@dataclass(frozen=True)
class Group:
    """A step by its name, what it replaces by what, and its keys; one that ends in a dot means all keys below it."""

    name: str
    title: str
    keys: tuple[str, ...]

    def has(self, key: str) -> bool:
        """Whether a dotted key belongs to the group."""
        return among(key, self.keys)


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """All groups, in the order of the ladder."""
    listed = load_yaml(FILE)[0]["steps"]
    return tuple(Group(name, group["title"], tuple(group["keys"])) for name, group in listed.items())


@lru_cache(maxsize=1)
def untimed() -> tuple[str, ...]:
    """Keys that cannot change a speedup."""
    return tuple(load_yaml(FILE)[0]["untimed"])


def among(key: str, keys: Iterable[str]) -> bool:
    """Whether a dotted key is one of ``keys``, or below one that ends in a dot."""
    return any(key.startswith(one) if one.endswith(".") else key == one for one in keys)


@dataclass(frozen=True)
class Step:
    """One step: the values of the target architecture by dotted key, and those that they replace."""

    name: str
    title: str
    values: Mapping[str, Any]
    before: Mapping[str, Any]

    @property
    def keys(self) -> str:
        """Keys that the step changes, joined by a space."""
        return " ".join(self.values)


def differing_keys(first: Arch, last: Arch) -> list[str]:
    """Dotted keys of which two architectures have different values; of the GPU those that either overrides."""
    overridden = sorted({*first.file.gpu_overrides, *last.file.gpu_overrides})
    keys = [*(key for key in all_keys() if key != OVERRIDES), *(f"{OF_GPU}{key}" for key in overridden)]
    return [key for key in keys if value_of(first, key) != value_of(last, key)]


def value_of(arch: Arch, dotted: str) -> Any:  # noqa: ANN401 - a value of an architecture file
    """Value of a dotted key, as plain data; a number of the GPU without its source."""
    of_gpu = dotted.startswith(OF_GPU)
    value: Any = (
        arch.gpu.model_dump(mode="json") if of_gpu else arch.file.model_dump(mode="json") | {"scale": arch.scale}
    )
    for part in dotted.removeprefix(OF_GPU).split("."):
        value = value[part]
    return value["value"] if of_gpu and isinstance(value, dict) else value


def steps_between(first: Arch, last: Arch) -> list[Step]:
    """Steps from one architecture to another, one a group; a key that differs and has no step is refused."""
    keys = [key for key in differing_keys(first, last) if not among(key, untimed())]
    for key in keys:
        if not any(group.has(key) for group in groups()):
            raise UserError(f"'{key}' differs between {first.name} and {last.name}, but no step of the ladder has it.")
    return [
        Step(
            group.name,
            group.title,
            {key: value_of(last, key) for key in keys if group.has(key)},
            {key: value_of(first, key) for key in keys if group.has(key)},
        )
        for group in groups()
    ]


def rung(first: str, steps: Iterable[Step], scale: int) -> Arch:
    """Architecture ``first`` with the values of ``steps``; the same as overriding them by hand."""
    chosen = list(steps)
    values = {key: value for step in chosen for key, value in step.values.items()}
    try:
        return load_arch(first, scale=scale, overrides=values)
    except UserError as error:
        names = ", ".join(step.name for step in chosen)
        raise UserError(
            f"{first} with {names or 'no step'} is no architecture, so there is no ladder: {error}"
        ) from error
