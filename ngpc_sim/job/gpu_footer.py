"""What has to be said below a table about the GPU: derived times, and a memory that is not the GPU's own."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.architecture.arch import GPU_BANDWIDTHS, Arch
from ngpc_sim.gpu.baseline import ROOFLINE, models_of
from ngpc_sim.results.published import GPU, PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point


def gpu_lines(points: Sequence[Point], results: Sequence[Result]) -> list[str]:
    """Lines about the GPUs of ``points``, which give ``results``."""
    bounds: dict[str, None] = {}
    fusions: dict[tuple[str, str], dict[str, float]] = {}
    for point, result in zip(points, results, strict=True):
        arch, models = point.arch, models_of(point.arch, point.work)
        bounds.update(dict.fromkeys([*_lower_bound(arch), *_other_memory(arch)]))
        if models.frame != arch.file.gpu_model:
            bounds[_not_published(point)] = None
        if models.rest == ROOFLINE:
            fusions.setdefault((arch.name, arch.gpu.name), {}).setdefault(result.app, result.rest_fusion)
    return [*(_fusion(*names, by_app) for names, by_app in fusions.items()), *bounds]


def _fusion(name: str, gpu: str, by_app: dict[str, float]) -> str:
    gains = ", ".join(f"{app} {gain:.2f}" for app, gain in by_app.items())
    published = f"published{'' if gpu == GPU else f' for {GPU}'} {PUBLISHED['rest_fusion'].value}"
    return f"{name}: the rest of kernels is derived; fusing makes it so many times faster: {gains}; {published}."


def _not_published(point: Point) -> str:
    gpu, work = point.arch.gpu.name, point.work
    return (
        f"{point.arch.name}: no time of {work.name}, which is not built in, is published on {gpu}; its frame on {gpu} "
        "alone is a lower bound from the GPU's peaks and the trace, and so is its speedup."
    )


def _lower_bound(arch: Arch) -> list[str]:
    if arch.file.gpu_model != ROOFLINE:
        return []
    what = f"the frame on {arch.gpu.name} alone is a lower bound on its time, from the GPU's peaks and the trace"
    return [f"{arch.name}: {what}; so is its gap."]


def _other_memory(arch: Arch) -> list[str]:
    lines = []
    for key in GPU_BANDWIDTHS:
        own, used = getattr(arch.gpu, key), getattr(arch.memory, key)
        if own is not None and own.value != used:
            lines.append(
                f"{arch.name}: memory.{key} is {used:g}, {arch.gpu.name} has {own.value:g}; null takes the GPU's own."
            )
    return lines
