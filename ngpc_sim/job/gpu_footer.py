"""What has to be said below a table about the GPU: derived times, and a memory that is not the GPU's own."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.gpu_memory import GPU_BANDWIDTHS
from ngpc_sim.gpu.baseline import ROOFLINE, models_of
from ngpc_sim.results.names import Condition, Names, Told
from ngpc_sim.results.published import GPU, PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point


def gpu_lines(pairs: Sequence[tuple[Point, Result]], names: Names) -> list[str]:
    """Lines about the GPUs of points, which give the results beside them."""
    told: dict[Told, None] = {}
    fusions: dict[tuple[str, str, Condition], dict[str, float]] = {}
    for point, result in pairs:
        arch, models, condition = point.arch, models_of(point.arch, point.work), names.condition(result)
        lines = [*_modelled(arch), *_other_memory(arch)]
        if models.frame != arch.file.gpu_model:
            lines.append(_not_published(arch, "" if point.work.is_built_in else names.work(result)))
        if result.gpu_below_bound:
            lines.append(_below_bound(result, names.case(result)))
        told.update({(arch.name, condition, line): None for line in lines})
        if models.rest == ROOFLINE and result.limit_queries is None:
            by_case = fusions.setdefault((arch.name, arch.gpu.name, condition), {})
            by_case.setdefault(names.case(result), result.rest_fusion)
    derived = ((arch, at, _fusion(gpu, by_case)) for (arch, gpu, at), by_case in fusions.items())
    return [*names.folded(derived), *names.folded(told)]


def _fusion(gpu: str, by_case: dict[str, float]) -> str:
    gains = ", ".join(f"{case} {gain:.2f}" for case, gain in by_case.items())
    published = f"published{'' if gpu == GPU else f' for {GPU}'} {PUBLISHED['rest_fusion'].value}"
    text = "the rest of kernels is derived; fusing makes its work, without gaps, so many times shorter"
    return f"{text}: {gains}; {published}."


def _not_published(arch: Arch, own_work: str) -> str:
    """Why a frame is modelled: the GPU has no published one, or ``own_work`` has none, which is not built in."""
    gpu = arch.gpu.name
    which = f"time of {own_work}, which is not built in," if own_work else "frame time"
    return (
        f"no {which} is published on {gpu}; its frame on {gpu} alone is modelled, its "
        "encoding and MLP kernels by a lower bound."
    )


def _below_bound(result: Result, case: str) -> str:
    """The sentence behind the mark of a published time."""
    return (
        f"< the published time of {case} on {result.gpu} alone, {result.gpu_frame_ms:.3g} ms, is below its own lower "
        f"bound of {result.gpu_bound_ms:.3g} ms, so its speedup is too small; speedup_modelled takes "
        f"{result.gpu_modelled_ms:.3g} ms."
    )


def _modelled(arch: Arch) -> list[str]:
    if arch.file.gpu_model != ROOFLINE:
        return []
    what = f"the frame on {arch.gpu.name} alone is modelled, from the GPU's peaks and the trace"
    return [f"{what}; its encoding and MLP kernels take the least time that they can."]


def _other_memory(arch: Arch) -> list[str]:
    lines = []
    for key in GPU_BANDWIDTHS:
        own, used = getattr(arch.gpu, key), getattr(arch.memory, key)
        if own is not None and own.value != used:
            lines.append(f"memory.{key} is {used:g}, {arch.gpu.name} has {own.value:g}; null takes the GPU's own.")
    return lines
