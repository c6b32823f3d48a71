"""What has to be said below a table about the GPU: derived times, and a memory that is not the GPU's own."""

from __future__ import annotations

from collections.abc import Sequence

from ngpc_sim.architecture.arch import GPU_BANDWIDTHS, Arch
from ngpc_sim.results.published import GPU, PUBLISHED
from ngpc_sim.results.result import Result


def gpu_lines(archs: Sequence[Arch], results: Sequence[Result]) -> list[str]:
    """Lines about the GPUs of ``archs``, which give ``results``."""
    bounds: dict[str, None] = {}
    fusions: dict[tuple[str, str], dict[str, float]] = {}
    for arch, result in zip(archs, results, strict=True):
        bounds.update(dict.fromkeys([*_lower_bound(arch), *_other_memory(arch)]))
        if arch.frame.rest_model == "roofline":
            fusions.setdefault((arch.name, arch.gpu.name), {}).setdefault(result.app, result.rest_fusion)
    return [*(_fusion(*names, by_app) for names, by_app in fusions.items()), *bounds]


def _fusion(name: str, gpu: str, by_app: dict[str, float]) -> str:
    gains = ", ".join(f"{app} {gain:.2f}" for app, gain in by_app.items())
    published = f"published{'' if gpu == GPU else f' for {GPU}'} {PUBLISHED['rest_fusion'].value}"
    return f"{name}: the rest of kernels is derived; fusing makes it so many times faster: {gains}; {published}."


def _lower_bound(arch: Arch) -> list[str]:
    if arch.file.gpu_model != "roofline":
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
