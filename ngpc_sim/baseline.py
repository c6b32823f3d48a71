"""GPU baseline: the same frame on the GPU alone, and its rest of kernels.

``per_query``: published frame time over the queries that frame most likely had, times the trace's own
queries, so that the baseline follows the trace. ``frame_time``: the published frame time itself, scaled
by pixels. Dense encodings keep the hashgrid's rest of kernels; their total follows from its larger share
(0.691 of the hashgrid's).
"""

from __future__ import annotations

from dataclasses import dataclass

from ngpc_sim.arch import Arch
from ngpc_sim.errors import UserError
from ngpc_sim.plugins import build, is_plugin
from ngpc_sim.workload import Workload

#: a day; a longer rest of kernels is a mistake
MAX_REST_MS = 86_400_000.0


@dataclass(frozen=True)
class Baseline:
    """The frame on the GPU alone in ms.

    ``frame_ms`` all kernels, ``frame_ms_low`` at the low end of the published band; of it ``encoding_ms``,
    ``mlp_ms`` and ``rest_unfused_ms``. ``rest_ms`` is the rest of kernels as it runs beside the NGPC.
    """

    frame_ms: float
    frame_ms_low: float
    encoding_ms: float
    mlp_ms: float
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
    hashgrid_rest = arch.gpu.encodings["hashgrid"].rest.value
    frame_ms = hashgrid_ms * hashgrid_rest / shares.rest.value
    low = app.frame_ms_low.value / app.frame_ms.value if app.frame_ms_low else 1.0
    rest_share = arch.calibration.rest_share.get(work.app, hashgrid_rest)
    unfused = rest_share * hashgrid_ms
    rest = unfused / arch.gpu.rest_fusion.value if arch.frame.fused else unfused
    if is_plugin(arch.frame.rest_model):
        model = build(arch.frame.rest_model, ("rest_ms",), arch.frame, arch.gpu)
        rest = float(model.rest_ms(work, queries, unfused))
        if not 0 < rest < MAX_REST_MS:
            raise UserError(f"plug-in '{arch.frame.rest_model}' must answer with a time above 0 ms, not {rest}.")
    network = frame_ms - unfused
    encoding_part = shares.encoding.value / (shares.encoding.value + shares.mlp.value)
    return Baseline(
        frame_ms=frame_ms,
        frame_ms_low=frame_ms * low,
        encoding_ms=network * encoding_part,
        mlp_ms=network * (1 - encoding_part),
        rest_unfused_ms=unfused,
        rest_ms=rest,
    )
