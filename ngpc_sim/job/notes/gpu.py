"""Notes on the GPU: derived times, and a memory that is not the GPU's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.gpu import JIT
from ngpc_sim.architecture.gpu_memory import GPU_BANDWIDTHS
from ngpc_sim.gpu.baseline import ROOFLINE, models_of
from ngpc_sim.job.notes.note import Note, folded
from ngpc_sim.results.names import Condition, Names
from ngpc_sim.results.published import GPU, PUBLISHED
from ngpc_sim.results.result import Result
from ngpc_sim.simulation.design import Point

Pairs = Sequence[tuple[Point, Result]]
Told = Iterator[tuple[Condition, Note]]
LOWER_BOUND = "Its encoding and MLP kernels take the least time that they can."
MODELLED = "docs/decisions.md, the GPU's peaks in its file"


def gpu_notes(pairs: Pairs, names: Names) -> list[Note]:
    """Notes on the GPUs of points, which give the results beside them."""
    return [*folded(names, _fusions(pairs, names)), *folded(names, _baselines(pairs, names))]


def _baselines(pairs: Pairs, names: Names) -> Told:
    for point, result in pairs:
        arch, condition = point.arch, names.condition(result)
        for note in _of_arch(arch):
            yield condition, note
        if models_of(arch, point.work).frame != arch.file.gpu_model:
            yield condition, _not_published(arch, "" if point.work.is_built_in else names.work(result))
        if result.limit_queries is not None:
            continue
        if result.gpu_below_bound:
            yield condition, _below_bound(result, names.case(result))
        if result.gpu_frame_ms_low < result.gpu_frame_ms:
            yield condition, _band(result, names.case(result))


def _fusions(pairs: Pairs, names: Names) -> Told:
    """How much shorter fusing makes the rest of kernels, by architecture and GPU."""
    groups: dict[tuple[str, str, Condition], dict[str, float]] = {}
    for point, result in pairs:
        if models_of(point.arch, point.work).rest == ROOFLINE and result.limit_queries is None:
            by_case = groups.setdefault((point.arch.name, point.arch.gpu.name, names.condition(result)), {})
            by_case.setdefault(names.case(result), result.rest_fusion)
    published = PUBLISHED["rest_fusion"]
    for (arch, gpu, condition), by_case in groups.items():
        gains = ", ".join(f"{gain:.2f} times for {case}" for case, gain in by_case.items())
        where = "" if gpu == GPU else f" for {GPU}"
        text = (
            f"The rest of kernels is derived. Fusing makes its work shorter, without gaps: {gains}. "
            f"Published{where} is {published.value}."
        )
        yield condition, Note("gpu", arch, text, by_case | {"published": published.value}, published.source)


def _of_arch(arch: Arch) -> Iterator[Note]:
    """Notes on an architecture whatever runs on it."""
    gpu = arch.gpu.name
    if arch.file.gpu_model == ROOFLINE:
        text = f"The frame on {gpu} alone is modelled, from the GPU's peaks and the trace. {_least(arch)}"
        yield Note("gpu", arch.name, text, source=MODELLED, brief=f"the frame on {gpu} alone is modelled")
    for key in GPU_BANDWIDTHS:
        own, used = getattr(arch.gpu, key), getattr(arch.memory, key)
        if own is not None and own.value != used:
            text = f"memory.{key} is {used:g}. {gpu} has {own.value:g}. null takes the GPU's own."
            yield Note("gpu", arch.name, text, {"used": used, "of_the_gpu": own.value}, own.source)


def _not_published(arch: Arch, own_work: str) -> Note:
    """Why a frame is modelled: the GPU, its software, or ``own_work``, which is not built in, has no published one."""
    gpu = arch.gpu.name
    which = f"time of {own_work}, which is not built in," if own_work else "frame time"
    why = f"No {which} is published on {gpu}."
    if arch.gpu.software == JIT and arch.gpu.apps and not own_work:
        why = f"Published frame times are of software of 2022, and gpu.software is {JIT}."
    text = f"{why} Its frame on {gpu} alone is modelled. {_least(arch)}"
    return Note("gpu", arch.name, text, source=MODELLED, brief=f"the frame on {gpu} alone is modelled")


def _least(arch: Arch) -> str:
    """What is least of a modelled frame."""
    return "All is one kernel, which takes the least time that it can." if arch.gpu.software == JIT else LOWER_BOUND


def _below_bound(result: Result, case: str) -> Note:
    """What the mark of a published time means."""
    text = (
        f"The published time of {case} on {result.gpu} alone is {result.gpu_frame_ms:.3g} ms, marked < in the table. "
        f"It is below its own lower bound of {result.gpu_bound_ms:.3g} ms, so its speedup is too small. "
        f"speedup_modelled takes {result.gpu_modelled_ms:.3g} ms."
    )
    figures = {"published_ms": result.gpu_frame_ms, "bound_ms": result.gpu_bound_ms or 0.0}
    figures["modelled_ms"] = result.gpu_modelled_ms or 0.0
    brief = f"< published GPU time of {case} below its lower bound"
    return Note("warnings", result.arch, text, figures, "columns gpu_frame_ms and gpu_bound_ms of results.csv", brief)


def _band(result: Result, case: str) -> Note:
    ratio = result.gpu_frame_ms_low / result.gpu_frame_ms
    text = (
        f"Published times range by scene, down to {ratio:.2f} of the one used. "
        f"The speedups of {case} carry the same band."
    )
    brief = f"GPU time of {case} x{ratio:.2f} to x1 by scene"
    source = "column gpu_frame_ms_low of results.csv, the GPU's file"
    return Note("gpu", f"GPU baseline of {case}", text, {"least_share": ratio}, source, brief)
