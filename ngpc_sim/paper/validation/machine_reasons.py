"""Why ours differ from what is published of other accelerators, with figures of the run; see :mod:`.reasons`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ngpc_sim.paper.validation.machines import bank_use_pct, fused_mlp_gqps
from ngpc_sim.paper.validation.runs import Runs
from ngpc_sim.paper.validation.words import told
from ngpc_sim.results.published import PUBLISHED
from ngpc_sim.workloads.workload import load_workload

Sentence = Callable[[Runs], str]
SERVER = "neurex-server"
UM2_PER_MM2, MS_PER_S, NJ_PER_PJ = 1e6, 1e3, 1e-3
#: MACs of the systolic arrays of NeuRex' server; mean modules at 28 nm of index generation and interpolation, um2
MACS, MODULES_UM2 = 16 * 32 * 32, (48_563 + 51_563 + 17_371 + 15_882) / 2
#: Horowitz ISSCC'14, fp16 multiply and add at 45 nm
MAC_PJ = 1.5
#: MACs of an MLP 64 wide with 5 hidden layers, outputs padded to 16
FUSED_MACS = 64 * 64 * 5 + 64 * 16


def _fps(runs: Runs) -> str:
    r, published = runs.of_machine(SERVER), PUBLISHED["neurex/fps"].value
    alone_ms = r.mlp_cycles / r.configuration["nfp"]["clock_ghz"] / 1e6
    frame_ms = MS_PER_S / published
    share = 100 * (r.frame_ms - alone_ms) / (frame_ms - alone_ms)
    return told("neurex_fps", alone=MS_PER_S / alone_ms, ours=r.fps, share=share, rest=frame_ms - r.frame_ms)


def _stalls(runs: Runs) -> str:
    return told("neurex_stalls", longer=100 * (runs.of_machine(SERVER).encoding_interval - 1))


def _grid_cache_dram(runs: Runs) -> str:
    levels = runs.of_machine(SERVER).levels
    return told("neurex_grid_cache_dram", tables=sum(level.table_kib for level in levels if level.lines))


def _arrays(runs: Runs) -> str:
    ours = runs.of_machine(SERVER).costs.areas["bitcell_mlp"] or 0.0
    each = [mm2 * UM2_PER_MM2 / MACS for mm2 in (ours, PUBLISHED["neurex/arrays_mm2"].value)]
    return told("neurex_arrays", ours=each[0], theirs=each[1])


def _index(_: Runs) -> str:
    return told("neurex_index", modules=64 * MODULES_UM2 / UM2_PER_MM2)


def _area(name: str) -> Sentence:
    def sentence(runs: Runs) -> str:
        r = runs.of_machine(name)
        engines = r.configuration["nfp"]["encoding"]["engines"]
        return told("neurex_area", buffers=r.costs.areas["bitcell_buffers"], engines=engines)

    return sentence


def _power(runs: Runs) -> str:
    r = runs.of_machine(SERVER)
    arrays_w = r.energy_by_block["mlp"] / r.frame_ms
    return told("neurex_power", ours=r.fps, theirs=PUBLISHED["neurex/fps"].value, arrays=arrays_w)


def _icarus_energy(_: Runs) -> str:
    macs = load_workload("icarus-hashgrid").macs_per_query
    return told("icarus_energy", macs=macs, least=macs * MAC_PJ * NJ_PER_PJ)


def _fused_mlp(runs: Runs) -> str:
    share = 100 * PUBLISHED["software/fused_mlp_gqps"].value / fused_mlp_gqps(runs)[0]
    return told("fused_mlp", macs=FUSED_MACS, share=share)


def _bank_use(runs: Runs) -> str:
    window, preset = (bank_use_pct(runs.of_machine(f"instant3d-forward{w}")) for w in ("/16", ""))
    return told("bank_use", window=window, preset=preset)


MACHINE_REASONS: Mapping[str, Sentence] = {
    "neurex/fps": _fps,
    "neurex/bank_stalls_pct": _stalls,
    "neurex/grid_cache_dram_kib": _grid_cache_dram,
    "neurex/arrays_mm2": _arrays,
    "neurex/index_interpolation_mm2": _index,
    "neurex/area_mm2": _area(SERVER),
    "neurex-edge/area_mm2": _area("neurex-edge"),
    "neurex/power_w": _power,
    "neurex-edge/speedup": lambda _: told("neurex_speedup"),
    "icarus/energy_nj": _icarus_energy,
    "software/fused_mlp_gqps": _fused_mlp,
    "software/jit_network_speedup": lambda _: told("jit_network"),
}
MACHINE_NOTES: Mapping[str, Sentence] = {
    "instant3d/bank_use_pct": _bank_use,
    **dict.fromkeys(("icarus/cycles", "icarus/fps"), lambda _: told("icarus")),
}
