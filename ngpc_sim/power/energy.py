"""Energy of a frame: counted actions x energy per action + leakage x time + the GPU's share.

This is arithmetic after the run, linear in what was counted and in time; it changes no time. An entry of grid_sram
costs a read of a macro as wide as the entry, with its banks and ports, and its way through the bank router
(:mod:`ngpc_sim.power.router`). A position is written into and read from the buffer of each engine that encodes it, a
result is staged before the output FIFO. A line that is asked of a cached level costs the tags of its set, read as from
a small buffer; a missing line also costs writes of 32-bit words. ``gating``: with ``none`` every MAC slot that
does no work is clocked all the same. ``clock`` stops that. ``power`` also switches off the logic of an NFP without
work, but not its SRAM, whose tables would have to be loaded again (18 us an NFP). While it waits the GPU draws its
idle power, and its board power while it runs a kernel at full speed. A kernel that the memory slows to a share v of its
speed draws idle + v x (board - idle): the same energy for its work, and idle power for the time that it loses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.architecture.sram import Macro
from ngpc_sim.config.errors import UserError
from ngpc_sim.power.area import AreaReport, subgrid_buffer, tag_store
from ngpc_sim.power.router import toggled_gates
from ngpc_sim.results.published import PUBLISHED

PJ_PER_MJ = 1e9
#: bytes of a word of the grid_sram macros in the technology tables
WORD_BYTES = 4
#: bytes of a position on one axis, float32, written once and read once
AXIS_BYTES = 2 * 4
DYNAMIC_BLOCKS = ("encoding", "grid_sram", "buffers", "mlp", "idle")
NGPC_BLOCKS = (*DYNAMIC_BLOCKS, "leakage")


@dataclass(frozen=True)
class Activity:
    """What a frame, or a part of one, did.

    ``actions`` counted actions; ``entry_bits`` of one table entry; ``frame_ms`` its time; ``gpu_work_ms`` what the
    GPU's kernels take at full speed; ``nfp_cycles`` of all NFPs, ``idle_cycles`` of them without any work.
    ``other_reads``: of the entries read, those of other networks by their bits.
    """

    actions: Mapping[str, int]
    entry_bits: int
    frame_ms: float
    gpu_work_ms: float
    nfp_cycles: int
    idle_cycles: int
    other_reads: Mapping[int, int] = field(default_factory=dict)

    @property
    def reads(self) -> Mapping[int, int]:
        """Entries read by their bits."""
        own = self.count("grid_sram_read") - sum(self.other_reads.values())
        return {**self.other_reads, self.entry_bits: own + self.other_reads.get(self.entry_bits, 0)}

    def count(self, action: str) -> int:
        """Count of an action of the NFPs; an error where no engine counted it, as a plug-in may forget to."""
        if action not in self.actions:
            raise UserError(f"no engine counted '{action}', which has an energy: a plug-in must count it, 0 for none.")
        return self.actions[action]

    @property
    def idle_share(self) -> float:
        """Share of the NFPs' time in which they have no work."""
        return self.idle_cycles / self.nfp_cycles if self.nfp_cycles else 0.0


class LoadBytes(NamedTuple):
    """Bytes of a table load: over the link, from DRAM, and written into all NFPs."""

    link: int
    dram: int
    written: int


@dataclass(frozen=True)
class EnergyReport:
    """Energy of one frame in mJ by block; ``calibration`` is the factor that its NGPC blocks carry, 1 for none."""

    by_block: Mapping[str, float]
    calibration: float = 1.0

    @property
    def total_mj(self) -> float:
        """NFPs, memory traffic and GPU."""
        return math.fsum(self.by_block.values())

    @property
    def ngpc_mj(self) -> float:
        """Dynamic and leakage energy of the NFPs."""
        return math.fsum(self.by_block[name] for name in NGPC_BLOCKS)

    @property
    def dynamic_mj(self) -> float:
        """Dynamic energy of the NFPs."""
        return math.fsum(self.by_block[name] for name in DYNAMIC_BLOCKS)


def frame_energy(arch: Arch, activity: Activity, bitcell: AreaReport) -> EnergyReport:
    """Energy of a frame, calibrated where the architecture says so; ``bitcell`` is the buildable area, which leaks.

    Raises
    ------
    UserError
        When grid_sram, voltage or temperature lie outside what the technology knows.
    """
    raw = _by_block(arch, activity, bitcell)
    if arch.power.calibration == "off" or not activity.frame_ms:
        return EnergyReport(raw)
    own_w = EnergyReport(raw).ngpc_mj / activity.frame_ms
    factor = published_power_pct(arch.scale) / 100 * arch.gpu.board_power_w.value / own_w
    return EnergyReport({n: mj * factor if n in NGPC_BLOCKS else mj for n, mj in raw.items()}, factor)


def _by_block(arch: Arch, activity: Activity, bitcell: AreaReport) -> dict[str, float]:
    energy, technology = arch.technology.energy, arch.technology
    scale = technology.energy_scale(arch.power.voltage_v)
    logic = scale * technology.scaling.logic_energy.value / PJ_PER_MJ
    sram = scale * technology.scaling.sram_energy.value / PJ_PER_MJ
    count = activity.count
    encoding = (
        count("pos_fract") * energy.pos_fract.value
        + count("grid_index") * energy.grid_index.value
        + count("interpol_weights") * energy.interpol_weights.value
        + sum(
            n * toggled_gates(arch.nfp.encoding, bits) * energy.router_gate.value for bits, n in activity.reads.items()
        )
    )
    features = count("feature_buffer_write_bytes") + count("feature_buffer_read_bytes")
    buffers = (
        count("pos_fract") * AXIS_BYTES * energy.position_byte.value
        + features * energy.feature_buffer_byte.value
        + count("output_fifo_bytes") * (energy.staging_byte.value + energy.output_fifo_byte.value)
    )
    macs = count("mlp_mac") * energy.mlp_mac.value + count("mlp_mac_padded") * energy.mlp_mac_padded.value
    weights, activations = count("weight_bytes"), count("activation_bytes")
    operands = weights * energy.weight_byte.value + activations * energy.activation_byte.value
    reads_pj = sum(n * _read_pj(arch, bits) for bits, n in activity.reads.items()) + _subtables_pj(arch, activity)
    return {
        "encoding": encoding * logic,
        "grid_sram": (reads_pj + _cache_pj(arch, activity)) * sram,
        "buffers": buffers * sram,
        "mlp": macs * logic + operands * sram,
        "idle": _clocked_idle_slots(arch, activity) * energy.mlp_mac_idle.value * logic,
        "leakage": leakage_w(arch, bitcell, activity.idle_share) * activity.frame_ms,
        "memory": _memory_pj(arch, *(activity.actions.get(f"{name}_bytes", 0) for name in ("l2", "dram"))) / PJ_PER_MJ,
        "gpu": arch.gpu.board_power_w.value * activity.gpu_work_ms,
        "gpu_idle": arch.gpu.idle_power_w.value * (activity.frame_ms - activity.gpu_work_ms),
    }


def _read_pj(arch: Arch, entry_bits: int) -> float:
    """Energy in pJ of reading an entry: at once, or each feature from a bank of its own."""
    words = _words(arch, entry_bits)
    return words * arch.technology.access("read_pj", arch.grid_sram(entry_bits // words))


def _words(arch: Arch, entry_bits: int) -> int:
    """Words in which an entry is read."""
    encoding = arch.nfp.encoding
    return entry_bits // (8 * encoding.feature_bytes) if encoding.layout == "feature_major" else 1


def _subtables_pj(arch: Arch, activity: Activity) -> float:
    """Energy in pJ by which subtables in buffers of their own cost more, or less, than reads of grid_sram; with fills.

    A lookup that finds its entry asked before is counted as a read of the buffer too.
    """
    lookups = activity.actions.get("subgrid_buffer_read_bytes", 0) // (activity.entry_bits // 8)
    if not lookups:
        return 0.0
    technology, words = arch.technology, _words(arch, activity.entry_bits)
    buffer = subgrid_buffer(arch, activity.entry_bits // words)
    read_pj = words * technology.access("read_pj", buffer) - _read_pj(arch, activity.entry_bits)
    written = (
        activity.actions.get("subgrid_fill_bytes", 0) * technology.access("write_pj", subgrid_buffer(arch)) / WORD_BYTES
    )
    return min(lookups, activity.count("grid_sram_read")) * read_pj + written


def _memory_pj(arch: Arch, l2_bytes: int, dram_bytes: int) -> float:
    """Energy in pJ of bytes over the link, and of those from or to DRAM."""
    energy = arch.technology.energy
    return l2_bytes * energy.l2_byte.value + dram_bytes * energy.dram_byte.value


def _cache_pj(arch: Arch, activity: Activity) -> float:
    """Energy in pJ of tags and fills of cached levels: all ways of a set are compared for a line that is asked."""
    tags, technology = tag_store(arch), arch.technology
    asked = activity.actions.get("grid_sram_tag_read", 0)
    filled = activity.actions.get("grid_sram_fill_bytes", 0)
    if not asked + filled:
        return 0.0
    tag_pj = tags.set_bytes * technology.energy.feature_buffer_byte.value
    return asked * tag_pj + filled * _write_pj(arch)


def _write_pj(arch: Arch) -> float:
    """Energy in pJ of a byte written into a grid_sram."""
    return arch.technology.access("write_pj", arch.grid_sram()) / WORD_BYTES


def _clocked_idle_slots(arch: Arch, activity: Activity) -> int:
    """MAC slots x cycles that are clocked without work; none where the clock is gated."""
    if arch.power.gating != "none":
        return 0
    slots = activity.nfp_cycles * arch.nfp.mlp.arrays * arch.nfp.mlp.rows * arch.nfp.mlp.cols
    return max(0, slots - activity.count("mlp_mac") - activity.count("mlp_mac_padded"))


def leakage_w(arch: Arch, bitcell: AreaReport, idle_share: float = 0.0) -> float:
    """Leakage power of the whole cluster in W; its NFPs are without work for ``idle_share`` of the time.

    Tags leak by their bits as a grid_sram of one bank and port does.
    """
    technology = arch.technology
    hot = technology.leakage_at(arch.power.temperature_k)
    built = technology.energy_scale(arch.power.voltage_v) * technology.scaling.leakage.value
    grid_sram, tags = arch.grid_sram(), tag_store(arch).bytes / arch.nfp.encoding.grid_sram_bytes
    plain_mw = technology.access("leakage_mw", Macro(grid_sram.capacity_kib, 1))
    macro_mw = technology.access("leakage_mw", grid_sram) + tags * plain_mw
    sram = arch.scale * arch.nfp.encoding.engines * macro_mw / 1e3 * built
    logic = (bitcell.logic_mm2 + bitcell.buffers_mm2) * technology.leakage.logic_w_per_mm2.value
    awake = 1 - idle_share if arch.power.gating == "power" else 1.0
    return (sram + logic * awake) * hot


def table_load_mj(arch: Arch, load: LoadBytes, calibration: float) -> float:
    """Energy in mJ of one load of all tables, as a frame is charged for it: NFPs carry the factor ``calibration``."""
    technology = arch.technology
    sram = technology.energy_scale(arch.power.voltage_v) * technology.scaling.sram_energy.value
    written_pj = load.written * _write_pj(arch) * sram * calibration
    return (_memory_pj(arch, load.link, load.dram) + written_pj) / PJ_PER_MJ


def published_power_pct(scale: int) -> float:
    """Published power of the NGPC over the GPU's in percent: the straight line through scales 8 and 64."""
    low, high = PUBLISHED["power_pct_gpu/8"].value, PUBLISHED["power_pct_gpu/64"].value
    if scale in {8, 64}:
        return low if scale == 8 else high
    return low + (high - low) * (scale - 8) / 56
