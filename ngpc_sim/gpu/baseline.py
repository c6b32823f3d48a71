"""GPU baseline: the same frame on the GPU alone, and its rest of kernels.

``gpu_model: published``. ``per_query``: published frame time over the queries that frame most likely had, times the
trace's own queries, so that the baseline follows the trace. ``frame_time``: the published frame time itself, scaled
by pixels. Dense encodings keep the hashgrid's rest of kernels; their total follows from its larger share
(0.691 of the hashgrid's). ``gpu_model: roofline`` derives encoding and MLP kernels from the GPU's peaks, a lower bound.

The rest of kernels is published (a share of the frame, and one factor for fusing it) or, with ``rest_model: roofline``,
derived kernel by kernel; a published frame stays what it is then, and its kernels no longer add up to it.

What is published holds for the workloads that were measured. Any other workload gets the roofline for both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import WrongAnswerError, build, is_plugin, real, shown
from ngpc_sim.config.schema import Positive
from ngpc_sim.gpu.network import network_ms
from ngpc_sim.gpu.ray_counts import RayCounts, ray_counts
from ngpc_sim.gpu.rest_of_kernels import rest_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.apps import APPS
from ngpc_sim.workloads.workload import Workload

#: a day; a longer rest of kernels is a mistake
MAX_REST_MS = 86_400_000.0
PUBLISHED, ROOFLINE = "published", "roofline"


@dataclass(frozen=True)
class Baseline:
    """The frame on the GPU alone in ms.

    ``frame_ms`` all kernels, ``frame_ms_low`` at the low end of the published band; of it ``encoding_ms``,
    ``mlp_ms`` and ``rest_unfused_ms``. ``rest_ms`` is the rest of kernels as it runs beside the NGPC, ``rest_fusion``
    how many times faster than unfused; ``rest_bytes`` what it moves and what of that through DRAM, where that is known.
    """

    frame_ms: float
    frame_ms_low: float
    encoding_ms: float
    mlp_ms: float
    rest_unfused_ms: float
    rest_ms: float
    rest_fusion: float
    rest_bytes: tuple[float, float] | None = None


@dataclass(frozen=True)
class Models:
    """What gives the frame on the GPU alone, ``gpu_model``, and the rest of kernels, ``frame.rest_model``."""

    frame: str
    rest: str


def models_of(arch: Arch, work: Workload) -> Models:
    """The architecture's models, or the roofline where they are published ones and the workload was not measured."""
    own, measured = (arch.file.gpu_model, arch.frame.rest_model), _is_measured(arch, work)
    return Models(*(ROOFLINE if model == PUBLISHED and not measured else model for model in own))


def _is_measured(arch: Arch, work: Workload) -> bool:
    """Whether published times are the workload's: of a built-in one, or of an own app in the GPU's file."""
    return not work.is_altered and work.app in {*APPS, *arch.gpu.apps}


def baseline(arch: Arch, work: Workload, trace: Trace, queries: int, pixels: int, part: float = 1.0) -> Baseline:
    """Baseline of a frame of ``queries`` on ``pixels``, of which ``part`` ask, with the invocations of its profile.

    Raises
    ------
    UserError
        When the GPU's file lacks what a model needs, or the workload lists no kernels for a roofline.
    """
    counts, models = ray_counts(trace.profile_at(pixels), queries, pixels * part), models_of(arch, work)
    if models.frame == PUBLISHED:
        alone = _published(arch, work, queries, pixels)
    else:
        alone = _derived(arch, work, trace, counts)
    if models.rest == ROOFLINE:
        return _with_derived_rest(arch, work, counts, alone)
    if is_plugin(models.rest):
        rest = _of_plugin(arch, work, queries, alone.rest_unfused_ms)
        return replace(alone, rest_ms=rest, rest_fusion=alone.rest_unfused_ms / rest)
    fusion = _need(arch, arch.gpu.rest_fusion, "factor for fusing the rest of kernels", "frame.rest_model").value
    fusion = fusion if arch.frame.fused else 1.0
    return replace(alone, rest_ms=alone.rest_unfused_ms / fusion, rest_fusion=fusion)


def _of_plugin(arch: Arch, work: Workload, queries: int, unfused_ms: float) -> float:
    """Rest of kernels in ms as a plug-in says."""
    model = build(arch.frame.rest_model, {"rest_ms": _rest_ms}, arch.frame, arch.gpu)
    rest: float = model.rest_ms(work, queries, unfused_ms)
    return rest


def _rest_ms(answer: Any, *_: Any, **__: Any) -> float:  # noqa: ANN401 - of a plug-in
    """Check of a time in ms."""
    rest = real(answer)
    if not 0 < rest < MAX_REST_MS:
        raise WrongAnswerError(f"answer with a time above 0 ms, not {shown(answer)}")
    return rest


def _with_derived_rest(arch: Arch, work: Workload, counts: RayCounts, alone: Baseline) -> Baseline:
    rest = rest_of(arch, work, counts)
    own, moved = rest.unfused_ms, (rest.unfused_bytes, rest.unfused_dram_bytes)
    if arch.frame.fused:
        own, moved = rest.fused_ms, (rest.fused_bytes, rest.fused_dram_bytes)
    fusion = rest.unfused_ms / own if own else 1.0
    return replace(alone, rest_unfused_ms=rest.unfused_ms, rest_ms=own, rest_fusion=fusion, rest_bytes=moved)


def _published(arch: Arch, work: Workload, queries: int, pixels: int) -> Baseline:
    gpu = arch.gpu
    if not gpu.apps:
        raise UserError(f"GPU {gpu.name} has no published frame times: --set gpu_model=roofline derives them.")
    app = gpu.apps.get(work.app)
    if app is None:
        known = ", ".join(gpu.apps)
        raise UserError(f"GPU {gpu.name} has no baseline for app '{work.app}': its file knows {known}.")
    reference = _need(arch, gpu.reference_pixels, "resolution of its frame times", "gpu_model").value
    shares = _shares(arch, work)
    if arch.calibration.baseline == "frame_time":
        hashgrid_ms = app.frame_ms.value * pixels / reference
    else:
        hashgrid_ms = app.frame_ms.value / (app.queries_per_pixel.value * reference) * queries
    frame_ms = hashgrid_ms * shares.hashgrid_rest / shares.own_rest
    low = app.frame_ms_low.value / app.frame_ms.value if app.frame_ms_low else 1.0
    unfused = shares.fitted_rest * hashgrid_ms
    network, part = frame_ms - unfused, shares.encoding_part
    return _unfused(frame_ms, frame_ms * low, network * part, network * (1 - part), unfused)


def _derived(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> Baseline:
    """Encoding and MLP kernels from the peaks; the rest likewise, or its published share of the sum."""
    encoding, mlp = network_ms(arch, work, trace, counts)
    if models_of(arch, work).rest == ROOFLINE or not _is_measured(arch, work):
        rest = rest_of(arch, work, counts).unfused_ms
        frame = encoding + mlp + rest
    else:
        shares = _shares(arch, work)
        share = shares.fitted_rest * shares.own_rest / shares.hashgrid_rest
        frame = (encoding + mlp) / (1 - share)
        rest = share * frame
    return _unfused(frame, frame, encoding, mlp, rest)


def _unfused(frame: float, low: float, encoding: float, mlp: float, rest: float) -> Baseline:
    """The frame on the GPU alone, its rest of kernels not fused, in ms."""
    return Baseline(frame, low, encoding, mlp, rest, rest, 1.0)


@dataclass(frozen=True)
class _Shares:
    """Shares of GPU time: the rest of the hashgrid's frame, as fitted or published; of the own one; encoding's part."""

    fitted_rest: float
    hashgrid_rest: float
    own_rest: float
    encoding_part: float


def _shares(arch: Arch, work: Workload) -> _Shares:
    gpu = arch.gpu
    if not gpu.encodings:
        raise UserError(
            f"GPU {gpu.name} has no published shares of kernels: --set frame.rest_model=roofline derives the rest."
        )
    own = gpu.encodings.get(work.encoding_name)
    if own is None:
        known = ", ".join(gpu.encodings)
        raise UserError(f"GPU {gpu.name} has no shares for encoding '{work.encoding_name}': it knows {known}.")
    hashgrid_rest = gpu.encodings["hashgrid"].rest.value
    fitted = arch.calibration.rest_share.get(work.app, hashgrid_rest)
    return _Shares(fitted, hashgrid_rest, own.rest.value, own.encoding.value / (own.encoding.value + own.mlp.value))


def _need(arch: Arch, number: Positive | None, what: str, key: str) -> Positive:
    if number is None:
        raise UserError(f"GPU {arch.gpu.name} has no published {what}: --set {key}=roofline derives it.")
    return number
