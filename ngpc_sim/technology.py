"""Energy, leakage and area of one technology; every number with its source and tag."""

from __future__ import annotations

from ngpc_sim.schema import Positive, Share, Sourced, Spec


class EnergySpec(Spec):
    """Energy of each counted action in pJ."""

    pos_fract: Sourced
    grid_index: Sourced
    grid_sram_read_bit: Sourced
    interpol_weights: Sourced
    feature_buffer_byte: Sourced
    mlp_mac: Sourced
    mlp_mac_idle: Sourced
    weight_byte: Sourced
    activation_byte: Sourced
    l2_byte: Sourced
    dram_byte: Sourced


class LeakageSpec(Spec):
    """Leakage of SRAM by capacity and of logic by area."""

    sram_mw_per_mib: Sourced
    logic_w_per_mm2: Sourced


class AreaSpec(Spec):
    """What both area models need."""

    bitcell_um2: Positive
    macro_efficiency: Share
    cacti45_mm2_per_mib: Positive
    scale_45_to_7: Positive
    mac45_um2: Positive
    lane7_mm2: Positive


class TechnologySpec(Spec):
    """A file of ``arch_configs/tech``."""

    name: str
    description: str
    energy: EnergySpec
    leakage: LeakageSpec
    area: AreaSpec
