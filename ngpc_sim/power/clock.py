"""Which clock each block allows: an estimate from depths in FO4, delays of an inverter that drives four such inverters.

A block of d FO4 in c cycles allows ``logic_share x c / (d x fo4_ps)``, with the technology's FO4 and the share of a
cycle that logic has beside registers, skew and margin. A grid_sram allows ``logic_share x c`` over CACTI's time of an
access, scaled as FO4. Depths are of synthesised arithmetic or derived from it (``docs/hardware.md``); treat a clock as
+-30 %. It changes no result: a run whose ``nfp.clock_ghz`` is beyond the slowest block says so. Plug-ins are not
estimated.
"""

from __future__ import annotations

from math import inf, log2

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config.errors import UserError
from ngpc_sim.config.plugins import BUILTIN
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.mlp_engine import MlpSpec
from ngpc_sim.power.router import CORNERS, has_router, router_places

#: float32 multiply-add of a position, fused fp16 multiply-add; measured by synthesis for the timing contract
POSITION_FO4, FUSED_FO4 = 102.0, 88.0
#: an fp16 multiply or add alone: half of the fused one; derived
HALF_FO4 = FUSED_FO4 / 2
#: FO4 of a two-input gate with its load, as yosys counts levels; assumed
LEVEL_FO4 = 1.2
#: levels of hash and dense index: two multiplies of 32 bits one after the other; synthesised
INDEX_LEVELS = 53
#: a corner's weight takes two multiplies, its product with the feature one, the sum over the corners a tree of adds
WEIGHT_OPERATIONS = 3 + log2(CORNERS)


def block_clocks(arch: Arch) -> dict[str, float]:
    """GHz that every block allows, by its name; a block of which nothing is known is left out."""
    technology, nfp = arch.technology, arch.nfp
    if nfp.model != BUILTIN:
        return {}
    gate_ps, share = technology.clock.fo4_ps.value, technology.clock.logic_share.value
    depths = {}
    if nfp.encoding.model == BUILTIN:
        depths.update(_encoding_fo4(nfp.encoding))
    if nfp.mlp.model == BUILTIN:
        depths["mlp"] = _mlp_fo4(nfp.mlp)
    clocks = {name: 1e3 * share / (fo4 * gate_ps) for name, fo4 in depths.items() if fo4}
    cycles = nfp.encoding.latency_cycles.grid_sram
    try:
        access_ns = technology.access_ns(arch.grid_sram())
    except UserError:  # outside CACTI's runs
        return clocks
    return {**clocks, "grid_sram": share * cycles / access_ns} if cycles and nfp.encoding.model == BUILTIN else clocks


def slowest_block(arch: Arch) -> tuple[str, float]:
    """Name and GHz of the block that allows the lowest clock."""
    return min(block_clocks(arch).items(), key=lambda block: block[1], default=("", inf))


def _encoding_fo4(encoding: EncodingSpec) -> dict[str, float]:
    """FO4 in a cycle by block, 0 for a stage without a cycle of its own."""
    stages, tree = encoding.latency_cycles, log2(router_places(encoding))
    depths = {
        "pos_fract": (POSITION_FO4, stages.pos_fract),
        "grid_index": (INDEX_LEVELS * LEVEL_FO4, stages.grid_index),
        "interpol_weights": (WEIGHT_OPERATIONS * HALF_FO4, stages.interpol_weights),
    }
    found = {name: fo4 / cycles if cycles else 0.0 for name, (fo4, cycles) in depths.items()}
    if not has_router(encoding):
        return found
    levels = 2 + 3 * tree + 1.2 * log2(int(encoding.banks)) + 2 * (encoding.read_ports - 1)
    return {**found, "bank router": levels * LEVEL_FO4}


def _mlp_fo4(mlp: MlpSpec) -> float:
    """FO4 in a cycle: multiply, tree of the rows and sum of tiles in pipeline_depth cycles, or a fused multiply-add."""
    if mlp.dataflow == "layer_serial":
        return (2 + log2(mlp.rows)) * HALF_FO4 / mlp.pipeline_depth
    return FUSED_FO4 / mlp.pe_stages
