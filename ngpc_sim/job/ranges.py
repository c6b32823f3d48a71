"""Ranges of architecture keys whose effect is asked for: around a design's own values, or as typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ngpc_sim.architecture.arch import Arch, check_key
from ngpc_sim.architecture.arch_file import ArchFile
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.schema import limits_of, words_of
from ngpc_sim.config.units import is_real, is_whole
from ngpc_sim.config.yaml_files import parse_scalar

#: keys that are asked for where none is named: what a designer decides on first (assumed)
KEYS = (
    "scale",
    "nfp.clock_ghz",
    "nfp.encoding.engines",
    "nfp.encoding.corner_lanes",
    "nfp.encoding.banks",
    "nfp.encoding.read_ports",
    "nfp.encoding.grid_sram_kib",
    "nfp.encoding.feature_bytes",
    "nfp.encoding.outstanding_lines",
    "nfp.mlp.rows",
    "nfp.mlp.cols",
    "nfp.mlp.batch_queries",
    "nfp.io.input_bytes_per_cycle",
    "cluster.dispatch_queries",
    "memory.l2_gbps",
    "memory.l2_latency_ns",
    "memory.dram_gbps",
    "frame.launch_overhead_ns",
)
#: keys whose whole numbers are powers of two
POWERS = ("nfp.encoding.banks",)
#: a range as typed
TYPED = re.compile(r"(.+?)\.\.(.+)")


@dataclass(frozen=True)
class Range:
    """Values that a key takes, beside ``base``, the design's own.

    ``steps`` are all of them in order; without steps it is every number from ``low`` to ``high``, or every whole one.
    """

    key: str
    base: Any
    low: float = 0
    high: float = 0
    whole: bool = False
    steps: tuple[Any, ...] = ()

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values that are tried one at a time: both ends, or all other words; without the design's own."""
        ends = (self.low, self.high) if not self.steps else self.steps
        numbers = self.steps and all(is_real(step) for step in self.steps)
        return tuple(dict.fromkeys(end for end in (ends[:1] + ends[-1:] if numbers else ends) if end != self.base))

    def at(self, share: float) -> Any:  # noqa: ANN401 - a value of a key
        """Value at a share of the range, 0 or more and below 1, each as likely as any other."""
        if self.steps:
            return self.steps[min(int(share * len(self.steps)), len(self.steps) - 1)]
        if self.whole:
            return min(int(self.low + share * (self.high - self.low + 1)), int(self.high))
        return self.low + share * (self.high - self.low)


def own_value(arch: Arch, key: str) -> Any:  # noqa: ANN401 - a value of a key
    """Value of a dotted key in an architecture; a number of the GPU's file without its source."""
    own: Any = arch.resolved()["gpu_file"] if key.startswith(OF_GPU) else arch.resolved()
    for word in key.removeprefix(OF_GPU).split("."):
        own = own.get(word) if isinstance(own, dict) else None
    return own.get("value") if isinstance(own, dict) else own


def range_around(arch: Arch, key: str) -> Range | None:
    """Range from half of a design's own value to its double, within the key's limits, or all words of the key.

    ``None`` for a value that is neither a number above 0 nor one of a few words.
    """
    base, keys = own_value(arch, key), key.split(".")
    if isinstance(base, bool):
        return Range(key, base, steps=(False, True))
    if isinstance(base, str):
        words = words_of(ArchFile, keys)
        return Range(key, base, steps=words) if words else None
    if not is_real(base) or base <= 0:
        return None
    low, high = limits_of(ArchFile, keys)
    if is_whole(base):
        return _of_numbers(key, base, max(base // 2, int(max(low, 1))), int(min(2 * base, high)))
    return _of_numbers(key, base, max(base / 2, low), min(2 * base, high))


def _of_numbers(key: str, base: Any, low: float, high: float) -> Range:  # noqa: ANN401 - a value of a key
    if key in POWERS:
        powers = (1 << exponent for exponent in range(int(high).bit_length()))
        return Range(key, base, steps=tuple(power for power in powers if low <= power <= high))
    return Range(key, base, low, high, all(map(is_whole, (low, high, base if is_real(base) else low))))


def parse_range(arch: Arch, text: str) -> Range:
    """Range of ``KEY``, ``KEY=a..b`` or ``KEY=word,word``."""
    key, equals, values = (part.strip() for part in text.partition("="))
    check_key(key)
    if not equals:
        found = range_around(arch, key)
        if found is None:
            own = own_value(arch, key)
            raise UserError(f"--key {key}: {own!r} has no half, double or other word; write --key {key}=a..b or a,b.")
        return found
    base, ends = own_value(arch, key), TYPED.fullmatch(values)
    if ends is None:
        steps = tuple(dict.fromkeys(parse_scalar(word.strip()) for word in values.split(",")))
        if len(steps) < 2 or None in steps:
            raise UserError(f"--key {text} is no range: write {key}=a..b or {key}=word,word.")
        return Range(key, base, steps=steps)
    low, high = (parse_scalar(end.strip()) for end in ends.groups())
    if not (is_real(low) and is_real(high) and low < high):
        raise UserError(f"--key {text} is no range: write two rising numbers, {key}=a..b.")
    found = _of_numbers(key, base, low, high)
    if key in POWERS and not set(found.steps) - {base}:
        raise UserError(f"--key {text} has no other power of two than {base}.")
    return found
