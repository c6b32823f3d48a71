"""Free parameters: numeric keys of an architecture, their starts and their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

from ngpc_sim.architecture.arch import Arch, changed
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import dotted_leaves, nearest
from ngpc_sim.paper.calibration.problem import Array
from ngpc_sim.workloads.apps import APPS

QUERIES, SHARES = "calibration.queries_per_pixel", "calibration.rest_share"
#: what is free in ``ngpc-paper``; GIA asks exactly one query a pixel, so its number is not free
SEVEN = (*(f"{QUERIES}.{app}" for app in APPS if app != "gia"), *(f"{SHARES}.{app}" for app in APPS))
#: bounds where none are given: the start over and times this
FACTOR = 4.0


@dataclass(frozen=True)
class Parameter:
    """A free number by its dotted key, with its start and its bounds."""

    key: str
    start: float
    low: float
    high: float

    @property
    def app(self) -> str | None:
        """The one app that it concerns; None where it concerns all."""
        section, _, app = self.key.rpartition(".")
        return app if section in {QUERIES, SHARES} else None


def parameters_of(arch: Arch, free: Sequence[str]) -> list[Parameter]:
    """Parameters of ``KEY[=LOW..HIGH]`` texts; ``default`` stands for the seven of ``ngpc-paper``.

    Raises
    ------
    UserError
        For a key that the architecture has no such number for (with the nearest), or bounds that do not hold its value.
    """
    words = [part.strip() for text in free for part in text.split(",")]
    named = [key for word in words for key in (SEVEN if word == "default" else (word,))]
    found: dict[str, Parameter] = {}
    for text in named:
        parameter = _parameter(arch, text)
        found[parameter.key] = parameter
    return list(found.values())


def _parameter(arch: Arch, text: str) -> Parameter:
    key, given, bounds = text.partition("=")
    leaves = dict(dotted_leaves(arch.file.model_dump(exclude={"sources"})))
    numbers = {name: value for name, value in leaves.items() if isinstance(value, float)}
    if key not in numbers:
        nearby = f"the nearest number of {arch.name} is '{nearest(key, numbers)}'"
        if isinstance(leaves.get(key), int) and not isinstance(leaves[key], bool):
            raise UserError(f"--free '{key}' takes whole numbers only, which cannot be fitted; {nearby}.")
        raise UserError(f"--free '{key}' is not a number of {arch.name}; {nearby}.")
    start = numbers[key]
    if start <= 0:
        raise UserError(f"--free '{key}' is {start:g} in {arch.name}: a fit changes numbers by factors, from above 0.")
    low, high = _given(text, bounds) if given else _default(arch, key, start)
    if not low <= start <= high or low == high:
        raise UserError(f"--free {text}: its bounds should hold {start:g}, the value in {arch.name}, and differ.")
    for value in (low, high):
        changed(arch, {key: value})
    return Parameter(key, start, low, high)


def _given(text: str, bounds: str) -> tuple[float, float]:
    low, dots, high = bounds.partition("..")
    try:
        ends = float(low), float(high)
    except ValueError:
        ends = 0.0, 0.0
    if not dots or not 0 < ends[0] < ends[1]:
        raise UserError(f"--free {text} has no bounds: write KEY=LOW..HIGH, for instance nfp.clock_ghz=0.5..2.5.")
    return ends


def _default(arch: Arch, key: str, start: float) -> tuple[float, float]:
    """A factor each way, or up to 1 for a share."""
    for high in (FACTOR * start, 1.0):
        try:
            changed(arch, {key: high})
        except UserError:
            continue
        return start / FACTOR, high
    raise UserError(f"--free {key}: {FACTOR * start:g} is too large for it; give its bounds, KEY=LOW..HIGH.")


def values_of(parameters: Sequence[Parameter], x: Array) -> dict[str, float]:
    """Values by dotted key of (n,) logarithms, never outside the bounds."""
    return {p.key: min(max(exp(one), p.low), p.high) for p, one in zip(parameters, x.tolist(), strict=True)}


def written(values: Mapping[str, float]) -> dict[str, float]:
    """Values as they go into a file: five significant digits, one more than the published rows have."""
    return {key: float(f"{value:.5g}") for key, value in values.items()}
