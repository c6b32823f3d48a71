"""Encoding and MLP kernels on the GPU alone by a roofline: a lower bound on their time, from the GPU's peaks.

``kernel_grid`` works level by level, so a level has L2 to itself. Its time is the largest of: sectors that warps fetch
over L1; sectors that blocks fetch over L2, with positions read and features written; over DRAM the table, once a frame
where L2 keeps all tables and else in every call, and of positions and features what L2 has no room for; index
arithmetic. Coalescing is measured on recorded positions. An MLP kernel takes the larger of tensor arithmetic and
features and outputs moved. Latency, bank conflicts and occupancy are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ngpc_sim.architecture.arch import Arch
from ngpc_sim.gpu.coalescing import FEATURE_BYTES, SECTOR_BYTES, sectors_per_query
from ngpc_sim.gpu.ray_counts import RayCounts
from ngpc_sim.gpu.rest_of_kernels import GIGA, MS_PER_S, TERA, Machine, extras_of, machine, peaks
from ngpc_sim.machine.store import Store
from ngpc_sim.trace import Trace
from ngpc_sim.trace.networks import by_network
from ngpc_sim.workloads.grids import GridEncoding, grid_levels
from ngpc_sim.workloads.workload import Network as Mlp
from ngpc_sim.workloads.workload import Workload

Array = np.ndarray[Any, Any]
FLOAT_BYTES = 4
#: measured coalescing kept, one a workload and trace, and frames of a GPU
KEPT = 24
#: recorded queries, about, that tell how accesses of neighbours fall together
MOST_MEASURED = 1 << 17
#: runs that are measured one after the other, so that few parts of a large file are read
STRETCH = 16

SECTORS: Store[Array] = Store(KEPT)


@dataclass(frozen=True)
class Network:
    """Least time in ms of a frame's encoding and MLP kernels, with what runs beside them, and their dispatches."""

    encoding_ms: float
    mlp_ms: float
    dispatches: int


NETWORKS: Store[Network] = Store(KEPT)


def network_of(arch: Arch, work: Workload, trace: Trace, counts: RayCounts) -> Network:
    """Encoding kernels and MLP kernels of a frame.

    Raises
    ------
    UserError
        When the GPU's file lacks a peak, or the workload lists no kernels.
    """
    gpu, l1_s, (tflops,) = machine(arch), l1_bytes_s(arch), peaks(arch.gpu, "fp16_tensor_tflops")
    key = (gpu, l1_s, tflops, work, trace.sha256, trace.recorded, counts)
    return NETWORKS.get(key, lambda: _network_of(gpu, l1_s, tflops, work, trace, counts))


def _network_of(gpu: Machine, l1_s: float, tflops: float, work: Workload, trace: Trace, counts: RayCounts) -> Network:
    (harmonics, of_encoding), (casts, of_mlp) = (extras_of(gpu, work, counts, part) for part in ("encoding", "mlp"))
    levels, mlp, dispatches = 0.0, 0.0, of_encoding + of_mlp
    for section, own, asks in by_section(work, trace, counts):
        levels += float(_levels_ms(gpu, l1_s, section.encoding, trace, own, asks).sum())
        mlp += sum(mlp_ms(gpu, network, section.encoding, own, tflops * TERA) for network in section.networks)
        dispatches += int((own.queries > 0).sum()) * (1 + len(section.networks))
    return Network(levels + harmonics, mlp + casts, dispatches)


def by_section(work: Workload, trace: Trace, counts: RayCounts) -> Iterator[tuple[Workload, RayCounts, Array | None]]:
    """Networks that are asked, counts of their calls, and which recorded invocations (n_invocations,) ask them."""
    if not work.others:
        yield work, counts, None
        return
    split = by_network(trace, [other.name for other in work.others])
    networks = split.of_profile(counts.phases)
    for number in np.unique(networks).tolist():
        yield work.sections[number], counts.only(networks == number), split.numbers == number


def _levels_ms(
    gpu: Machine, l1_s: float, grid: GridEncoding, trace: Trace, counts: RayCounts, asks: Array | None
) -> Array:
    """(L,) ms that the grid encoding of a frame takes at least, by level; queries are those of invocations ``asks``."""
    queries = counts.queries
    warp, block = coalescing(grid, trace, asks).T
    entry_bytes = grid.n_features_per_level * FEATURE_BYTES
    tables = [level.entries * entry_bytes for level in grid_levels(grid)]
    streamed = queries * (grid.n_dims * FLOAT_BYTES + entry_bytes)
    passing = streamed * gpu.far(queries * (grid.n_dims * FLOAT_BYTES + grid.width * FEATURE_BYTES))
    again = (np.arange(len(queries)) == 0) | (sum(tables) > gpu.l2_bytes)
    total = np.empty(grid.n_levels)
    for level in range(grid.n_levels):
        fetched = block[level] * SECTOR_BYTES * queries
        table = np.minimum(tables[level], fetched) * again
        kernel_ms = gpu.ms(fetched + streamed, table + passing, queries * index_flops(grid))
        total[level] = np.maximum(kernel_ms, warp[level] * SECTOR_BYTES * queries / l1_s * MS_PER_S).sum()
    return total


def mlp_ms(gpu: Machine, network: Mlp, grid: GridEncoding, counts: RayCounts, tensor_flops_s: float) -> float:
    """Least time of a network's kernels of a frame in ms; ``tensor_flops_s``: peak of the tensor cores in fp16."""
    matrices = network.matrices(grid.width)
    macs = sum(inputs * outputs for inputs, outputs in matrices)
    moved = counts.queries * (matrices[0][0] + matrices[-1][1]) * FEATURE_BYTES
    computing = 2 * macs * counts.queries / tensor_flops_s * MS_PER_S
    return float(np.maximum(gpu.ms(moved, moved * gpu.far(moved), np.zeros(1)), computing).sum())


def index_flops(grid: GridEncoding) -> int:
    """Arithmetic of a query on a level, integer operations counted like others.

    An axis: multiply-add, floor, fraction, its complement. A corner: an axis' term and weight each, and a multiply-add
    a feature.
    """
    return 5 * grid.n_dims + grid.corners * 2 * (grid.n_dims + grid.n_features_per_level)


def l1_bytes_s(arch: Arch) -> float:
    """Bytes per second from all L1 caches of the GPU."""
    sms, clock_ghz, bytes_per_clock = peaks(arch.gpu, "sms", "clock_ghz", "l1_bytes_per_clock")
    return sms * clock_ghz * bytes_per_clock * GIGA


def coalescing(grid: GridEncoding, trace: Trace, asks: Array | None = None) -> Array:
    """(L, 2) sectors per query, as :func:`sectors_per_query` says, of evenly spaced runs of a trace's queries; kept.

    ``asks`` (n_invocations,) bool: whose queries; those of all without it. Nothing is fetched where there are none.
    """

    def measured() -> Array:
        columns = zip(*trace.blocks(positions=False), strict=True)
        invocations, tiles = (np.concatenate(column) for column in columns)
        own = np.arange(len(tiles)) if asks is None else np.flatnonzero(asks[invocations])
        if not len(own):
            return np.zeros((grid.n_levels, 2))
        invocations, tiles = invocations[own], tiles[own]
        runs = invocations.astype(np.int64) * len(trace.tile_weights) + tiles
        firsts = np.flatnonzero(np.r_[True, runs[1:] != runs[:-1]])
        sizes = np.diff(firsts, append=len(runs))
        every = -(-len(runs) // MOST_MEASURED)
        chosen = np.arange(len(firsts)) // STRETCH % every == 0
        rows = own[np.flatnonzero(np.repeat(chosen, sizes))]
        firsts, sizes = firsts[chosen], sizes[chosen]
        starts = np.cumsum(sizes) - sizes
        return sectors_per_query(grid, trace.positions_of(rows), starts, trace.tile_weights[tiles[firsts]])

    whose = None if asks is None else asks.tobytes()
    return SECTORS.get((grid, trace.sha256, trace.recorded, whose), measured)
