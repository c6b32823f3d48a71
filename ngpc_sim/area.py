"""Area of the NGPC by two models.

``stillmaker_uniform``: CACTI SRAM and Horowitz logic at 45 nm, both times the uniform factor 0.059 of
Stillmaker and Baas (2017); the paper's method. ``n7_bitcell``: real N7 bitcells over a macro efficiency,
logic scaled as above; buildable. Left out: feature buffers, FIFOs, weight SRAM (under 0.1 MiB an NFP) and
the dispatcher.
"""

from __future__ import annotations

from dataclasses import dataclass

from ngpc_sim.arch import Arch
from ngpc_sim.engines.nfp import NfpSpec

BITS_PER_MIB = 8 * 1024 * 1024


@dataclass(frozen=True)
class AreaReport:
    """Area of the whole cluster in mm2, by block, under one model."""

    grid_sram_mm2: float
    mlp_mm2: float
    encoding_mm2: float

    @property
    def total_mm2(self) -> float:
        """Sum of the blocks."""
        return self.grid_sram_mm2 + self.mlp_mm2 + self.encoding_mm2


def sram_mib(nfp: NfpSpec) -> float:
    """Capacity of all grid_srams of one NFP in MiB."""
    return nfp.encoding.engines * nfp.encoding.grid_sram_kib / 1024


def area(arch: Arch, model: str | None = None) -> AreaReport:
    """Area of the NGPC under ``model``, or under the architecture's own."""
    tech = arch.technology.area
    mib = arch.scale * sram_mib(arch.nfp)
    if (model or arch.file.area_model) == "stillmaker_uniform":
        sram = mib * tech.cacti45_mm2_per_mib.value * tech.scale_45_to_7.value
    else:
        sram = mib * BITS_PER_MIB * tech.bitcell_um2.value / tech.macro_efficiency.value / 1e6
    macs = arch.scale * arch.nfp.mlp.rows * arch.nfp.mlp.cols
    lanes = arch.scale * arch.nfp.encoding.engines * arch.nfp.encoding.corner_lanes
    return AreaReport(
        grid_sram_mm2=sram,
        mlp_mm2=macs * tech.mac45_um2.value * tech.scale_45_to_7.value / 1e6,
        encoding_mm2=lanes * tech.lane7_mm2.value,
    )
