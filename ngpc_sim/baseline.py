"""GPU baseline: the same frame on the GPU alone, and its rest of kernels.

``per_query``: published frame time over the queries that frame most likely had, times the trace's own
queries, so that the baseline follows the trace. ``frame_time``: the published frame time itself, scaled
by pixels. Dense encodings take the published ratio of the hashgrid's time, and the same rest of kernels.
"""

from __future__ import annotations

from dataclasses import dataclass

from ngpc_sim.arch import Arch
from ngpc_sim.errors import UserError
from ngpc_sim.workload import Workload


@dataclass(frozen=True)
class Baseline:
    """The frame on the GPU in ms: all kernels, the low end of the published band, rest unfused and as run."""

    frame_ms: float
    frame_ms_low: float
    rest_unfused_ms: float
    rest_ms: float


def baseline(arch: Arch, work: Workload, queries: int, pixels: int) -> Baseline:
    """Baseline of a frame of ``queries`` on ``pixels``."""
    app = arch.gpu.apps.get(work.app)
    if app is None:
        known = ", ".join(arch.gpu.apps)
        raise UserError(f"GPU {arch.gpu.name} has no baseline for app '{work.app}': its file knows {known}.")
    shares = arch.gpu.encodings.get(work.encoding_name)
    if shares is None:
        known = ", ".join(arch.gpu.encodings)
        raise UserError(f"GPU {arch.gpu.name} has no shares for encoding '{work.encoding_name}': it knows {known}.")
    reference = arch.gpu.reference_pixels.value
    if arch.calibration.baseline == "frame_time":
        hashgrid_ms = app.frame_ms.value * pixels / reference
    else:
        hashgrid_ms = app.frame_ms.value / (app.queries_per_pixel.value * reference) * queries
    frame_ms = hashgrid_ms * shares.time_ratio.value
    low = app.frame_ms_low.value / app.frame_ms.value if app.frame_ms_low else 1.0
    rest_share = arch.calibration.rest_share.get(work.app, arch.gpu.encodings["hashgrid"].rest.value)
    unfused = rest_share * hashgrid_ms
    rest = unfused / arch.gpu.rest_fusion.value if arch.frame.fused else unfused
    return Baseline(frame_ms, frame_ms * low, unfused, rest)
