"""What a frame costs beyond its energy: power at its peak, energy by query and pixel, and the GPU alone beside it.

The GPU alone draws its board power for the whole of its frame. The peak counts everything at work at once: energy of
NFPs and memory over the time that the commands need back to back, the leakage of all NFPs, and the GPU's board power.
"""

from __future__ import annotations

from dataclasses import dataclass

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.power.area import BLOCKS, Areas
from ngpc_sim.power.energy import Activity, EnergyReport, LoadBytes, leakage_w, published_power_pct, table_load_mj
from ngpc_sim.results.columns import AREA_MODELS
from ngpc_sim.results.result import Costs

NJ_PER_MJ = 1e6


@dataclass(frozen=True)
class Frame:
    """What was rendered, and the times that are not in :class:`~ngpc_sim.power.energy.Activity`."""

    queries: int
    pixels: int
    gpu_frame_ms: float
    ngpc_ms: float
    ngpc_bound_ms: float
    load: LoadBytes


def frame_costs(arch: Arch, activity: Activity, energy: EnergyReport, frame: Frame, built: Areas) -> Costs:
    """Costs of a frame whose energy is known."""
    board_w, time_ms = arch.gpu.board_power_w.value, activity.frame_ms
    gpu_mj = board_w * frame.gpu_frame_ms
    ngpc_w = energy.ngpc_mj / time_ms
    return Costs(
        dynamic_mj=energy.dynamic_mj,
        peak_power_w=_peak_w(arch, activity, energy, frame.ngpc_ms, leakage_w(arch, built.bitcell)),
        power_over_board=energy.total_mj / time_ms > board_w,
        fit_clock_ghz=_fit_clock_ghz(arch, energy, time_ms, frame.ngpc_bound_ms),
        power_density_w_mm2=ngpc_w / built.chosen.total_mm2,
        power_factor=published_power_pct(arch.scale) / 100 * board_w / (ngpc_w / energy.calibration),
        idle_share=activity.idle_share,
        energy_per_query_nj=energy.total_mj / frame.queries * NJ_PER_MJ,
        energy_per_pixel_nj=energy.total_mj / frame.pixels * NJ_PER_MJ,
        fps_per_w=1e3 / energy.total_mj,
        edp_mj_ms=energy.total_mj * time_ms,
        energy_gain=gpu_mj / energy.total_mj,
        gpu_energy_per_query_nj=gpu_mj / frame.queries * NJ_PER_MJ,
        gpu_energy_per_pixel_nj=gpu_mj / frame.pixels * NJ_PER_MJ,
        gpu_fps_per_w=1e3 / gpu_mj,
        gpu_edp_mj_ms=gpu_mj * frame.gpu_frame_ms,
        table_load_mj=table_load_mj(arch, frame.load, energy.calibration),
        areas={
            f"{short}_{block}": getattr(getattr(built, short), f"{block}_mm2", None)
            for short in AREA_MODELS
            for block in BLOCKS
        },
    )


def _peak_w(arch: Arch, activity: Activity, energy: EnergyReport, ngpc_ms: float, leakage: float) -> float:
    at_work_ms = min(ngpc_ms, activity.frame_ms) or activity.frame_ms
    working = energy.dynamic_mj - energy.by_block["idle"] + energy.by_block["memory"]
    clocked_w = energy.by_block["idle"] / activity.frame_ms
    gpu_w = arch.gpu.board_power_w.value if activity.gpu_work_ms else arch.gpu.idle_power_w.value
    return working / at_work_ms + clocked_w + leakage * energy.calibration + gpu_w


def _fit_clock_ghz(arch: Arch, energy: EnergyReport, frame_ms: float, ngpc_bound_ms: float) -> float | None:
    """Clock of the NFPs at which the mean power is no more than the board's; ``None`` where it fits, or at no clock.

    Leakage and the GPU's idle power flow at every clock. All other energy is that of the frame's work: the longer the
    frame, the lower its power. The NGPC's bound goes with the inverse of the clock, and no frame is shorter.
    """
    board_w, idle_w = arch.gpu.board_power_w.value, arch.gpu.idle_power_w.value
    always_w = energy.by_block["leakage"] / frame_ms + idle_w
    if energy.total_mj / frame_ms <= board_w or always_w >= board_w:
        return None
    least_ms = (energy.total_mj - always_w * frame_ms) / (board_w - always_w)
    return arch.nfp.clock_ghz * ngpc_bound_ms / least_ms
