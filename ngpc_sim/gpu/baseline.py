"""GPU baseline: the same frame on the GPU alone, and its rest of kernels.

``gpu_model: published``. ``per_query``: published frame time over the queries that frame most likely had, times the
trace's own queries, so that the baseline follows the trace. ``frame_time``: the published frame time itself, scaled
by pixels. Dense encodings keep the hashgrid's rest of kernels; their total follows from its larger share
(0.691 of the hashgrid's). ``gpu_model: roofline`` takes the modelled frame, which is there beside a published one
too, wherever kernels and peaks are known.

The rest of kernels is published (a share of the frame, and one factor for fusing it) or, with ``rest_model: roofline``,
derived kernel by kernel; a published frame stays what it is then, and its kernels no longer add up to it. With ``none``
there is no GPU beside the NGPC: a machine that renders alone, whose ray set-up and compositing are not modelled.

What is published holds for the workloads that were measured. Any other workload gets the model for both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.gpu import JIT
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import WrongAnswerError, build, is_plugin, real, shown
from ngpc_sim.config.schema import Positive
from ngpc_sim.gpu.modelled import Modelled, modelled
from ngpc_sim.gpu.ray_counts import RayCounts, ray_counts
from ngpc_sim.gpu.rest_of_kernels import rest_of
from ngpc_sim.trace import Trace
from ngpc_sim.workloads.apps import APPS
from ngpc_sim.workloads.workload import Workload

#: a day; a longer rest of kernels is a mistake
MAX_REST_MS = 86_400_000.0
PUBLISHED, ROOFLINE, NONE = "published", "roofline", "none"


@dataclass(frozen=True)
class Baseline:
    """The frame on the GPU alone in ms.

    ``frame_ms`` all kernels, ``frame_ms_low`` at the low end of the published band; of it ``encoding_ms``,
    ``mlp_ms`` and ``rest_unfused_ms``. ``rest_ms`` is the rest of kernels as it runs beside the NGPC, where it is
    derived what no frame falls below; ``rest_fusion`` how many times faster than unfused. ``modelled``: the frame
    kernel by kernel, or ``None`` and in ``note`` why not.
    """

    frame_ms: float
    frame_ms_low: float
    encoding_ms: float
    mlp_ms: float
    rest_unfused_ms: float
    rest_ms: float
    rest_fusion: float = 1.0
    modelled: Modelled | None = None
    note: str = ""

    def with_rest(self, rest_ms: float) -> Baseline:
        """The same beside another rest of kernels."""
        return replace(self, rest_ms=rest_ms, rest_fusion=self.rest_unfused_ms / rest_ms if rest_ms else 1.0)

    @property
    def is_below_bound(self) -> bool:
        """Whether the frame is shorter than its own kernels can be; a modelled one never is, but for rounding."""
        alone = self.modelled
        return alone is not None and self.frame_ms != alone.frame_ms and self.frame_ms < alone.bound_ms


@dataclass(frozen=True)
class Models:
    """What gives the frame on the GPU alone, ``gpu_model``, and the rest of kernels, ``frame.rest_model``."""

    frame: str
    rest: str


def models_of(arch: Arch, work: Workload) -> Models:
    """The architecture's models, or the roofline where they are published ones and the workload was not measured.

    Of a GPU of which no frame is published, the frame is modelled too, and so is that of other software than of 2022.
    """
    own, measured = (arch.file.gpu_model, arch.frame.rest_model), _is_measured(arch, work)
    frame, rest = (ROOFLINE if model == PUBLISHED and not measured else model for model in own)
    return Models(frame if arch.gpu.apps and arch.gpu.software != JIT else ROOFLINE, rest)


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
    alone, note = _modelled(arch, work, trace, counts, needed=models.frame != PUBLISHED)
    base = _derived(alone) if alone and models.frame != PUBLISHED else _published(arch, work, queries, pixels)
    base = replace(base, modelled=alone, note=note)
    if models.rest == NONE:
        return base.with_rest(0.0)
    if models.rest == ROOFLINE:
        rest = rest_of(arch, work, counts)
        unfused_ms = base.rest_ms if arch.gpu.software == JIT else rest.alone_ms
        return replace(base, rest_unfused_ms=unfused_ms).with_rest(rest.beside_ms)
    if models.frame != PUBLISHED and _is_measured(arch, work):
        base = replace(base, rest_unfused_ms=_shares(arch, work).of_frame * base.frame_ms)
    if is_plugin(models.rest):
        return base.with_rest(_of_plugin(arch, work, queries, base.rest_unfused_ms))
    fusion = _need(arch, arch.gpu.rest_fusion, "factor for fusing the rest of kernels", "frame.rest_model").value
    fusion = fusion if arch.frame.fused else 1.0
    return replace(base, rest_ms=base.rest_unfused_ms / fusion, rest_fusion=fusion)


def measured_ms(arch: Arch, work: Workload, queries: int) -> float | None:
    """A frame of ``queries`` on the GPU alone in ms, from a frame of the workload measured on it; None without one."""
    frames = arch.gpu.measured_frames
    own = frames.get(work.label)
    if own is None or own.workload != work.sha256:
        own = None if work.is_altered else frames.get(work.name)
    return None if own is None else own.unfused_ms.value * queries / own.queries.value


def _modelled(
    arch: Arch, work: Workload, trace: Trace, counts: RayCounts, *, needed: bool
) -> tuple[Modelled | None, str]:
    """The frame kernel by kernel, or why it is not known; refused where it is ``needed``."""
    try:
        return modelled(arch, work, trace, counts), ""
    except UserError as error:
        if needed:
            raise
        return None, str(error)


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


def _published(arch: Arch, work: Workload, queries: int, pixels: int) -> Baseline:
    gpu = arch.gpu
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
    return Baseline(frame_ms, frame_ms * low, network * part, network * (1 - part), unfused, unfused)


def _derived(alone: Modelled) -> Baseline:
    """The modelled frame."""
    return Baseline(alone.frame_ms, alone.frame_ms, alone.encoding_ms, alone.mlp_ms, alone.rest_ms, alone.rest_ms)


@dataclass(frozen=True)
class _Shares:
    """Shares of GPU time: the rest of the hashgrid's frame, as fitted or published; of the own one; encoding's part."""

    fitted_rest: float
    hashgrid_rest: float
    own_rest: float
    encoding_part: float

    @property
    def of_frame(self) -> float:
        """The rest's share of the own frame."""
        return self.fitted_rest * self.own_rest / self.hashgrid_rest


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
