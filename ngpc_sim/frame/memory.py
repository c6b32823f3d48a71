"""L2 and DRAM behind the NFPs of an architecture: what lines, streams and table loads get of them.

Streams reach ``dram_efficiency`` of DRAM's peak. Missing lines reach what the timing of the GPU's DRAM allows to
their addresses (row hits, bank conflicts, access size), and never more than that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.config import units
from ngpc_sim.config.plugins import WrongAnswerError, build, is_plugin, real, shown
from ngpc_sim.engines.dram import Dram
from ngpc_sim.engines.encoding_spec import EncodingSpec
from ngpc_sim.engines.grid_cache import L2Shape
from ngpc_sim.engines.nfp import MissPath
from ngpc_sim.engines.shared_tables import held_bytes, spilled_tables, tables_of_engines
from ngpc_sim.machine.store import Store
from ngpc_sim.workloads.grids import GridEncoding, grid_levels

Array = np.ndarray[Any, Any]
#: lines from DRAM whose addresses say how fast it is: enough for every queue and bank many times over
ADDRESSES = 1 << 16
BYTES_PER_GB = 1e9
#: bytes of loads by engine and grids: every scale of a sweep loads the same into an NFP
LOADED: Store[tuple[int, int]] = Store(256)


def l2_bytes(arch: Arch) -> int:
    """Bytes of the GPU's L2."""
    return int(arch.gpu.l2_mib.value * 1024 * 1024)


def buffer_bytes(arch: Arch, encodings: Sequence[GridEncoding]) -> int:
    """Bytes of L2 for inputs and outputs of the networks: what their spilled levels leave, at least half."""
    tables = 0
    for encoding, spilled in zip(encodings, spilled_tables(arch.nfp.encoding, encodings), strict=True):
        entry_bytes, levels = encoding.n_features_per_level * arch.nfp.encoding.feature_bytes, grid_levels(encoding)
        tables += sum(levels[level].entries for level in spilled) * entry_bytes
    return l2_bytes(arch) - min(l2_bytes(arch) // 2, tables)


def l2_shape(arch: Arch) -> L2Shape:
    """The GPU's L2 as the cache of table lines; streams take no room in it, for they are evicted first."""
    return L2Shape(l2_bytes(arch), arch.memory.l2_ways)


def behind_engines(arch: Arch) -> tuple[L2Shape | None, int]:
    """L2 behind cached levels, and how many addresses of lines from DRAM to keep; nothing where no level is cached."""
    return (l2_shape(arch), ADDRESSES) if arch.nfp.encoding.table_policy == "cache" else (None, 0)


def stream_gbps(arch: Arch) -> float:
    """What DRAM reaches on a stream in GB/s."""
    return arch.memory.dram_gbps * arch.memory.dram_efficiency


def line_efficiency(arch: Arch, addresses: Array) -> float:
    """Share of the peak DRAM bandwidth that lines at ``addresses`` (n,) int64, in this order, reach."""
    measured = arch.memory.dram_efficiency
    line_bytes = arch.nfp.encoding.line_bytes
    if is_plugin(arch.memory.dram_model):
        model = build(arch.memory.dram_model, {"efficiency": _efficiency}, arch.memory, arch.gpu)
        efficiency: float = model.efficiency(addresses, line_bytes)
        return efficiency
    if arch.gpu.dram is None or not len(addresses):
        return measured
    return min(measured, Dram(arch.gpu.dram.spec()).replay(addresses, line_bytes).efficiency)


def _efficiency(answer: Any, *_: Any, **__: Any) -> float:  # noqa: ANN401 - of a plug-in
    """Check of a share of the peak bandwidth."""
    share = real(answer)
    if not 0 < share <= 1:
        raise WrongAnswerError(f"give an efficiency above 0 up to 1, not {shown(answer)}")
    return share


def link_latency_ps(arch: Arch) -> int:
    """Latency between a command's queue and its data in L2."""
    return units.ns_to_ps(arch.memory.l2_latency_ns)


def miss_path(arch: Arch) -> MissPath:
    """Latencies of missing lines in NFP cycles."""
    memory, hz = arch.memory, arch.clock_hz
    return MissPath(_cycles(memory.l2_latency_ns, hz), _cycles(memory.dram_latency_ns, hz))


def _cycles(nanoseconds: float, hz: int) -> int:
    """Whole cycles of a latency, rounded up."""
    return -(-units.ns_to_ps(nanoseconds) * hz // units.PS_PER_S)


@dataclass(frozen=True)
class TableLoad:
    """Loading the tables of a scene: its time, and the part of it that a scene before can take.

    ``nfp_bytes`` that one NFP receives; ``link_bytes``, ``dram_bytes`` that cross the link, and leave DRAM, for all.
    """

    load_ps: int
    early_ps: int
    nfp_bytes: int
    link_bytes: int
    dram_bytes: int


def table_load(arch: Arch, *encodings: GridEncoding) -> TableLoad:
    """What loading all tables takes, once for all NFPs (``broadcast``) or NFP by NFP (``unicast``).

    Every grid_sram takes as much of its tables as it can hold, network after network and level after level. Engines
    that work side by side on a level listen to one transfer. The tables come from DRAM and cross the link; where L2
    does not hold them, every NFP's copy comes from DRAM.
    """
    spec = arch.nfp.encoding
    once, early = LOADED.get((spec.model_dump_json(), encodings), lambda: _loaded(spec, encodings))
    early *= arch.memory.prefetch_next_scene
    copies = arch.scale if arch.memory.table_load == "unicast" else 1
    from_dram = copies if once > l2_bytes(arch) else 1
    seconds = max(
        copies * once / (arch.memory.l2_gbps * BYTES_PER_GB), from_dram * once / (stream_gbps(arch) * BYTES_PER_GB)
    )
    latency_ns = arch.memory.l2_latency_ns + arch.memory.dram_latency_ns
    load_ps = units.ns_to_ps(seconds * 1e9 + latency_ns)
    return TableLoad(load_ps, load_ps * early // max(once, 1), once, copies * once, from_dram * once)


def _loaded(spec: EncodingSpec, encodings: Sequence[GridEncoding]) -> tuple[int, int]:
    """Bytes that the engines of an NFP receive, and how many of them have room beside those of the scene before."""
    sizes, parts = [held_bytes(spec, encoding) for encoding in encodings], Counter[tuple[int, int]]()
    most: dict[tuple[int, int], Fraction] = {}
    total, free = Fraction(0), Fraction(0)
    for tables in tables_of_engines(spec, encodings):
        used = Fraction(0)
        for network, level in tables:
            room = spec.grid_sram_bytes - used
            own = sizes[network][level]
            here = own if spec.table_policy == "assume_fit" else min(own, room)
            most[network, level] = max(here, most.get((network, level), here))
            parts[network, level] += 1
            used += here
        total += used
        free += min(used, max(Fraction(0), spec.grid_sram_bytes - used))
    together = spec.sharing == "partition"
    once = sum(bytes_ * (parts[table] if together else 1) for table, bytes_ in most.items())
    return int(once), int(once * free / total) if total else 0
