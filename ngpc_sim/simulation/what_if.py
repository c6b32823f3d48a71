"""What doubling the resource that limits a frame would give: the same point, run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ngpc_sim.architecture.arch import Arch, changed
from ngpc_sim.architecture.arch_file import MAX_SCALE
from ngpc_sim.architecture.gpu_memory import OF_GPU
from ngpc_sim.config.errors import UserError
from ngpc_sim.results.result import Result
from ngpc_sim.results.stall_causes import STALL_CAUSES

#: what shortens the parts of the critical path that are no work of GPU or NGPC
_PATH_RELIEF: Mapping[str, Mapping[str, float]] = {
    "latency": {"frame.launch_overhead_ns": 0.5, "memory.l2_latency_ns": 0.5},
    "submit": {"frame.submit_overhead_us": 0.5},
    "table": {"memory.l2_gbps": 2, "memory.dram_gbps": 2},
}
_POLLING: Mapping[str, float] = {"gpu.poll_ns": 0.5, "memory.l2_latency_ns": 0.5}
GPU_TWICE = "gpu x2"


@dataclass(frozen=True)
class Doubling:
    """What a second run changes: the architecture, or the time of the rest of kernels. ``words`` names it."""

    arch: Arch
    rest_factor: float
    words: str


def doubling(arch: Arch, result: Result) -> Doubling | None:
    """The second run for a result; ``None`` where the resource cannot be doubled (ideal, or out of range)."""
    if result.bottleneck == "gpu_rest":
        return Doubling(arch, 0.5, GPU_TWICE)
    relief = _relief(result)
    values = {key: _times(arch, key, factor) for key, factor in relief.items()}
    known = {key: value for key, value in values.items() if value is not None}
    if not known or known.get("scale", 1) > MAX_SCALE:
        return None
    try:
        other = changed(arch, known)
    except UserError:
        return None
    words = " ".join(f"{key} {'x2' if relief[key] == 2 else '/2'}" for key in known)
    return Doubling(other, 1.0, words)


def _relief(result: Result) -> Mapping[str, float]:
    """Keys and factors for the bottleneck; of several causes that name it, for the one that costs most cycles."""
    causes = [cause for cause in STALL_CAUSES if cause.limit == result.bottleneck]
    if not causes:
        return _POLLING if result.bottleneck == "latency" and _polls(result) else _PATH_RELIEF[result.bottleneck]
    return max(causes, key=lambda cause: result.stalls[cause.name]).relief


def _polls(result: Result) -> bool:
    """Whether kernels stay and poll."""
    return bool(result.configuration["frame"]["front_end"] == "persistent")


def _times(arch: Arch, dotted: str, factor: float) -> Any:  # noqa: ANN401 - a number of the architecture
    """Value of a key times ``factor``, an integer stays one; ``None`` where it is no number or would become 0."""
    if dotted.startswith(OF_GPU):
        return getattr(arch.gpu, dotted.removeprefix(OF_GPU)).value * factor
    value: Any = arch.file.model_dump() | {"scale": arch.scale}
    for part in dotted.split("."):
        value = value[part]
    if not isinstance(value, int | float) or not value * factor:
        return None
    if isinstance(value, int):
        return int(value * factor) or None
    return value * factor


def with_doubling(arch: Arch, result: Result, frame_ms: Callable[[Arch, float], float]) -> Result:
    """The result with what doubling its bottleneck gives.

    ``frame_ms`` gives the time of the same frame on another architecture, with a factor on the rest of kernels.
    """
    second = doubling(arch, result)
    if second is None:
        return result
    gain = result.frame_ms / frame_ms(second.arch, second.rest_factor)
    return replace(result, doubled=second.words, doubled_gain=gain)
