"""Energy of a frame: counted actions x energy per action + leakage x time + the GPU's share.

Arithmetic after the run; nothing here feeds back into timing. SRAM read energy follows the square root of
capacity (the law behind the technology's own points). The GPU burns its board power while it runs the
rest of kernels and its idle power while it waits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ngpc_sim.arch import Arch
from ngpc_sim.area import area, sram_mib

PJ_PER_MJ = 1e9


@dataclass(frozen=True)
class EnergyReport:
    """Energy of one frame in mJ by block; ``ngpc_mj`` is the NFPs' own part."""

    by_block: Mapping[str, float]

    @property
    def total_mj(self) -> float:
        """NFPs, memory traffic and GPU."""
        return math.fsum(self.by_block.values())

    @property
    def ngpc_mj(self) -> float:
        """Dynamic and leakage energy of the NFPs."""
        return math.fsum(self.by_block[name] for name in ("encoding", "grid_sram", "mlp", "leakage"))


def frame_energy(
    arch: Arch, actions: Mapping[str, int], entry_bytes: int, frame_ms: float, gpu_busy_ms: float
) -> EnergyReport:
    """Energy of a frame.

    Parameters
    ----------
    arch
        The architecture.
    actions
        Counted actions of the frame.
    entry_bytes
        Bytes of one table entry in grid_sram.
    frame_ms, gpu_busy_ms
        Time of the frame, and how much of it the GPU runs kernels.
    """
    energy = arch.technology.energy
    capacity_law = math.sqrt(arch.nfp.encoding.grid_sram_kib / 1024)
    encoding_pj = (
        actions["pos_fract"] * energy.pos_fract.value
        + actions["grid_index"] * energy.grid_index.value
        + actions["interpol_weights"] * energy.interpol_weights.value
        + actions["feature_buffer_bytes"] * energy.feature_buffer_byte.value
    )
    sram_pj = actions["grid_sram_read"] * entry_bytes * 8 * energy.grid_sram_read_bit.value * capacity_law
    mlp_pj = (
        actions["mlp_mac"] * energy.mlp_mac.value
        + actions["mlp_mac_idle"] * energy.mlp_mac_idle.value
        + actions["weight_bytes"] * energy.weight_byte.value
        + actions["activation_bytes"] * energy.activation_byte.value
    )
    memory_pj = actions["l2_bytes"] * energy.l2_byte.value + actions["dram_bytes"] * energy.dram_byte.value
    gpu_mj = arch.gpu.board_power_w.value * gpu_busy_ms
    gpu_idle_mj = arch.gpu.idle_power_w.value * (frame_ms - gpu_busy_ms)
    return EnergyReport(
        {
            "encoding": encoding_pj / PJ_PER_MJ,
            "grid_sram": sram_pj / PJ_PER_MJ,
            "mlp": mlp_pj / PJ_PER_MJ,
            "leakage": leakage_w(arch) * frame_ms,
            "memory": memory_pj / PJ_PER_MJ,
            "gpu": gpu_mj + gpu_idle_mj,
        }
    )


def leakage_w(arch: Arch) -> float:
    """Leakage power of the whole cluster in W, on as long as the frame lasts."""
    leak = arch.technology.leakage
    sram = arch.scale * sram_mib(arch.nfp) * leak.sram_mw_per_mib.value / 1e3
    blocks = area(arch, "n7_bitcell")
    return sram + (blocks.mlp_mm2 + blocks.encoding_mm2) * leak.logic_w_per_mm2.value
